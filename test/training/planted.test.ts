import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

const python = findPython();
if (!python) console.warn(noPython);

test.skipIf(!python)(
  'planted illusions: boxes of two instruments change places, words and names stay',
  () => {
    const script = fileURLToPath(new URL('planted_cases.py', import.meta.url));
    const run = spawnSync(python ?? '', [script], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    const { counts, same, boxes, dense, given, subset } = JSON.parse(run.stdout) as {
      counts: number[];
      same: boolean;
      boxes: unknown[];
      dense: unknown[];
      subset: unknown;
      given: Record<'prograsp_forceps' | 'bipolar_forceps' | 'suction', number[]>;
    };
    const { prograsp_forceps: a, bipolar_forceps: b, suction: c } = given;
    // One frame has both; of its seven records four name one of the two.
    expect(counts).toEqual([1, 1, 4]);
    expect(same).toBe(true);
    const wanted = ['bipolar_forceps', 'prograsp_forceps'];
    expect(subset).toEqual({ counts: [1, 2], boxes: true, wanted, pixels: true });
    const listed = [
      { label: 'prograsp_forceps', box: b },
      { label: 'bipolar_forceps', box: a },
      { label: 'suction', box: c },
    ];
    // Each frame's own records lie together: states of the first, what else is asked of it, then the second's.
    expect(boxes).toEqual([b, a, c, b, [0, 0, 3, 3], null, listed, a, c].map((box) => box ?? null));
    expect(dense).toEqual([
      [b, a, c],
      [a, c],
    ]);
  },
);

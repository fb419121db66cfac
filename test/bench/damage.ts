import { findMediaTools } from '../../main/video/index.ts';
import { randomWholeNumbers } from '../video/broken-clips.ts';
import { ClipFolder } from '../video/clips.ts';
import {
  canMake,
  damageKinds,
  damages,
  damagesOf,
  makeOriginal,
  tryDamaged,
  withThreads,
  type Original,
  type TrialResult,
} from '../video/damage-trial.ts';
import type { BenchTable } from './table.ts';

const valueOf = (args: readonly string[], name: string, otherwise: number): number => {
  const given = args.find((each) => each.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
};

/** Threads that the decoder is given in turns; 0 leaves it to the decoder. */
const threads = [0, 1, 2, 4, 8];

/**
 * Files damaged at random, each decoded on several ways and with several numbers of threads. `--files=300`, `--seed=1`,
 * `--first=0` and `--kinds=hevc` (the beginning of their names) choose them; a file's damage follows from those alone.
 */
export async function run(args: readonly string[]): Promise<BenchTable[]> {
  const count = valueOf(args, 'files', 300);
  const seed = valueOf(args, 'seed', 1);
  const firstFile = valueOf(args, 'first', 0);
  const folder = new ClipFolder();
  const { ffmpeg, encoders } = await findMediaTools();
  const wanted = args.find((each) => each.startsWith('--kinds='))?.slice('--kinds='.length) ?? '';
  const kinds = damageKinds.filter((kind) => kind.startsWith(wanted) && canMake(kind, encoders));
  const originals = new Map<string, Original>();
  const results: { kind: string; result: TrialResult }[] = [];
  try {
    for (const kind of kinds) originals.set(kind, await makeOriginal(folder, kind));
    for (let file = firstFile; file < firstFile + count; file++) {
      const kind = kinds[file % kinds.length] as string;
      const random = randomWholeNumbers(seed * 1_000_003 + file * 7919);
      const names = damagesOf(kind);
      const how = names[random() % names.length] as string;
      const original = originals.get(kind) as Original;
      const path = folder.file(`damaged-${kind}`);
      const broken = damages[how]?.(original.bytes, random) as Buffer;
      const result = await withThreads(folder, threads[file % threads.length] as number, () =>
        tryDamaged(path, broken, original, random, 4),
      );
      results.push({ kind, result });
      for (const line of result.unsteady) console.error(`  file ${file} (${kind}, ${how}): ${line}`);
      if (result.unmarked.length > 0)
        console.error(`  file ${file} (${kind}, ${how}): unmarked ${result.unmarked.join(' ')}`);
    }
  } finally {
    folder.remove();
  }
  return [
    summary(`Files damaged at random (seed ${seed}), ffmpeg ${ffmpeg.version}`, results),
    byKind(results),
  ];
}

type Results = readonly { kind: string; result: TrialResult }[];

function summary(title: string, results: Results): BenchTable {
  const sum = (of: (result: TrialResult) => number) =>
    results.reduce((all, { result }) => all + of(result), 0);
  return {
    title,
    rows: [
      { name: 'files', value: results.length, unit: '' },
      { name: 'refused when opened', value: sum(({ refused }) => (refused ? 1 : 0)), unit: '' },
      {
        name: 'frames that differ from look to look',
        value: sum(({ unsteady }) => unsteady.length),
        unit: '',
        atMost: 0,
      },
      { name: 'frames', value: sum(({ frames }) => frames), unit: '' },
      { name: 'frames marked as damaged', value: sum(({ marked }) => marked), unit: '' },
      { name: 'marked, though the picture is as it was', value: sum(({ needless }) => needless), unit: '' },
      {
        name: 'frames that cannot be decoded, and say so',
        value: sum(({ undecodable }) => undecodable),
        unit: '',
      },
      {
        name: 'an undamaged picture of another time, and no mark',
        value: sum(({ displaced }) => displaced),
        unit: '',
      },
      { name: 'another picture, and no mark', value: sum(({ unmarked }) => unmarked.length), unit: '' },
    ],
  };
}

function byKind(results: Results): BenchTable {
  const kinds = [...new Set(results.map(({ kind }) => kind))].sort();
  return {
    title: 'Frames with another picture and no mark, by kind',
    rows: kinds.map((name) => ({
      name,
      value: results
        .filter(({ kind }) => kind === name)
        .reduce((sum, { result }) => sum + result.unmarked.length, 0),
      unit: '',
    })),
  };
}

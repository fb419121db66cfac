import { chmodSync, writeFileSync } from 'node:fs';
import { findMediaTools, forgetMediaTools } from '../../main/video/index.ts';
import { randomNumbers } from '../video/broken-clips.ts';
import { ClipFolder } from '../video/clips.ts';
import {
  canMake,
  damageKinds,
  damages,
  damagesOf,
  makeOriginal,
  tryDamaged,
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

/** A program that passes its arguments on to ffmpeg, told first how many threads to take. */
function threadedFfmpeg(folder: ClipFolder, ffmpeg: string, count: number): string {
  const path = folder.file(`ffmpeg-${count}`);
  writeFileSync(path, `#!/bin/sh\nexec "${ffmpeg}" ${count > 0 ? `-threads ${count}` : ''} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/**
 * Files damaged at random, each decoded on several ways and with several numbers of threads. `--files=300`, `--seed=1` and
 * `--first=0` choose them; a file's damage follows from seed and number alone.
 */
export async function run(args: readonly string[]): Promise<BenchTable[]> {
  const count = valueOf(args, 'files', 300);
  const seed = valueOf(args, 'seed', 1);
  const firstFile = valueOf(args, 'first', 0);
  const folder = new ClipFolder();
  const before = process.env['FFMPEG_BIN'];
  const probeBefore = process.env['FFPROBE_BIN'];
  const { ffmpeg, ffprobe, encoders } = await findMediaTools();
  const kinds = damageKinds.filter((kind) => canMake(kind, encoders));
  const originals = new Map<string, Original>();
  const results: { kind: string; result: TrialResult }[] = [];
  try {
    for (const kind of kinds) originals.set(kind, await makeOriginal(folder, kind));
    process.env['FFPROBE_BIN'] = ffprobe.path;
    for (let file = firstFile; file < firstFile + count; file++) {
      const kind = kinds[file % kinds.length] as string;
      const random = randomNumbers(seed * 1_000_003 + file * 7919);
      const names = damagesOf(kind);
      const how = names[random() % names.length] as string;
      const original = originals.get(kind) as Original;
      const path = folder.file(`damaged-${kind}`);
      process.env['FFMPEG_BIN'] = threadedFfmpeg(
        folder,
        ffmpeg.path,
        threads[file % threads.length] as number,
      );
      forgetMediaTools();
      const broken = damages[how]?.(original.bytes, random) as Buffer;
      const result = await tryDamaged(path, broken, original, random, 4);
      results.push({ kind, result });
      for (const line of result.unsteady) console.error(`  file ${file} (${kind}, ${how}): ${line}`);
      if (result.unmarked.length > 0)
        console.error(`  file ${file} (${kind}, ${how}): unmarked ${result.unmarked.join(' ')}`);
    }
  } finally {
    folder.remove();
    restore('FFMPEG_BIN', before);
    restore('FFPROBE_BIN', probeBefore);
    forgetMediaTools();
  }
  return [
    summary(`Files damaged at random (seed ${seed}), ffmpeg ${ffmpeg.version}`, results),
    byKind(results),
  ];
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

type Results = readonly { kind: string; result: TrialResult }[];

function summary(title: string, results: Results): BenchTable {
  const sum = (of: (result: TrialResult) => number) =>
    results.reduce((all, { result }) => all + of(result), 0);
  const unsteady = (of: (one: Results[number]) => boolean) =>
    results.filter(of).reduce((all, { result }) => all + result.unsteady.length, 0);
  return {
    title,
    rows: [
      { name: 'files', value: results.length, unit: '' },
      { name: 'refused when opened', value: sum(({ refused }) => (refused ? 1 : 0)), unit: '' },
      {
        name: 'frames that differ from look to look',
        value: unsteady(({ kind }) => !kind.startsWith('hevc')),
        unit: '',
        atMost: 0,
      },
      {
        name: 'the same in HEVC, whose decoder takes most damage for a picture',
        value: unsteady(({ kind }) => kind.startsWith('hevc')),
        unit: '',
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

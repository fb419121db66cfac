import { arch, cpus, platform } from 'node:os';
import { run as attacks } from './attacks/index.ts';
import { run as damage } from './damage.ts';
import { run as drafts } from './drafts.ts';
import { run as feed } from './feed.ts';
import { run as find } from './find.ts';
import { run as forcedTokens } from './forced-tokens.ts';
import { run as frameIndex } from './frame-index.ts';
import { run as frames } from './frames.ts';
import { run as gate } from './gate.ts';
import { run as inPlace } from './in-place.ts';
import { run as record } from './record.ts';
import { run as scenes } from './scenes.ts';
import { run as secondQuestion } from './second-question.ts';
import { run as together } from './together.ts';
import { passes, render, type BenchTable } from './table.ts';

const chosen = process.argv.slice(2).filter((name) => !name.startsWith('--'));

/**
 * `npm run bench`: every measurement as a table for people, and as JSON in the last line. Figures are ratios
 * within one run, or limits; a machine's speed of the day is not compared with another day's.
 */
const benches: Readonly<Record<string, () => Promise<BenchTable[]>>> = {
  frames: async () => frames(),
  'frame-index': async () => [await frameIndex()],
  scenes,
  'forced-tokens': async () => [await forcedTokens()],
  'second-question': async () => [await secondQuestion()],
  'in-place': async () => [await inPlace()],
  feed: async () => [await feed()],
  find: async () => [await find()],
  record: async () => record(process.argv),
  gate: async () => gate(process.argv, chosen.includes('gate')),
  drafts: async () => [await drafts()],
  together: async () => [await together()],
  damage: async () => damage(process.argv),
  attacks: async () => attacks(process.argv, chosen.includes('attacks')),
};

const unknown = chosen.find((name) => !Object.hasOwn(benches, name));
if (unknown !== undefined) {
  console.error(`There is no bench '${unknown}'. There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}

const tables: BenchTable[] = [];
for (const [name, run] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  for (const table of await run()) {
    console.log(`${render(table)}\n`);
    tables.push(table);
  }
}
const machine = {
  platform: platform(),
  arch: arch(),
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  node: process.version,
};
console.log(JSON.stringify({ machine, tables }));
const missed = tables.flatMap(({ rows }) => rows).filter((row) => passes(row) === false);
if (missed.length > 0) process.exitCode = 1;

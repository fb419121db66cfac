import { passes, render, type BenchTable } from '../table.ts';
import { run as longRecording } from './long-recording.ts';
import { run as manyAnswers } from './many-answers.ts';
import { run as steps } from './steps.ts';
import { run as streaming } from './streaming.ts';
import { run as timeline } from './timeline.ts';

/**
 * `npm run bench:ui [NAME…]`: what the window costs whoever works in it, measured in a real browser with the workstation behind
 * it. Needs a built window (`npm run build`). Tables for people, and JSON in the last line.
 */
const benches: Readonly<Record<string, () => Promise<BenchTable>>> = {
  timeline,
  'long-recording': longRecording,
  'many-answers': manyAnswers,
  steps,
  streaming,
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(benches, name));
if (unknown !== undefined) {
  console.error(`There is no bench '${unknown}'. There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}

const tables: BenchTable[] = [];
for (const [name, run] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const table = await run();
  console.log(`${render(table)}\n`);
  tables.push(table);
}
console.log(JSON.stringify({ tables }));
if (tables.flatMap(({ rows }) => rows).some((row) => passes(row) === false)) process.exitCode = 1;

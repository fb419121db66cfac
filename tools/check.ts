import '../main/hosts/node-version.ts';
import { printOutcomes, runGates, runStep } from './steps.ts';

/** `npm run check`: every gate at once. All of them run, so that one pass shows all that is wrong. */
const outcomes = [
  ...(await runGates()),
  await runStep({ name: 'unit tests', command: 'vitest', args: ['run'] }),
];
printOutcomes(outcomes);
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;

import '../main/hosts/node-version.ts';
import { gates, printOutcomes, runStep, type Outcome } from './steps.ts';

/** `npm run check`: every gate at once. All of them run, so that one pass shows all that is wrong. */
const outcomes: Outcome[] = [];
for (const step of [...gates, { name: 'unit tests', command: 'vitest', args: ['run'] }]) {
  outcomes.push(await runStep(step));
}
printOutcomes(outcomes);
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;

import { openStore } from '../../main/store/index.ts';
import { silent } from './rows.ts';

/** Another workstation that takes over what it may as soon as it is told to, and says what it got. */
const [home, now] = process.argv.slice(2) as [string, string];
const store = openStore({ home, now: () => Number(now), log: silent });
console.log('open');
process.stdin.once('data', () => {
  const taken = store.tasks.takeOver(Number(now));
  console.log(JSON.stringify(taken.map(({ answerId }) => answerId)));
  process.stdin.once('data', () => process.exit(0));
});

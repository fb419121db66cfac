import Database from 'better-sqlite3';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDoor, type Sender } from '../../../main/hosts/door.ts';
import { createWorkstation } from '../../../main/workstation.ts';
import { callNames, calls, type CallName } from '../../../preload/contract/index.ts';
import { inTests, testContext } from '../../context.ts';
import { Inputs } from './inputs.ts';
import { patience, randomOf, type Tally } from './tally.ts';

const clip = join(import.meta.dirname, '../../../resources/clip/demo.mp4');
/** These load models or write answers, for seconds each. */
const long: ReadonlySet<CallName> = new Set([
  'ask',
  'askAgain',
  'loadModel',
  'loadChosenModel',
  'chooseModel',
  'importModel',
  'resumeModelImport',
]);
const weights = Object.fromEntries(callNames.map((name) => [name, long.has(name) ? 0.03 : 1]));

/**
 * Calls of the contract on a real workstation, through the door that every host has: with inputs that fit their schemas,
 * made of what earlier calls gave back, and with inputs that don't.
 */
export async function attackCalls(tally: Tally, seed: number, first: number, count: number): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'attack-calls-'));
  const opened = () =>
    createWorkstation({ home, host: 'web', hostReason: null, log: () => undefined, exclusive: false });
  const served = await opened();
  const workstation = inTests(served);
  let stack = '';
  const door = createDoor({
    calls: served.calls,
    actor: () => served.localActor.id,
    log: ({ details }) => {
      stack = typeof details?.['stack'] === 'string' ? details['stack'] : stack;
    },
  });
  const inputs = new Inputs();
  const { session } = await workstation.openDemonstration();
  inputs.learn(await workstation.grantPath(clip));
  inputs.learn(await workstation.grantFolder(join(import.meta.dirname, '../../../models/nano')), 'folder');
  const before = await workstation.calls.createCase({ pseudonym: 'kept through everything' });
  try {
    for (let input = first; input < first + count; input += 1) {
      const random = randomOf(seed, tally.attack, input);
      const name: unknown = random.chance(0.02)
        ? random.pick(['__proto__', 'constructor', 'toString', '', 7, null, 'getstatus'])
        : random.weighted(weights);
      const known = typeof name === 'string' && Object.hasOwn(calls, name);
      const given = known ? inputs.make(calls[name as CallName].input, random) : {};
      const { window, signal } = testContext();
      const trusted = !random.chance(0.02);
      const sender: Sender = trusted ? { trusted, window, signal } : { trusted };
      stack = '';
      const result = await tally.take(input, () => door.answer(sender, name, given));
      if (result === null) continue;
      if (result.ok) {
        if (!sender.trusted) tally.add(input, 'let in', `${String(name)} for a stranger`);
        inputs.learn(result.value, String(name));
      } else if (result.error.code === 'internal') tally.add(input, 'internal', `${String(name)}: ${stack}`);
      else if (result.error.code === 'engine-lost') tally.add(input, 'crashed', result.error.message);
      if (Reflect.get({}, 'polluted') !== undefined) tally.add(input, 'let in', 'a prototype was changed');
      if (input % 50 === 0) {
        for (const job of await workstation.calls.listJobs({}))
          await workstation.calls.cancelJob({ jobId: job.id });
      }
    }
  } finally {
    const late = Promise.withResolvers<'late'>();
    const timeout = setTimeout(() => late.resolve('late'), patience);
    const ended = await Promise.race([workstation.dispose(), late.promise]);
    clearTimeout(timeout);
    if (ended === 'late') tally.add(first + count, 'hung', 'the workstation did not close');
  }
  const database = new Database(join(home, 'workstation.db'));
  const sound = database.pragma('integrity_check', { simple: true });
  database.close();
  if (sound !== 'ok') tally.add(first + count, 'lost', `integrity: ${String(sound)}`);
  const again = inTests(await opened());
  const cases = await again.calls.listCases({});
  if (!cases.some(({ id }) => id === before.id)) tally.add(first + count, 'lost', 'a case is gone');
  const sessions = await again.calls.listSessions({});
  if (!sessions.some(({ id }) => id === session.id)) tally.add(first + count, 'lost', 'a session is gone');
  await again.dispose();
  await rm(home, { recursive: true, force: true });
}

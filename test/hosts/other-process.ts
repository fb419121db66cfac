import { createInterface } from 'node:readline';
import { createWorkstation } from '../../main/workstation.ts';
import { ActorId, CaseId, QuestionId, SessionId } from '../../preload/contract/index.ts';
import { asItsPerson, inTests, testContext } from '../context.ts';

/**
 * A command of its own on a data folder that a workstation has open. It does what it is told line by line, and answers each
 * with the time at which it was done, in ms since the Unix epoch: `rename CASE NAME`, `delete QUESTION`, `undo SESSION ACTOR`.
 */
const [home = ''] = process.argv.slice(2);
const opened = await createWorkstation({
  home,
  host: 'command-line',
  hostReason: null,
  log: () => undefined,
  exclusive: false,
});
const workstation = asItsPerson(opened);
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [what, id, ...rest] = line.split(' ');
  if (what === 'rename')
    await workstation.calls.renameCase({ caseId: CaseId.parse(id), pseudonym: rest.join(' ') });
  else if (what === 'undo') {
    const actor = testContext({ actor: ActorId.parse(rest[0]) });
    await inTests(opened, actor).calls.undo({ sessionId: SessionId.parse(id) });
  } else await workstation.calls.deleteQuestion({ questionId: QuestionId.parse(id) });
  process.stdout.write(`${performance.timeOrigin + performance.now()}\n`);
}
await workstation.dispose();

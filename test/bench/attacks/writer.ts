import { join } from 'node:path';
import { createWorkstation } from '../../../main/workstation.ts';
import type { FrameIndex } from '../../../preload/contract/index.ts';
import { inTests } from '../../context.ts';

/**
 * A workstation that writes for as long as it lives, and says on its standard output what was accepted, once it was. To be
 * killed at any moment.
 */
const [home, mark] = process.argv.slice(2) as [string, string];
const workstation = inTests(
  await createWorkstation({
    home,
    host: 'command-line',
    hostReason: null,
    log: () => undefined,
    exclusive: false,
  }),
);
const { calls } = workstation;
const clip = join(import.meta.dirname, '../../../resources/clip/demo.mp4');
const { grantId } = await workstation.grantPath(clip);
const { session } = await calls.openVideo({ grantId, caseId: null });
// Written before the next step, so that a kill takes nothing along that was said.
const say = (what: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${what}\n`, () => resolve()));

await say('writing');
for (let count = 0; ; count += 1) {
  const pseudonym = `${mark}-${count}`;
  const made = await calls.createCase({ pseudonym });
  await say(`case ${made.id} ${pseudonym}`);
  const frameIndex = (count % 350) as FrameIndex;
  await calls.savePosition({ sessionId: session.id, frameIndex });
  await say(`position ${session.id} ${frameIndex}`);
  if (count % 5 === 4) {
    const renamed = await calls.renameCase({ caseId: made.id, pseudonym: `${pseudonym}-renamed` });
    await say(`case ${renamed.id} ${renamed.pseudonym}`);
  }
}

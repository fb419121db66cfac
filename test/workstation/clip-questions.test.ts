import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createWorkstation } from '../../main/workstation.ts';
import { Box, checkCoherence, iou, type Answer, type FrameIndex } from '../../preload/contract/index.ts';

/** What the embedded model says of the bundled clip, asked as a surgeon asks: the clip's own truth is the judge. */

const Questions = z.array(
  z.object({ frame: z.int(), question: z.string(), subject: z.string(), label: z.string() }),
);
const Truth = z.object({
  width: z.int(),
  height: z.int(),
  frames: z.array(
    z.object({
      organ: z.object({ label: z.string(), box: Box }),
      instruments: z.array(z.object({ tool: z.string(), state: z.string(), place: z.string(), box: Box })),
    }),
  ),
});
type Question = z.infer<typeof Questions>[number];

const read = async (path: string): Promise<unknown> =>
  JSON.parse(await readFile(join(import.meta.dirname, path), 'utf8'));

let home: string | undefined;
afterAll(() => home && rm(home, { recursive: true, force: true }));

it('gives right, well-boxed and coherent answers to at least 9 of 10 questions', async () => {
  home = await mkdtemp(join(tmpdir(), 'clip-questions-'));
  const questions = Questions.parse(await read('../fixtures/clip-questions.json'));
  const truth = Truth.parse(await read('../../resources/clip/demo.json'));
  expect(questions).toHaveLength(10);

  const boxOf = ({ frame, subject, label }: Question): Box | null => {
    const shown = truth.frames[frame]!;
    if (shown.organ.label === subject) return shown.organ.box;
    const item = shown.instruments.find(({ tool }) => tool === subject);
    // The list itself must be true of the clip.
    expect(item ? [item.state, item.place] : ['not visible'], subject).toContain(label);
    return item?.box ?? null;
  };

  const workstation = await createWorkstation({
    home,
    host: 'web',
    hostReason: 'a test',
    log: () => undefined,
    exclusive: true,
  });
  const wrong: string[] = [];
  try {
    const open = await workstation.calls.openLastSession({});
    if (open === null) throw new Error('no demonstration session');
    for (const asked of questions) {
      const ended = Promise.withResolvers<Answer>();
      const stop = workstation.onEvent((event) => {
        if (event.type === 'answer' && event.answer.status !== 'running') ended.resolve(event.answer);
      });
      const { frame, question } = asked;
      await workstation.calls.ask({ sessionId: open.session.id, frameIndex: frame as FrameIndex, question });
      const answer = await ended.promise.finally(stop);
      const box = boxOf(asked);
      const right = answer.label === asked.label;
      const placed = box === null ? answer.box === null : answer.box !== null && iou(answer.box, box) >= 0.5;
      const { reasoning, label } = answer;
      const { coherent } = checkCoherence({ reasoning, label, box: answer.box, size: truth });
      if (!right || !placed || !coherent) wrong.push(`${question} (frame ${frame}): ${answer.raw}`);
    }
  } finally {
    await workstation.dispose();
  }
  expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(1);
}, 120_000);

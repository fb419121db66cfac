import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { Box, checkCoherence, iou } from '../../preload/contract/index.ts';
import { askAndWait, workstations } from './workstations.ts';

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

const { start } = workstations();

it('gives right, well-boxed and coherent answers to at least 9 of 10 questions', async () => {
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

  const workstation = await start('clip-questions');
  const wrong: string[] = [];
  const open = await workstation.calls.openLastSession({});
  if (open === null) throw new Error('no demonstration session');
  for (const asked of questions) {
    const { frame, question } = asked;
    const answer = await askAndWait(workstation, open, frame, question);
    const box = boxOf(asked);
    const right = answer.label === asked.label;
    const placed = box === null ? answer.box === null : answer.box !== null && iou(answer.box, box) >= 0.5;
    const { reasoning, label } = answer;
    const { coherent } = checkCoherence({ reasoning, label, box: answer.box, size: truth });
    if (!right || !placed || !coherent) wrong.push(`${question} (frame ${frame}): ${answer.raw}`);
  }
  expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(1);
}, 120_000);

import type { OpenedWorkstation } from '../context.ts';
import { isUnderWay, type FrameIndex, type OpenSession } from '../../preload/contract/index.ts';
import { median, type BenchTable } from './table.ts';
import { withWorkstation } from './workstation.ts';

const frames = 9;
const questions = ['Where is bipolar forceps located?', 'What organ is being operated?'] as const;

/**
 * How much sooner a second question on the same frame starts: milliseconds from the call of `ask` to the first
 * text, on the bundled clip with the embedded model. The reviewer has the frame on the screen, as a person who
 * asks about it does; the model sees it for the first time. The limit is a ratio of 3.
 */
export const run = (): Promise<BenchTable> =>
  withWorkstation(async (workstation) => {
    const open = await workstation.openDemonstration();
    // The first question loads the model; it counts for neither side.
    await firstText(workstation, open, 0, questions[0]);
    const first: number[] = [];
    const second: number[] = [];
    for (let step = 1; step <= frames; step += 1) {
      await workstation.media.frame(open.video.id, (step * 20) as FrameIndex, AbortSignal.timeout(60_000));
      first.push(await firstText(workstation, open, step * 20, questions[0]));
      second.push(await firstText(workstation, open, step * 20, questions[1]));
    }
    const ratio = median(first.map((value, index) => value / (second[index] ?? Number.NaN)));
    return {
      title: 'A second question on the same frame',
      rows: [
        { name: 'first question, ask to first text', value: median(first), unit: 'ms' },
        { name: 'second question, ask to first text', value: median(second), unit: 'ms' },
        { name: 'how much sooner (median of pairs)', value: ratio, unit: 'x', atLeast: 3 },
      ],
    };
  });

/** Milliseconds to the first text; waits for the end of the answer before it returns. */
async function firstText(
  workstation: OpenedWorkstation,
  open: OpenSession,
  index: number,
  question: string,
): Promise<number> {
  const start = performance.now();
  let first: number | null = null;
  const ended = Promise.withResolvers<void>();
  const stop = workstation.onEvent((event) => {
    if (event.type === 'answer-text') first ??= performance.now() - start;
    if (event.type === 'answer' && !isUnderWay(event.answer.status)) ended.resolve();
  });
  try {
    const frameIndex = index as FrameIndex;
    const { signal } = new AbortController();
    const { hash: frameHash } = await workstation.media.frame(open.video.id, frameIndex, signal);
    await workstation.calls.ask({ sessionId: open.session.id, frameIndex, frameHash, question });
    await ended.promise;
  } finally {
    stop();
  }
  if (first === null) throw new Error(`no text came for frame ${index}`);
  return first;
}

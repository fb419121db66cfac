import type { AnswerRequest } from '../../main/inference/index.ts';
import { questionText } from '../../preload/contract/vocabulary.ts';
import { drawnScene, withEmbedded } from './embedded.ts';
import { median, type BenchTable } from './table.ts';

const rounds = 5;

/** What one way of asking took: by the clock, and of the processors. */
interface Taken {
  readonly milliseconds: number;
  readonly processorMilliseconds: number;
}

/**
 * Eight questions answered together against one after another, with the embedded model in 32 bits on the CPU: all
 * different on one frame, eight samples of one question, and one question each on eight frames. The frames have been
 * looked at before, by both sides: what is measured is prompts and answers.
 */
export async function run(): Promise<BenchTable> {
  return withEmbedded(async (answerer) => {
    const seen = Array.from({ length: 8 }, (_, index) => drawnScene(987_500 + index));
    const [first] = seen as [ReturnType<typeof drawnScene>];
    const cases: Readonly<Record<string, AnswerRequest[]>> = {
      'different questions, one frame': questions(first.tool).map((question) => ask(first.frame, question)),
      'samples of one question': Array.from({ length: 8 }, (_, seed) => ({
        ...ask(first.frame, questionText.location(first.tool)),
        settings: { temperature: 0.7, seed },
      })),
      'one question each, eight frames': seen.map(({ frame, tool }) =>
        ask(frame, questionText.location(tool)),
      ),
    };
    const rows: BenchTable['rows'][number][] = [];
    for (const [name, requests] of Object.entries(cases)) {
      await answerer.answerMany(requests);
      const pairs: { apart: Taken; together: Taken }[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const apart = await taken(async () => {
          for (const request of requests) await answerer.answer(request);
        });
        pairs.push({ apart, together: await taken(() => answerer.answerMany(requests)) });
      }
      const ratio = (of: keyof Taken): number =>
        median(pairs.map(({ apart, together }) => apart[of] / together[of]));
      rows.push(
        {
          name: `${name}, together`,
          value: median(pairs.map((pair) => pair.together.milliseconds)),
          unit: 'ms',
        },
        { name: `${name}: sooner than one after another`, value: ratio('milliseconds'), unit: 'x' },
        { name: `${name}: less processor time`, value: ratio('processorMilliseconds'), unit: 'x' },
      );
    }
    return { title: 'Eight answers together', rows };
  });
}

const ask = (frame: AnswerRequest['frame'], question: string): AnswerRequest => ({
  // Every round asks the same: with drafts, only the first would have anything to do.
  ...{ frame, question, settings: {}, drafts: false },
});

const questions = (tool: string): string[] => [
  questionText.organ(),
  questionText.state(tool),
  questionText.location(tool),
  ...['suction', 'stapler', 'clip_applier'].map((other) => questionText.location(other)),
  ...['suction', 'stapler'].map((other) => questionText.state(other)),
];

async function taken(work: () => Promise<unknown>): Promise<Taken> {
  const processor = process.cpuUsage();
  const start = performance.now();
  await work();
  const { user, system } = process.cpuUsage(processor);
  return { milliseconds: performance.now() - start, processorMilliseconds: (user + system) / 1000 };
}

import { Answerer, type AnswerRequest, type AnswerResult } from '../../../main/inference/index.ts';
import { median } from '../table.ts';
import { answerJob, questions, readFrame, requireTokens } from './jobs.ts';
import type { AnswersResult, Job, LayersResult, Phases } from './jobs.ts';

/** The engine's side: what the engine's process does, in this one. */
await answerJob(async (job) => {
  const answerer = await Answerer.open({
    directory: job.directory,
    device: 'cpu',
    cacheFolder: job.threadsFolder,
  });
  try {
    return job.work === 'layers' ? await layers(answerer, job) : await answers(answerer, job);
  } finally {
    await answerer.dispose();
  }
});

async function layers(answerer: Answerer, job: Job): Promise<LayersResult> {
  const request = (frame: number, question: string, tokens = job.tokens): AnswerRequest => ({
    frame: readFrame(job.framesFolder, frame),
    question,
    settings: { maxNewTokens: tokens },
    // Random weights write no answers, and the one token that they may repeat for ever is too easily guessed.
    constrained: 'no',
    drafts: false,
  });
  const first = await answerer.answer(request(1, questions[0]));
  requireTokens(first.tokens.generated, job.tokens);
  const second = await answerer.answer(request(1, questions[1]));
  requireTokens(second.tokens.generated, job.tokens);

  const requests = questions.map((question) => request(2, question));
  const begin = performance.now();
  const eight = await answerer.answerMany(requests);
  const eightQuestions = performance.now() - begin;
  for (const answer of eight) {
    if (answer.status === 'rejected') throw answer.reason;
    requireTokens(answer.value.tokens.generated, job.tokens);
  }

  const long = await answerer.answer(request(3, job.longQuestion, job.longTokens));
  requireTokens(long.tokens.generated, job.longTokens);
  return {
    firstToken: untilFirstToken(first),
    phases: phasesOf(first),
    secondFirstToken: untilFirstToken(second),
    eightQuestions,
    context: long.tokens.prompt,
    // The first token comes with the prefill.
    decodeTokensPerSecond: (job.longTokens - 1) / (long.timings.decodeMilliseconds / 1000),
    threads: answerer.info.threads?.reason ?? null,
  };
}

async function answers(answerer: Answerer, job: Job): Promise<AnswersResult> {
  const found: AnswerResult[] = [];
  for (let index = 0; index <= job.frames; index += 1) {
    const frame = readFrame(job.framesFolder, index);
    const question = questions[index % questions.length]!;
    const answer = await answerer.answer({ frame, question, settings: {} });
    // The first warms up.
    if (index > 0) found.push(answer);
  }
  const middle = (value: (answer: AnswerResult) => number): number => median(found.map(value));
  return {
    ask: middle(({ timings }) => timings.totalMilliseconds),
    phases: {
      preprocess: middle((answer) => phasesOf(answer).preprocess),
      vision: middle((answer) => phasesOf(answer).vision),
      prefill: middle((answer) => phasesOf(answer).prefill),
      decode: middle((answer) => phasesOf(answer).decode),
    },
    tokens: middle(({ tokens }) => tokens.generated),
  };
}

function untilFirstToken({ timings }: AnswerResult): number {
  return timings.totalMilliseconds - timings.decodeMilliseconds;
}

function phasesOf({ timings }: AnswerResult): Phases {
  return {
    preprocess: timings.preprocessMilliseconds,
    vision: timings.visionMilliseconds,
    prefill: timings.prefillMilliseconds,
    decode: timings.decodeMilliseconds,
  };
}

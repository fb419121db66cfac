import { TransformersPeer } from '../../import/transformers-peer.ts';
import type { PeerAnswer } from '../../import/transformers-peer.ts';
import { median } from '../table.ts';
import { answerJob, questions, readFrame, requireTokens } from './jobs.ts';
import type { AnswersResult, Job, LayersResult } from './jobs.ts';

/** The side of transformers.js, used as its documentation says. */
await answerJob(async (job) => {
  const peer = await TransformersPeer.open(job.directory, job.dtype);
  try {
    return job.work === 'layers' ? await layers(peer, job) : await answers(peer, job);
  } finally {
    await peer.close();
  }
});

async function layers(peer: TransformersPeer, job: Job): Promise<LayersResult> {
  const ask = async (frame: number, question: string, tokens = job.tokens): Promise<PeerAnswer> => {
    const answer = await peer.ask(question, readFrame(job.framesFolder, frame), tokens);
    requireTokens(answer.ids.length, tokens);
    return answer;
  };
  const first = await ask(1, questions[0]);
  const second = await ask(1, questions[1]);

  const frame = readFrame(job.framesFolder, 2);
  const begin = performance.now();
  for (const question of questions) {
    const answer = await peer.ask(question, frame, job.tokens);
    requireTokens(answer.ids.length, job.tokens);
  }
  const eightQuestions = performance.now() - begin;

  const long = await ask(3, job.longQuestion, job.longTokens);
  return {
    firstToken: first.firstToken,
    phases: first.phases,
    secondFirstToken: second.firstToken,
    eightQuestions,
    context: long.promptTokens,
    decodeTokensPerSecond: (job.longTokens - 1) / ((long.total - long.firstToken) / 1000),
    threads: null,
  };
}

async function answers(peer: TransformersPeer, job: Job): Promise<AnswersResult> {
  const found: PeerAnswer[] = [];
  for (let index = 0; index <= job.frames; index += 1) {
    const answer = await peer.ask(
      questions[index % questions.length]!,
      readFrame(job.framesFolder, index),
      96,
    );
    // The first warms up.
    if (index > 0) found.push(answer);
  }
  const middle = (value: (answer: PeerAnswer) => number): number => median(found.map(value));
  return {
    ask: middle(({ total }) => total),
    phases: {
      preprocess: middle(({ phases }) => phases.preprocess),
      vision: middle(({ phases }) => phases.vision),
      prefill: middle(({ phases }) => phases.prefill),
      decode: middle(({ phases }) => phases.decode),
    },
    tokens: middle(({ ids }) => ids.length),
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  Answerer,
  type AnswerRequest,
  type AnswerResult,
  type EngineFrame,
} from '../../main/inference/index.ts';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { questionText } from '../../preload/contract/vocabulary.ts';

/** The embedded model: answers given together, against the same questions asked one after another. */
let folder: string;
let answerer: Answerer;
let requests: AnswerRequest[];
let alone: AnswerResult[];
/** Of the decoder, with a token or a few. */
let runs = 0;

const size = { width: 420, height: 336 };
const frames = 5;

function scene(seed: number): { frame: EngineFrame; tool: string } {
  const described = describeScene(seed);
  const rgba = drawScene(described, size);
  const rgb = Uint8Array.from({ length: size.width * size.height * 3 }, (_, at) => {
    return rgba[Math.floor(at / 3) * 4 + (at % 3)]!;
  });
  const tool = sceneTruth(described, size).instruments[0]?.tool ?? 'stapler';
  return { frame: { ...size, rgb, hash: `batch-${seed}` }, tool };
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'batch-answers-'));
  const out = path.join(folder, 'nano');
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint, out, dtype: 'fp32' });
  answerer = await Answerer.open({
    directory: out,
    device: 'cpu',
    onPhase: (phase) => (runs += phase === 'decode' ? 1 : 0),
  });
  const sampled = { temperature: 0.9, topK: 40, topP: 0.95 };
  requests = Array.from({ length: frames }, (_, index) => scene(987_301 + index)).flatMap(
    ({ frame, tool }, index) => [
      { frame, question: questionText.organ(), settings: {} },
      { frame, question: questionText.state(tool), settings: {} },
      { frame, question: questionText.location(tool), settings: {} },
      { frame, question: questionText.location('stapler'), settings: { maxNewTokens: 10 + 4 * index } },
      { frame, question: questionText.location(tool), settings: {} },
      { frame, question: 'What can you see, and where is it?', settings: {} },
      { frame, question: questionText.location(tool), settings: { ...sampled, seed: 1 } },
      { frame, question: questionText.location(tool), settings: { ...sampled, seed: 2 + index } },
      { frame, question: questionText.state(tool), settings: { ...sampled, repetitionPenalty: 1.1 } },
    ],
  );
  alone = [];
  for (const request of requests) alone.push(await answerer.answer({ ...request, drafts: false }));
});

afterAll(async () => {
  await answerer.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** The same text, label and box, and numbers as near as sums in another order come. */
function expectSame(found: AnswerResult, expected: AnswerResult): void {
  const numbers = ({ evidence, probability }: AnswerResult): number[] => [
    probability ?? 0,
    evidence?.labelLogProbability ?? 0,
    evidence?.boxLogProbability ?? 0,
    evidence?.entropy ?? 0,
    ...(evidence?.choices.map((choice) => choice.probability) ?? []),
  ];
  const { raw, label, box, status, reasoning, notes, tokens, settings } = expected;
  expect(found).toMatchObject({ raw, label, box, status, reasoning, notes, tokens, settings });
  expect(found.evidence?.choices.map((choice) => choice.label)).toEqual(
    expected.evidence?.choices.map((choice) => choice.label),
  );
  const [these, those] = [numbers(found), numbers(expected)];
  expect(these).toHaveLength(those.length);
  those.forEach((number, index) => expect(Math.abs(these[index]! - number)).toBeLessThan(1e-4));
}

function valueOf(result: PromiseSettledResult<AnswerResult>): AnswerResult {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

test('45 questions on five frames, two to eight together, have the answers that they have alone', async () => {
  expect(requests).toHaveLength(45);
  // Asked in an order that brings frames together and apart.
  for (const [start, step] of [
    [0, 1],
    [3, 7],
  ] as const) {
    const order = requests.map((_, index) => (start + index * step) % requests.length);
    let at = 0;
    for (let together = 2; at < order.length; together = together === 8 ? 2 : together + 1) {
      const chosen = order.slice(at, at + together);
      at += together;
      const results = await answerer.answerMany(chosen.map((index) => requests[index]!));
      results.forEach((result, index) => expectSame(valueOf(result), alone[chosen[index]!]!));
    }
  }
  expect(new Set(alone.map(({ tokens }) => tokens.generated)).size).toBeGreaterThan(5);
});

test('what is computed before it is written changes no answer, and saves half of the runs', async () => {
  const order = requests.map((_, index) => (index * 7) % requests.length);
  const counts = { with: 0, without: 0 };
  for (const index of order) {
    const begun = runs;
    expectSame(await answerer.answer(requests[index]!), alone[index]!);
    counts.with += runs - begun;
  }
  for (const request of requests) {
    const begun = runs;
    await answerer.answer({ ...request, drafts: false });
    counts.without += runs - begun;
  }
  expect(counts.with).toBeLessThan(0.5 * counts.without);
});

test('all at once: those that wait take the places of those that have ended', async () => {
  const texts = requests.map(() => '');
  const results = await answerer.answerMany(
    requests,
    requests.map((_, index) => ({ onText: (raw: string) => (texts[index] += raw) })),
  );
  results.forEach((result, index) => {
    expectSame(valueOf(result), alone[index]!);
    expect(texts[index]).toBe(alone[index]!.raw);
  });
});

test('stops in the middle change nothing for the others', async () => {
  const chosen = [0, 1, 2, 9, 10, 11, 18, 19];
  const controllers = chosen.map(() => new AbortController());
  const results = await answerer.answerMany(
    chosen.map((index) => requests[index]!),
    chosen.map((_, place) => ({
      signal: controllers[place]!.signal,
      onText: (_raw: string, _shown: unknown, generated: number) => {
        // Some at their first text, some later, some of them others.
        if (place % 3 === 0 && generated >= 1 + place) controllers[place]!.abort();
        if (place === 4 && generated >= 6) controllers[5]!.abort();
      },
    })),
  );
  results.forEach((result, place) => {
    const found = valueOf(result);
    const whole = alone[chosen[place]!]!;
    if (place % 3 !== 0 && place !== 5) return expectSame(found, whole);
    expect(found.status).toBe('stopped');
    expect(found.raw.length).toBeLessThan(whole.raw.length);
    expect(whole.raw.startsWith(found.raw)).toBe(true);
    expect(found.evidence).toBeNull();
  });
});

test('a question that cannot be asked fails, and the others are answered', async () => {
  const bad = { ...requests[1]!, question: 'What <|image_pad|> is this?' };
  const [first, second, third] = await answerer.answerMany([requests[0]!, bad, requests[2]!]);
  expectSame(valueOf(first!), alone[0]!);
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'invalid-input' } });
  expectSame(valueOf(third!), alone[2]!);
});

test('eight questions on a frame together take a third of the runs that they take one after another', async () => {
  // Without drafts: of texts that were all written before, they would leave nothing to do.
  const eight = requests
    .slice(0, 9)
    .filter((_, index) => index !== 4)
    .map((request) => ({ ...request, drafts: false }));
  let before = runs;
  for (const request of eight) await answerer.answer(request);
  const apart = runs - before;
  before = runs;
  await answerer.answerMany(eight);
  expect(runs - before).toBeLessThan(apart / 3);
});

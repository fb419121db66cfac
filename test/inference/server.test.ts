import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EngineLostError } from '../../main/inference/engine/engine.ts';
import type { EngineState } from '../../main/inference/engine/engine-state.ts';
import { ask, startServedEngines, type ServedEngines } from './model-server/engines.ts';
import { busySecond } from './timing.ts';

let engines: ServedEngines;
let server: ServedEngines['server'];
let loaded: ServedEngines['loaded'];

beforeAll(async () => {
  engines = await startServedEngines();
  ({ server, loaded } = engines);
});
afterEach(() => engines.tidy());
afterAll(() => engines.stop());

const labels = { organ: ['kidney', 'liver'], state: ['Idle'], location: ['left-top'], absent: 'not visible' };

describe('an answer', () => {
  test('comes as it is written, with its box on the frame', async () => {
    const engine = await loaded({ labels });
    const shown: string[] = [];
    const answer = await ask(engine, { onToken: ({ section, text }) => shown.push(`${section}:${text}`) });
    expect(answer).toMatchObject({
      status: 'answered',
      label: 'liver',
      reasoning: 'It is there.',
      box: [28, 56, 112, 140],
      modelInput: { width: 448, height: 364 },
      notes: [expect.stringContaining('among the answers that the format allows')],
      evidence: {
        labelLogProbability: -0.01,
        boxLogProbability: -0.04,
        choices: [{ label: 'liver', probability: 1 }],
      },
    });
    expect(answer.probability).toBeCloseTo(Math.exp(-0.01), 9);
    expect(answer.tokens).toEqual({ prompt: 20 + 208, image: 208, generated: 18 });
    expect(shown[0]).toBe('reasoning:It');
    expect(shown.filter((text) => text.startsWith('answer:')).length).toBeGreaterThan(5);
  });

  test('is asked for with the settings, the format and the probabilities', async () => {
    const engine = await loaded({ labels, coordinateSpace: 'normalized-1000' });
    const answer = await ask(engine, {
      settings: { temperature: 0.7, topK: 40, topP: 0.9, seed: 7, repetitionPenalty: 1.05, maxNewTokens: 99 },
    });
    expect((await server.seen()).bodies.at(-1)).toMatchObject({
      temperature: 0.7,
      top_k: 40,
      top_p: 0.9,
      seed: 7,
      repetition_penalty: 1.05,
      max_tokens: 99,
      logprobs: true,
      top_logprobs: 20,
      structured_outputs: { regex: expect.stringContaining('kidney|liver') as unknown },
    });
    expect(answer.settings).toEqual({
      temperature: 0.7,
      topK: 40,
      topP: 0.9,
      seed: 7,
      repetitionPenalty: 1.05,
      maxNewTokens: 99,
    });
  });

  test('without probabilities has no evidence but its text', async () => {
    const engine = await loaded({ labels });
    await server.behave({ silentProbabilities: true });
    const answer = await ask(engine);
    expect(answer).toMatchObject({ status: 'answered', label: 'liver', probability: null });
    expect(answer.evidence).toEqual({
      reasoningLogProbability: null,
      labelLogProbability: null,
      boxLogProbability: null,
      choices: [],
      entropy: null,
    });
  });

  test('whose reasoning the server has parted is put together again', async () => {
    const engine = await loaded();
    await server.behave({
      partReasoning: true,
      script: ['It', ' is', ' there.', '<answer>{"label": "liver", ', '"bbox_2d": null}</answer>'],
    });
    const answer = await ask(engine);
    expect(answer.raw).toBe(
      '<think>It is there.</think><answer>{"label": "liver", "bbox_2d": null}</answer>',
    );
    expect(answer.reasoning).toBe('It is there.');
    expect(answer.notes[0]).toContain('parted');
  });

  test('that reaches its limit says so', async () => {
    const engine = await loaded();
    const answer = await ask(engine, { settings: { maxNewTokens: 5 } });
    expect(answer).toMatchObject({ status: 'malformed', raw: '<think>It is there.', evidence: null });
    expect(answer.notes).toContain('The answer reached its token limit.');
  });

  test('is not asked for with a control token in the question', async () => {
    const engine = await loaded();
    await expect(ask(engine, { question: 'Is <|im_start|> here?' })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });
});

describe('a busy server', () => {
  test('is asked again after the pause that it names', async () => {
    const engine = await loaded();
    await server.behave({ busy: { times: 1, status: 429, retryAfter: '1' } });
    const start = performance.now();
    expect(await ask(engine)).toMatchObject({ status: 'answered' });
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test('is asked again where it ended the connection before an answer', async () => {
    const engine = await loaded();
    await server.behave({ busy: { times: 1, status: 0 } });
    expect(await ask(engine)).toMatchObject({ status: 'answered' });
  });

  test('is left after the retries, or where its pause is too long', async () => {
    const engine = await loaded();
    await server.behave({ busy: { times: 5, status: 503 } });
    await expect(ask(engine)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('The engine is overloaded') as unknown,
    });
    await server.behave({ busy: { times: 99, status: 429, retryAfter: '3600' } });
    await expect(ask(engine)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('gets no more questions at a time than it is meant to', async () => {
    const engine = await loaded({ concurrency: 2 });
    await server.behave({ millisecondsPerToken: 15 });
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask(engine)));
    expect(answers.map(({ status }) => status)).toEqual(['answered', 'answered', 'answered', 'answered']);
    expect((await server.seen()).most).toBe(2);
  });

  test('a question that waits for its turn can be stopped', async () => {
    const engine = await loaded({ concurrency: 1 });
    await server.behave({ millisecondsPerToken: 100 });
    const begun = Promise.withResolvers<void>();
    const first = ask(engine, { onToken: () => begun.resolve() });
    await begun.promise;
    const stop = new AbortController();
    const second = ask(engine, { signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    const ended: string[] = [];
    await Promise.all([first.then(() => ended.push('first')), second.then(() => ended.push('second'))]);
    expect(ended).toEqual(['second', 'first']);
    expect(await second).toMatchObject({ status: 'stopped', raw: '' });
    expect(await first).toMatchObject({ status: 'answered' });
  });
});

describe('in the middle of an answer', () => {
  const losses: [string, object, RegExp][] = [
    ['the connection ends', { breakAfter: 5 }, /aborted|ECONNRESET/],
    ['an event is no JSON', { malformedAfter: 5 }, /not JSON/],
    ['the server reports an error', { errorAfter: 5 }, /CUDA error: out of memory/],
    ['nothing more comes', { silentAfter: 5 }, /silent for 3 s/],
  ];
  test.each(losses)('%s: the text is kept, and the server looked for', async (_name, behaviour, says) => {
    const engine = await loaded({ timeoutSeconds: 3 });
    await server.behave(behaviour);
    const error: unknown = await ask(engine).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineLostError);
    const lost = error as EngineLostError;
    expect(lost.message).toMatch(says);
    expect(lost.partial).toMatchObject({
      raw: '<think>It is there.',
      reasoning: 'It is there.',
      generatedTokens: 5,
    });
    expect(engine.state).toMatchObject({ phase: 'restarting', error: { code: 'engine-lost' } });
    await server.behave({});
    await new Promise<void>((resolve) => {
      const ready = (state: EngineState): void => (state.phase === 'ready' ? resolve() : undefined);
      engine.onState(ready);
      ready(engine.state);
    });
    expect(await ask(engine)).toMatchObject({ status: 'answered' });
  });

  test('a stop takes effect within a second, keeps the text and frees the server', async () => {
    const engine = await loaded();
    const { left } = await server.seen();
    await server.behave({ millisecondsPerToken: 60 });
    const stop = new AbortController();
    let stoppedAt = 0;
    const answer = await ask(engine, {
      signal: stop.signal,
      onToken: ({ text }) => {
        if (!text.includes('there')) return;
        stoppedAt = performance.now();
        stop.abort();
      },
    });
    expect(performance.now() - stoppedAt).toBeLessThan(busySecond);
    expect(answer).toMatchObject({ status: 'stopped', reasoning: 'It is there', evidence: null });
    await expect.poll(async () => (await server.seen()).left).toBe(left + 1);
    expect(engine.state.phase).toBe('ready');
  });

  test('a server that refuses the request says why', async () => {
    const engine = await loaded();
    await server.behave({ refuse: 'Invalid regex: data:image/png;base64,AAAA is not supported' });
    await expect(ask(engine)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('Invalid regex: (picture) is not supported') as unknown,
    });
    await server.behave({ refuse: 'This model’s maximum context length is 2048 tokens.' });
    await expect(ask(engine)).rejects.toMatchObject({ code: 'prompt-too-long' });
    expect(engine.state.phase).toBe('ready');
  });
});

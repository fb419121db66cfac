import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EngineLostError, type Engine } from '../../main/inference/engine.ts';
import type { AnswerResult } from '../../main/inference/engine-messages.ts';
import type { EngineState } from '../../main/inference/engine-state.ts';
import { createServerEngine, publicKeyPin } from '../../main/inference/server/index.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { makeConfigurationFolder, type ConfigurationFolder } from './model-server/configured.ts';
import { otherCertificate, startModelServer, tls, type ModelServer } from './model-server/start.ts';

/**
 * Against a process that speaks the form of vLLM's API over HTTPS (written after vLLM's protocol, not vLLM itself).
 * Its text is a script, so that what is tested is the way there and back.
 */
let administrator: ConfigurationFolder;
let server: ModelServer;
const opened: Engine[] = [];

beforeAll(async () => {
  administrator = await makeConfigurationFolder();
  server = await startModelServer({ model: 'surgery-r1', key: 'secret-word', tls });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.dispose()));
  await server.behave({});
});
afterAll(async () => {
  await server.stop();
  await administrator.remove();
});

const labels = { organ: ['kidney', 'liver'], state: ['Idle'], location: ['left-top'], absent: 'not visible' };
const lines: string[] = [];

async function engineFor(settings: object = {}, port = server.port): Promise<Engine> {
  const configuration = await administrator.read({
    url: `https://localhost:${port}`,
    key: 'secret-word',
    caFile: tls.certificate,
    retries: 1,
    // Test pictures of the load go up to this size.
    maxPixels: 200_704,
    ...settings,
  });
  const options = { log: (line: string) => lines.push(line), lookAgainMilliseconds: 50 };
  const engine = createServerEngine(configuration!, options);
  opened.push(engine);
  return engine;
}

async function loaded(settings: object = {}): Promise<Engine> {
  const engine = await engineFor(settings);
  await engine.load({ directory: '' });
  return engine;
}

const load = (engine: Engine): Promise<unknown> =>
  engine.load({ directory: '' }).catch((error: unknown) => error);
const size = { width: 448, height: 364 };
const rgb = Uint8Array.from({ length: size.width * size.height * 3 }, (_, index) => index % 251);
const frame = { ...size, rgb, hash: 'a-frame' };
const ask = (engine: Engine, more: Partial<Parameters<Engine['ask']>[0]> = {}): Promise<AnswerResult> =>
  engine.ask({ frame, question: 'What organ is being operated?', ...more });

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

describe('who the server is', () => {
  const pinOf = async (file: string): Promise<string> => publicKeyPin(await readFile(file));

  test('is proved by a certificate that is trusted, and its key by the pin', async () => {
    const engine = await loaded({
      certificatePins: [await pinOf(otherCertificate), await pinOf(tls.certificate)],
    });
    expect(engine.state).toMatchObject({ phase: 'ready', model: { device: 'server', sha256: null } });
    expect(engine.state.model!.deviceReason).toBe(
      `Frames are sent to localhost:${server.port} (administrator's setting).`,
    );
  });

  test('with another key than the pin’s nothing is sent', async () => {
    const { requests } = await server.seen();
    const engine = await engineFor({ certificatePins: [await pinOf(otherCertificate)] });
    expect(await load(engine)).toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining(await pinOf(tls.certificate)) as unknown,
    });
    expect((await server.seen()).requests).toBe(requests);
    expect(engine.state.phase).toBe('failed');
  });

  test('with a certificate that nobody vouches for nothing is sent', async () => {
    const { requests } = await server.seen();
    const error = await load(await engineFor({ caFile: otherCertificate }));
    expect(error).toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('does not prove') as unknown,
    });
    expect((await server.seen()).requests).toBe(requests);
  });

  test('a pin fits only the name that the certificate is for', async () => {
    const engine = await engineFor({
      url: `https://[::1]:${server.port}`,
      certificatePins: [await pinOf(tls.certificate)],
    });
    expect(await load(engine)).toBeInstanceOf(WorkstationError);
  });

  test('a public address is not connected to', async () => {
    expect(await load(await engineFor({ url: 'https://8.8.8.8:8000' }))).toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('frames would leave') as unknown,
    });
  });

  test('a redirection is not followed', async () => {
    const other = createServer();
    let reached = 0;
    other.on('connection', (socket) => {
      reached += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const engine = await loaded();
    await server.behave({ redirect: `http://127.0.0.1:${port}/v1/chat/completions` });
    await expect(ask(engine)).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('(307)') as unknown,
    });
    expect(reached).toBe(0);
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('at loading, what is wrong is named', () => {
  test('the key', async () => {
    expect(await load(await engineFor({ key: 'another-word' }))).toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('key of this workstation (401)') as unknown,
    });
  });

  test('the model, with those that there are', async () => {
    expect(await load(await engineFor({ model: 'surgery-r2' }))).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('it serves surgery-r1.') as unknown,
    });
  });

  test('the base of the API', async () => {
    const url = `https://localhost:${server.port}/api`;
    expect(await load(await engineFor({ url }))).toMatchObject({ code: 'not-found' });
  });

  test('a server that is not there, after the retries', async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const start = performance.now();
    expect(await load(await engineFor({}, port))).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED') as unknown,
    });
    expect(performance.now() - start).toBeGreaterThan(240);
  });

  test('a model that does not see', async () => {
    await server.behave({ blind: true });
    expect(await load(await engineFor())).toMatchObject({
      code: 'model-mismatch',
      message: expect.stringContaining('does not see') as unknown,
    });
  });

  test('a server that resizes pictures once more', async () => {
    await server.behave({ extraImageTokens: 1 });
    expect(await load(await engineFor())).toMatchObject({
      code: 'model-mismatch',
      message: expect.stringContaining('Boxes would be displaced') as unknown,
    });
  });

  test('a stop is no failure', async () => {
    const engine = await engineFor();
    await server.behave({ millisecondsPerToken: 5000 });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    await expect(engine.load({ directory: '', signal: stop.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(engine.state).toMatchObject({ phase: 'unloaded', error: null });
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
    expect(performance.now() - stoppedAt).toBeLessThan(500);
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

test('the key is sent to the server, and told to nobody', async () => {
  const engine = await loaded();
  const seen = await server.seen();
  expect(new Set(seen.keys)).toContain('Bearer secret-word');
  expect(lines.length).toBeGreaterThan(5);
  expect(
    JSON.stringify([lines, engine.state, await load(await engineFor({ key: 'secret-word-2' }))]),
  ).not.toContain('secret-word');
});

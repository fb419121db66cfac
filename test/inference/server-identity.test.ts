import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { publicKeyPin } from '../../main/inference/server/index.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { ask, load, startServedEngines, type ServedEngines } from './model-server/engines.ts';
import { otherCertificate, tls } from './model-server/start.ts';

let engines: ServedEngines;
let server: ServedEngines['server'];
let engineFor: ServedEngines['engineFor'];
let loaded: ServedEngines['loaded'];

beforeAll(async () => {
  engines = await startServedEngines();
  ({ server, engineFor, loaded } = engines);
});
afterEach(() => engines.tidy());
afterAll(() => engines.stop());

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

test('the key is sent to the server, and told to nobody', async () => {
  const engine = await loaded();
  const seen = await server.seen();
  expect(new Set(seen.keys)).toContain('Bearer secret-word');
  expect(engines.lines.length).toBeGreaterThan(0);
  expect(
    JSON.stringify([engines.lines, engine.state, await load(await engineFor({ key: 'secret-word-2' }))]),
  ).not.toContain('secret-word');
});

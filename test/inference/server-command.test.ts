import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publicKeyPin } from '../../main/inference/server/index.ts';
import { makeConfigurationFolder, type ConfigurationFolder } from './model-server/configured.ts';
import { startModelServer, tls, type ModelServer } from './model-server/start.ts';

let administrator: ConfigurationFolder;
let server: ModelServer;

beforeAll(async () => {
  administrator = await makeConfigurationFolder();
  server = await startModelServer({ model: 'surgery-r1', key: 'secret-word', tls });
});
afterAll(async () => {
  await server.stop();
  await administrator.remove();
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function check(settings: object): Promise<Ended> {
  const config = await administrator.write({
    url: `https://localhost:${server.port}`,
    key: 'secret-word',
    caFile: tls.certificate,
    maxPixels: 200_704,
    ...settings,
  });
  const entry = path.join(import.meta.dirname, '../../main/hosts/cli/index.ts');
  const child = spawn(process.execPath, [entry, 'server', 'check', '--config', config, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

test('`server check` tells who answers, with the pin to write down, and no key', async () => {
  const { code, stdout, stderr } = await check({});
  expect(code).toBe(0);
  const publicKey = publicKeyPin(await readFile(tls.certificate));
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({
    address: `localhost:${server.port}`,
    model: 'surgery-r1',
    software: 'vllm',
    version: '0.12.0',
    contextTokens: 2048,
    publicKey,
  });
  expect(stdout + stderr).not.toContain('secret-word');
});

test('`server check` says what is wrong, by file and setting or by cause', async () => {
  const setting = await check({ concurrency: 0 });
  expect(setting.code).toBe(2);
  expect(setting.stderr + setting.stdout).toMatch(/server\.json: concurrency: /);
  const key = await check({ key: 'another-word' });
  expect(key.code).not.toBe(0);
  expect(key.stderr + key.stdout).toContain('does not accept the key');
});

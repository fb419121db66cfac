import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../main/hosts/serve.ts';
import { newHome, removeHome } from './host.ts';

/** One that no platform of this name has. */
const elsewhere = process.platform === 'darwin' ? 'directml' : 'coreml';

let home: string;
let ended: Promise<void>;
const controller = new AbortController();
let address: URL;

beforeAll(async () => {
  home = newHome();
  const ready = Promise.withResolvers<string>();
  ended = serve({
    home,
    port: 0,
    device: elsewhere,
    reason: 'a test',
    openBrowser: false,
    say: () => undefined,
    onReady: ({ address: at }) => ready.resolve(at ?? ''),
    signal: controller.signal,
  });
  address = new URL(await Promise.race([ready.promise, ended.then(() => '')]));
});
afterAll(async () => {
  controller.abort();
  await ended;
  removeHome(home);
});

it('a device that is asked for is the one that a served model is loaded on, or it is said why not', async () => {
  const headers = { origin: address.origin, 'content-type': 'application/json' };
  const entered = await fetch(new URL('/api/enter', address), {
    method: 'POST',
    headers,
    body: JSON.stringify({ token: address.searchParams.get('token') }),
  });
  const { value } = (await entered.json()) as { value: { call: string } };
  const answer = await fetch(new URL('/api/loadModel', address), {
    method: 'POST',
    headers: { ...headers, 'x-workstation-pass': value.call },
    body: JSON.stringify({ modelId: null }),
  });
  expect(await answer.json()).toMatchObject({
    ok: false,
    error: { code: 'unavailable', message: expect.stringContaining('was asked for') as string },
  });
});

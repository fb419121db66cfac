// @vitest-environment happy-dom
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Resumed } from '../../renderer/bridge/pass.ts';
import { WebBridge } from '../../renderer/bridge/web.ts';
import type { Reach } from '../../renderer/bridge/connection.ts';
import { fakeVideo, locationOf, readyModel } from './fake-workstation.ts';

let server: Server;
let origin: string;
let asked: { method: string; url: string; type: string; body: string }[];
let answer: (url: string) => { status: number; body: string; cut?: boolean };

let resumed: Resumed;
const pass = {
  call: 'a',
  address: (path: string) => `${path}?pass=a`,
  resume: () => Promise.resolve(resumed),
};

/** Server-sent events that a test can open, fill and break; happy-dom has none of its own. */
class Events {
  static all: Events[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
    Events.all.push(this);
  }
  close(): void {
    this.closed = true;
  }
}

beforeEach(async () => {
  asked = [];
  resumed = 'resumed';
  Events.all = [];
  answer = () => ({ status: 200, body: '{}' });
  vi.stubGlobal('EventSource', Events);
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      const headers = {
        'access-control-allow-origin': request.headers.origin ?? '*',
        'access-control-allow-headers': 'content-type, x-workstation-pass',
        'access-control-allow-methods': 'POST, PUT',
        'access-control-allow-credentials': 'true',
      };
      if (request.method === 'OPTIONS') {
        response.writeHead(204, headers).end();
        return;
      }
      asked.push({
        method: request.method ?? '',
        url: request.url ?? '',
        type: request.headers['content-type'] ?? '',
        body,
      });
      const { status, body: text, cut } = answer(request.url ?? '');
      if (cut) {
        // The workstation ends in the middle of an answer.
        response.writeHead(status, { ...headers, 'content-length': text.length + 100 });
        response.write(text, () => response.destroy());
      } else response.writeHead(status, headers).end(text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  vi.unstubAllGlobals();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const envelope = (value: unknown) => ({ status: 200, body: JSON.stringify({ ok: true, value }) });

test('a call is a POST of JSON to its own name, and its answer is parsed', async () => {
  answer = () => envelope(locationOf(168));
  const { bridge } = new WebBridge(origin, pass);
  const result = await bridge.locate({ videoId: fakeVideo.id, at: { seconds: 6.72 } });
  expect(result).toEqual({ ok: true, value: locationOf(168) });
  expect(asked).toEqual([
    {
      method: 'POST',
      url: '/api/locate',
      type: 'application/json',
      body: '{"videoId":"video1","at":{"seconds":6.72}}',
    },
  ]);
});

test('an error report comes through as it is', async () => {
  const error = { code: 'file-missing', message: 'It is gone.', hint: 'Locate it.' };
  answer = () => ({ status: 200, body: JSON.stringify({ ok: false, error }) });
  expect(await new WebBridge(origin, pass).bridge.openLastSession({})).toEqual({ ok: false, error });
});

test('an answer of another shape than the contract’s is refused', async () => {
  answer = () => envelope({ ...readyModel, phase: 'dreaming' });
  expect(await new WebBridge(origin, pass).bridge.getModelState({})).toMatchObject({
    ok: false,
    error: { code: 'internal' },
  });
  answer = () => ({ status: 502, body: '<html>' });
  expect(await new WebBridge(origin, pass).bridge.getModelState({})).toMatchObject({
    ok: false,
    error: { code: 'internal' },
  });
});

test('a workstation that is gone, or that knows this window no longer, is told apart', async () => {
  const reaches: Reach[] = [];
  const refused = { code: 'not-allowed', message: 'No token.', hint: 'Open the printed address.' };
  answer = () => ({ status: 401, body: JSON.stringify({ ok: false, error: refused }) });
  resumed = 'refused';
  const connection = new WebBridge(origin, pass);
  connection.onReach((reach) => reaches.push(reach));
  expect(await connection.bridge.getStatus({})).toMatchObject({ ok: false, error: refused });
  const gone = new WebBridge('http://127.0.0.1:9', pass);
  gone.onReach((reach) => reaches.push(reach));
  expect(await gone.bridge.getStatus({})).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  expect(reaches).toEqual(['refused', 'lost']);
});

test('a call that a workstation started anew refuses is sent again once the window has its pass', async () => {
  let refusals = 0;
  answer = () => (refusals++ === 0 ? { status: 401, body: '{}' } : envelope(locationOf(168)));
  const connection = new WebBridge(origin, pass);
  const reaches: Reach[] = [];
  connection.onReach((reach) => reaches.push(reach));
  const result = await connection.bridge.locate({ videoId: fakeVideo.id, at: { seconds: 6.72 } });
  expect(result).toEqual({ ok: true, value: locationOf(168) });
  expect(asked).toHaveLength(2);
  expect(reaches).toEqual([]);
});

test('a window that lost its workstation tells nothing to whoever answers without proving itself', async () => {
  const connection = new WebBridge(origin, pass);
  const reaches: Reach[] = [];
  connection.onReach((reach) => reaches.push(reach));
  connection.bridge.onEvent(() => undefined);
  resumed = 'refused';
  Events.all[0]!.onerror?.();
  await vi.waitFor(() => expect(reaches).toEqual(['lost', 'refused']), { timeout: 5000 });
  expect(await connection.bridge.getStatus({})).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  expect(asked).toEqual([]);
  expect(Events.all).toHaveLength(1);
});

test('events are parsed, unknown ones left out, and a broken stream is opened again', async () => {
  const connection = new WebBridge(origin, pass);
  const events: unknown[] = [];
  const reaches: Reach[] = [];
  connection.onReach((reach) => reaches.push(reach));
  const stop = connection.bridge.onEvent((event) => events.push(event));
  const first = Events.all[0]!;
  expect(first.url).toBe(`${origin}/api/events?pass=a`);
  first.onmessage?.({ data: '{"type":"saved","at":12}' });
  first.onmessage?.({ data: '{"type":"weather"}' });
  first.onmessage?.({ data: 'not json' });
  expect(events).toEqual([{ type: 'saved', at: 12 }]);

  first.onerror?.();
  expect(first.closed).toBe(true);
  expect(reaches).toEqual(['lost']);
  await vi.waitFor(() => expect(Events.all).toHaveLength(2), { timeout: 5000 });
  Events.all[1]!.onopen?.();
  expect(reaches).toEqual(['lost', 'connected']);
  Events.all[1]!.onmessage?.({ data: '{"type":"saved","at":13}' });
  expect(events).toHaveLength(2);
  stop();
  expect(Events.all[1]!.closed).toBe(true);
});

test('a dropped file is looked for by its bytes; nothing is copied by looking', async () => {
  const found = { found: [{ grantId: 'g1', name: 'REC.mp4', folder: '/v' }], exact: false, freeBytes: 9 };
  answer = () => envelope(found);
  const file = new File(['12345'], 'REC.mp4');
  expect(await new WebBridge(origin, pass).bridge.grantDroppedFile(file)).toEqual({ ok: true, value: found });
  const digest = createHash('sha256').update('12345').digest('hex');
  expect(asked).toHaveLength(1);
  expect(JSON.parse(asked[0]!.body)).toMatchObject({ name: 'REC.mp4', size: 5, samples: digest });
});

test('a dropped file that cannot be read any more is said, not thrown', async () => {
  const file = new File(['12345'], 'REC.mp4');
  file.slice = () => {
    throw new DOMException('gone', 'NotReadableError');
  };
  expect(await new WebBridge(origin, pass).bridge.grantDroppedFile(file)).toMatchObject({
    ok: false,
    error: { code: 'file-unreadable' },
  });
});

test('a copy is sent when it is asked for', async () => {
  answer = () => envelope({ grantId: 'g2', name: 'a b.mp4' });
  const file = new File(['12345'], 'a b.mp4');
  const going = new AbortController();
  expect(
    await new WebBridge(origin, pass).bridge.copyDroppedFile(file, () => undefined, going.signal),
  ).toEqual({
    ok: true,
    value: { grantId: 'g2', name: 'a b.mp4' },
  });
  expect(asked.map((request) => `${request.method} ${request.url}`)).toEqual([
    'PUT /api/import?name=a%20b.mp4',
  ]);
});

test('an answer that breaks off is a workstation that was lost, not an error thrown', async () => {
  answer = () => ({ ...envelope(locationOf(168)), cut: true });
  const connection = new WebBridge(origin, pass);
  const reached: Reach[] = [];
  connection.onReach((reach) => reached.push(reach));
  const result = await connection.bridge.locate({ videoId: fakeVideo.id, at: { seconds: 6.72 } });
  expect(result).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  expect(reached).toEqual(['lost']);
});

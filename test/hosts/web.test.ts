import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostedWorkstation } from '../../main/hosts/hosted.ts';
import { startWebHost, type WebHost } from '../../main/hosts/web/server.ts';
import { GrantId, Ticks, WorkstationError, type WorkstationEvent } from '../../preload/contract/index.ts';

const listeners = new Set<(event: WorkstationEvent) => void>();
const aborted: string[] = [];
const imported: { name: string; bytes: number }[] = [];
let frameWaits = false;

/** What lies behind the host is tested where it lives; here it is only something to be reached or not. */
const workstation: HostedWorkstation = {
  calls: { listCases: () => Promise.resolve([]) } as unknown as HostedWorkstation['calls'],
  media: {
    frame: async (_video, index, signal) => {
      if (frameWaits) {
        await once(signal, 'abort');
        aborted.push(`frame ${index}`);
      }
      if (index > 9) throw new WorkstationError('frame-out-of-range', 'No such frame.', 'Choose another.');
      return {
        index,
        pts: Ticks.parse(index * 512),
        hash: 'ab',
        isDamaged: false,
        width: 2,
        height: 1,
        rgb: new Uint8Array([1, 2, 3, 4, 5, 6]),
      };
    },
    byteRange: (_video, range) =>
      Promise.resolve({
        status: range === undefined ? 200 : 206,
        headers: { 'content-type': 'video/mp4', 'content-range': range ?? 'all' },
        stream: Readable.from([Buffer.from('bytes')]),
      }),
    transcoded: (_video, start) =>
      Promise.resolve({ headers: { 'x-start': String(start) }, stream: Readable.from([Buffer.from('t')]) }),
    thumbnail: () => Promise.resolve({ jpeg: new Uint8Array([255]) }),
    still: () => Promise.reject(new Error('secret')),
  },
  onEvent: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  grantPath: () => Promise.reject(new Error('paths come from the command line only')),
  findDropped: ({ name }) =>
    Promise.resolve({
      found: name === 'here.mp4' ? [{ grantId: GrantId.parse('g1'), name, folder: '/videos' }] : [],
      exact: false,
      freeBytes: 7,
    }),
  importStream: async (name, content) => {
    let bytes = 0;
    for await (const chunk of content as AsyncIterable<Buffer>) bytes += chunk.length;
    imported.push({ name, bytes });
    return { grantId: GrantId.parse('g2'), name };
  },
  dispose: () => Promise.resolve(),
};

let folder: string;
let host: WebHost;
let entries: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'web-host-'));
  writeFileSync(join(folder, 'index.html'), '<title>window</title>');
  writeFileSync(join(folder, '.hidden'), 'hidden');
  writeFileSync(join(tmpdir(), 'outside.txt'), 'outside');
  entries = [];
  frameWaits = false;
  host = await startWebHost({
    workstation,
    rendererFolder: folder,
    log: () => {},
    onEntryAgain: (address) => entries.push(address),
  });
});

afterEach(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(tmpdir(), 'outside.txt'), { force: true });
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** node:http rather than fetch, which doesn't let a test set Host, Origin and Sec-Fetch headers. */
function send(path: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: host.port, path, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const known = () => ({ cookie: `${host.cookie.name}=${host.cookie.value}` });
const call = (name: string, body: string, headers: Record<string, string> = {}) =>
  send(
    `/api/${name}`,
    {
      method: 'POST',
      headers: { ...known(), origin: host.origin, 'content-type': 'application/json', ...headers },
    },
    body,
  );

describe('entering', () => {
  it('takes the token once, hands out the cookie and removes the token from the address', async () => {
    const { pathname, search } = new URL(host.entryAddress);
    const answer = await send(pathname + search);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/');
    const cookie = answer.headers['set-cookie']?.[0] ?? '';
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    const page = await send('/', { headers: { cookie: cookie.split(';')[0] } });
    expect(page.body).toContain('window');

    const again = await send(pathname + search);
    expect(again.status).toBe(401);
    expect(again.headers['set-cookie']).toBeUndefined();
    expect(entries).toEqual([host.entryAddress]);
  });

  it.each(['/', '/index.html', '/api/events', '/media/frames/v1/1', '/?token=', '/?token=wrong'])(
    'gives %s to nobody without the cookie',
    async (path) => {
      const answer = await send(path);
      expect(answer.status).toBe(401);
      expect(answer.body).not.toContain('<title>');
    },
  );

  it('does not take a cookie of another value', async () => {
    const answer = await send('/', { headers: { cookie: `${host.cookie.name}=${'x'.repeat(43)}` } });
    expect(answer.status).toBe(401);
  });

  it('listens on the loopback address alone', async () => {
    const refused = new Promise((resolve) => {
      const sent = request({ host: '::1', port: host.port }, () => resolve('answered'));
      sent.on('error', () => resolve('refused'));
      sent.end();
    });
    expect(await refused).toBe('refused');
  });
});

describe('pages from elsewhere', () => {
  it.each([
    ['a rebound name as Host', { host: 'evil.example' }],
    ['another port as Host', { host: '127.0.0.1:1' }],
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['the null Origin of a sandboxed frame', { origin: 'null' }],
    ['another port of this machine as Origin', { origin: 'http://127.0.0.1:1' }],
    ['a cross-site fetch', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }],
    ['a fetch from another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
  ])('are refused by %s, with the cookie too', async (_what, headers) => {
    expect((await send('/', { headers: { ...known(), ...headers } })).status).toBe(403);
    expect((await call('listCases', '{}', headers as Record<string, string>)).status).toBe(403);
  });

  it('may not send a call without saying where it comes from', async () => {
    const answer = await send(
      '/api/listCases',
      { method: 'POST', headers: { ...known(), 'content-type': 'application/json' } },
      '{}',
    );
    expect(answer.status).toBe(403);
  });

  it('get no permission from any answer', async () => {
    for (const path of ['/', '/media/frames/v1/1', '/nothing']) {
      const { headers } = await send(path, { headers: known() });
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('files', () => {
  it.each([
    '/../outside.txt',
    '/..%2foutside.txt',
    '/%2e%2e/outside.txt',
    '/.hidden',
    '//etc/passwd',
    '/%00',
  ])('leads nowhere by %s', async (path) => {
    const answer = await send(path, { headers: known() });
    expect(answer.status).toBe(404);
    expect(answer.body).not.toMatch(/outside|hidden|root:/);
  });
});

describe('calls', () => {
  it('answers with the envelope', async () => {
    expect(JSON.parse((await call('listCases', '{}')).body)).toEqual({ ok: true, value: [] });
    expect(JSON.parse((await call('nothing', '{}')).body)).toMatchObject({ error: { code: 'not-found' } });
  });

  it.each([
    ['what is not JSON', '{', {}],
    ['another type', '{}', { 'content-type': 'text/plain' }],
    ['more than a megabyte', JSON.stringify('x'.repeat(1 << 20)), {}],
  ])('refuses %s', async (_what, body, headers) => {
    const answer = JSON.parse((await call('listCases', body, headers)).body) as unknown;
    expect(answer).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
  });

  it('only takes calls by POST', async () => {
    expect((await send('/api/listCases', { headers: known() })).status).toBe(405);
    expect((await send('/', { method: 'DELETE', headers: { ...known(), origin: host.origin } })).status).toBe(
      405,
    );
  });

  it('finds a dropped file by a description of its bytes, and by nothing less', async () => {
    const drop = async (body: unknown) =>
      JSON.parse((await call('grant-dropped', JSON.stringify(body))).body);
    const described = { size: 3, seed: 1, edges: 'a'.repeat(64), samples: 'b'.repeat(64) };
    expect(await drop({ name: 'here.mp4', ...described })).toEqual({
      ok: true,
      value: {
        found: [{ grantId: 'g1', name: 'here.mp4', folder: '/videos' }],
        exact: false,
        freeBytes: 7,
      },
    });
    expect(await drop({ name: 'gone.mp4', ...described })).toMatchObject({ ok: true, value: { found: [] } });
    for (const body of [
      { name: 'here.mp4', size: 3 },
      { ...described, name: '' },
      { ...described, name: 'x', edges: 'no digest' },
    ]) {
      expect(await drop(body)).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
    }
  });

  it('imports a file of more than a call may hold', async () => {
    const bytes = Buffer.alloc(3 << 20);
    const answer = await send(
      '/api/import?name=clip%201.mp4',
      { method: 'PUT', headers: { ...known(), origin: host.origin } },
      bytes,
    );
    expect(JSON.parse(answer.body)).toEqual({
      ok: true,
      value: { grantId: 'g2', name: 'clip 1.mp4' },
    });
    expect(imported.at(-1)).toEqual({ name: 'clip 1.mp4', bytes: bytes.length });
  });

  it('streams events until the page leaves', async () => {
    const before = listeners.size;
    const text = await new Promise<string>((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: host.port, path: '/api/events', headers: known() },
        (response) => {
          let received = '';
          response.on('data', (chunk: Buffer) => {
            received += chunk.toString();
            if (received.includes('connected') && !received.includes('data:')) {
              for (const listener of listeners) listener({ type: 'saved', at: 5 });
            }
            if (received.includes('data:')) {
              resolve(received);
              sent.destroy();
            }
          });
        },
      );
      sent.on('error', reject);
      sent.end();
    });
    expect(text).toContain('data: {"type":"saved","at":5}\n\n');
    await expect.poll(() => listeners.size).toBe(before);
  });
});

describe('media', () => {
  it('gives a frame as raw bytes, named in its headers', async () => {
    const answer = await send('/media/frames/v1/3', { headers: known() });
    expect(Buffer.from(answer.body, 'latin1')).toEqual(Buffer.from([1, 2, 3, 4, 5, 6]));
    expect(answer.headers).toMatchObject({
      'x-frame-index': '3',
      'x-frame-pts': '1536',
      'x-frame-hash': 'ab',
      'x-frame-width': '2',
      'x-frame-height': '1',
    });
  });

  it('ends the work of a frame that nobody waits for', async () => {
    frameWaits = true;
    const sent = request({
      host: '127.0.0.1',
      port: host.port,
      path: '/media/frames/v1/7',
      headers: known(),
    });
    sent.on('error', () => {});
    sent.end();
    await new Promise((resolve) => setTimeout(resolve, 100));
    sent.destroy();
    await expect.poll(() => aborted).toContain('frame 7');
  });

  it('hands on byte ranges', async () => {
    const part = await send('/media/videos/v1', { headers: { ...known(), range: 'bytes=0-4' } });
    expect(part).toMatchObject({ status: 206, body: 'bytes', headers: { 'content-range': 'bytes=0-4' } });
    const head = await send('/media/videos/v1', { method: 'HEAD', headers: known() });
    expect(head).toMatchObject({ status: 200, body: '' });
    const later = await send('/media/videos/v1/transcoded?start=1.500', { headers: known() });
    expect(later.headers['x-start']).toBe('1.5');
  });

  it.each([
    ['/media/frames/v1/10', 404],
    ['/media/frames/v1/-1', 400],
    ['/media/frames/v1/1e3', 400],
    ['/media/frames/a%2Fb/1', 400],
    ['/media/videos/v1/transcoded?start=-1', 400],
    ['/media/thumbnails/v1/1?width=99999', 400],
    ['/media/nothing', 404],
    ['/media/frames/v1/1/2', 404],
  ])('%s is answered with %i and an error to read', async (path, status) => {
    const answer = await send(path, { headers: known() });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({
      ok: false,
      error: { hint: expect.any(String) as string },
    });
  });

  it('tells nothing of an unforeseen error', async () => {
    const answer = await send('/media/stills/a1.png', { headers: known() });
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('secret');
  });
});

import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostedWorkstation } from '../../main/hosts/hosted.ts';
import type { WindowPass } from '../../main/hosts/web/passes.ts';
import { startWebHost, type WebHost } from '../../main/hosts/web/server.ts';
import type { LogEntry } from '../../main/platform/log.ts';
import {
  ActorId,
  frameTimesFromBytes,
  GrantId,
  Ticks,
  WorkstationError,
  type CallContext,
  type WorkstationEvent,
} from '../../preload/contract/index.ts';

const listeners = new Set<(event: WorkstationEvent) => void>();
const contexts: CallContext[] = [];
const aborted: string[] = [];
const imported: { name: string; bytes: number }[] = [];
let frameWaits = false;

/** What lies behind the host is tested where it lives; here it is only something to be reached or not. */
const workstation: HostedWorkstation = {
  localActor: { id: ActorId.parse('surgeon'), kind: 'person', name: 'surgeon' },
  calls: {
    listCases: (_input: object, context: CallContext) => {
      contexts.push(context);
      return Promise.resolve([]);
    },
    listJobs: async (_input: object, context: CallContext) => {
      contexts.push(context);
      await once(context.signal, 'abort');
      return [];
    },
  } as unknown as HostedWorkstation['calls'],
  media: {
    frameTimes: async () => ({ timeBase: [1, 12_800], ticks: [0, 512, 1024], endTicks: 1536 }),
    frame: async (_video, index, signal) => {
      if (frameWaits) {
        await once(signal, 'abort');
        aborted.push(`frame ${index}`);
      }
      if (_video === 'changed') throw new WorkstationError('file-changed', 'Another file.', 'Locate it.');
      if (_video === 'unreadable') throw new WorkstationError('ffmpeg-failed', 'It failed.', 'Try again.');
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
    keptPicture: () => Promise.reject(new Error('secret')),
    still: () => Promise.reject(new Error('secret')),
  },
  onEvent: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  offerFile: () => Promise.reject(new Error('no file is offered here')),
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
let pass: WindowPass;
let lines: LogEntry[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'web-host-'));
  writeFileSync(join(folder, 'index.html'), '<title>window</title>');
  writeFileSync(join(folder, '.hidden'), 'hidden');
  writeFileSync(join(tmpdir(), 'outside.txt'), 'outside');
  entries = [];
  lines = [];
  frameWaits = false;
  contexts.length = 0;
  host = await startWebHost({
    workstation,
    rendererFolder: folder,
    log: (line) => lines.push(line),
    stallMilliseconds: 500,
    onEntryAgain: (address) => entries.push(address),
  });
  pass = valueOf(await post('/api/enter', { token: tokenOf(host.entryAddress) })) as unknown as WindowPass;
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

const known = () => ({ 'x-workstation-pass': pass.call });
const post = (path: string, body: object) =>
  send(
    path,
    { method: 'POST', headers: { origin: host.origin, 'content-type': 'application/json' } },
    JSON.stringify(body),
  );
const valueOf = (answer: Answer) => (JSON.parse(answer.body) as { value: Record<string, string> }).value;
const tokenOf = (address: string) => new URL(address).searchParams.get('token') ?? '';
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
  it('gives a pass for a token once, and sets no cookie', async () => {
    const token = tokenOf(host.entryAddress);
    const answer = await post('/api/enter', { token });
    expect(valueOf(answer)).toEqual({
      call: expect.stringMatching(/^web-\w{32}\.[\w-]{43}$/) as string,
      resume: expect.stringMatching(/^[\w-]{43}$/) as string,
      window: expect.stringMatching(/^web-\w{32}$/) as string,
    });
    expect(valueOf(answer)['window']).not.toBe(pass.window);
    expect(answer.headers['set-cookie']).toBeUndefined();

    const again = await post('/api/enter', { token });
    expect(again.status).toBe(401);
    expect(again.body).not.toContain(pass.call);
    expect(entries).toEqual([host.entryAddress]);
    for (const wrong of [{ token: 'x' }, { token: ['x'] }, {}, [], { token, more: 1 }]) {
      expect((await post('/api/enter', wrong)).status).toBe(401);
    }
  });

  it.each([
    '/api/events',
    '/media/frames/v1/1',
    '/media/frame-times/v1',
    '/media/videos/v1',
    '/media/stills/a1.png',
  ])('gives %s to nobody without the pass, nor with another one', async (path) => {
    for (const options of [
      {},
      { headers: { 'x-workstation-pass': 'x'.repeat(43) } },
      { headers: { 'x-workstation-pass': pass.resume } },
      { headers: { 'x-workstation-pass': `${pass.call}x` } },
      { headers: { 'x-workstation-pass': pass.call.split('.')[1] } },
      { headers: { 'x-workstation-pass': `web-${'0'.repeat(32)}.${pass.call.split('.')[1]}` } },
      { headers: { cookie: `workstation-${host.port}=${pass.call}; x-workstation-pass=${pass.call}` } },
    ]) {
      expect((await send(path, options)).status).toBe(401);
    }
    expect((await send(`${path}?pass=wrong`)).status).toBe(401);
    expect((await send(`${path}?pass=`)).status).toBe(401);
  });

  it('takes the pass in an address for what elements load, never for calls', async () => {
    expect((await send(`/media/frames/v1/3?pass=${pass.call}`)).status).toBe(200);
    const answer = await post(`/api/listCases?pass=${pass.call}`, {});
    expect(answer.status).toBe(401);
  });

  it('hands the files of the window to anybody of this machine: they hold nothing of a person’s', async () => {
    expect((await send('/')).body).toContain('window');
  });

  it('lets a window of an earlier run in where it proves itself, after proving itself to the window', async () => {
    const sign = (secret: string, text: string) =>
      createHmac('sha256', secret).update(text).digest('base64url');
    const asked = valueOf(await post('/api/challenge', { nonce: 'n1' }));
    expect(asked['proof']).toBe(sign(pass.resume, `host n1 ${asked['challenge']}`));
    const challenge = asked['challenge'] ?? '';
    const wrong = await post('/api/resume', { challenge, answer: sign('another', `window ${challenge}`) });
    expect(wrong.status).toBe(401);
    // Each is answered once, rightly or not.
    const late = await post('/api/resume', { challenge, answer: sign(pass.resume, `window ${challenge}`) });
    expect(late.status).toBe(401);
    const next = valueOf(await post('/api/challenge', { nonce: 'n2' }))['challenge'] ?? '';
    // What the server proved itself with is no answer to it.
    expect((await post('/api/resume', { challenge: next, answer: asked['proof'] })).status).toBe(401);
    const last = valueOf(await post('/api/challenge', { nonce: 'n3' }))['challenge'] ?? '';
    const { window } = pass;
    const answer = sign(pass.resume, `window ${last}`);
    expect(valueOf(await post('/api/resume', { challenge: last, answer, window }))).toEqual(pass);
    // One of an older version has no id; it gets one. One of a command or of another host is nobody's to take.
    for (const other of [undefined, 'cli-0123456789abcdef', 'electron-0123456789abcdef', 'web-', 7]) {
      const { challenge: anew = '' } = valueOf(await post('/api/challenge', { nonce: 'n4' }));
      const asks = { challenge: anew, answer: sign(pass.resume, `window ${anew}`), window: other };
      const given = await post('/api/resume', asks);
      expect(given.status).toBe(other === undefined ? 200 : 401);
      if (other === undefined) expect(valueOf(given)['window']).not.toBe(pass.window);
    }
  });

  it('gives a tab that another one lets in a pass of its own', async () => {
    const other = valueOf(await call('another-window', '{}'));
    expect(other['window']).not.toBe(pass.window);
    expect(
      (await send('/media/frames/v1/3', { headers: { 'x-workstation-pass': other['call'] } })).status,
    ).toBe(200);
    expect((await post('/api/another-window', {})).status).toBe(401);
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

describe('what is no address', () => {
  it.each(['//', '/\\', '///', 'http://[', 'http://evil.example/', '*', '/%', `/${'x'.repeat(10_000)}`])(
    '%s is refused without a stack in the log, and without its length',
    async (path) => {
      for (const headers of [{}, known()]) {
        const { status } = await send(path, { headers });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }
      expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
      expect(Math.max(0, ...lines.map((line) => JSON.stringify(line).length))).toBeLessThan(1000);
    },
  );
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

  it('come with who acts, and the window whose pass they have; what else they claim counts for nothing', async () => {
    await call('listCases', '{}', { 'x-workstation-window': 'web-1111111111' });
    const other = valueOf(await call('another-window', '{}'))['call'] ?? '';
    await call('listCases', '{}', { 'x-workstation-pass': other });
    expect(contexts).toMatchObject([
      { actor: 'surgeon', window: pass.window },
      { actor: 'surgeon', window: other.split('.')[0] },
    ]);
    expect(contexts.some(({ signal }) => signal.aborted)).toBe(false);
  });

  it('hear that their request was broken off', async () => {
    const sent = request({
      ...{ host: '127.0.0.1', port: host.port, path: '/api/listJobs', method: 'POST' },
      headers: { ...known(), origin: host.origin, 'content-type': 'application/json' },
    });
    sent.on('error', () => undefined);
    sent.end('{}');
    await expect.poll(() => contexts.length).toBe(1);
    sent.destroy();
    await expect.poll(() => contexts[0]?.signal.aborted).toBe(true);
  });

  it.each([
    ['what is not JSON', '{', {}],
    ['another type', '{}', { 'content-type': 'text/plain' }],
    ['more than a megabyte', JSON.stringify('x'.repeat(1 << 20)), {}],
  ])('refuses %s', async (_what, body, headers) => {
    const answer = JSON.parse((await call('listCases', body, headers)).body) as unknown;
    expect(answer).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
  });

  it.each([
    ['POST', '/api/listCases'],
    ['POST', '/api/enter'],
    ['PUT', '/api/import?name=a.mp4'],
  ])('ends a %s to %s whose body stops arriving', async (method, path) => {
    const sent = request({
      host: '127.0.0.1',
      port: host.port,
      path,
      method,
      headers: {
        ...known(),
        origin: host.origin,
        'content-type': 'application/json',
        'content-length': '1000',
      },
    });
    const ended = new Promise((resolve) => sent.once('error', resolve));
    sent.write('{"a":');
    expect(await ended).toBeInstanceOf(Error);
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
  it('sends the times of all frames as bytes', async () => {
    const answer = await send('/media/frame-times/v1', { headers: known() });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    const { ticks, ...rest } = frameTimesFromBytes(new Uint8Array(Buffer.from(answer.body, 'latin1')).buffer);
    expect(Array.from(ticks)).toEqual([0, 512, 1024]);
    expect(rest).toEqual({ timeBase: [1, 12_800], endTicks: 1536 });
  });

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
    ['/media/frames/changed/1', 409],
    ['/media/frames/unreadable/1', 503],
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

  it('lets the browser keep no picture of a patient', async () => {
    for (const path of ['/media/thumbnails/v1/1', '/media/frames/v1/1', '/media/videos/v1']) {
      expect((await send(path, { headers: known() })).headers['cache-control']).toBe('no-store');
    }
  });

  it('tells nothing of an unforeseen error', async () => {
    const answer = await send('/media/stills/a1.png', { headers: known() });
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('secret');
  });
});

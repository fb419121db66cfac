import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostedWorkstation } from '../../main/hosts/hosted.ts';
import { anotherWindowInWords, askForWindow, keepDoor } from '../../main/hosts/running.ts';
import { newSecret } from '../../main/hosts/web/security.ts';
import { startWebHost, type WebHost } from '../../main/hosts/web/server.ts';

const offered: unknown[] = [];
const workstation = {
  calls: {},
  offerFile: async (...file: unknown[]) => void offered.push(file),
  onEvent: () => () => undefined,
} as unknown as HostedWorkstation;

let home: string;
let host: WebHost;
let secret: string;
let opened: number;
const log: string[] = [];

async function start(inItsOwnWindow: boolean): Promise<void> {
  secret = newSecret();
  opened = 0;
  host = await startWebHost({
    workstation,
    rendererFolder: home,
    log: (entry) => log.push(JSON.stringify(entry)),
    invitations: { secret, ...(inItsOwnWindow && { openWindow: () => (opened += 1) }) },
  });
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'second-start-'));
  writeFileSync(join(home, 'index.html'), '<title>window</title>');
  await start(false);
});
afterEach(async () => {
  await host.close();
  rmSync(home, { recursive: true, force: true });
});

const keep = (port = host.port, by = secret) => keepDoor(home, { processId: 77, port, secret: by });
const enter = async (address: string) => {
  const { origin, searchParams } = new URL(address);
  const response = await fetch(`${origin}/api/enter`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ token: searchParams.get('token') }),
  });
  return response.status;
};

describe('a second start on a data folder', () => {
  it('gets a window of the workstation that has it, by an address that is good for one entry', async () => {
    keep();
    const another = await askForWindow(home);
    expect(another).toMatchObject({ processId: 77, port: host.port });
    expect(await enter(another!.address!)).toBe(200);
    expect(await enter(another!.address!)).toBe(401);
    // The printed address is another one, which still waits for its window.
    expect(await enter(host.entryAddress)).toBe(200);
    expect(anotherWindowInWords(another!).join('\n')).toContain(another!.address!);
  });

  it('gets as many as it asks for, each its own', async () => {
    keep();
    const addresses = await Promise.all(Array.from({ length: 8 }, () => askForWindow(home)));
    expect(new Set(addresses.map((another) => another?.address)).size).toBe(8);
    for (const another of addresses) expect(await enter(another!.address!)).toBe(200);
  });

  it('hears that the window was opened, where the workstation has windows of its own', async () => {
    await host.close();
    await start(true);
    keep();
    expect(await askForWindow(home)).toEqual({ processId: 77, port: host.port, address: null });
    expect(opened).toBe(1);
  });

  it.each([false, true])(
    'hands over the file that it was given, before there is a window (one of its own: %s)',
    async (inItsOwnWindow) => {
      await host.close();
      await start(inItsOwnWindow);
      keep();
      offered.length = 0;
      expect(await askForWindow(home, 0, '/media/usb/REC 1.mp4')).not.toBeNull();
      expect(offered).toEqual([['/media/usb/REC 1.mp4', null]]);
      await askForWindow(home);
      expect(offered).toHaveLength(1);
    },
  );

  it('waits for one that is starting', async () => {
    setTimeout(keep, 300);
    expect(await askForWindow(home, 5000)).toMatchObject({
      address: expect.stringContaining('token=') as string,
    });
  });

  it('gets none where nobody has the folder, or what is written there is not to be trusted', async () => {
    expect(await askForWindow(home)).toBeNull();
    for (const text of ['', '{', '{}', '{"processId":1,"port":0,"secret":""}']) {
      writeFileSync(join(home, 'window.door'), text, { mode: 0o600 });
      expect(await askForWindow(home)).toBeNull();
    }
    keep(host.port, newSecret());
    expect(await askForWindow(home)).toBeNull();
    const remove = keep();
    if (process.platform !== 'win32') {
      expect(statSync(join(home, 'window.door')).mode & 0o777).toBe(0o600);
      chmodSync(join(home, 'window.door'), 0o644);
      expect(await askForWindow(home)).toBeNull();
    }
    remove();
    expect(() => statSync(join(home, 'window.door'))).toThrow('ENOENT');
  });

  it('says nothing to a program that took the port of one that has ended', async () => {
    const heard: string[] = [];
    const other = createServer((request, response) => {
      let body = '';
      request.on('data', (data: Buffer) => (body += data.toString()));
      request.on('end', () => {
        heard.push(`${request.url} ${body}`);
        response.end(
          JSON.stringify({ ok: true, value: { challenge: 'c', proof: 'p', address: 'http://x' } }),
        );
      });
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    keep((other.address() as AddressInfo).port);
    expect(await askForWindow(home)).toBeNull();
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatch(/^\/api\/knock \{"nonce":/);
    expect(heard.join('')).not.toContain(secret);
    other.close();
  });
});

describe('the workstation that has it', () => {
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(host.origin + path, {
      method: 'POST',
      headers: { origin: host.origin, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.text() };
  };

  it('gives no address to whoever does not answer its challenge', async () => {
    const knocked = await post('/api/knock', { nonce: randomUUID() });
    const { challenge, proof } = (JSON.parse(knocked.body) as { value: Record<string, string> }).value;
    for (const body of [
      {},
      { challenge, answer: proof },
      { challenge, answer: secret },
      { challenge: 'another', answer: proof },
      { challenge: [challenge], answer: proof },
    ]) {
      const { status, body: text } = await post('/api/invite', body);
      expect(status).toBe(401);
      expect(text).not.toContain('token=');
    }
    expect((await post('/api/knock', { nonce: 'n' }, { origin: 'https://evil.example' })).status).toBe(403);
  });

  it('has no door where its host takes no second start', async () => {
    const shut = await startWebHost({ workstation, rendererFolder: home, log: () => undefined });
    keep(shut.port);
    expect(await askForWindow(home)).toBeNull();
    await shut.close();
  });

  it('keeps its secrets out of its log', async () => {
    keep();
    const token = new URL((await askForWindow(home))!.address!).searchParams.get('token')!;
    await post('/api/enter', { token: 'wrong' });
    await post('/api/invite', { challenge: 'wrong', answer: secret });
    expect(log.join('\n')).toContain('entry refused');
    for (const hidden of [secret, token]) expect(log.join('\n')).not.toContain(hidden);
    expect(readFileSync(join(home, 'window.door'), 'utf8')).toContain(secret);
  });
});

import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { systemCode } from '../../../main/platform/file-errors.ts';
import { startWebHost, type WebHost } from '../../../main/hosts/web/server.ts';
import type { Random } from '../../../models/data/scenes/random.ts';
import { withWorkstation } from '../workstation.ts';
import { randomOf, type Tally } from './tally.ts';

/** What no path may lead to. */
const secret = 'the-content-that-nobody-may-read';
const ups = [
  '../',
  '..\\',
  '%2e%2e/',
  '%2e%2e%2f',
  '..%2f',
  '..%5c',
  '%252e%252e%252f',
  '..;/',
  '.../',
  '....//',
  '%c0%ae%c0%ae/',
  '%uff0e%uff0e/',
  '..%00/',
  './../',
  '/../',
  '\u2025/',
];
const roots = [
  '/',
  '//',
  '/assets/',
  '/media/',
  '/media/frame/',
  '/api/',
  '/?',
  '/#/',
  '',
  '/\\',
  '/./',
  '/file:///',
  '/C:/',
];
const targets = [
  'outside.txt',
  'etc/passwd',
  'secret/outside.txt',
  'outside.txt%00.html',
  'outside.txt/',
  'workstation.db',
];
const methods = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'];

function pathOf(random: Random): string {
  const up = random.pick(ups);
  const path = random.pick(roots) + up.repeat(random.integer(0, 12)) + random.pick(targets);
  return random.chance(0.2)
    ? `${path}?${random.pick(['token=', 'pass=', 'name=../x', 'start=1e999', 'pass[]=a'])}`
    : path;
}

/** Paths that lead out of what the window is served from, with a window's pass and without, by every method. */
export async function attackPaths(tally: Tally, seed: number, first: number, count: number): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'attack-paths-'));
  const folder = join(root, 'secret', 'renderer');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.html'), '<title>window</title>');
  await writeFile(join(root, 'outside.txt'), secret);
  await writeFile(join(root, 'secret', 'outside.txt'), secret);
  try {
    await withWorkstation(async (workstation) => {
      let stack = '';
      const host = await startWebHost({
        workstation,
        rendererFolder: folder,
        log: ({ details }) => {
          stack = typeof details?.['stack'] === 'string' ? details['stack'] : stack;
        },
      });
      const pass = await enter(host);
      try {
        for (let input = first; input < first + count; input += 1) {
          const random = randomOf(seed, tally.attack, input);
          const method = random.pick(methods);
          const path = pathOf(random);
          const allowed = random.chance(0.6);
          stack = '';
          const answer = await tally.take(input, (signal) =>
            send(host, { method, path, pass: allowed ? pass : null, signal }),
          );
          if (answer === null) continue;
          const told = `${method} ${JSON.stringify(path)} ${allowed ? 'with' : 'without'} a pass: ${answer.status}`;
          if (answer.body.includes(secret) || /root:.*:0:0:|SQLite format/.test(answer.body)) {
            tally.add(input, 'let in', told);
          }
          const guarded = /^\/(api|media)\//.test(path);
          if (!allowed && guarded && answer.status < 300 && answer.status > 0)
            tally.add(input, 'let in', told);
          if (answer.status >= 500 && answer.status !== 501)
            tally.add(input, 'internal', `${told}\n${stack}`);
        }
      } finally {
        await host.close();
      }
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** As a window does that was opened by the printed address. */
async function enter(host: WebHost): Promise<string> {
  const token = new URL(host.entryAddress).searchParams.get('token');
  const response = await fetch(`${host.origin}/api/enter`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: host.origin },
    body: JSON.stringify({ token }),
  });
  const { value } = z.object({ value: z.object({ call: z.string() }) }).parse(await response.json());
  return value.call;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly pass: string | null;
  readonly signal: AbortSignal;
}

/** node:http, which sends a path as it is. One that it can't send at all is refused by itself. */
function send(
  host: WebHost,
  { method, path, pass, signal }: Sent,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { ...(pass !== null && { 'x-workstation-pass': pass }), origin: host.origin };
    let sent;
    try {
      sent = request({ host: '127.0.0.1', port: host.port, path, method, headers, signal }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString('latin1') }),
        );
        response.on('error', reject);
      });
    } catch {
      resolve({ status: 0, body: '' });
      return;
    }
    // What is no request at all is cut off by Node itself; the next one shows whether the host is still there.
    sent.on('error', (error) =>
      systemCode(error) === 'ECONNRESET' ? resolve({ status: 0, body: '' }) : reject(error),
    );
    sent.end(method === 'POST' || method === 'PUT' ? '{}' : undefined);
  });
}

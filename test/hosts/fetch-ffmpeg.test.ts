import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packedHashes } from '../../main/hosts/ffmpeg-builds.ts';
import { fetchFfmpeg } from '../../main/hosts/fetch-ffmpeg.ts';

const program = (name: string) => `#!/bin/sh\necho '${name} version 99.0 Copyright (c) 2000-2099'\n`;
const packed = { ffmpeg: gzipSync(program('ffmpeg')), ffprobe: gzipSync(program('ffprobe')) };
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hashes = {
  'ffmpeg-linux-x64': hashOf(packed.ffmpeg),
  'ffprobe-linux-x64': hashOf(packed.ffprobe),
};

let folder = '';
let server: Server;
let asked: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fetch-'));
  asked = [];
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function fetchFrom(answer: RequestListener, changes: Partial<Parameters<typeof fetchFfmpeg>[0]> = {}) {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return fetchFfmpeg({
    folder,
    platform: 'linux',
    architecture: 'x64',
    hashes,
    environment: { FFMPEG_BINARIES_URL: `http://127.0.0.1:${port}/mirror/` },
    ...changes,
  });
}

const good: RequestListener = ({ url = '' }, response) => {
  response.end(url.includes('ffprobe') ? packed.ffprobe : packed.ffmpeg);
};

describe('fetching ffmpeg', () => {
  it('puts both programs in place, ready to run, from the mirror that is named', async () => {
    const fetched = await fetchFrom(good);
    expect(fetched.map(({ reason }) => reason)).toEqual([null, null]);
    expect(asked).toEqual(['/mirror/b6.1.1/ffmpeg-linux-x64.gz', '/mirror/b6.1.1/ffprobe-linux-x64.gz']);
    expect(readFileSync(join(folder, 'ffmpeg'), 'utf8')).toBe(program('ffmpeg'));
    expect(statSync(join(folder, 'ffmpeg')).mode & 0o111).toBe(0o111);
    expect(spawnSync(join(folder, 'ffprobe'), { encoding: 'utf8' }).stdout).toContain('ffprobe version 99.0');
    expect(readdirSync(folder).sort()).toEqual(['ffmpeg', 'ffprobe']);
  });

  it('asks nobody for what is here', async () => {
    await fetchFrom(good);
    asked = [];
    await fetchFrom(good);
    expect(asked).toEqual([]);
  });

  it('follows a redirection to another host, as GitHub’s downloads do', async () => {
    const fetched = await fetchFrom((request, response) => {
      if (request.url?.startsWith('/mirror/')) {
        const host = request.headers.host?.replace('127.0.0.1', 'localhost');
        response.writeHead(302, { location: `http://${host}/elsewhere${request.url}` }).end();
      } else good(request, response);
    });
    expect(fetched.map(({ reason }) => reason)).toEqual([null, null]);
  });

  const failures: [string, RequestListener, RegExp][] = [
    [
      'another file',
      (_request, response) => void response.end(gzipSync('#!/bin/sh\nrm -rf ~\n')),
      /not the file/,
    ],
    ['a file that is no archive', (_request, response) => void response.end('hello'), /not the file/],
    [
      'a body cut short of its announced length',
      (_request, response) => {
        response.writeHead(200, { 'content-length': packed.ffmpeg.length });
        response.write(packed.ffmpeg.subarray(0, 40));
        setTimeout(() => response.destroy(), 50);
      },
      /aborted|ECONNRESET/,
    ],
    [
      'a body cut short without a word',
      (_request, response) => void response.end(packed.ffmpeg.subarray(0, 40)),
      /not the file/,
    ],
    ['404', (_request, response) => void response.writeHead(404).end(), /answered with 404/],
    ['500', (_request, response) => void response.writeHead(500).end('oops'), /answered with 500/],
    ['no answer', () => undefined, /did not answer/],
    [
      'a standstill in mid-body',
      (_request, response) => void response.write(packed.ffmpeg.subarray(0, 40)),
      /standstill/,
    ],
    [
      'redirections without an end',
      (request, response) => void response.writeHead(302, { location: request.url ?? '' }).end(),
      /too many/,
    ],
  ];
  it.each(failures)('leaves nothing behind and says why: %s', async (_name, answer, reason) => {
    const [ffmpeg] = await fetchFrom(answer, { patienceMilliseconds: 1500 });
    expect(ffmpeg).toMatchObject({ program: 'ffmpeg', path: null });
    expect(ffmpeg?.reason).toMatch(reason);
    expect(existsSync(join(folder, 'ffmpeg'))).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('asks nobody for a build whose hash is not known, and says so', async () => {
    const fetched = await fetchFrom(good, { platform: 'freebsd' });
    expect(asked).toEqual([]);
    expect(fetched.map(({ path, reason }) => [path, reason?.includes('freebsd x64')])).toEqual([
      [null, true],
      [null, true],
    ]);
  });

  it('gives up at once where nobody listens', async () => {
    await fetchFrom(good);
    const { port } = server.address() as AddressInfo;
    server.closeAllConnections();
    server.close();
    rmSync(join(folder, 'ffmpeg'));
    const fetched = await fetchFfmpeg({
      folder,
      platform: 'linux',
      architecture: 'x64',
      hashes,
      environment: { FFMPEG_BINARIES_URL: `http://127.0.0.1:${port}` },
    });
    expect(fetched).toEqual([
      { program: 'ffmpeg', path: null, reason: expect.stringContaining("can't be reached") as string },
    ]);
  });

  it('knows a hash for every platform that packages are made for', () => {
    for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64']) {
      for (const name of ['ffmpeg', 'ffprobe']) {
        expect(packedHashes[`${name}-${platform}`], `${name}-${platform}`).toMatch(/^[0-9a-f]{64}$/);
      }
    }
    expect(new Set(Object.values(packedHashes)).size).toBe(Object.keys(packedHashes).length);
  });
});

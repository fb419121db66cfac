import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** Runs inside the namespace (see namespace.ts) and prints what it overheard as JSON. */

export interface Job {
  /** Of Node. `{folder}` stands for the folder of this run. */
  readonly arguments: readonly string[];
  /** Ctrl-C after so long, for what runs until it is ended. */
  readonly seconds?: number;
}

export interface Overheard {
  /** Names looked up, each time. */
  readonly queries: string[];
  /** Addresses other than the machine's own that something connected to. */
  readonly connections: string[];
  readonly ended: { readonly code: number | null; readonly output: string }[];
  /** Files outside the data folder, from the home on. */
  readonly left: string[];
}

/** The name in a DNS question: labels, each after its length, from byte 12 on. */
export function questionOf(packet: Uint8Array): string {
  const labels: string[] = [];
  for (let at = 12; at < packet.length && packet[at] !== 0; at += packet[at]! + 1) {
    labels.push(Buffer.from(packet.subarray(at + 1, at + 1 + packet[at]!)).toString('latin1'));
  }
  return labels.join('.');
}

/** Answers every question for an IPv4 address with one of documentation, others with nothing. */
function answerTo(query: Buffer): Buffer {
  const nameEnd = query.indexOf(0, 12) + 1;
  const question = query.subarray(12, nameEnd + 4);
  const isAddress = query.readUInt16BE(nameEnd) === 1;
  const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 203, 0, 113, 7]);
  return Buffer.concat(isAddress ? [header, question, record] : [header, question]);
}

async function main(): Promise<void> {
  const { folder, jobs } = JSON.parse(process.argv[2] ?? '') as { folder: string; jobs: Job[] };
  const queries: string[] = [];
  const connections: string[] = [];

  const resolver = join(folder, 'resolv.conf');
  writeFileSync(resolver, 'nameserver 127.0.0.1\n');
  execFileSync('mount', ['--bind', resolver, '/etc/resolv.conf']);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  // Every address is this machine, so whoever connects anywhere is heard.
  execFileSync('ip', ['route', 'add', 'local', '0.0.0.0/0', 'dev', 'lo']);
  execFileSync('ip', ['-6', 'route', 'add', 'local', '::/0', 'dev', 'lo']);

  const names = createSocket('udp4');
  names.on('message', (query, from) => {
    queries.push(questionOf(query));
    names.send(answerTo(query), from.port, from.address);
  });
  await new Promise<void>((ready) => names.bind(53, '127.0.0.1', ready));
  const listeners = [80, 443].map((port) => {
    const server = createServer((socket) => {
      const address = (socket.localAddress ?? '').replace('::ffff:', '');
      if (!address.startsWith('127.') && address !== '::1') connections.push(`${address}:${port}`);
      socket.destroy();
    });
    return new Promise<typeof server>((ready) => server.listen(port, '::', () => ready(server)));
  });
  const servers = await Promise.all(listeners);

  const ended: Overheard['ended'] = [];
  for (const job of jobs) {
    ended.push(await run(job, folder));
  }
  names.close();
  for (const server of servers) server.close();
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !/^(data|model|resolv\.conf|node-compile-cache)/.test(path),
  );
  process.stdout.write(JSON.stringify({ queries, connections, ended, left } satisfies Overheard));
}

function run(job: Job, folder: string): Promise<Overheard['ended'][number]> {
  const child = spawn(
    process.execPath,
    job.arguments.map((argument) => argument.replaceAll('{folder}', folder)),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const timer =
    job.seconds === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), job.seconds * 1000);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

if (import.meta.main) await main();

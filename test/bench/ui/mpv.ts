import { spawn, spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What mpv takes for steps back with its own command, each from the command until it says that its picture is another one, in ms.
 * Null, and said aloud, where there is no mpv.
 */
export async function mpvStepsBack(
  file: string,
  { from, count }: { from: number; count: number },
): Promise<number[] | null> {
  if (process.platform === 'win32' || spawnSync('mpv', ['--version'], { stdio: 'ignore' }).status !== 0) {
    console.error('NOT COMPARED with mpv: there is none here (on Debian: apt-get install mpv).');
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), 'workstation-mpv-'));
  const address = join(folder, 'mpv.sock');
  const child = spawn(
    'mpv',
    [
      ...['--no-config', '--vo=null', '--ao=null', '--no-audio', '--pause', '--hr-seek=yes', '--idle=no'],
      ...['--untimed=no', `--start=${(from + 0.5) / 25}`, `--input-ipc-server=${address}`, file],
    ],
    { stdio: 'ignore' },
  );
  try {
    const mpv = new Remote(await connected(address));
    const time = (): Promise<number | null> => mpv.ask(['get_property', 'time-pos']);
    while ((await time()) === null) await sleep(20);
    await sleep(500);
    const times: number[] = [];
    for (let step = 0; step < count; step += 1) {
      const before = await time();
      const begun = performance.now();
      await mpv.ask(['frame-back-step']);
      for (;;) {
        const now = await time();
        if (now !== null && before !== null && now < before - 0.001) break;
        if (performance.now() - begun > 10_000) throw new Error('mpv did not step back');
        await sleep(2);
      }
      times.push(performance.now() - begun);
      await sleep(Math.max(0, 125 - (performance.now() - begun)));
    }
    return times;
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function connected(address: string): Promise<Socket> {
  for (let tries = 0; ; tries += 1) {
    const socket = connect(address);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return socket;
    if (tries > 200) throw new Error('mpv does not answer');
    await sleep(50);
  }
}

/** mpv's own protocol: a line of JSON for each command and each answer. */
class Remote {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (value: number | null) => void>();
  #last = 0;
  #unread = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#unread + text).split('\n');
      this.#unread = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as { request_id?: number; data?: number | null });
    });
    socket.on('error', () => undefined);
  }

  ask(command: readonly string[]): Promise<number | null> {
    const id = (this.#last += 1);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.write(`${JSON.stringify({ command, request_id: id })}\n`);
    });
  }

  #take({ request_id: id, data }: { request_id?: number; data?: number | null }): void {
    if (id === undefined) return;
    this.#waiting.get(id)?.(data ?? null);
    this.#waiting.delete(id);
  }
}

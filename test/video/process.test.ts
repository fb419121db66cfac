import { afterEach, describe, expect, it, vi } from 'vitest';
import { startProcess } from '../../main/video/process.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A tool that says nothing until it is asked to end. */
const silentTool = ['-e', 'setTimeout(() => undefined, 600_000)'] as const;

describe('the watch over a media tool', () => {
  it('leaves a silent tool alone when the clock leaps, as after a sleep of the machine', async () => {
    const child = startProcess(process.execPath, silentTool, { tickMilliseconds: 20 });
    child.stdout.resume();
    const clock = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => clock + 3_600_000);
    const ended = await Promise.race([
      child.ended,
      new Promise<null>((resolve) => setTimeout(() => resolve(null), 300)),
    ]);
    expect(ended).toBeNull();
    child.kill();
    expect(await child.ended).toMatchObject({ stalled: false, killedBy: 'SIGKILL' });
  });

  it('ends a tool that was silent for as many ticks as it may be', async () => {
    const child = startProcess(process.execPath, silentTool, { tickMilliseconds: 5 });
    child.stdout.resume();
    expect(await child.ended).toMatchObject({ stalled: true, killedBy: 'SIGKILL' });
  });

  it('takes a word on any pipe for a sign of life', async () => {
    const talks = `let n = 0; setInterval(() => { require('fs').writeSync(3, '.'); if (++n === 60) process.exit(0); }, 20)`;
    const child = startProcess(process.execPath, ['-e', talks], { channels: 1, tickMilliseconds: 8 });
    child.stdout.resume();
    let heard = 0;
    child.channels[0]?.on('data', (bytes: Buffer) => (heard += bytes.length));
    expect(await child.ended).toMatchObject({ exitCode: 0, stalled: false });
    expect(heard).toBe(60);
  });
});

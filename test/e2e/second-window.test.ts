import { copyFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newHome, passOf, removeHome, repository, RunningHost } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

const home = newHome();
let opened: OpenedWindow;

beforeAll(async () => {
  opened = await openWindow(home);
});
afterAll(() => opened.close());

describe('a second start on the same data folder', () => {
  it('is another window of the workstation that is running, and says so', async () => {
    const start = new RunningHost(home);
    expect(await start.ended()).toBe(0);
    expect(start.output).toContain('is running already with this data folder');
    const address = await start.address();
    expect(new URL(address).origin).toBe(await opened.host.origin());
    const second = new WorkstationPage(await opened.context.newPage());
    await second.open(address);
    await second.waitUntilAskable();
    await expect.poll(() => passOf(second.page)).not.toBe(await passOf(opened.window.page));
    await second.page.close();
    if (process.platform !== 'win32') {
      expect(statSync(join(home, 'window.door')).mode & 0o777).toBe(0o600);
    }
  });

  it('with a file asks in its new window what a known recording is to be, as choosing it there does', async () => {
    const folder = newHome();
    const copy = join(folder, 'from the archive.mp4');
    copyFileSync(join(repository, 'resources/clip/demo.mp4'), copy);
    const start = new RunningHost(home, {}, copy);
    const second = new WorkstationPage(await opened.context.newPage());
    await second.open(await start.address());
    const known = second.library.decision(/^This recording is known as/);
    await known.waitFor();
    await expect
      .poll(() => known.textContent())
      .toContain('from the archive.mp4 holds the same recording as demo.mp4');
    await expect.poll(() => opened.window.library.decision(/known as/).count()).toBe(0);
    await known.getByRole('button', { name: 'Open as a new case' }).click();
    const name = second.page.locator('header .file .name');
    await expect.poll(() => name.textContent()).toBe('from the archive.mp4');
    // It was handed out once: the window that is loaded anew shows the session, and asks nothing.
    await second.page.reload();
    await expect.poll(() => name.textContent()).toBe('from the archive.mp4');
    await second.waitUntilAskable();
    await expect.poll(() => known.count()).toBe(0);
    await second.page.close();
    removeHome(folder);
  });

  it('at the same moment is one workstation with two windows', async () => {
    const fresh = newHome();
    const starts = [new RunningHost(fresh), new RunningHost(fresh)];
    const addresses = await Promise.all(starts.map((start) => start.address()));
    const [first, second] = starts.map(({ output }) => output.includes('is running already'));
    expect(first).not.toBe(second);
    expect(new URL(addresses[0]!).origin).toBe(new URL(addresses[1]!).origin);
    expect(addresses[0]).not.toBe(addresses[1]);
    for (const start of starts) expect(await start.stop()).toBe(0);
    removeHome(fresh);
  });

  it('is a start of its own once the first one has ended', async () => {
    await opened.host.stop();
    expect(existsSync(join(home, 'window.door'))).toBe(false);
    const next = new RunningHost(home);
    await next.address();
    expect(next.output).not.toContain('running already');
    await next.stop();
  });
});

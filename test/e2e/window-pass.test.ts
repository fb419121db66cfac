import { writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { newHome, passOf, removeHome, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

const home = newHome();
let host: RunningHost;
let origin: string;
let browser: Browser;
let context: BrowserContext;
let window: WorkstationPage;

beforeAll(async () => {
  host = new RunningHost(home);
  origin = await host.origin();
  browser = await launchChromium();
  context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  window = new WorkstationPage(await context.newPage());
  await window.open(await host.address());
});

afterAll(async () => {
  await browser.close();
  await host.stop();
  removeHome(home);
});

const refusal = (page: Page) => page.getByText('This address alone does not open the workstation.');

describe("a window's pass", () => {
  it('stands in no address, and outlives a reload', async () => {
    expect(window.page.url()).toBe(`${origin}/`);
    const pass = await passOf(window.page);
    await window.reload();
    await expect.poll(() => passOf(window.page)).toBe(pass);
  });

  it('lets in a second tab of the same browser by the bare address, while the first is open', async () => {
    const second = new WorkstationPage(await context.newPage());
    await second.open(origin);
    // Each is a window of its own: what is done in one is known from what is done in the other.
    await expect.poll(() => passOf(second.page)).not.toBe(await passOf(window.page));
    const own = await passOf(second.page);
    await second.reload();
    await expect.poll(() => passOf(second.page)).toBe(own);
    await second.page.close();
  });

  it('is another one in a tab that was duplicated, which has a copy of what the first one keeps', async () => {
    const kept = await window.page.evaluate(() => sessionStorage.getItem('workstation-pass'));
    const copy = new WorkstationPage(await context.newPage());
    await copy.page.addInitScript((pass) => {
      if (!sessionStorage.getItem('workstation-pass')) sessionStorage.setItem('workstation-pass', pass);
    }, kept ?? '');
    await copy.open(origin);
    await expect.poll(() => passOf(copy.page)).not.toBe(await passOf(window.page));
    await copy.page.close();
  });

  it('is had by nobody else: a bookmark in another browser explains itself', async () => {
    const other = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await other.newPage();
    await page.goto(origin);
    await refusal(page).waitFor();
    await expect
      .poll(() => page.getByRole('heading', { level: 1 }).textContent())
      .toBe('Surgery-R1 Workstation');
    await page.getByText(`${origin}/?token=`).waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await refusal(page).waitFor();
    // A printed address lets one in: this one was used, and the terminal has the next.
    const before = host.output.match(/token=/g)?.length ?? 0;
    const used = host.output.match(/http:\/\/\S+token=\S+/g)?.[0] ?? '';
    await page.goto(used);
    await page.getByText('This address was used before').waitFor();
    await expect.poll(() => host.output.match(/token=/g)?.length ?? 0).toBe(before + 1);
    const next = new WorkstationPage(page);
    await next.open(await host.address());
    await other.close();
  });

  it('is renewed by itself when the workstation is started anew on the same data folder', async () => {
    const before = await passOf(window.page);
    await host.stop();
    await window.page.getByText('Not connected.', { exact: true }).waitFor();
    host = new RunningHost(home);
    expect(await host.origin()).toBe(origin);
    await window.page.getByText('Not connected.', { exact: true }).waitFor({ state: 'hidden' });
    await expect.poll(() => passOf(window.page)).not.toBe(before);
    await window.waitUntilAskable();
    await window.goToFrame(60);
    await window.ask('What organ is being operated?');
    expect(await window.waitForAnswer()).toBe('answered');
    await window.reload();
    if (process.platform !== 'win32') {
      expect(statSync(join(home, 'window.key')).mode & 0o777).toBe(0o600);
    }
  });

  it('is not renewed by a workstation that does not know the window', async () => {
    const port = Number(new URL(origin).port);
    await host.stop();
    // What another data folder, or another program that took the port, would have.
    writeFileSync(
      join(home, 'window.key'),
      JSON.stringify({ secret: 'x'.repeat(43), madeAt: Date.now(), port }),
    );
    host = new RunningHost(home);
    await host.address();
    await window.page.getByText('This window is not let in any more.').waitFor();
    await window.open(await host.address());
  });
});

import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { removeHome, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/** A workstation in a process of its own, and its window in a browser. */
export interface OpenedWindow {
  host: RunningHost;
  browser: Browser;
  context: BrowserContext;
  window: WorkstationPage;
  /** Ends both, and removes the data folder. */
  close: () => Promise<void>;
}

/**
 * @param home the data folder
 * @param options of the browser's window; 1280 x 720 by default
 * @param environment of the workstation's process, added to this one's own
 */
export async function openWindow(
  home: string,
  options: BrowserContextOptions = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<OpenedWindow> {
  const host = new RunningHost(home, environment);
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close();
    await host.stop();
    removeHome(home);
  };
  try {
    browser = await launchChromium();
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
    const window = new WorkstationPage(await context.newPage());
    await window.open(await host.address());
    return { host, browser, context, window, close };
  } catch (error) {
    await close();
    throw error;
  }
}

import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { removeHome, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/** A workstation in a process of its own, and its window in a browser. */
export interface OpenedWindow {
  readonly host: RunningHost;
  browser: Browser;
  context: BrowserContext;
  window: WorkstationPage;
  /** Ends the workstation, does what has to be done to its data folder meanwhile, and opens it again in the same window. */
  restart: (meanwhile?: () => void, how?: 'stop' | 'kill') => Promise<void>;
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
  let host = new RunningHost(home, environment);
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
    const restart = async (meanwhile?: () => void, how: 'stop' | 'kill' = 'stop'): Promise<void> => {
      await host[how]();
      meanwhile?.();
      host = new RunningHost(home, environment);
      await window.open(await host.address());
    };
    return {
      ...{ browser, context, window, restart, close },
      get host() {
        return host;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

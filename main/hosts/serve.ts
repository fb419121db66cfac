import { fileURLToPath } from 'node:url';
import type { DeviceWish } from '../../preload/contract/devices.ts';
import { stackOf } from '../../preload/contract/index.ts';
import { openLogFile } from '../platform/log-file.ts';
import { openBrowser } from './open-browser.ts';
import { WindowKey } from './web/passes.ts';
import { startWebHost, type WebHost } from './web/server.ts';

export interface ServeOptions {
  home: string;
  port: number;
  /** Where the model runs; what suits it best by default. */
  device?: DeviceWish;
  /** Why a page in a browser and not the window of its own. */
  reason: string;
  /** Whether to try to open the browser. */
  openBrowser: boolean;
  /** For people. */
  say: (line: string) => void;
  /** Called once the address is known; it opens the workstation once. */
  onReady?: (address: string, port: number) => void;
  /** Serving ends when this aborts. */
  signal: AbortSignal;
}

/** The built window. */
export const rendererFolder = fileURLToPath(new URL('../../dist/renderer', import.meta.url));

/** Serves the workstation to a browser on this machine until it is told to stop; then closes everything. */
export async function serve(options: ServeOptions): Promise<void> {
  const { home, port, device, reason, say, signal } = options;
  const { createWorkstation } = await import('../workstation.ts');
  const { log, close: closeLog } = openLogFile(home);
  try {
    const workstation = await createWorkstation({
      home,
      host: 'web',
      hostReason: reason,
      log,
      exclusive: true,
      ...(device === undefined ? {} : { device }),
    });
    try {
      const key = new WindowKey(home, Date.now);
      const startAt = (at: number): Promise<WebHost> =>
        startWebHost({
          workstation,
          rendererFolder,
          log,
          port: at,
          resumeSecret: key.secret,
          onEntryAgain: (address) => say(`That address was used up. A new one: ${address}`),
        });
      // Windows that are still open call the port of the last start.
      const host = await startAt(port === 0 ? key.port : port).catch((error: unknown) => {
        if (port !== 0 || key.port === 0) throw error;
        return startAt(0);
      });
      key.keep(host.port);
      try {
        say(reason);
        say(`The workstation is at ${host.entryAddress}`);
        say('This address opens one window, on this machine only. Ctrl-C here ends it.');
        options.onReady?.(host.entryAddress, host.port);
        if (options.openBrowser) openBrowser(host.entryAddress);
        await aborted(signal);
      } finally {
        await host.close();
      }
    } finally {
      await workstation.dispose();
    }
  } catch (error) {
    log({ level: 'error', area: 'host', message: 'serving ended', details: { stack: stackOf(error) } });
    throw error;
  } finally {
    await closeLog();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

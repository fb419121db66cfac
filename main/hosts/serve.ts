import { fileURLToPath } from 'node:url';
import type { DeviceWish } from '../../preload/contract/devices.ts';
import { stackOf, toErrorReport } from '../../preload/contract/index.ts';
import { openLogFile } from '../platform/log-file.ts';
import { openBrowser } from './open-browser.ts';
import { anotherWindowInWords, askForWindow, keepDoor } from './running.ts';
import { WindowKey } from './web/passes.ts';
import { newSecret } from './web/security.ts';
import { startWebHost, type WebHost } from './web/server.ts';

export interface ServeOptions {
  home: string;
  port: number;
  /** Where the model runs; what suits it best by default. */
  device?: DeviceWish;
  /** Why a page in a browser and not the window of its own. */
  reason: string;
  /** The path of a file that the window is to open; it exists. */
  file?: string | undefined;
  /** Whether to try to open the browser. */
  openBrowser: boolean;
  /** For people. */
  say: (line: string) => void;
  /** Called once it is known how the workstation is reached. */
  onReady?: (reached: Reached) => void;
  /** Serving ends when this aborts. */
  signal: AbortSignal;
}

/** How a workstation is reached. */
export interface Reached {
  /** Opens one window, once; null where the window was opened by the workstation itself. */
  readonly address: string | null;
  readonly port: number;
  /** Of the workstation: this one's, or that of the one which has the data folder open already. */
  readonly processId: number;
}

/** The built window. */
export const rendererFolder = fileURLToPath(new URL('../../dist/renderer', import.meta.url));

/** Longer than a workstation takes from opening its data folder to being reached. */
const startMilliseconds = 15_000;

/**
 * Serves the workstation to a browser on this machine until it is told to stop; then closes everything. Where the data folder
 * is open already, another window of the workstation that has it is opened instead.
 */
export async function serve(options: ServeOptions): Promise<void> {
  if (await openAnotherWindow(options, 0)) return;
  try {
    await serveAlone(options);
  } catch (error) {
    if (toErrorReport(error).code !== 'store-locked') throw error;
    // It may be on its way: another start a moment ago.
    if (!(await openAnotherWindow(options, startMilliseconds))) throw error;
  }
}

/** Asks the workstation that is running on the data folder for another window; false where none is reached. */
export async function openAnotherWindow(
  {
    home,
    say,
    openBrowser: open,
    onReady,
    file,
  }: Pick<ServeOptions, 'home' | 'say' | 'openBrowser' | 'onReady' | 'file'>,
  patience: number,
): Promise<boolean> {
  const another = await askForWindow(home, patience, file ?? null);
  if (another === null) return false;
  for (const line of anotherWindowInWords(another)) say(line);
  onReady?.(another);
  if (open && another.address !== null) openBrowser(another.address);
  return true;
}

async function serveAlone(options: ServeOptions): Promise<void> {
  const { home, port, device, reason, say, signal, file } = options;
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
      if (file !== undefined) await workstation.offerFile(file, null);
      const key = new WindowKey(home, Date.now);
      const secret = newSecret();
      const startAt = (at: number): Promise<WebHost> =>
        startWebHost({
          workstation,
          rendererFolder,
          log,
          port: at,
          resumeSecret: key.secret,
          invitations: { secret },
          onEntryAgain: (address) => say(`That address was used up. A new one: ${address}`),
        });
      // Windows that are still open call the port of the last start.
      const host = await startAt(port === 0 ? key.port : port).catch((error: unknown) => {
        if (port !== 0 || key.port === 0) throw error;
        return startAt(0);
      });
      key.keep(host.port);
      const removeDoor = keepDoor(home, { processId: process.pid, port: host.port, secret });
      try {
        say(reason);
        say(`The workstation is at ${host.entryAddress}`);
        say('This address opens one window, on this machine only. Ctrl-C here ends it.');
        options.onReady?.({ address: host.entryAddress, port: host.port, processId: process.pid });
        if (options.openBrowser) openBrowser(host.entryAddress);
        await aborted(signal);
      } finally {
        removeDoor();
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

import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import { childrenOf, type RunningHost } from '../../e2e/host.ts';

/** What a machine is busy with besides, which figures of this run are to be read with: mean number of processes that want a core. */
export const load = (): number => loadavg()[0] ?? Number.NaN;

/**
 * Memory of a process in MiB, pages that it shares divided among those that share them (proportional set size). Null where the
 * system does not tell, or the process has ended.
 */
function memoryOf(processId: number): number | null {
  try {
    const told = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${processId}/smaps_rollup`, 'utf8'));
    return told ? Number(told[1]) / 1024 : null;
  } catch {
    return null;
  }
}

export interface Memory {
  /** The workstation's process, and the tools that decode for it. */
  readonly workstation: number;
  readonly tools: number;
  /** The process that has the model. */
  readonly engine: number;
  /** The browser's processes: those of pages, and the rest. */
  readonly pages: number;
  readonly browser: number;
}

/** What each part takes at this moment, in MiB. */
export async function memory(host: RunningHost, browser: Browser): Promise<Memory> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const all = { workstation: memoryOf(host.processId) ?? 0, tools: 0, engine: 0, pages: 0, browser: 0 };
  for (const { id, command } of childrenOf(host.processId))
    all[command.includes('engine-process') ? 'engine' : 'tools'] += memoryOf(id) ?? 0;
  for (const { id, type } of processInfo) all[type === 'renderer' ? 'pages' : 'browser'] += memoryOf(id) ?? 0;
  return all;
}

export const withoutModel = ({ workstation, tools, pages, browser }: Memory): number =>
  workstation + tools + pages + browser;

/** What is used here of the inside of Playwright, which has no public way to this. */
interface Inside {
  readonly _connection: {
    toImpl?: (page: Page) => {
      delegate: {
        _mainFrameSession: { _client: { send: (method: string, parameters: object) => Promise<object> } };
      };
    };
  };
}

/**
 * Lets the page keep no copies of what it has fetched for whoever watches it. Playwright has it keep up to 200 MB of them, which
 * no window of a user has.
 */
export async function keepNoCopies(page: Page): Promise<void> {
  const inside = (page as unknown as Inside)._connection.toImpl?.(page);
  if (!inside) throw new Error('Playwright has changed inside: how are copies of responses left out now?');
  await inside.delegate._mainFrameSession._client.send('Network.enable', {
    maxTotalBufferSize: 1024,
    maxResourceBufferSize: 1024,
  });
}

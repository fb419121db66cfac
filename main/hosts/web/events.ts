import type { ServerResponse } from 'node:http';
import type { ChangeList, WorkstationEvent } from '../../../preload/contract/index.ts';

const heartbeatMilliseconds = 15_000;
/** A page that stopped reading is dropped rather than kept in memory; it reconnects by itself. */
const maximumUnreadBytes = 8 * 1024 * 1024;

export interface EventSource {
  onEvent: (listener: (event: WorkstationEvent) => void) => () => void;
  /** Changes after a place in the record; null where they can't be read. */
  changesSince: (seq: number) => Promise<ChangeList | null>;
}

/**
 * Server-sent events: every event as one `data:` line of JSON, and a comment now and then as heartbeat. Changes have their
 * place in the record as id, so that a page which lost its connection names the last one it had, and is told the rest.
 *
 * @param since the last change that the page had; null for a page that begins
 */
export function serveEvents(source: EventSource, response: ServerResponse, since: number | null): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.write('retry: 500\n\n: connected\n\n');
  const write = (text: string) => {
    if (response.writableLength > maximumUnreadBytes) response.destroy();
    else response.write(text);
  };
  /** What happens while the page is told what it missed, which comes first. */
  let held: string[] | null = since === null ? null : [];
  const stop = source.onEvent((event) => {
    const text = eventText(event);
    if (held === null) write(text);
    else held.push(text);
  });
  const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatMilliseconds);
  response.once('close', () => {
    clearInterval(heartbeat);
    stop();
  });
  if (since === null) return;
  void replay(source, since, write, () => response.destroyed).finally(() => {
    for (const text of held ?? []) write(text);
    held = null;
  });
}

/** Where the changes can't be read, the page asks for them itself once it sees that some are missing. */
async function replay(
  { changesSince }: EventSource,
  since: number,
  write: (text: string) => void,
  ended: () => boolean,
): Promise<void> {
  for (let last = since; !ended();) {
    const missed = await changesSince(last);
    const newest = missed?.changes.at(-1)?.seq;
    if (missed === null || newest === undefined) return;
    const { changes, entries, more } = missed;
    write(eventText({ type: 'changes', changes, entries }));
    if (!more) return;
    last = newest;
  }
}

function eventText(event: WorkstationEvent): string {
  const seq = event.type === 'changes' ? event.changes.at(-1)?.seq : undefined;
  return `${seq === undefined ? '' : `id: ${seq}\n`}data: ${JSON.stringify(event)}\n\n`;
}

/**
 * The last change that a page had: a browser says it in a header when it connects again by itself, the window in the address.
 */
export function lastChange(header: string | undefined, address: string | null): number | null {
  const text = header ?? address ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

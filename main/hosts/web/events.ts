import type { ServerResponse } from 'node:http';
import type { WorkstationEvent } from '../../../preload/contract/index.ts';

const heartbeatMilliseconds = 15_000;
/** A page that stopped reading is dropped rather than kept in memory; it reconnects by itself. */
const maximumUnreadBytes = 8 * 1024 * 1024;

export interface EventSource {
  onEvent: (listener: (event: WorkstationEvent) => void) => () => void;
}

/** Server-sent events: every event as one `data:` line of JSON, and a comment now and then as heartbeat. */
export function serveEvents(source: EventSource, response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.write('retry: 500\n\n: connected\n\n');
  const write = (text: string) => {
    if (response.writableLength > maximumUnreadBytes) response.destroy();
    else response.write(text);
  };
  const stop = source.onEvent((event) => write(`data: ${JSON.stringify(event)}\n\n`));
  const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatMilliseconds);
  response.once('close', () => {
    clearInterval(heartbeat);
    stop();
  });
}

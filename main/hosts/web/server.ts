import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';
import { DroppedDescription, WorkstationError, type DroppedFile } from '../../../preload/contract/index.ts';
import { createDoor, type Door, type Sender } from '../door.ts';
import type { HostedWorkstation } from '../hosted.ts';
import type { Log } from '../log.ts';
import { serveEvents } from './events.ts';
import { serveMedia } from './media.ts';
import { isOtherAccounts } from './peer.ts';
import { abortOnClose, readJson, sendError, sendJson } from './respond.ts';
import {
  EntryTokens,
  newSecret,
  readCookie,
  refuseForeign,
  sameSecret,
  securityHeaders,
} from './security.ts';

const maximumCallBytes = 1024 * 1024;
const entry: Sender = { host: 'web', trusted: true };

export interface WebHostOptions {
  workstation: HostedWorkstation;
  /** The built window, `dist/renderer`. */
  rendererFolder: string;
  log: Log;
  /** 0: any free port. */
  port?: number;
  /** Called when a used-up address is opened again: the person needs a new one. */
  onEntryAgain?: (address: string) => void;
}

export interface WebHost {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The address with the token of the moment; good for one entry. */
  readonly entryAddress: string;
  /** For a window of our own, which needs no token: set this and load `origin`. */
  readonly cookie: { name: string; value: string };
  close: () => Promise<void>;
}

/**
 * Serves the workstation at 127.0.0.1, to whoever holds its cookie and to no page from elsewhere.
 *
 *   GET  /?token=T           one-time token for the cookie, then a redirect that removes it from the address
 *   POST /api/CALL           input as JSON; the envelope of the contract comes back, always with status 200
 *   GET  /api/events         server-sent events
 *   POST /api/grant-dropped  name, size and digests -> envelope of the files on this machine that hold the same bytes
 *   PUT  /api/import?name=N  the file as body -> envelope of {grantId, name} of its copy
 *   GET  /media/...          preload/contract/media.ts
 *
 * Plain node:http: the routes are few, most of the work is streams that end with their connection, and the
 * checks before them must be ours to read and test. Static files are sirv's, which serves only names that it
 * found in the folder beforehand, so that no path can lead out of it.
 * @throws WorkstationError 'unavailable' if the port is taken
 */
export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  const { workstation, rendererFolder, log } = options;
  if (!existsSync(join(rendererFolder, 'index.html'))) {
    throw new WorkstationError('unavailable', 'The window has not been built.', 'Run: npm run build');
  }
  const tokens = new EntryTokens();
  const door = createDoor({ calls: workstation.calls, log });
  const serveFile = sirv(rendererFolder, { etag: true, dotfiles: false });
  const server = createServer();
  // A copy of a long recording takes longer than any limit worth setting here.
  server.requestTimeout = 0;
  await listen(server, options.port ?? 0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const { port } = address;
  const origin = `http://127.0.0.1:${port}`;
  // Cookies know no ports: without the number in its name, a second workstation would take the first's place.
  const cookie = { name: `workstation-${port}`, value: newSecret() };
  const entryAddress = () => `${origin}/?token=${tokens.current}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const method = request.method ?? 'GET';
    const foreign = refuseForeign(method, request.headers, port);
    if (foreign !== null) {
      log({ level: 'warn', area: 'web', message: 'request refused', details: { reason: foreign, method } });
      return refuse(response, 403, `This request was refused: ${foreign}.`);
    }
    const url = new URL(request.url ?? '/', origin);
    const held = readCookie(request.headers.cookie, cookie.name);
    const known = held !== null && sameSecret(held, cookie.value);
    const token = url.pathname === '/' && method === 'GET' ? url.searchParams.get('token') : null;

    if (token !== null) {
      if (!known && (await isOtherAccounts(request.socket))) {
        log({ level: 'warn', area: 'web', message: 'entry refused', details: { outcome: 'other account' } });
        return refuse(response, 403, 'This address is for another account of this machine.');
      }
      const outcome = known ? 'accepted' : tokens.present(token);
      if (outcome === 'accepted') {
        response.writeHead(303, {
          location: '/',
          'cache-control': 'no-store',
          ...(known
            ? {}
            : { 'set-cookie': `${cookie.name}=${cookie.value}; HttpOnly; SameSite=Strict; Path=/` }),
        });
        return void response.end();
      }
      if (outcome === 'used') options.onEntryAgain?.(entryAddress());
      log({ level: 'warn', area: 'web', message: 'entry refused', details: { outcome } });
      return refuse(response, 401, 'This address no longer opens the workstation.');
    }
    if (!known) {
      const call = url.pathname.startsWith('/api/');
      return refuse(response, 401, 'This browser has not been let in.', call);
    }
    if (url.pathname.startsWith('/api/')) return handleApi(door, request, response, url);
    if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'Only calls may change things.');
    if (url.pathname.startsWith('/media/')) {
      return serveMedia(workstation.media, request, response, url);
    }
    serveFile(request, response, () => refuse(response, 404, 'There is nothing at this address.'));
  }

  async function handleApi(
    calls: Door,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> {
    const name = url.pathname.slice('/api/'.length);
    if (name === 'events' && request.method === 'GET') return serveEvents(workstation, response);
    if (name === 'import' && request.method === 'PUT') {
      const signal = abortOnClose(response);
      const fileName = url.searchParams.get('name') ?? '';
      return sendJson(
        response,
        200,
        await calls.guard(entry, name, () => workstation.importStream(fileName, request, signal)),
      );
    }
    if (request.method !== 'POST') return refuse(response, 405, 'Calls are sent with POST.', true);
    const body = await calls.guard(entry, name, () => readJson(request, maximumCallBytes));
    if (!body.ok) return sendJson(response, 200, body);
    if (name === 'grant-dropped') {
      const found = await calls.guard(entry, name, () => findDropped(workstation, body.value));
      return sendJson(response, 200, found);
    }
    sendJson(response, 200, await calls.answer(entry, name, body.value));
  }

  server.on('request', (request, response) => {
    handle(request, response).catch((error: unknown) => {
      sendError(response, door.report(request.url?.split('?')[0] ?? '', error));
    });
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  log({ level: 'info', area: 'web', message: 'serving', details: { port } });

  return {
    port,
    origin,
    cookie,
    get entryAddress() {
      return entryAddress();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function findDropped(workstation: HostedWorkstation, input: unknown): Promise<DroppedFile> {
  const parsed = DroppedDescription.safeParse(input);
  if (!parsed.success) {
    throw new WorkstationError(
      'invalid-input',
      'The dropped file is not described by its name, size and digests.',
      'Reload the window, then drop the video file again.',
    );
  }
  return workstation.findDropped(parsed.data);
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    server.listen({ host: '127.0.0.1', port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      throw new WorkstationError(
        'unavailable',
        `Port ${port} is taken by another program.`,
        'Choose another one with --port, or leave it out: then any free one is taken.',
        { cause: error },
      );
    }
    throw error;
  }
}

function refuse(response: ServerResponse, status: number, message: string, envelope = false): void {
  const error = new WorkstationError(
    'not-allowed',
    message,
    'Open the newest address that the workstation printed in its terminal.',
  );
  // Its body, if any, stays unread.
  response.setHeader('connection', 'close');
  if (envelope) return sendJson(response, status, { ok: false, error: error.toReport() });
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${error.message}\n${error.hint}\n`);
}

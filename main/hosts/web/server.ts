import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';
import {
  ChangeList,
  DroppedDescription,
  WorkstationError,
  type DroppedFile,
  type WindowId,
} from '../../../preload/contract/index.ts';
import { createDoor, type Sender } from '../door.ts';
import type { HostedWorkstation } from '../hosted.ts';
import type { LogSink } from '../../platform/log.ts';
import { lastChange, serveEvents } from './events.ts';
import { serveMedia } from './media.ts';
import { isOtherAccounts } from './peer.ts';
import { abortOnClose, readJson, sendError, sendJson } from './respond.ts';
import { Entry } from './entry.ts';
import { Invitations } from './invitations.ts';
import { newSecret, refuseForeign, securityHeaders } from './security.ts';

const maximumCallBytes = 1024 * 1024;
const maximumEntryBytes = 2048;
const defaultStallMilliseconds = 60_000;

export interface WebHostOptions {
  workstation: HostedWorkstation;
  /** The built window, `dist/renderer`. */
  rendererFolder: string;
  log: LogSink;
  /** 0: any free port. */
  port?: number;
  /** By which windows outlive a restart: the secret of the data folder. Without it they don't. */
  resumeSecret?: string;
  /**
   * By what another start on the same data folder is known, and how it gets a window: opened here, else at an address that is
   * good for one entry. Without it, nobody else gets one.
   */
  invitations?: { secret: string; openWindow?: () => void };
  /** How long a body may send nothing before its connection is closed. */
  stallMilliseconds?: number;
  /** Called when a used-up address is opened again: the person needs a new one. */
  onEntryAgain?: (address: string) => void;
}

export interface WebHost {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The address with the token of the moment; good for one entry. */
  readonly entryAddress: string;
  /** Another address that lets one window in, beside the one of the moment. */
  newAddress: () => string;
  close: () => Promise<void>;
}

/**
 * Serves the workstation at 127.0.0.1, to the windows that it let in and to no page from elsewhere.
 *
 *   GET  /                   the window's files, which hold nothing of anybody's: whoever asks may have them
 *   POST /api/enter          {token} -> the window's pass, once for each printed address (entry.ts)
 *   POST /api/challenge, /api/resume   the pass of this run, for a window that an earlier run let in (passes.ts)
 *
 *   POST /api/knock, /api/invite       another window, for a second start on the same data folder (invitations.ts)
 *
 * With the pass of this run, in the header `x-workstation-pass` or, where a page can set no headers, as `?pass=`:
 *
 *   POST /api/another-window a pass of its own, for a tab that another one of the same browser lets in
 *   POST /api/CALL           input as JSON; the envelope of the contract comes back, always with status 200
 *   GET  /api/events         server-sent events; with `?since=SEQ` those changes first that came after that one
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
  const { workstation, rendererFolder, log, stallMilliseconds = defaultStallMilliseconds } = options;
  if (!existsSync(join(rendererFolder, 'index.html'))) {
    throw new WorkstationError('unavailable', 'The window has not been built.', 'Run: npm run build');
  }
  const door = createDoor({ calls: workstation.calls, actor: () => workstation.localActor.id, log });
  const serveFile = sirv(rendererFolder, { etag: true, dotfiles: false });
  const server = createServer();
  // A copy of a long recording takes longer than any limit worth setting here; one that stalls is ended in `watchBody`.
  server.requestTimeout = 0;
  await listen(server, options.port ?? 0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const { port } = address;
  const origin = `http://127.0.0.1:${port}`;
  const windows = new Entry(options.resumeSecret ?? newSecret(), {
    onRefused: (outcome) => {
      if (outcome === 'used') options.onEntryAgain?.(entryAddress());
      log({ level: 'warn', area: 'web', message: 'entry refused', details: { outcome } });
    },
  });
  const entryAddress = () => `${origin}/?token=${windows.token}`;
  const newAddress = () => `${origin}/?token=${windows.invite()}`;
  const { invitations } = options;
  const invites = invitations
    ? new Invitations(invitations.secret, async (file) => {
        if (file !== null) await workstation.offerFile(file, null);
        if (!invitations.openWindow) return newAddress();
        invitations.openWindow();
        return null;
      })
    : null;
  /** Who answers those that have no pass yet. */
  const lettingIn = (path: string): Entry | Invitations | null =>
    windows.takes(path) ? windows : invites?.takes(path) ? invites : null;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const method = request.method ?? 'GET';
    const foreign = refuseForeign(method, request.headers, port);
    if (foreign !== null) {
      log({ level: 'warn', area: 'web', message: 'request refused', details: { reason: foreign, method } });
      return refuse(response, 403, `This request was refused: ${foreign}.`);
    }
    const url = targetOf(request, origin);
    if (url === null) return refuse(response, 400, 'The request names no address that could be here.');
    const call = url.pathname.startsWith('/api/');
    const porter = call && method === 'POST' ? lettingIn(url.pathname) : null;
    if (porter !== null) {
      if (await isOtherAccounts(request.socket)) {
        log({ level: 'warn', area: 'web', message: 'entry refused', details: { outcome: 'other account' } });
        return refuse(response, 403, 'This address is for another account of this machine.', true);
      }
      watchBody(request, stallMilliseconds);
      const result = await door.attempt(url.pathname.slice('/api/'.length), async () =>
        porter.answer(url.pathname, await readJson(request, maximumEntryBytes)),
      );
      return sendJson(response, result.ok ? 200 : 401, result);
    }
    if (call || url.pathname.startsWith('/media/')) {
      const window = windows.windowOf(request, url);
      if (window === null) return refuse(response, 401, 'This window has not been let in.', true);
      if (call) return handleApi(window, request, response, url);
    }
    if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'Only calls may change things.');
    if (url.pathname.startsWith('/media/')) {
      return serveMedia(workstation.media, request, response, url);
    }
    serveFile(request, response, () => refuse(response, 404, 'There is nothing at this address.'));
  }

  async function handleApi(
    window: WindowId,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> {
    const name = url.pathname.slice('/api/'.length);
    const sender: Sender = { trusted: true, window, signal: abortOnClose(response) };
    if (name === 'events' && request.method === 'GET') {
      const last = request.headers['last-event-id'];
      const since = lastChange(typeof last === 'string' ? last : undefined, url.searchParams.get('since'));
      const changesSince = async (seq: number): Promise<ChangeList | null> => {
        const read = await door.answer(sender, 'changesSince', { seq });
        return read.ok ? ChangeList.parse(read.value) : null;
      };
      return serveEvents({ onEvent: workstation.onEvent, changesSince }, response, since);
    }
    watchBody(request, stallMilliseconds);
    if (name === 'import' && request.method === 'PUT') {
      const fileName = url.searchParams.get('name') ?? '';
      const copied = await door.guard(sender, name, ({ signal }) =>
        workstation.importStream(fileName, request, signal),
      );
      return sendJson(response, 200, copied);
    }
    if (request.method !== 'POST') return refuse(response, 405, 'Calls are sent with POST.', true);
    const body = await door.guard(sender, name, () => readJson(request, maximumCallBytes));
    if (!body.ok) return sendJson(response, 200, body);
    if (name === 'another-window') {
      return sendJson(response, 200, await door.guard(sender, name, async () => windows.another()));
    }
    if (name === 'grant-dropped') {
      const found = await door.guard(sender, name, () => findDropped(workstation, body.value));
      return sendJson(response, 200, found);
    }
    sendJson(response, 200, await door.answer(sender, name, body.value));
  }

  server.on('request', (request, response) => {
    handle(request, response).catch((error: unknown) => {
      sendError(response, door.report((request.url ?? '').split('?')[0]?.slice(0, 80) ?? '', error));
    });
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  log({ level: 'info', area: 'web', message: 'serving', details: { port } });

  return {
    port,
    origin,
    get entryAddress() {
      return entryAddress();
    },
    newAddress,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What the request asks for; null where that is no address at all, such as `http://[` or one of another server. */
function targetOf(request: IncomingMessage, origin: string): URL | null {
  const target = request.url ?? '';
  // Put together as text: resolved against the origin, `//name` would name another server.
  return target.startsWith('/') && URL.canParse(origin + target) ? new URL(origin + target) : null;
}

/** Ends a connection whose body stops arriving: a call that never comes to its end would hold it for ever. */
function watchBody(request: IncomingMessage, milliseconds: number): void {
  const { socket } = request;
  const end = () => socket.destroy();
  socket.setTimeout(milliseconds, end);
  request.once('close', () => {
    socket.setTimeout(0);
    socket.off('timeout', end);
  });
  request.once('end', () => {
    socket.setTimeout(0);
    socket.off('timeout', end);
  });
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

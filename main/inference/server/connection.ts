import http from 'node:http';
import https from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { checkServerIdentity, TLSSocket, type PeerCertificate } from 'node:tls';
import { throwIfAborted } from '../../../preload/contract/errors.ts';
import { checkWrittenAddress, guardedLookup } from './addresses.ts';
import { serverAddress, type ServerConfiguration } from './configuration.ts';
import { brokenOff, refusedByServer, silent, unreachable, type Refusal } from './connection-trouble.ts';
import { pinTrouble, publicKeyPin } from './pins.ts';

/** What a connection takes of the configuration. */
export type ConnectionSettings = Pick<
  ServerConfiguration,
  | 'url'
  | 'key'
  | 'certificatePins'
  | 'certificateAuthorities'
  | 'allowedHosts'
  | 'timeoutSeconds'
  | 'concurrency'
  | 'retries'
>;

export interface ServerRequest {
  readonly method: 'GET' | 'POST';
  /** Under the base of the API, as in `/models`. */
  readonly path: string;
  /** The path stands at the root of the host instead. */
  readonly atRoot?: boolean;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** At most this many bytes of an error's text or of a list of models are read. */
const largestReply = 2 ** 20;
/** A server that asks for a longer pause is not waited for. */
const longestPauseSeconds = 30;
const firstPauseSeconds = 0.25;

/**
 * Connections to the one server of the configuration, as many at a time as it allows; further requests wait.
 * Nothing is sent before the certificate, its public key and the address have been judged. A redirection is an
 * error like any other status, and proxies that the environment names are not used.
 */
export class ServerConnection {
  readonly #settings: ConnectionSettings;
  readonly #agent: http.Agent;
  #publicKey: string | null = null;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    const { certificatePins, certificateAuthorities, concurrency } = settings;
    const common = { keepAlive: true, maxSockets: concurrency };
    this.#agent =
      settings.url.protocol === 'https:'
        ? new https.Agent({
            ...common,
            // A resumed session brings no certificate to judge.
            maxCachedSessions: 0,
            minVersion: 'TLSv1.2',
            rejectUnauthorized: true,
            ...(certificateAuthorities === null ? {} : { ca: certificateAuthorities }),
            checkServerIdentity: (host: string, certificate: PeerCertificate) =>
              checkServerIdentity(host, certificate) ?? pinTrouble(certificate.raw, certificatePins),
          })
        : new http.Agent(common);
  }

  /**
   * Sends the request and waits for the head of a reply of status 200. While nothing has been answered, a refused
   * connection and a server that is busy (429, 502, 503) are tried again, after the pause that it asks for.
   *
   * @returns The reply, whose body is the caller's to read to its end or to destroy.
   * @throws WorkstationError `unavailable`, `not-allowed`, `not-found`, `invalid-input`, `prompt-too-long`,
   *   `cancelled`, each with cause and remedy.
   */
  async request(request: ServerRequest): Promise<http.IncomingMessage> {
    for (let attempt = 0; ; attempt += 1) {
      throwIfAborted(request.signal);
      const outcome = await this.#attempt(request);
      throwIfAborted(request.signal);
      if (outcome instanceof http.IncomingMessage) return outcome;
      const pause = outcome.pauseSeconds ?? firstPauseSeconds * 2 ** attempt;
      if (!outcome.again || attempt >= this.#settings.retries || pause > longestPauseSeconds) {
        throw outcome.failure;
      }
      // A stop ends the pause early; the first line of the loop then throws.
      await wait(pause * 1000, undefined, request.signal ? { signal: request.signal } : {}).catch(
        () => undefined,
      );
    }
  }

  /** As {@link request}, for a reply that is one JSON value. Null where it is none. */
  async json(request: ServerRequest): Promise<unknown> {
    const reply = await this.request(request);
    try {
      return JSON.parse(await readText(reply)) as unknown;
    } catch (error) {
      throwIfAborted(request.signal);
      if (error instanceof SyntaxError) return null;
      throw brokenOff(serverAddress(this.#settings), error);
    }
  }

  /** The pin of the certificate that the last reply came under; null without TLS, and before a reply. */
  get publicKey(): string | null {
    return this.#publicKey;
  }

  /** Closes every connection, under way or kept. */
  close(): void {
    this.#agent.destroy();
  }

  async #attempt(request: ServerRequest): Promise<http.IncomingMessage | Refusal> {
    const address = serverAddress(this.#settings);
    try {
      const reply = await this.#send(request);
      if (reply.statusCode === 200) return reply;
      return refusedByServer(address, reply.statusCode ?? 0, reply.headers, await readText(reply));
    } catch (error) {
      return unreachable(address, error);
    }
  }

  #send(request: ServerRequest): Promise<http.IncomingMessage> {
    const { url, key, allowedHosts, timeoutSeconds } = this.#settings;
    checkWrittenAddress(url.hostname, allowedHosts);
    const target = new URL(url);
    target.pathname = request.atRoot === true ? request.path : `${url.pathname}${request.path}`;
    const body = request.body === undefined ? null : Buffer.from(JSON.stringify(request.body));
    return new Promise((resolve, reject) => {
      const sent = (url.protocol === 'https:' ? https : http).request(target, {
        method: request.method,
        agent: this.#agent,
        lookup: guardedLookup(allowedHosts),
        headers: {
          accept: 'application/json, text/event-stream',
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
        },
        ...(request.signal ? { signal: request.signal } : {}),
      });
      let reply: http.IncomingMessage | null = null;
      sent.setTimeout(timeoutSeconds * 1000, () => {
        const silence = Object.assign(new Error(`silent for ${timeoutSeconds} s`), { code: silent });
        // Whoever reads the reply already is told by the reply alone.
        (reply ?? sent).destroy(silence);
      });
      sent.on('response', (received) => {
        reply = received;
        if (received.socket instanceof TLSSocket) {
          this.#publicKey = publicKeyPin(received.socket.getPeerCertificate().raw);
        }
        resolve(received);
      });
      sent.on('error', reject);
      sent.end(body ?? undefined);
    });
  }
}

/** The body, as far as it has a sensible length. */
async function readText(reply: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of reply as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > largestReply) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}

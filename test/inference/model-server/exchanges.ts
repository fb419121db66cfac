import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';

/** One request and what was answered. The picture is left out of the request, the key out of both. */
const Exchange = z.object({
  method: z.string(),
  path: z.string(),
  body: z.unknown(),
  status: z.int(),
  contentType: z.string(),
  text: z.string(),
});
type Exchange = z.infer<typeof Exchange>;

/** The model that answered. */
const Recording = z.object({
  modelSha256: z.string(),
  /** What its manifest says of how it answers. */
  description: z.record(z.string(), z.unknown()),
  exchanges: z.array(Exchange),
});
type Recording = z.infer<typeof Recording>;

const file = fileURLToPath(new URL('../../fixtures/server/llama-server.json.gz', import.meta.url));

async function readRecording(): Promise<Recording> {
  return Recording.parse(JSON.parse(gunzipSync(await readFile(file)).toString()));
}

/** SHA-256 of the weights that gave the recorded answers. */
export async function recordedModelSha256(): Promise<string> {
  return (await readRecording()).modelSha256;
}

export interface ExchangeServer {
  readonly port: number;
  readonly model: Omit<Recording, 'exchanges'>;
  /** Requests that nothing is known of, as they came. */
  readonly unknown: readonly string[];
  close(): Promise<void>;
}

/**
 * A server that answers as another once did, to the same requests in any order; of several with the same request,
 * in theirs.
 * @param live Address of a real server, which is asked instead, and whose answers are recorded.
 * @param model That the live server runs.
 */
export async function startExchangeServer(
  live: string | undefined,
  model: ExchangeServer['model'],
): Promise<ExchangeServer> {
  const recording = live === undefined ? await readRecording() : { ...model, exchanges: [] };
  const kept = recording.exchanges;
  const recorded: Exchange[] = [];
  const unknown: string[] = [];
  const find = (asked: string): Exchange | undefined => {
    const index = kept.findIndex((exchange) => nameOf(exchange) === asked);
    return index < 0 ? undefined : kept.splice(index, 1)[0];
  };
  const server = http.createServer((request, response) => {
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const text = Buffer.concat(pieces).toString('utf8');
      const asked = { method: request.method ?? '', path: request.url ?? '', body: withoutPicture(text) };
      const found =
        live === undefined ? find(nameOf(asked)) : { ...asked, ...(await askLive(live, request, text)) };
      if (found === undefined) {
        unknown.push(nameOf(asked));
        response.writeHead(501).end();
        return;
      }
      recorded.push(found);
      response.writeHead(found.status, { 'content-type': found.contentType }).end(found.text);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    model: { modelSha256: recording.modelSha256, description: recording.description },
    unknown,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (live === undefined) return;
      await writeFile(file, gzipSync(JSON.stringify({ ...model, exchanges: recorded }), { level: 9 }));
    },
  };
}

const nameOf = ({ method, path, body }: Pick<Exchange, 'method' | 'path' | 'body'>): string =>
  JSON.stringify([method, path, body]);

/** Another system may draw the same frame a shade differently, and the request is the same. */
function withoutPicture(text: string): unknown {
  return text === '' ? null : JSON.parse(text.replace(/data:image\/png;base64,[^"]*/, 'a picture'));
}

async function askLive(
  live: string,
  { method = 'GET', url = '/', headers }: http.IncomingMessage,
  body: string,
): Promise<Pick<Exchange, 'status' | 'contentType' | 'text'>> {
  const reply = await fetch(new URL(url, live), {
    method,
    headers: { authorization: headers.authorization ?? '', 'content-type': 'application/json' },
    ...(body === '' ? {} : { body }),
  });
  return {
    status: reply.status,
    contentType: reply.headers.get('content-type') ?? '',
    text: await reply.text(),
  };
}

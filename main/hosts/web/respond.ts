import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WorkstationError, type ErrorReport } from '../../../preload/contract/index.ts';

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

export function sendBytes(
  response: ServerResponse,
  type: string,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(200, {
    'content-type': type,
    'content-length': bytes.byteLength,
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(bytes);
}

/** Pipes until the end, or until the browser hangs up, which is the usual end of a video. */
export async function sendStream(response: ServerResponse, stream: Readable): Promise<void> {
  try {
    await pipeline(stream, response);
  } catch (error) {
    if (!response.destroyed && !hungUp(error)) throw error;
  }
}

const hungUp = (error: unknown): boolean =>
  error instanceof Error &&
  ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ABORT_ERR'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );

/** Every failure that was foreseen says whose it is: the request's, the file's, or the machine's for now. */
const statusOfCode: Readonly<Record<ErrorReport['code'], number>> = {
  'invalid-input': 400,
  'prompt-too-long': 400,
  'not-allowed': 403,
  'not-found': 404,
  'file-missing': 404,
  'frame-out-of-range': 404,
  busy: 409,
  'changed-since': 409,
  'in-bin': 409,
  'file-changed': 409,
  'frame-mismatch': 409,
  'file-empty': 422,
  'file-unreadable': 422,
  'video-not-a-video': 422,
  'video-no-picture': 422,
  'video-truncated': 422,
  'video-protected': 422,
  'video-too-large': 422,
  'data-malformed': 422,
  cancelled: 499,
  internal: 500,
  unavailable: 503,
  'ffmpeg-missing': 503,
  'ffmpeg-failed': 503,
  'ffmpeg-outdated': 503,
  'model-missing-file': 503,
  'model-altered-file': 503,
  'model-wrong-architecture': 503,
  'model-mismatch': 503,
  'model-no-tokenizer': 503,
  'model-unsupported': 503,
  'engine-lost': 503,
  'out-of-memory': 503,
  'store-unwritable': 503,
  'store-newer': 503,
  'store-corrupt': 503,
  'store-unreadable': 503,
  'record-broken': 500,
  'store-locked': 503,
  'store-lost': 503,
  'store-full': 507,
};

/** For answers that aren't envelopes: pictures and streams. */
export function sendError(response: ServerResponse, error: ErrorReport): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  sendJson(response, statusOfCode[error.code], { ok: false, error });
}

/** Aborts when the browser closes the connection before the answer is complete. */
export function abortOnClose(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/**
 * Reads a JSON body of at most `limit` bytes.
 * @throws WorkstationError 'invalid-input' if it is longer, or not JSON
 */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const refuse = (message: string) =>
    new WorkstationError('invalid-input', message, 'Reload the window, then try again.');
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw refuse('The request is not JSON.');
  }
  // Told before the body arrives: stopping in the middle of it closes the connection without an answer.
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    throw refuse(`The request is longer than ${limit} bytes.`);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw refuse(`The request is longer than ${limit} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new WorkstationError(
      'invalid-input',
      'The request is not JSON.',
      'Reload the window, then try again.',
      { cause: error },
    );
  }
}

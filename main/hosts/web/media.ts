import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import {
  AnswerId,
  frameHeaders,
  frameTimesAsBytes,
  FrameIndex,
  VideoId,
  WorkstationError,
} from '../../../preload/contract/index.ts';
import type { HostedMedia } from '../hosted.ts';
import { abortOnClose, sendBytes, sendStream } from './respond.ts';

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const Frame = wholeNumber.pipe(FrameIndex);
const Start = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/)
  .transform(Number);
const Width = wholeNumber.pipe(z.int().min(16).max(640));

function parse<T extends z.ZodType>(schema: T, text: string | null | undefined, what: string): z.infer<T> {
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new WorkstationError('invalid-input', `The address has no valid ${what}.`, 'Reload the window.');
}

/**
 * Answers the addresses of `preload/contract/media.ts`. Work ends when the browser closes the connection:
 * a step that a newer step has overtaken costs nothing.
 * @throws WorkstationError
 */
export async function serveMedia(
  media: HostedMedia,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const [, , kind, id, last, ...rest] = url.pathname.split('/');
  const signal = abortOnClose(response);
  if (rest.length > 0) throw unknownAddress();

  if (kind === 'frames') {
    const frame = await media.frame(parse(VideoId, id, 'video'), parse(Frame, last, 'frame index'), signal);
    sendBytes(response, 'application/octet-stream', frame.rgb, {
      [frameHeaders.index]: String(frame.index),
      [frameHeaders.pts]: String(frame.pts),
      [frameHeaders.hash]: frame.hash,
      [frameHeaders.width]: String(frame.width),
      [frameHeaders.height]: String(frame.height),
      [frameHeaders.damaged]: frame.isDamaged ? '1' : '0',
    });
  } else if (kind === 'frame-times' && last === undefined) {
    const times = await media.frameTimes(parse(VideoId, id, 'video'));
    sendBytes(response, 'application/octet-stream', frameTimesAsBytes(times));
  } else if (kind === 'videos' && last === undefined) {
    const { status, headers, stream } = await media.byteRange(
      parse(VideoId, id, 'video'),
      request.headers.range,
    );
    response.writeHead(status, { 'cache-control': 'no-store', ...headers });
    if (request.method === 'HEAD') {
      stream.destroy();
      response.end();
    } else {
      await sendStream(response, stream);
    }
  } else if (kind === 'videos' && last === 'transcoded') {
    const start = parse(Start, url.searchParams.get('start') ?? '0', 'start');
    const withSound = url.searchParams.get('sound') === '1';
    const wishes = { withSound, signal };
    const { headers, stream } = await media.transcoded(parse(VideoId, id, 'video'), start, wishes);
    response.writeHead(200, { 'cache-control': 'no-store', ...headers });
    await sendStream(response, stream);
  } else if (kind === 'thumbnails') {
    const width = parse(Width, url.searchParams.get('width') ?? '160', 'width');
    const video = parse(VideoId, id, 'video');
    const { jpeg } = await media.thumbnail(video, parse(Frame, last, 'frame index'), width, signal);
    sendBytes(response, 'image/jpeg', jpeg);
  } else if (kind === 'kept-pictures' && last === undefined) {
    const { webp } = await media.keptPicture(parse(AnswerId, id?.replace(/\.webp$/, ''), 'answer'));
    sendBytes(response, 'image/webp', webp);
  } else if (kind === 'stills' && last === undefined) {
    const { png } = await media.still(parse(AnswerId, id?.replace(/\.png$/, ''), 'answer'));
    sendBytes(response, 'image/png', png);
  } else {
    throw unknownAddress();
  }
}

const unknownAddress = () =>
  new WorkstationError('not-found', 'There is nothing at this address.', 'Reload the window.');

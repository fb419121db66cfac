import { toErrorReport } from '../../preload/contract/errors.ts';
import type { DecodeContext } from './decode-arguments.ts';
import type { IndexOptions } from './index-options.ts';
import type { FrameTable } from './frame-table.ts';
import { probeVideo } from './probe.ts';
import { joinParts, type CountedPart } from './table-parts.ts';
import { findTransportParts, type TransportPart } from './transport-parts.ts';

/** The parts of a recording that goes on in another stream of its transport stream; none where it stays in one. */
export async function partsOf(context: DecodeContext, signal?: AbortSignal): Promise<TransportPart[]> {
  const { probe, path } = context;
  const pid = probe.pids[probe.streamIndex];
  if (probe.container !== 'mpegts' || pid === undefined) return [];
  const { pieces } = probe.input;
  // A stream that lies in pieces is read as one, and so can't be taken apart once more.
  if (pieces && pieces.length > 1) return [];
  const within = pieces?.[0] ?? { start: 0, end: probe.bytes };
  const parts = await findTransportParts(path, within, pid, signal);
  return parts.length > 1 ? parts : [];
}

/**
 * Counts each part as if it were a file and joins their tables. A part that no decoder reads is left out and counted as
 * lost. Throws what counting the first part throws, and `cancelled`.
 */
export async function countInParts(
  context: DecodeContext,
  parts: readonly TransportPart[],
  options: IndexOptions,
  count: (context: DecodeContext, options: IndexOptions) => Promise<FrameTable>,
): Promise<FrameTable> {
  const { path, tools, log, probe: whole } = context;
  const { signal, onProgress } = options;
  log.info('The picture goes on in other streams of the file', { parts: parts.length });
  const counted: CountedPart[] = [];
  let done = 0;
  for (const part of parts) {
    try {
      const found = await probeVideo(path, tools, { length: whole.bytes, part, signal, log });
      const probe = { ...found, input: { ...whole.input, pieces: [part] } };
      const table = await count(
        { ...context, probe },
        {
          ...options,
          onProgress: (progress) =>
            onProgress?.({
              done: done + progress.done,
              total: Math.max(progress.total, done + progress.done),
            }),
        },
      );
      done += table.ticks.length;
      counted.push({ part, probe, table });
    } catch (error) {
      const { code } = toErrorReport(error);
      if (code === 'cancelled' || counted.length === 0) throw error;
      log.warn('A part of the picture cannot be read', { pid: part.pid, code });
    }
  }
  return joinParts(counted, parts.length - counted.length);
}

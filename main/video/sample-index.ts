import { throwIfAborted } from '../../preload/contract/errors.ts';
import { ticksToSeconds } from '../../preload/contract/frames.ts';
import type { DecodeContext } from './decode-arguments.ts';
import { statedFormat } from './frame-format.ts';
import { FrameTableBuilder, type FrameTable } from './frame-table.ts';
import { inputOf } from './media-input.ts';
import { linesOf, startProcess } from './process.ts';
import { readSampleTable, UnclearTables, type SampleTable } from './sample-tables.ts';

/** A table from a container's packets, and where its key frames lie. */
export interface CountedPackets {
  readonly table: FrameTable;
  readonly keyPositions: readonly number[];
}

/**
 * The frames of an MP4 or MOV from its own tables, without reading the file: 50 GB take no longer than 50 MB. The packets
 * that ffprobe finds at the head, at two places on the way and from the last groups of pictures to the end have to be
 * those of the tables, byte for byte in place and size. Null for other containers, and where there is any doubt.
 */
export async function tableFromSamples(
  context: DecodeContext,
  signal?: AbortSignal,
): Promise<CountedPackets | null> {
  const { probe, log } = context;
  if (!/\b(mov|mp4)\b/.test(probe.container) || probe.timeBase[0] !== 1) return null;
  try {
    const samples = await readSampleTable(context.path, probe.streamIndex, probe.timeBase[1]);
    throwIfAborted(signal);
    const lastDuration = await compareWithPackets(context, samples, signal);
    const builder = new FrameTableBuilder();
    for (let index = 0; index < samples.ticks.length; index++) {
      builder.add(samples.ticks[index] as number, samples.keys[index] === 1);
    }
    builder.sort();
    const table = builder.finish(probe.timeBase, statedFormat(probe), 'packets', lastDuration);
    const keyPositions = Array.from(samples.positions).filter((_, index) => samples.keys[index] === 1);
    return table.seekable ? { table, keyPositions } : null;
  } catch (error) {
    if (!(error instanceof UnclearTables)) throw error;
    log.debug('The tables of the file do not tell its frames; reading all of its packets', {
      reason: error.message,
    });
    return null;
  }
}

const headPackets = 48;
const middlePackets = 16;
/** Samples from the end at which the last comparison begins, or the key frame before it: no decoder holds back more. */
const tailSamples = 64;

interface Packet {
  readonly pts: number;
  readonly duration: number | null;
  readonly size: number;
  readonly position: number;
  readonly flags: string;
}

/** `ffprobe -show_entries packet=pts,duration,size,pos,flags -of csv=p=0` writes them in this order, whichever is asked. */
const packetPattern = /^(-?\d+),(-?\d+|N\/A),(\d+),(\d+),([A-Z_]+)/;

function parsePacket(line: string): Packet | null {
  const match = packetPattern.exec(line);
  if (!match) return null;
  const [, pts, duration, size, position, flags] = match as unknown as [string, ...string[]];
  return {
    pts: Number(pts),
    duration: duration === 'N/A' ? null : Number(duration),
    size: Number(size),
    position: Number(position),
    flags: flags as string,
  };
}

/** Throws `UnclearTables` for any difference. @returns how long the frame that is shown last stays, as its packet says */
async function compareWithPackets(
  context: DecodeContext,
  samples: SampleTable,
  signal?: AbortSignal,
): Promise<number | null> {
  const { probe, tools, log } = context;
  const count = samples.ticks.length;
  const secondsOf = (sample: number) =>
    ticksToSeconds(samples.ticks[sample] as number, probe.timeBase).toFixed(6);
  let tail = Math.max(0, count - tailSamples);
  while (tail > 0 && samples.keys[tail] === 0) tail--;
  const places = [1 / 3, 2 / 3].map((part) => `${secondsOf(Math.floor(count * part))}%+#${middlePackets}`);
  // Every interval has an end: ffprobe of 2023 takes one without for as long as chance has it, from memory that nobody has set.
  const intervals = [`%+#${headPackets}`, ...places, `${secondsOf(tail)}%+#${count}`];
  const child = startProcess(
    tools.ffprobe.path,
    [
      ...['-v', 'error', '-select_streams', String(probe.streamIndex)],
      ...(tail === 0 ? [] : ['-read_intervals', intervals.join(',')]),
      ...['-show_entries', 'packet=pts,duration,size,pos,flags', '-of', 'csv=p=0', ...inputOf(probe.input)],
    ],
    { signal, background: true, log },
  );
  let next = 0;
  let different: string | null = null;
  let latest: Packet | null = null;
  for await (const line of linesOf(child.stdout)) {
    if (line === '') continue;
    const packet = parsePacket(line);
    if (!packet) different ??= 'a packet lacks a time or a place';
    else {
      if (samples.positions[next] !== packet.position) next = samples.positions.indexOf(packet.position);
      different ??= difference(samples, next, packet);
      if (latest === null || packet.pts > latest.pts) latest = packet;
      next++;
    }
    if (different) child.kill();
  }
  const end = await child.ended;
  throwIfAborted(signal);
  if (different) throw new UnclearTables(different);
  if (end.exitCode !== 0 || next !== count || !latest)
    throw new UnclearTables('the packets do not go on to the last');
  let last = -Infinity;
  for (const time of samples.ticks) last = Math.max(last, time);
  if (latest.pts !== last) throw new UnclearTables('the frame shown last is another');
  return latest.duration;
}

function difference(samples: SampleTable, index: number, packet: Packet): string | null {
  if (index < 0) return 'a packet lies where no sample is listed';
  if (packet.pts !== samples.ticks[index]) return `sample ${index} has another time`;
  if (packet.size !== samples.sizes[index]) return `sample ${index} has another size`;
  if (packet.flags.includes('K') !== (samples.keys[index] === 1))
    return `sample ${index} has another key flag`;
  return packet.flags.includes('D') ? `sample ${index} is not shown` : null;
}

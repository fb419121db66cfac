import { buildFrameTable } from '../../main/video/frame-index.ts';
import { ClipFolder, contextOf } from '../video/clips.ts';
import { median, type BenchTable } from './table.ts';

const hours = 6;
const pairs = 3;

/** A minute of video, its packets repeated without being encoded anew: 540,000 frames in 1.2 GB. */
async function makeLong(folder: ClipFolder): Promise<string> {
  const minute = await folder.convert(
    [
      ...['-f', 'lavfi', '-i', 'testsrc2=s=640x512:r=25:d=60', '-c:v', 'libx264', '-preset', 'ultrafast'],
      ...['-b:v', '440k', '-maxrate', '600k', '-bufsize', '1200k', '-g', '250', '-bf', '2'],
      ...['-pix_fmt', 'yuv420p'],
    ],
    'minute.mp4',
  );
  return folder.convert(['-stream_loop', String(hours * 60 - 1), '-i', minute, '-c', 'copy'], 'long.mp4');
}

/** The index of a long MP4 from its tables, and from all of its packets, in turns. The file is in the system's cache. */
export async function run(): Promise<BenchTable> {
  const folder = new ClipFolder();
  try {
    const context = await contextOf(await makeLong(folder));
    const seconds = { tables: [] as number[], packets: [] as number[] };
    let different = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const counted = [];
      for (const way of ['tables', 'packets'] as const) {
        const start = performance.now();
        counted.push(await buildFrameTable(context, { readPackets: way === 'packets' }));
        seconds[way].push((performance.now() - start) / 1000);
      }
      const [tables, packets] = counted;
      if (!tables?.ticks.every((time, index) => time === packets?.ticks[index])) different++;
    }
    return {
      title: `The index of ${hours} hours in MP4`,
      rows: [
        { name: 'indexes that differ', value: different, unit: 'of 3', atMost: 0 },
        { name: 'from its tables', value: median(seconds.tables), unit: 's' },
        { name: 'from all of its packets', value: median(seconds.packets), unit: 's' },
        {
          name: 'tables over packets',
          value: median(seconds.tables) / median(seconds.packets),
          unit: 'x',
          atMost: 0.8,
        },
      ],
    };
  } finally {
    folder.remove();
  }
}

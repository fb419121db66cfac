import { parseArgs } from 'node:util';
import { parseSize, writeScenes } from './write.ts';

/** `node models/data/scenes/run.ts --frames N --seed S --out DIR [--size WxH] [--format png|jpg] [--quality Q] [--workers W]` */
const { values } = parseArgs({
  options: {
    frames: { type: 'string' },
    seed: { type: 'string' },
    out: { type: 'string' },
    size: { type: 'string', default: '1280x1024' },
    format: { type: 'string', default: 'png' },
    quality: { type: 'string', default: '92' },
    workers: { type: 'string' },
  },
});
const size = parseSize(values.size);
if (
  !values.frames ||
  !values.seed ||
  !values.out ||
  !size ||
  (values.format !== 'png' && values.format !== 'jpg')
) {
  console.error('Usage: run.ts --frames N --seed S --out DIR [--size WxH] [--format png|jpg] [--quality Q]');
  process.exit(2);
}
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const begun = performance.now();
let last = 0;
const result = await writeScenes({
  frames: Number(values.frames),
  seed: Number(values.seed),
  out: values.out,
  ...size,
  format: values.format,
  quality: Number(values.quality),
  ...(values.workers ? { workers: Number(values.workers) } : {}),
  signal: stop.signal,
  onProgress: ({ done, total }) => {
    if (done - last >= 500 || done === total) {
      last = done;
      console.error(`${done} of ${total} frames`);
    }
  },
});
const seconds = (performance.now() - begun) / 1000;
console.log(
  `${result.drawn} frames drawn in ${seconds.toFixed(1)} s (${(result.drawn / seconds).toFixed(1)} a second), ${result.questions} questions, ${result.out}`,
);

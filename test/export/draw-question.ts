import { createHash } from 'node:crypto';
import { drawStill } from '../../main/export/index.ts';
import { AnswerSettings } from '../../preload/contract/index.ts';

/** Draws a still for each question that is given as an argument; prints the SHA-256 of each PNG, one a line. */
for (const question of process.argv.slice(2)) {
  const png = await drawStill({
    frame: { width: 640, height: 360, rgb: new Uint8Array(640 * 360 * 3).fill(90) },
    answer: {
      ...{ status: 'answered', label: 'Kidney', box: null, items: [], reasoning: '', probability: null },
      ...{ evidence: null, model: null, frame: null, settings: AnswerSettings.parse({}), notes: [] },
    },
    question,
    frameIndex: 7,
    timecode: '00:00:00.280',
  });
  process.stdout.write(`${createHash('sha256').update(png).digest('hex')}\n`);
}

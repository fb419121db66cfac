import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEndoVis } from '../../models/data/endovis.ts';
import { describeScene } from '../../models/data/scenes/describe.ts';
import { drawScene, renderScene } from '../../models/data/scenes/draw.ts';
import { sceneSeed } from '../../models/data/scenes/random.ts';
import { SceneTruth } from '../../models/data/scenes/types.ts';
import { ScenesFile, labelText, writeScenes } from '../../models/data/scenes/write.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenes-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const options = {
  frames: 5,
  seed: 12,
  width: 224,
  height: 180,
  format: 'jpg',
  framesPerSequence: 3,
  workers: 1,
} as const;
const aspect = options.width / options.height;
const truthAt = (sequence: number, frame: string): SceneTruth =>
  SceneTruth.parse(
    JSON.parse(readFileSync(join(folder, `seq_${sequence}`, 'scene', `${frame}.json`), 'utf8')),
  );

describe('writing scenes', () => {
  it('writes the EndoVis-18-VQLA layout, which our reader reads back', async () => {
    const progress: number[] = [];
    const result = await writeScenes({
      ...options,
      out: folder,
      onProgress: ({ done }) => progress.push(done),
    });
    expect(result).toMatchObject({ frames: 5, drawn: 5, sequences: 2 });
    expect(progress.at(-1)).toBe(5);
    expect(existsSync(join(folder, 'seq_1/left_frames/frame002.jpg'))).toBe(true);
    expect(existsSync(join(folder, 'seq_2/left_frames/frame001.jpg'))).toBe(true);
    expect(existsSync(join(folder, 'seq_2/left_frames/frame002.jpg'))).toBe(false);

    const file = ScenesFile.parse(JSON.parse(readFileSync(join(folder, 'scenes.json'), 'utf8')));
    expect(file).toMatchObject({ complete: true, run: { seed: 12, frames: 5, width: 224, height: 180 } });
    expect(file.counts?.questions).toBe(result.questions);

    const set = await readEndoVis(folder);
    expect(set.skipped).toEqual([]);
    expect(set.corrected).toEqual([]);
    expect(set.frames).toBe(5);
    expect(set.rows).toHaveLength(result.questions);
    const truth = truthAt(1, 'frame001');
    const state = set.rows.find((row) => row.frameId === 'frame001' && row.questionType === 'state');
    expect(state).toMatchObject({
      sequence: 'seq_1',
      answer: truth.instruments[0]!.state,
      width: 224,
      height: 180,
    });
    state!.box!.forEach((value, i) =>
      expect(Math.abs(value - truth.instruments[0]!.box[i]!)).toBeLessThanOrEqual(1),
    );
  });

  it('finishes an interrupted run and leaves finished frames alone', async () => {
    const stop = new AbortController();
    const partial = writeScenes({
      ...options,
      out: folder,
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 2) stop.abort();
      },
    });
    await expect(partial).rejects.toThrow();
    const first = join(folder, 'seq_1/left_frames/frame000.jpg');
    const before = statSync(first).mtimeMs;
    expect(ScenesFile.parse(JSON.parse(readFileSync(join(folder, 'scenes.json'), 'utf8'))).complete).toBe(
      false,
    );

    const result = await writeScenes({ ...options, out: folder });
    expect(result.drawn).toBeGreaterThan(0);
    expect(result.drawn).toBeLessThan(5);
    expect(statSync(first).mtimeMs).toBe(before);

    expect(ScenesFile.parse(JSON.parse(readFileSync(join(folder, 'scenes.json'), 'utf8'))).complete).toBe(
      true,
    );
    const fourth = renderScene(describeScene(sceneSeed(options.seed, 4), { aspect }), options).encodeSync(
      'jpeg',
      92,
    );
    expect(readFileSync(join(folder, 'seq_2/left_frames/frame001.jpg')).equals(fourth)).toBe(true);
  });

  it('refuses a folder with other things in it, or with another run', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    await expect(writeScenes({ ...options, out: folder })).rejects.toMatchObject({ code: 'invalid-input' });
    rmSync(join(folder, 'notes.txt'));
    await writeScenes({ ...options, frames: 1, out: folder });
    await expect(writeScenes({ ...options, frames: 1, seed: 13, out: folder })).rejects.toThrow(
      'another run',
    );
    await expect(writeScenes({ ...options, frames: 0, out: folder })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  it('says so when the folder cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(writeScenes({ ...options, out: join(folder, 'file', 'below') })).rejects.toMatchObject({
      code: 'store-unwritable',
    });
  });
});

describe('a PNG of ours', () => {
  it('holds exactly the pixels drawn', async () => {
    await writeScenes({ ...options, frames: 1, format: 'png', out: folder });
    const scene = describeScene(sceneSeed(options.seed, 0), { aspect });
    const canvas = createCanvas(options.width, options.height);
    const context = canvas.getContext('2d');
    context.drawImage(await loadImage(join(folder, 'seq_1/left_frames/frame000.png')), 0, 0);
    const read = context.getImageData(0, 0, options.width, options.height).data;
    expect(Buffer.from(read).equals(Buffer.from(drawScene(scene, options)))).toBe(true);
  });
});

describe('a label file', () => {
  it('counts pixels from 1, inside the frame, states before places', () => {
    const text = labelText({
      width: 1280,
      height: 1024,
      seed: 1,
      organ: { label: 'kidney', box: [0, 10.4, 1280, 1024] },
      instruments: [
        {
          tool: 'suction',
          state: 'Suction',
          place: 'left-top',
          box: [99.6, 200, 300.2, 400.5],
          visible: 0.8,
        },
      ],
    });
    expect(text).toBe(
      'What organ is being operated?|kidney|1,11,1280,1024\n' +
        'What is the state of suction?|Suction|101,201,301,402\n' +
        'Where is suction located?|left-top|101,201,301,402\n',
    );
  });
});

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClipTruth } from '../../models/data/scenes/clip.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { DEMO_SCRIPT, describeClipFrame } from '../../models/data/scenes/timeline.ts';

const folder = join(import.meta.dirname, '../../resources/clip');
const clip = join(folder, 'demo.mp4');
const truth = ClipTruth.parse(JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8')));
const size = { width: truth.width, height: truth.height };

function ffmpeg(...args: string[]): Buffer {
  const found = createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg') as { path: string };
  return execFileSync(process.env['FFMPEG_BIN'] ?? found.path, ['-v', 'error', ...args], {
    maxBuffer: 1 << 28,
  });
}

describe('the bundled clip', () => {
  it('is 12 s or more, small, and has one truth for every frame', () => {
    expect(truth.frames.length / truth.fps).toBeGreaterThanOrEqual(12);
    expect(statSync(clip).size).toBeLessThan(3e6);
    expect(truth.frames.map(({ index }) => index)).toEqual(truth.frames.map((_, i) => i));
    // One hash line a decoded frame.
    const lines = ffmpeg('-i', clip, '-f', 'framemd5', '-').toString().split('\n');
    expect(lines.filter((line) => /^0,/.test(line))).toHaveLength(truth.frames.length);
  });

  it.each([0, 61, 174, 240, 320])('shows at frame %i what its truth says', (index) => {
    const { scene, truth: fresh } = describeClipFrame(DEMO_SCRIPT, index, size);
    const { organ, instruments } = truth.frames[index]!;
    expect({ organ, instruments }).toEqual({ organ: fresh.organ, instruments: fresh.instruments });
    const drawn = drawScene(scene, size);
    const decoded = ffmpeg(
      '-i',
      clip,
      '-vf',
      `select=eq(n\\,${index})`,
      '-frames:v',
      '1',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgba',
      '-',
    );
    expect(decoded.length).toBe(drawn.length);
    let difference = 0;
    for (let p = 0; p < drawn.length; p += 4) difference += Math.abs(drawn[p]! - decoded[p]!);
    // Red, the brightest channel: what compression leaves, far below another frame's difference.
    expect(difference / (drawn.length / 4)).toBeLessThan(6);
  });

  it('changes states, lets an instrument leave and another come', () => {
    const states = (tool: string): string[] =>
      truth.frames
        .flatMap((frame) => frame.instruments.find((item) => item.tool === tool)?.state ?? 'absent')
        .filter((state, i, all) => state !== all[i - 1]);
    expect(states('prograsp_forceps')).toEqual(['Idle', 'Retraction', 'Idle']);
    expect(states('monopolar_curved_scissors')).toEqual([
      'Idle',
      'Tissue_Manipulation',
      'Cutting',
      'Cauterization',
      'Idle',
      'absent',
    ]);
    expect(states('suction')).toEqual(['absent', 'Idle', 'Suction']);
  });

  it('shows a kidney under a slow camera, the console over it, smoke in a part of it', () => {
    const scenes = truth.frames.map(({ index }) => describeClipFrame(DEMO_SCRIPT, index, size).scene);
    expect(new Set(truth.frames.map(({ organ }) => organ.label))).toEqual(new Set(['kidney']));
    const smoky = scenes.filter(({ smoke }) => smoke.length > 0).length / scenes.length;
    expect(smoky).toBeGreaterThan(0.2);
    expect(smoky).toBeLessThan(0.5);
    for (const { camera, aspect, console } of scenes) {
      expect(console).toHaveLength(3);
      // The window never leaves the scene: nothing is drawn beyond it.
      expect(Math.min(camera.x, camera.y)).toBeGreaterThanOrEqual(0);
      expect(camera.x + aspect / camera.zoom).toBeLessThanOrEqual(aspect);
      expect(camera.y + 1 / camera.zoom).toBeLessThanOrEqual(1);
    }
    scenes.slice(1).forEach(({ camera }, i) => {
      expect(Math.abs(camera.x - scenes[i]!.camera.x)).toBeLessThan(0.002);
    });
    expect(Math.max(...scenes.map(({ camera }) => camera.x))).toBeGreaterThan(0.07);
  });

  it('moves smoothly: no box jumps between two frames', () => {
    truth.frames.slice(1).forEach(({ index, instruments }) => {
      for (const { tool, box } of instruments) {
        const before = truth.frames[index - 1]!.instruments.find((item) => item.tool === tool)?.box;
        before?.forEach((value, i) =>
          expect(Math.abs(value - box[i]!), `${tool} at frame ${index}`).toBeLessThan(22),
        );
      }
    });
  });
});

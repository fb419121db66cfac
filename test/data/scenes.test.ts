import { createCanvas } from '@napi-rs/canvas';
import { describe, expect, it } from 'vitest';
import { STATES, TOOLS } from '../../models/data/labels.ts';
import type { State, Tool } from '../../models/data/labels.ts';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { drawInstrument } from '../../models/data/scenes/instruments.ts';
import { sceneSeed } from '../../models/data/scenes/random.ts';
import { SHAFT_IN_BOX, distalBox, localToFrame } from '../../models/data/scenes/tools.ts';
import { ASPECT, SceneTruth } from '../../models/data/scenes/types.ts';
import type { SceneInstrument } from '../../models/data/scenes/types.ts';
import { iou, quadrantOf } from '../../preload/contract/boxes.ts';

const small = { width: 336, height: 280 };

/** A tool that may be in the state, for pictures of that state. */
const ACTORS: Record<State, Tool> = {
  Idle: 'prograsp_forceps',
  Grasping: 'prograsp_forceps',
  Retraction: 'bipolar_forceps',
  Tissue_Manipulation: 'bipolar_forceps',
  Tool_Manipulation: 'large_needle_driver',
  Cutting: 'monopolar_curved_scissors',
  Cauterization: 'bipolar_forceps',
  Suction: 'suction',
  Looping: 'large_needle_driver',
  Suturing: 'large_needle_driver',
  Clipping: 'clip_applier',
  Staple: 'stapler',
  Ultrasound_Sensing: 'ultrasound_probe',
};

describe('seeds', () => {
  it('give neighbouring runs no scene in common', () => {
    const seen = new Set<number>();
    for (let run = 0; run < 20; run++) for (let i = 0; i < 1000; i++) seen.add(sceneSeed(run, i));
    expect(seen.size).toBe(20_000);
    expect([...seen].every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
  });

  it('decide the scene and its picture wholly', () => {
    const seed = sceneSeed(3, 14);
    expect(describeScene(seed)).toEqual(describeScene(seed));
    const once = Buffer.from(drawScene(describeScene(seed), small));
    drawScene(describeScene(seed + 1), small);
    expect(Buffer.from(drawScene(describeScene(seed), small)).equals(once)).toBe(true);
    expect(Buffer.from(drawScene(describeScene(seed + 1), small)).equals(once)).toBe(false);
  });

  it('go on giving the labels that the embedded model was trained on', () => {
    expect(sceneTruth(describeScene(sceneSeed(5, 3)), { width: 448, height: 360 })).toEqual({
      width: 448,
      height: 360,
      seed: 6593619874989398,
      organ: { label: 'kidney', box: [130.97, 67.85, 365.18, 263.91] },
      instruments: [
        {
          tool: 'monopolar_curved_scissors',
          state: 'Cauterization',
          place: 'left-top',
          box: [60.23, 92.35, 180.27, 142.26],
        },
        {
          tool: 'prograsp_forceps',
          state: 'Tool_Manipulation',
          place: 'left-bottom',
          box: [146.36, 218.61, 229.61, 328.54],
        },
      ],
    });
  });
});

describe('ground truth over 1,500 scenes', () => {
  const size = { width: 1280, height: 1024 };
  const truths = Array.from({ length: 1500 }, (_, i) => sceneTruth(describeScene(sceneSeed(77, i)), size));
  const all = truths.flatMap((truth) => truth.instruments);
  const part = (test: (item: (typeof all)[number]) => boolean): number =>
    all.filter(test).length / all.length;

  it('is well formed: one to three different tools, boxes in the frame, the place that the box shows', () => {
    for (const truth of truths) {
      expect(SceneTruth.safeParse(truth).success).toBe(true);
      const tools = truth.instruments.map(({ tool }) => tool);
      expect(tools.length).toBeGreaterThanOrEqual(1);
      expect(tools.length).toBeLessThanOrEqual(3);
      expect(new Set(tools).size).toBe(tools.length);
      for (const { box, place } of [...truth.instruments, { box: truth.organ.box, place: null }]) {
        expect(box[0]).toBeGreaterThanOrEqual(0);
        expect(box[1]).toBeGreaterThanOrEqual(0);
        expect(box[2]).toBeLessThanOrEqual(size.width);
        expect(box[3]).toBeLessThanOrEqual(size.height);
        if (place) expect(quadrantOf(box, size)).toBe(place);
      }
    }
  });

  it('has every tool, and every state at about 3 % or more, Idle first', () => {
    for (const tool of TOOLS)
      expect(
        part((item) => item.tool === tool),
        tool,
      ).toBeGreaterThan(0.04);
    for (const state of STATES)
      expect(
        part((item) => item.state === state),
        state,
      ).toBeGreaterThan(0.027);
    expect(part(({ state }) => state === 'Idle')).toBeGreaterThan(0.25);
    expect(part(({ state }) => state === 'Idle')).toBeLessThan(0.36);
  });

  it('pairs tools and states only as surgeons do', () => {
    const pairs = new Set(all.map(({ tool, state }) => `${tool} ${state}`));
    expect(pairs.has('suction Cutting')).toBe(false);
    expect([...pairs].filter((pair) => pair.endsWith(' Ultrasound_Sensing'))).toEqual([
      'ultrasound_probe Ultrasound_Sensing',
    ]);
    expect([...pairs].filter((pair) => pair.endsWith(' Staple'))).toEqual(['stapler Staple']);
  });

  it('keeps instruments apart enough for a question to have one answer', () => {
    for (const { instruments } of truths) {
      for (const a of instruments) {
        for (const b of instruments) if (a !== b) expect(iou(a.box, b.box)).toBeLessThan(0.15);
      }
    }
  });

  it('scales with the frame', () => {
    const scene = describeScene(sceneSeed(77, 1));
    const double = sceneTruth(scene, { width: 2560, height: 2048 }).instruments[0]!.box;
    sceneTruth(scene, size).instruments[0]!.box.forEach((value, i) =>
      expect(value * 2).toBeCloseTo(double[i]!, 1),
    );
  });
});

/** Bounds of what an instrument's distal part really covers, in frame units; its shaft cut off as the box does. */
function drawnBounds(item: SceneInstrument): number[] {
  const pixels = 480;
  const canvas = createCanvas(pixels * ASPECT, pixels);
  const context = canvas.getContext('2d');
  context.scale(pixels, pixels);
  context.beginPath();
  for (const corner of [
    [-SHAFT_IN_BOX, -3],
    [3, -3],
    [3, 3],
    [-SHAFT_IN_BOX, 3],
  ] as const) {
    const [x, y] = localToFrame(item, corner);
    context.lineTo(x, y);
  }
  context.clip();
  drawInstrument(context, item);
  const { data, width } = context.getImageData(0, 0, canvas.width, canvas.height);
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (let y = 0; y < pixels; y++) {
    for (let x = 0; x < width; x++) {
      if (data[(y * width + x) * 4 + 3]! < 128) continue;
      bounds[0] = Math.min(bounds[0]!, x / pixels);
      bounds[1] = Math.min(bounds[1]!, y / pixels);
      bounds[2] = Math.max(bounds[2]!, (x + 1) / pixels);
      bounds[3] = Math.max(bounds[3]!, (y + 1) / pixels);
    }
  }
  return bounds;
}

describe('pictures', () => {
  // The cable of the probe leaves its box at the side; every other instrument is one outline.
  it.each(TOOLS.filter((tool) => tool !== 'ultrasound_probe'))(
    'draws %s as large as its box says',
    (tool) => {
      const scene = describeScene(sceneSeed(8, 2), { instruments: 1, tool, state: 'Idle' });
      const item: SceneInstrument = {
        ...scene.instruments[0]!,
        wrist: [0.6, 0.5],
        angle: -0.6,
        opening: 0.5,
      };
      const drawn = drawnBounds(item);
      distalBox(item).forEach((edge, i) => expect(Math.abs(edge - drawn[i]!)).toBeLessThan(0.01));
    },
  );

  it.each(STATES.filter((state) => state !== 'Idle'))('shows a cue of %s at the tip', (state) => {
    let strongest = 0;
    for (let i = 0; i < 3; i++) {
      const scene = describeScene(sceneSeed(21, i), { instruments: 1, tool: ACTORS[state], state });
      const item = scene.instruments[0]!;
      const with_ = drawScene(scene, small).slice();
      const without = drawScene({ ...scene, instruments: [{ ...item, cue: 0 }] }, small);
      let changed = 0;
      for (let p = 0; p < with_.length; p += 4) {
        const difference =
          Math.abs(with_[p]! - without[p]!) +
          Math.abs(with_[p + 1]! - without[p + 1]!) +
          Math.abs(with_[p + 2]! - without[p + 2]!);
        if (difference > 60) changed++;
      }
      strongest = Math.max(strongest, changed);
    }
    // Pixels of a 336x280 frame that the cue changes plainly.
    expect(strongest).toBeGreaterThan(150);
  });

  it('looks like tissue: red above green and blue, dark at the corners, with highlights', () => {
    const { width, height } = small;
    let glints = 0;
    for (let i = 0; i < 6; i++) {
      const pixels = drawScene(describeScene(sceneSeed(31, i), { instruments: 0 }), small);
      const mean = [0, 0, 0];
      for (let p = 0; p < pixels.length; p += 4) {
        for (let c = 0; c < 3; c++) mean[c]! += pixels[p + c]! / (width * height);
        if (pixels[p + 1]! > 190) glints++;
      }
      expect(mean[0]).toBeGreaterThan(mean[1]! * 1.4);
      expect(mean[0]).toBeGreaterThan(mean[2]! * 1.4);
      const light = (x: number, y: number): number => pixels[(y * width + x) * 4]!;
      const corners = light(2, 2) + light(width - 3, 2) + light(2, height - 3) + light(width - 3, height - 3);
      expect(corners / 4).toBeLessThan(mean[0]!);
    }
    expect(glints).toBeGreaterThan(100);
  });
});

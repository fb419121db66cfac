import { quadrantOf } from '../../../preload/contract/boxes.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import type { SceneOrgan } from '../labels.ts';
import { placeConsole } from './console.ts';
import { visiblePart } from './coverage.ts';
import { describeOrgan, vessel } from './organs.ts';
import { placeFlaps, placeInstruments } from './placement.ts';
import type { PlacementOptions } from './placement.ts';
import { Random } from './random.ts';
import { VARIANTS } from './tiles.ts';
import { distalBox, tipOf } from './tools.ts';
import { DEFAULT_ASPECT, WHOLE_SCENE } from './types.ts';
import type { Layer, Point, Scene, SceneInstrument, SceneTruth, Splash, Vessel } from './types.ts';

export interface SceneOptions extends PlacementOptions {
  /** Width over height of the frames to be drawn, 1 to 2; 1.25 when absent. */
  aspect?: number;
  organ?: SceneOrgan;
}

function layer(random: Random, scale: readonly [number, number], alpha: readonly [number, number]): Layer {
  return {
    tile: random.integer(0, VARIANTS - 1),
    x: random.next(),
    y: random.next(),
    scale: random.between(...scale),
    rotation: random.between(-0.5, 0.5),
    alpha: random.between(...alpha),
  };
}

/** Blood away from every tip: at a tip it would be a cue. */
function splashes(
  random: Random,
  aspect: number,
  instruments: readonly SceneInstrument[],
  count: number,
  radius: readonly [number, number],
): Splash[] {
  const found: Splash[] = [];
  for (let attempt = 0; attempt < 3 * count && found.length < count; attempt++) {
    const at: Point = [random.between(0.04, aspect - 0.04), random.between(0.04, 0.96)];
    const size = random.between(...radius);
    const phase = random.between(0, 6);
    const flat = random.between(0.5, 0.9);
    const alpha = random.between(0.45, 0.8);
    const away = 0.2 + size;
    if (instruments.some((item) => Math.hypot(tipOf(item)[0] - at[0], tipOf(item)[1] - at[1]) < away))
      continue;
    found.push({
      at,
      radius: size,
      alpha,
      outline: Array.from({ length: 22 }, (_, i) => {
        const a = (i / 22) * 2 * Math.PI;
        const r = size * (1 + 0.22 * Math.sin(2 * a + phase) + 0.13 * Math.sin(5 * a - phase));
        return [at[0] + r * Math.cos(a), at[1] + flat * r * Math.sin(a)];
      }),
    });
  }
  return found;
}

/**
 * Describe the scene of one seed: pure data for frames of one shape, of any size. The same seed and options give
 * the same scene.
 */
export function describeScene(seed: number, options: SceneOptions = {}): Scene {
  const random = new Random(seed);
  const aspect = options.aspect ?? DEFAULT_ASPECT;
  const part = (): Random => new Random(random.fork());
  const instruments = placeInstruments(part(), aspect, options);
  const flaps = placeFlaps(part(), aspect, instruments);
  const console = placeConsole(part(), aspect, instruments, flaps);
  const organ = describeOrgan(part(), aspect, options.organ);
  const tissue = [random.between(-8, 16), random.between(46, 72), random.between(30, 46)] as const;
  const vessels: Vessel[] = [];
  for (let i = random.integer(3, 6); i > 0; i--) {
    const at: Point = [random.between(0, aspect), random.between(0, 1)];
    const width = random.between(0.006, 0.016);
    vessels.push(...vessel(random, at, random.between(0, 2 * Math.PI), width, random.integer(8, 18)));
  }
  const patches = Array.from({ length: random.integer(4, 7) }, () => ({
    at: [random.between(0, aspect), random.between(0, 1)] as Point,
    radius: random.between(0.2, 0.5),
    colour: random.chance(0.45)
      ? ([random.between(22, 38), random.between(45, 65), random.between(45, 60)] as const)
      : ([random.between(-12, 12), random.between(50, 75), random.between(22, 52)] as const),
    alpha: random.between(0.3, 0.75),
  }));
  const pools = random.chance(0.22)
    ? splashes(random, aspect, instruments, random.integer(1, 2), [0.05, 0.14])
    : [];
  const lens = random.chance(0.06)
    ? splashes(random, aspect, instruments, random.integer(1, 4), [0.015, 0.05])
    : [];
  const smoky = random.chance(0.16);
  const moving = random.chance(0.14);
  const way = random.between(0, 2 * Math.PI);
  const stride = random.between(0.006, 0.018);
  const warm = 0.06 * random.bell() * 0.6;
  return {
    seed,
    aspect,
    camera: WHOLE_SCENE,
    tissue,
    patches,
    cloud: layer(random, [1.1, 1.8], [0.5, 0.9]),
    surface: layer(random, [0.6, 1.05], [0.55, 0.95]),
    fat: layer(random, [0.7, 1.4], random.chance(0.72) ? [0.35, 0.85] : [0, 0.01]),
    blood: layer(random, [0.8, 1.6], [0.08, 0.45]),
    organ,
    vessels,
    pools,
    light: {
      at: [aspect / 2 + 0.07 * random.bell(), 0.5 + 0.05 * random.bell()],
      radius: random.between(0.72, 0.98) * Math.max(1, aspect / DEFAULT_ASPECT),
      fall: random.between(0.55, 0.95),
    },
    exposure: random.between(-0.22, 0.18),
    balance: [Math.min(1, 0.97 + warm), random.between(0.93, 1), Math.min(1, 0.97 - warm)],
    tint: [
      random.integer(150, 255),
      random.integer(110, 190),
      random.integer(90, 190),
      random.between(0, 0.1),
    ],
    haze: layer(random, [1.0, 2.0], random.chance(0.35) ? [0.05, 0.34] : [0, 0.01]),
    smoke: Array.from({ length: smoky ? random.integer(2, 5) : 0 }, () => ({
      at: [random.between(0, aspect), random.between(0, 0.8)] as Point,
      radius: random.between(0.18, 0.4),
      alpha: random.between(0.14, 0.36),
    })),
    lens,
    sharpness: random.chance(0.55) ? 1 : random.between(0.5, 0.9),
    motion: moving ? [stride * Math.cos(way), stride * Math.sin(way)] : [0, 0],
    grain: { x: random.next(), y: random.next(), alpha: random.between(0.03, 0.16) },
    instruments,
    flaps,
    console,
  };
}

/** Ground truth of a scene drawn at `size`: boxes clamped to the frame, rounded to 0.01 px. */
export function sceneTruth(scene: Scene, size: Size): SceneTruth {
  const { width, height } = size;
  const round = (value: number): number => Math.round(value * 100) / 100;
  const { x, y, zoom } = scene.camera;
  const toBox = ([x1, y1, x2, y2]: readonly [number, number, number, number]): Box => [
    round(Math.max(0, (((x1 - x) * zoom) / scene.aspect) * width)),
    round(Math.max(0, (y1 - y) * zoom * height)),
    round(Math.min(width, (((x2 - x) * zoom) / scene.aspect) * width)),
    round(Math.min(height, (y2 - y) * zoom * height)),
  ];
  const xs = scene.organ.outline.map((p) => p[0]);
  const ys = scene.organ.outline.map((p) => p[1]);
  return {
    width,
    height,
    seed: scene.seed,
    organ: {
      label: scene.organ.label,
      box: toBox([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]),
    },
    instruments: scene.instruments.map((item, i) => {
      const box = toBox(distalBox(item));
      return {
        tool: item.tool,
        state: item.state,
        place: quadrantOf(box, size),
        box,
        visible: Math.round(visiblePart(scene, i) * 1000) / 1000,
      };
    }),
  };
}

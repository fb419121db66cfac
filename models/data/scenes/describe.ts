import { quadrantOf } from '../../../preload/contract/boxes.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import { Random } from './random.ts';
import { VARIANTS } from './tiles.ts';
import { distalBox, tipOf } from './tools.ts';
import { ASPECT } from './types.ts';
import type { Place, State, Tool } from '../labels.ts';
import type { Kidney, Layer, Point, Scene, SceneInstrument, SceneTruth, Vessel } from './types.ts';

/**
 * How often each instrument does what: only pairs that make sense, in about the proportions of
 * EndoVis-18-VQLA (Idle first, then Tissue_Manipulation, Cutting, Retraction), with the rare states
 * lifted to about 3 % each so that a model can learn them.
 */
const ACTIVITY: Readonly<Record<Tool, Partial<Record<State, number>>>> = {
  bipolar_forceps: { Idle: 6, Grasping: 2.5, Retraction: 3, Tissue_Manipulation: 6, Cauterization: 2.5 },
  prograsp_forceps: { Idle: 6, Grasping: 3.5, Retraction: 6, Tissue_Manipulation: 3, Tool_Manipulation: 2.5 },
  large_needle_driver: {
    Idle: 4.5,
    Suturing: 4.5,
    Looping: 5.5,
    Tool_Manipulation: 4,
    Tissue_Manipulation: 1,
  },
  monopolar_curved_scissors: { Idle: 5, Cutting: 10, Cauterization: 2, Tissue_Manipulation: 4 },
  ultrasound_probe: { Idle: 2.5, Ultrasound_Sensing: 4.5 },
  suction: { Idle: 2.5, Suction: 4.5 },
  clip_applier: { Idle: 2, Clipping: 4 },
  stapler: { Idle: 2, Staple: 4 },
};

const PLACE_WEIGHTS: Readonly<Record<Place, number>> = {
  'left-top': 0.33,
  'right-top': 0.29,
  'left-bottom': 0.2,
  'right-bottom': 0.18,
};

/** Angle between the jaws, low and high, in radians. */
export const OPENING: Readonly<Record<State, readonly [number, number]>> = {
  Idle: [0.02, 0.06],
  Grasping: [0.1, 0.18],
  Retraction: [0.05, 0.12],
  Tissue_Manipulation: [0.55, 0.85],
  Tool_Manipulation: [0.12, 0.2],
  Cutting: [0.45, 0.75],
  Cauterization: [0.16, 0.3],
  Suction: [0, 0],
  Looping: [0.04, 0.1],
  Suturing: [0.08, 0.14],
  Clipping: [0.2, 0.34],
  Staple: [0.08, 0.16],
  Ultrasound_Sensing: [0, 0],
};

export interface SceneOptions {
  /** Instruments in the scene; drawn from 1 to 3 when absent. */
  instruments?: number;
  /** The first instrument's tool and state, for pictures of one case. */
  tool?: Tool;
  state?: State;
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

/** A meandering branch with side branches; lengths in frame units. */
function vessel(random: Random, start: Point, heading: number, width: number, steps: number): Vessel[] {
  const vein = random.chance(0.35);
  const points: Point[] = [start];
  const found: Vessel[] = [];
  let [x, y] = start;
  let direction = heading;
  const wander = random.between(0.12, 0.3);
  for (let i = 0; i < steps; i++) {
    direction += wander * random.bell();
    x += 0.035 * Math.cos(direction);
    y += 0.035 * Math.sin(direction);
    points.push([x, y]);
    if (steps > 7 && i > 2 && random.chance(0.16)) {
      const side = random.chance(0.5) ? 1 : -1;
      found.push(
        ...vessel(
          random,
          [x, y],
          direction + side * random.between(0.4, 0.9),
          width * 0.55,
          Math.floor(steps * 0.5),
        ),
      );
    }
  }
  found.push({ points, width, vein });
  return found;
}

function kidney(random: Random): Kidney {
  const centre: Point = [random.between(0.42, 0.83), random.between(0.38, 0.68)];
  const radius = random.between(0.25, 0.37);
  const stretch = random.between(1.12, 1.42);
  const turn = random.between(-0.9, 0.9);
  const hilum = random.between(0, 2 * Math.PI);
  const notch = random.between(0.08, 0.2);
  const wobble = random.between(0, 2 * Math.PI);
  const outline: Point[] = [];
  for (let i = 0; i < 64; i++) {
    const a = (i / 64) * 2 * Math.PI;
    const dent = notch * Math.exp(-(Math.atan2(Math.sin(a - hilum), Math.cos(a - hilum)) ** 2) / 0.35);
    const r = radius * (1 - dent + 0.02 * Math.sin(3 * a + wobble));
    const u = r * stretch * Math.cos(a);
    const v = r * Math.sin(a);
    outline.push([
      centre[0] + u * Math.cos(turn) - v * Math.sin(turn),
      centre[1] + u * Math.sin(turn) + v * Math.cos(turn),
    ]);
  }
  const vessels: Vessel[] = [];
  for (let i = random.integer(2, 4); i > 0; i--) {
    const a = random.between(0, 2 * Math.PI);
    const at: Point = [centre[0] + radius * 0.9 * Math.cos(a), centre[1] + radius * 0.9 * Math.sin(a)];
    vessels.push(
      ...vessel(random, at, a + Math.PI + random.between(-0.6, 0.6), random.between(0.004, 0.008), 10),
    );
  }
  const glints = Array.from({ length: random.integer(5, 10) }, () => {
    const a = random.between(Math.PI * 0.9, Math.PI * 1.75);
    const r = radius * random.between(0.2, 0.85);
    return {
      at: [centre[0] + r * Math.cos(a), centre[1] + r * Math.sin(a)] as Point,
      length: random.between(0.006, 0.06) * random.between(0.4, 1),
      width: random.between(0.004, 0.014),
      angle: a + Math.PI / 2 + random.between(-0.3, 0.3),
      alpha: random.between(0.4, 0.95),
    };
  });
  return {
    outline,
    centre,
    radius: radius * stretch,
    colour: [random.between(-6, 14), random.between(38, 58), random.between(38, 50)],
    vessels,
    glints,
  };
}

/** An instrument whose distal box is centred near `target`, its shaft reaching out of the frame. */
function instrument(random: Random, tool: Tool, state: State, target: Point): SceneInstrument {
  const fromLeft = random.chance(target[0] < ASPECT / 2 ? 0.85 : 0.15);
  let angle: number;
  const edge = random.next();
  if (edge < 0.13) angle = Math.PI / 2 + random.between(-0.5, 0.5);
  else if (edge < 0.3) angle = -Math.PI / 2 + random.between(-0.55, 0.55);
  else angle = fromLeft ? random.between(-0.95, 0.5) : Math.PI - random.between(-0.95, 0.5);
  const straight = tool === 'suction' || tool === 'ultrasound_probe';
  const item: SceneInstrument = {
    tool,
    state,
    wrist: target,
    angle,
    bend: straight ? 0 : random.between(-0.55, 0.55) * (tool === 'stapler' ? 0.5 : 1),
    opening: random.between(...OPENING[state]),
    size: random.between(0.215, 0.32) * (tool === 'stapler' ? 0.9 : 1),
    side: random.chance(0.5) ? 1 : -1,
    cue: 1,
    cueSeed: random.fork(),
    lift: state === 'Idle' ? random.between(0.05, 0.075) : random.between(0.012, 0.022),
  };
  const [x1, y1, x2, y2] = distalBox(item);
  item.wrist = [target[0] + target[0] - (x1 + x2) / 2, target[1] + target[1] - (y1 + y2) / 2];
  return item;
}

/** Does the shaft of `a`, or its distal part, cover the distal part of `b`? */
function collides(a: SceneInstrument, b: SceneInstrument): boolean {
  const [ax1, ay1, ax2, ay2] = distalBox(a);
  const [bx1, by1, bx2, by2] = distalBox(b);
  const w = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const h = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (w > 0 && h > 0) {
    const smaller = Math.min((ax2 - ax1) * (ay2 - ay1), (bx2 - bx1) * (by2 - by1));
    if ((w * h) / smaller > 0.12) return true;
  }
  const margin = 0.02;
  for (let distance = 0; distance < 1.6; distance += 0.03) {
    const x = a.wrist[0] - distance * Math.cos(a.angle);
    const y = a.wrist[1] - distance * Math.sin(a.angle);
    if (x > bx1 - margin && x < bx2 + margin && y > by1 - margin && y < by2 + margin) return true;
  }
  // Neither the tip of `a` nor the middle of its cue may lie at the tip of `b`: a cue belongs to one instrument.
  const [tx, ty] = tipOf(a);
  const [ox, oy] = tipOf(b);
  const reach = a.state === 'Idle' ? 0 : 0.45 * a.size;
  const heading = a.angle + a.bend;
  const cueX = tx + reach * Math.cos(heading);
  const cueY = ty + reach * Math.sin(heading);
  if (Math.hypot(tx - ox, ty - oy) < 0.16 || Math.hypot(cueX - ox, cueY - oy) < 0.16) return true;
  return tx > bx1 && tx < bx2 && ty > by1 && ty < by2;
}

const TOOL_WEIGHTS = Object.fromEntries(
  Object.entries(ACTIVITY).map(([tool, states]) => [tool, Object.values(states).reduce((a, b) => a + b, 0)]),
) as Record<Tool, number>;

function instruments(random: Random, options: SceneOptions): SceneInstrument[] {
  const wanted = options.instruments ?? Number(random.weighted({ '1': 0.22, '2': 0.5, '3': 0.28 }));
  const placed: SceneInstrument[] = [];
  const left: Partial<Record<Tool, number>> = { ...TOOL_WEIGHTS };
  for (let attempt = 0; placed.length < wanted && attempt < 80; attempt++) {
    const first = placed.length === 0;
    const tool = (first && options.tool) || random.weighted<Tool>(left);
    const state = (first && options.state) || random.weighted<State>(ACTIVITY[tool]);
    const place = random.weighted(PLACE_WEIGHTS);
    // The centre of a box keeps clear of the frame's middle lines: the quadrant is never in doubt.
    const across = random.between(0.16, 0.465) * ASPECT;
    const down = random.between(0.17, 0.455);
    const target: Point = [
      place.startsWith('left') ? across : ASPECT - across,
      place.endsWith('top') ? down : 1 - down,
    ];
    const item = instrument(random, tool, state, target);
    const tip = tipOf(item);
    if (tip[0] < 0.04 || tip[0] > ASPECT - 0.04 || tip[1] < 0.04 || tip[1] > 0.96) continue;
    if (placed.some((other) => collides(item, other) || collides(other, item))) continue;
    placed.push(item);
    delete left[tool];
  }
  return placed;
}

/** Describe the scene of one seed: pure data, no size. The same seed and options give the same scene. */
export function describeScene(seed: number, options: SceneOptions = {}): Scene {
  const random = new Random(seed);
  const placed = instruments(new Random(random.fork()), options);
  const tissue = [random.between(-8, 14), random.between(52, 72), random.between(33, 45)] as const;
  const vessels: Vessel[] = [];
  for (let i = random.integer(3, 6); i > 0; i--) {
    const at: Point = [random.between(0, ASPECT), random.between(0, 1)];
    vessels.push(
      ...vessel(
        random,
        at,
        random.between(0, 2 * Math.PI),
        random.between(0.006, 0.016),
        random.integer(8, 20),
      ),
    );
  }
  const patches = Array.from({ length: random.integer(4, 7) }, () => ({
    at: [random.between(0, ASPECT), random.between(0, 1)] as Point,
    radius: random.between(0.2, 0.5),
    colour: random.chance(0.45)
      ? ([random.between(22, 38), random.between(45, 65), random.between(45, 60)] as const)
      : ([random.between(-12, 12), random.between(50, 75), random.between(22, 52)] as const),
    alpha: random.between(0.3, 0.75),
  }));
  return {
    seed,
    tissue,
    patches,
    cloud: layer(random, [1.1, 1.8], [0.5, 0.9]),
    relief: layer(random, [0.6, 1.05], [0.45, 0.8]),
    fine: layer(random, [0.35, 0.6], [0.08, 0.22]),
    fat: layer(random, [0.7, 1.4], random.chance(0.75) ? [0.35, 0.85] : [0, 0.1]),
    blood: layer(random, [0.8, 1.6], [0.08, 0.45]),
    kidney: kidney(random),
    vessels,
    specular: random.between(0.5, 1),
    light: {
      at: [ASPECT / 2 + 0.12 * random.bell() * 0.6, 0.5 + 0.08 * random.bell() * 0.6],
      radius: random.between(0.72, 0.98),
      fall: random.between(0.65, 0.95),
    },
    exposure: random.between(-0.16, 0.14),
    tint: [
      random.integer(150, 255),
      random.integer(110, 190),
      random.integer(90, 190),
      random.between(0, 0.1),
    ],
    haze: layer(random, [1.0, 2.0], random.chance(0.4) ? [0.05, 0.26] : [0, 0.02]),
    sharpness: random.chance(0.6) ? 1 : random.between(0.6, 0.9),
    grain: { x: random.next(), y: random.next(), alpha: random.between(0.04, 0.14) },
    instruments: placed,
  };
}

/** Ground truth of a scene drawn at `size`: boxes clamped to the frame, rounded to 0.01 px. */
export function sceneTruth(scene: Scene, size: Size): SceneTruth {
  const { width, height } = size;
  const round = (value: number): number => Math.round(value * 100) / 100;
  const toBox = ([x1, y1, x2, y2]: readonly [number, number, number, number]): Box => [
    round(Math.max(0, (x1 / ASPECT) * width)),
    round(Math.max(0, y1 * height)),
    round(Math.min(width, (x2 / ASPECT) * width)),
    round(Math.min(height, y2 * height)),
  ];
  const xs = scene.kidney.outline.map((p) => p[0]);
  const ys = scene.kidney.outline.map((p) => p[1]);
  return {
    width,
    height,
    seed: scene.seed,
    organ: {
      label: 'kidney',
      box: toBox([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]),
    },
    instruments: scene.instruments.map((item) => {
      const box = toBox(distalBox(item));
      return { tool: item.tool, state: item.state, place: quadrantOf(box, size), box };
    }),
  };
}

import type { Place, State, Tool } from '../labels.ts';
import { tipIsClear, visiblePart } from './coverage.ts';
import type { Covering } from './coverage.ts';
import type { Random } from './random.ts';
import { distalBox, tipOf } from './tools.ts';
import type { Flap, Point, SceneInstrument } from './types.ts';

/** Which instruments a scene holds, where, and what each of them does. */

/**
 * How often each instrument does what, in about one hundred: only pairs that make sense, in the order of
 * EndoVis-18-VQLA (Idle, Tissue_Manipulation, Cutting, Retraction), the rare states lifted to 2 % or more so
 * that a model can learn them, and no instrument in one state so often that its name gives the answer away.
 */
const ACTIVITY: Readonly<Record<Tool, Partial<Record<State, number>>>> = {
  bipolar_forceps: {
    Idle: 6.2,
    Tissue_Manipulation: 7.4,
    Retraction: 3.2,
    Grasping: 1.5,
    Cauterization: 2.2,
  },
  prograsp_forceps: {
    Idle: 6.4,
    Retraction: 6.6,
    Tissue_Manipulation: 4,
    Tool_Manipulation: 2,
    Grasping: 1.8,
  },
  large_needle_driver: {
    Idle: 4.8,
    Looping: 3.6,
    Suturing: 2.6,
    Tool_Manipulation: 2,
    Tissue_Manipulation: 2,
  },
  monopolar_curved_scissors: { Idle: 6, Cutting: 12, Tissue_Manipulation: 4.4, Cauterization: 0.9 },
  ultrasound_probe: { Idle: 2.2, Ultrasound_Sensing: 2.7 },
  suction: { Idle: 2.1, Suction: 2.5 },
  clip_applier: { Idle: 1.8, Clipping: 2.1 },
  stapler: { Idle: 1.7, Staple: 2.1 },
};

const TOOL_WEIGHTS = Object.fromEntries(
  Object.entries(ACTIVITY).map(([tool, states]) => [tool, Object.values(states).reduce((a, b) => a + b, 0)]),
) as Record<Tool, number>;

const PLACE_WEIGHTS: Readonly<Record<Place, number>> = {
  'left-top': 0.39,
  'right-top': 0.32,
  'left-bottom': 0.16,
  'right-bottom': 0.13,
};

const COUNT_WEIGHTS = { '1': 0.16, '2': 0.4, '3': 0.3, '4': 0.14 } as const;

/** A box's centre keeps this part of the frame away from its middle lines: the place is never in doubt. */
const CLEAR_OF_MIDDLE = 0.016;
/** Least visible part of an instrument's distal outline, by the coarse grid used while placing. */
const LEAST_VISIBLE = 0.68;
/** Least distance of a tip from another's tip and cue, in frame units: a cue belongs to one instrument. */
const TIPS_APART = 0.17;
const COARSE = 16;

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

/** An instrument whose distal box is centred near `target`, its shaft reaching out of the frame. */
function instrument(
  random: Random,
  tool: Tool,
  state: State,
  target: Point,
  aspect: number,
): SceneInstrument {
  const fromLeft = random.chance(target[0] < aspect / 2 ? 0.82 : 0.18);
  let angle: number;
  const edge = random.next();
  if (edge < 0.13) angle = Math.PI / 2 + random.between(-0.55, 0.55);
  else if (edge < 0.3) angle = -Math.PI / 2 + random.between(-0.6, 0.6);
  else angle = fromLeft ? random.between(-1.0, 0.55) : Math.PI - random.between(-1.0, 0.55);
  const straight = tool === 'suction' || tool === 'ultrasound_probe';
  const item: SceneInstrument = {
    tool,
    state,
    wrist: target,
    angle,
    bend: straight ? 0 : random.between(-0.6, 0.6) * (tool === 'stapler' ? 0.5 : 1),
    opening: random.between(...OPENING[state]),
    size: random.between(0.17, 0.34) * (tool === 'stapler' ? 0.9 : 1),
    side: random.chance(0.5) ? 1 : -1,
    cue: 1,
    cueSeed: random.fork(),
    lift: state === 'Idle' ? random.between(0.05, 0.075) : random.between(0.012, 0.022),
  };
  const [x1, y1, x2, y2] = distalBox(item);
  item.wrist = [target[0] + target[0] - (x1 + x2) / 2, target[1] + target[1] - (y1 + y2) / 2];
  return item;
}

/** The centre of the box, clamped to the frame, keeps clear of both middle lines. */
function placeIsClear(item: SceneInstrument, aspect: number): boolean {
  const [x1, y1, x2, y2] = distalBox(item);
  const x = (Math.max(0, x1) + Math.min(aspect, x2)) / 2 / aspect;
  const y = (Math.max(0, y1) + Math.min(1, y2)) / 2;
  return Math.abs(x - 0.5) >= CLEAR_OF_MIDDLE && Math.abs(y - 0.5) >= CLEAR_OF_MIDDLE;
}

/** Could the cue of `a` be taken for one of `b`, or do both stand for the same box? */
function confusable(a: SceneInstrument, b: SceneInstrument): boolean {
  const [tx, ty] = tipOf(a);
  const [ox, oy] = tipOf(b);
  const reach = a.state === 'Idle' ? 0 : 0.45 * a.size;
  const heading = a.angle + a.bend;
  const cueX = tx + reach * Math.cos(heading);
  const cueY = ty + reach * Math.sin(heading);
  if (Math.hypot(tx - ox, ty - oy) < TIPS_APART || Math.hypot(cueX - ox, cueY - oy) < TIPS_APART) return true;
  const [ax1, ay1, ax2, ay2] = distalBox(a);
  const [bx1, by1, bx2, by2] = distalBox(b);
  const w = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const h = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (w <= 0 || h <= 0) return false;
  const both = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - w * h;
  return (w * h) / both > 0.25;
}

/** Can a person still name every instrument and state? */
export function legible(scene: Covering): boolean {
  return scene.instruments.every(
    (_item, i) => tipIsClear(scene, i) && visiblePart(scene, i, COARSE) >= LEAST_VISIBLE,
  );
}

export interface PlacementOptions {
  /** Instruments in the scene; drawn from 1 to 4 when absent. */
  instruments?: number;
  /** The first instrument's tool and state, for pictures of one case. */
  tool?: Tool;
  state?: State;
}

/** The instruments of a scene, the lowest first: the later ones may cover a part of the earlier ones. */
export function placeInstruments(
  random: Random,
  aspect: number,
  options: PlacementOptions,
): SceneInstrument[] {
  const wanted = options.instruments ?? Number(random.weighted(COUNT_WEIGHTS));
  let placed: SceneInstrument[] = [];
  const left: Partial<Record<Tool, number>> = { ...TOOL_WEIGHTS };
  let chosen: { tool: Tool; state: State; place: Place } | undefined;
  for (let attempt = 0; placed.length < wanted && attempt < 120; attempt++) {
    // Tool, state and place are kept for some attempts, so that those that are hard to place don't get rarer.
    if (!chosen || attempt % 12 === 0) {
      const first = placed.length === 0;
      const tool = (first && options.tool) || random.weighted<Tool>(left);
      const state = (first && options.state) || random.weighted<State>(ACTIVITY[tool]);
      chosen = { tool, state, place: random.weighted(PLACE_WEIGHTS) };
    }
    const { tool, state, place } = chosen;
    const across = random.between(0.1, 0.485) * aspect;
    const down = random.between(0.09, 0.485);
    const target: Point = [
      place.startsWith('left') ? across : aspect - across,
      place.endsWith('top') ? down : 1 - down,
    ];
    const item = instrument(random, tool, state, target, aspect);
    const tip = tipOf(item);
    if (tip[0] < 0.03 || tip[0] > aspect - 0.03 || tip[1] < 0.03 || tip[1] > 0.97) continue;
    if (!placeIsClear(item, aspect)) continue;
    if (placed.some((other) => confusable(item, other) || confusable(other, item))) continue;
    const next = [...placed];
    next.splice(random.integer(0, next.length), 0, item);
    if (!legible({ aspect, instruments: next, flaps: [], console: [] })) continue;
    placed = next;
    chosen = undefined;
    delete left[tool];
  }
  return placed;
}

/** Now and then a flap of tissue or fat over the wrist or shaft of one of the instruments, never over its tip. */
export function placeFlaps(random: Random, aspect: number, instruments: readonly SceneInstrument[]): Flap[] {
  const flaps: Flap[] = [];
  if (instruments.length === 0 || !random.chance(0.24)) return flaps;
  for (let attempt = 0; attempt < 6 && flaps.length === 0; attempt++) {
    const { wrist, angle, size } = random.pick(instruments);
    const along = random.between(-0.5, 0.25) * size;
    const aside = (random.chance(0.5) ? 1 : -1) * random.between(0.1, 0.3) * size;
    const x = wrist[0] + along * Math.cos(angle) - aside * Math.sin(angle);
    const y = wrist[1] + along * Math.sin(angle) + aside * Math.cos(angle);
    const long = random.between(0.22, 0.42) * size;
    const wide = random.between(0.16, 0.26) * size;
    const turn = angle + random.between(-0.5, 0.5);
    const phase = random.between(0, 6);
    const flap: Flap = {
      outline: Array.from({ length: 20 }, (_, i) => {
        const a = (i / 20) * 2 * Math.PI;
        const r = 1 + 0.1 * Math.sin(3 * a + phase) + 0.07 * Math.sin(5 * a + 2 * phase);
        const u = long * r * Math.cos(a);
        const v = wide * r * Math.sin(a);
        return [x + u * Math.cos(turn) - v * Math.sin(turn), y + u * Math.sin(turn) + v * Math.cos(turn)];
      }),
      fat: random.chance(0.55),
      colour: [random.between(-4, 12), random.between(48, 66), random.between(42, 54)],
    };
    if (legible({ aspect, instruments, flaps: [flap], console: [] })) flaps.push(flap);
  }
  return flaps;
}

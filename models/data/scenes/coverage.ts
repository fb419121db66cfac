import { outlineParts, tipOf } from './tools.ts';
import { WHOLE_SCENE } from './types.ts';
import type { Camera, ConsoleTile, Flap, Point, SceneInstrument } from './types.ts';

/** How much of an instrument can be seen: by points of a grid over its distal outline. */

type Bounds = readonly [number, number, number, number];

interface Shape {
  parts: Point[][];
  bounds: Bounds;
}

/** Longer than any shaft is in the frame, in local units. */
const WHOLE_SHAFT = 12;
/** What of the neighbourhood of a tip must be free: the radius in local units. */
const TIP_ROOM = 0.13;

function boundsOf(parts: readonly (readonly Point[])[]): Bounds {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const part of parts) {
    for (const [x, y] of part) {
      x1 = Math.min(x1, x);
      y1 = Math.min(y1, y);
      x2 = Math.max(x2, x);
      y2 = Math.max(y2, y);
    }
  }
  return [x1, y1, x2, y2];
}

function shapeOf(parts: Point[][]): Shape {
  return { parts, bounds: boundsOf(parts) };
}

const wholes = new WeakMap<SceneInstrument, Shape>();
const distals = new WeakMap<SceneInstrument, Shape>();

/** An instrument's outline with all of its shaft, or its distal outline alone; kept while the scene is composed. */
function instrumentShape(item: SceneInstrument, whole: boolean): Shape {
  const kept = whole ? wholes : distals;
  let shape = kept.get(item);
  if (!shape) {
    shape = shapeOf(whole ? outlineParts(item, WHOLE_SHAFT) : outlineParts(item));
    kept.set(item, shape);
  }
  return shape;
}

/** Even-odd rule. */
function within(polygon: readonly Point[], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i]!;
    const [xj, yj] = polygon[j]!;
    if (yi > y !== yj > y && x < xi + ((xj - xi) * (y - yi)) / (yj - yi)) odd = !odd;
  }
  return odd;
}

function covers({ parts, bounds }: Shape, x: number, y: number): boolean {
  if (x < bounds[0] || y < bounds[1] || x > bounds[2] || y > bounds[3]) return false;
  return parts.some((part) => within(part, x, y));
}

export interface Covering {
  aspect: number;
  /** The whole scene when absent. */
  camera?: Camera;
  instruments: readonly SceneInstrument[];
  flaps: readonly Flap[];
  console: readonly ConsoleTile[];
}

/** What lies over instrument `index`: the instruments after it, flaps, console tiles. */
function above({ instruments, flaps, console, camera = WHOLE_SCENE }: Covering, index: number): Shape[] {
  const inScene = (x: number, y: number): Point => [camera.x + x / camera.zoom, camera.y + y / camera.zoom];
  return [
    ...instruments.slice(index + 1).map((item) => instrumentShape(item, true)),
    ...flaps.map(({ outline }) => shapeOf([outline])),
    ...console.map(({ box: [x1, y1, x2, y2] }) =>
      shapeOf([[inScene(x1, y1), inScene(x2, y1), inScene(x2, y2), inScene(x1, y2)]]),
    ),
  ];
}

/**
 * Part of the distal outline of instrument `index` that is in the frame and not covered by another instrument,
 * a flap or a console tile, 0 to 1, from `steps` x `steps` points over its bounds.
 */
export function visiblePart(scene: Covering, index: number, steps = 28): number {
  const outline = instrumentShape(scene.instruments[index]!, false);
  const over = above(scene, index).filter(
    ({ bounds }) =>
      bounds[0] < outline.bounds[2] &&
      bounds[2] > outline.bounds[0] &&
      bounds[1] < outline.bounds[3] &&
      bounds[3] > outline.bounds[1],
  );
  const [x1, y1, x2, y2] = outline.bounds;
  const { x: left, y: top, zoom } = scene.camera ?? WHOLE_SCENE;
  const right = left + scene.aspect / zoom;
  const bottom = top + 1 / zoom;
  if (over.length === 0 && x1 >= left && y1 >= top && x2 <= right && y2 <= bottom) return 1;
  let all = 0;
  let seen = 0;
  for (let row = 0; row < steps; row++) {
    const y = y1 + ((row + 0.5) / steps) * (y2 - y1);
    for (let column = 0; column < steps; column++) {
      const x = x1 + ((column + 0.5) / steps) * (x2 - x1);
      if (!covers(outline, x, y)) continue;
      all++;
      if (x < left || y < top || x > right || y > bottom) continue;
      if (!over.some((shape) => covers(shape, x, y))) seen++;
    }
  }
  return all === 0 ? 1 : seen / all;
}

/** Is the tip of instrument `index`, with the middle of its cue, free of everything that lies over it? */
export function tipIsClear(scene: Covering, index: number): boolean {
  const item = scene.instruments[index]!;
  const [x, y] = tipOf(item);
  const over = above(scene, index);
  const heading = item.angle + item.bend;
  const points: Point[] = [[x, y]];
  for (let i = 0; i < 8; i++) {
    const turn = heading + (i / 8) * 2 * Math.PI;
    const reach = TIP_ROOM * item.size * (item.state === 'Idle' ? 1 : 1.5);
    points.push([x + reach * Math.cos(turn), y + reach * Math.sin(turn)]);
  }
  if (item.state !== 'Idle') {
    points.push([x + 0.35 * item.size * Math.cos(heading), y + 0.35 * item.size * Math.sin(heading)]);
  }
  return points.every(([px, py]) => !over.some((shape) => covers(shape, px, py)));
}

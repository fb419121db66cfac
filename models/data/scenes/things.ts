import type { Box, Size } from '../../../preload/contract/values.ts';
import type { State, Tool } from '../labels.ts';
import { TOOL_SHAPES, tipOf } from './tools.ts';
import { WHOLE_SCENE } from './types.ts';
import type { Point, Scene, SceneInstrument } from './types.ts';

/**
 * What a scene shows besides its organ and its instruments. All of it is drawn in some scenes and not in others, so
 * that a question whether it is there cannot be answered without looking.
 */
export const THINGS = ['smoke', 'blood', 'thread', 'needle', 'clipped_vessel', 'staples', 'gel'] as const;
export type Thing = (typeof THINGS)[number];

export interface SeenThing {
  thing: Thing;
  /** In continuous pixels of the frame, counted from 0, clamped to it. */
  box: Box;
  /** The instrument at whose tip it is drawn; null where it lies by itself. */
  tool: Tool | null;
}

export interface Things {
  seen: SeenThing[];
  /** Things of which a person could not say whether they are there: mist looks like smoke, an edge hides a pool. */
  unclear: ReadonlySet<Thing>;
}

type Rectangle = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * What each state draws about the tip, in the instrument's own units: x along the jaws, y to the side, the origin at
 * the tip. `cues-under.ts` and `cues-over.ts` draw within these.
 */
const AT_TIP: Readonly<Partial<Record<State, readonly (readonly [Thing, Rectangle])[]>>> = {
  Cutting: [['blood', [-0.35, -0.3, 0.9, 0.3]]],
  Suction: [['blood', [-0.6, -0.5, 0.84, 0.5]]],
  Looping: [['thread', [-0.45, -0.55, 1.2, 0.5]]],
  Suturing: [
    ['needle', [-0.14, -0.4, 0.58, 0.36]],
    ['thread', [-0.35, -0.7, 0.7, 0.8]],
  ],
  Clipping: [['clipped_vessel', [-0.36, -0.95, 0.12, 0.95]]],
  Staple: [['staples', [-0.5, -0.27, 0.98, 0.27]]],
};

/** Smoke over a hot tip rises in the picture, whichever way the instrument points. */
const RISING: Rectangle = [-0.5, -1.4, 0.5, 0.05];
/** The weakest mist that could be taken for smoke. */
const MISTY = 0.02;
/** Of something that lies mostly outside the frame nobody can say whether it is seen. */
const LEAST_INSIDE = 0.45;
/** A splash of which less is seen, as a share of the frame's height, is overlooked. */
const SMALLEST = 0.03;

/** The box in frame units of a rectangle about an instrument's tip, turned as the tip is. */
function aboutTip(item: SceneInstrument, [x1, y1, x2, y2]: Rectangle): Rectangle {
  const [tipX, tipY] = tipOf(item);
  const cos = Math.cos(item.angle + item.bend) * item.size;
  const sin = Math.sin(item.angle + item.bend) * item.size;
  // A shape with round ends does not reach the corners of its rectangle.
  const round = 0.9;
  const [centreX, centreY] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const corners = [x1, x2].flatMap((x) =>
    [y1, y2].map((y): Point => {
      const [u, v] = [centreX + round * (x - centreX), centreY + round * (y - centreY)];
      return [tipX + u * cos - v * sin, tipY + u * sin + v * cos];
    }),
  );
  return around(corners);
}

function around(points: readonly Point[]): Rectangle {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** All that a scene shows besides organ and instruments, with a box each, in the order of {@link THINGS}. */
export function thingsOf(scene: Scene, size: Size): Things {
  const seen: SeenThing[] = [];
  const unclear = new Set<Thing>();
  const { aspect } = scene;
  const add = (thing: Thing, whole: Rectangle, tool: Tool | null, camera = scene.camera): void => {
    const across = (x: number): number => (((x - camera.x) * camera.zoom) / aspect) * size.width;
    const down = (y: number): number => (y - camera.y) * camera.zoom * size.height;
    const full = [across(whole[0]), down(whole[1]), across(whole[2]), down(whole[3])] as const;
    const box: Box = [
      Math.max(0, full[0]),
      Math.max(0, full[1]),
      Math.min(size.width, full[2]),
      Math.min(size.height, full[3]),
    ];
    const [width, height] = [box[2] - box[0], box[3] - box[1]];
    const inside = (width * height) / ((full[2] - full[0]) * (full[3] - full[1]));
    const large = Math.min(width, height) >= SMALLEST * size.height;
    if (width <= 0 || height <= 0 || inside < LEAST_INSIDE || !large) unclear.add(thing);
    else seen.push({ thing, box: box.map((side) => Math.round(side * 100) / 100) as Box, tool });
  };
  for (const item of scene.instruments) {
    if (item.state === 'Cauterization') {
      const [x, y] = tipOf(item);
      const [x1, y1, x2, y2] = RISING.map((side) => side * item.size) as unknown as Rectangle;
      add('smoke', [x + x1, y + y1, x + x2, y + y2], item.tool);
    }
    for (const [thing, rectangle] of AT_TIP[item.state] ?? [])
      add(thing, aboutTip(item, rectangle), item.tool);
    if (item.state === 'Ultrasound_Sensing') {
      const middle = -0.45 * TOOL_SHAPES[item.tool].jawLength;
      add('gel', aboutTip(item, [middle - 0.78, -0.5, middle + 0.78, 0.5]), item.tool);
    }
  }
  for (const { outline } of scene.pools) add('blood', around(outline), null);
  if (scene.smoke.length > 0) {
    // Clouds run into one another: they are one smoke with one box. A cloud fades towards its edge.
    add(
      'smoke',
      around(
        scene.smoke.flatMap(({ at: [x, y], radius: r }): Point[] => [
          [x - 0.7 * r, y - 0.7 * r],
          [x + 0.7 * r, y + 0.7 * r],
        ]),
      ),
      null,
      // Smoke belongs to the endoscope and does not move with the scene.
      WHOLE_SCENE,
    );
  } else if (scene.haze.alpha > MISTY) unclear.add('smoke');
  if (scene.lens.length > 0) unclear.add('blood');
  for (const { thing } of seen) unclear.delete(thing);
  seen.sort((one, other) => THINGS.indexOf(one.thing) - THINGS.indexOf(other.thing));
  return { seen, unclear };
}

import { z } from 'zod';
import { Box } from '../../../preload/contract/values.ts';
import { PLACES, STATES, TOOLS } from '../labels.ts';
import type { State, Tool } from '../labels.ts';

/** What a drawn frame shows; boxes in continuous pixels of that frame, counted from 0. */
export const SceneTruth = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  seed: z.int().nonnegative(),
  organ: z.object({ label: z.literal('kidney'), box: Box }),
  instruments: z.array(
    z.object({
      tool: z.enum(TOOLS),
      state: z.enum(STATES),
      place: z.enum(PLACES),
      box: Box,
    }),
  ),
});

export type SceneTruth = z.infer<typeof SceneTruth>;
export type InstrumentTruth = SceneTruth['instruments'][number];

/** A point in frame units: y runs 0..1 over the frame's height, x runs 0..ASPECT over its width. */
export type Point = readonly [x: number, y: number];

/** Frame units across the width. A frame of another shape is stretched by the small difference. */
export const ASPECT = 1.25;

/** One instrument: where its wrist is, how it is bent, and what it does there. Lengths in frame units, angles in radians. */
export interface SceneInstrument {
  tool: Tool;
  state: State;
  /** Distal end of the shaft. */
  wrist: Point;
  /** Direction from the shaft to the tip. */
  angle: number;
  /** Extra turn of the jaws at the wrist. */
  bend: number;
  /** Angle between the jaws. */
  opening: number;
  /** Length of one local unit; the distal part is about 1.2 of them long. */
  size: number;
  /** +1 or -1: which way asymmetric parts curve. */
  side: number;
  /** Strength of the state's visible cue, 0 to 1 (below 1 only while a clip fades it in or out). */
  cue: number;
  cueSeed: number;
  /** Height above the tissue, in frame units: how far the shadow falls. */
  lift: number;
}

export interface Vessel {
  points: Point[];
  /** Width at the root, frame units; it tapers to a third. */
  width: number;
  vein: boolean;
}

/** A texture tile laid over the frame. */
export interface Layer {
  tile: number;
  x: number;
  y: number;
  /** Edge of the tile in frame units. */
  scale: number;
  rotation: number;
  alpha: number;
}

export interface Kidney {
  outline: Point[];
  centre: Point;
  radius: number;
  /** Hue in degrees, saturation and lightness 0..100. */
  colour: readonly [number, number, number];
  vessels: Vessel[];
  glints: { at: Point; length: number; width: number; angle: number; alpha: number }[];
}

/** Everything that is drawn, as data. */
export interface Scene {
  seed: number;
  tissue: readonly [number, number, number];
  patches: { at: Point; radius: number; colour: readonly [number, number, number]; alpha: number }[];
  cloud: Layer;
  relief: Layer;
  fine: Layer;
  fat: Layer;
  blood: Layer;
  kidney: Kidney;
  vessels: Vessel[];
  specular: number;
  light: { at: Point; radius: number; fall: number };
  exposure: number;
  tint: readonly [number, number, number, number];
  haze: Layer;
  /** Blur as the factor by which the frame is drawn smaller first: 1 is sharp. */
  sharpness: number;
  grain: { x: number; y: number; alpha: number };
  instruments: SceneInstrument[];
}

import { z } from 'zod';
import { Box } from '../../../preload/contract/values.ts';
import { PLACES, SCENE_ORGANS, STATES, TOOLS } from '../labels.ts';
import type { SceneOrgan, State, Tool } from '../labels.ts';

/** What a drawn frame shows; boxes in continuous pixels of that frame, counted from 0. */
export const SceneTruth = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  seed: z.int().nonnegative(),
  organ: z.object({ label: z.enum(SCENE_ORGANS), box: Box }),
  instruments: z.array(
    z.object({
      tool: z.enum(TOOLS),
      state: z.enum(STATES),
      place: z.enum(PLACES),
      /** Of the whole distal outline, covered or not, clamped to the frame. */
      box: Box,
      /** Part of the distal outline that is in the frame and that nothing covers, 0 to 1. */
      visible: z.number().min(0).max(1),
    }),
  ),
});

export type SceneTruth = z.infer<typeof SceneTruth>;
export type InstrumentTruth = SceneTruth['instruments'][number];

/** A point in frame units: y runs 0..1 over the frame's height, x runs 0..aspect over its width. */
export type Point = readonly [x: number, y: number];

/** Width over height of a frame, where a caller names none: that of a da Vinci recording (1280x1024). */
export const DEFAULT_ASPECT = 1.25;

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

export interface Glint {
  at: Point;
  length: number;
  width: number;
  angle: number;
  alpha: number;
}

export interface Organ {
  label: SceneOrgan;
  /** What the organ's box bounds; of the bowel both walls of its loop. */
  outline: Point[];
  centre: Point;
  radius: number;
  /** Hue in degrees, saturation and lightness 0..100. */
  colour: readonly [number, number, number];
  vessels: Vessel[];
  glints: Glint[];
  /** The middle line of a bowel's loop and how wide the bowel is; empty for the other organs. */
  course: Point[];
  girth: number;
}

/** A flap of tissue or fat that lies over part of an instrument. */
export interface Flap {
  outline: Point[];
  fat: boolean;
  colour: readonly [number, number, number];
}

/** A pool of blood on the tissue, or a splash on the lens. */
export interface Splash {
  at: Point;
  radius: number;
  outline: Point[];
  alpha: number;
}

/** One of the console's boxes over the picture: [x1, y1, x2, y2] in frame units. */
export interface ConsoleTile {
  box: readonly [number, number, number, number];
  text: string;
  /** Colour of the lamp at its left, or none. */
  lamp: string | null;
  bright: boolean;
}

/** The window of the scene that the frame shows: its upper left corner in frame units and how far it is zoomed in, 1 or more. */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
}

/** The whole scene: the camera of every picture that is not part of a clip. */
export const WHOLE_SCENE: Camera = { x: 0, y: 0, zoom: 1 };

/** Everything that is drawn, as data. */
export interface Scene {
  seed: number;
  /** Width over height of the frame that the scene was composed for. */
  aspect: number;
  camera: Camera;
  tissue: readonly [number, number, number];
  patches: { at: Point; radius: number; colour: readonly [number, number, number]; alpha: number }[];
  cloud: Layer;
  surface: Layer;
  fat: Layer;
  blood: Layer;
  organ: Organ;
  vessels: Vessel[];
  pools: Splash[];
  light: { at: Point; radius: number; fall: number };
  /** Below 0 darker, above 0 brighter. */
  exposure: number;
  /** White balance: what each channel is multiplied by, 0..1. */
  balance: readonly [number, number, number];
  tint: readonly [number, number, number, number];
  haze: Layer;
  smoke: { at: Point; radius: number; alpha: number }[];
  lens: Splash[];
  /** Blur as the factor by which the frame is drawn smaller first: 1 is sharp. */
  sharpness: number;
  /** Blur by the camera's motion: the way the picture moved during exposure, in frame units. */
  motion: Point;
  grain: { x: number; y: number; alpha: number };
  /** From the lowest to the one that lies over all others. */
  instruments: SceneInstrument[];
  flaps: Flap[];
  console: ConsoleTile[];
}

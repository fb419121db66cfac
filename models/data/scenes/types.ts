import { z } from 'zod';

/** The eight instruments of EndoVis-18-VQLA, in the order in which Surgical-VQLA++ appends them. */
export const TOOLS = [
  'bipolar_forceps',
  'prograsp_forceps',
  'large_needle_driver',
  'monopolar_curved_scissors',
  'ultrasound_probe',
  'suction',
  'clip_applier',
  'stapler',
] as const;

/** The thirteen states of EndoVis-18-VQLA in index order (case matters: `Suction` is a state, `suction` a tool). */
export const STATES = [
  'Idle',
  'Grasping',
  'Retraction',
  'Tissue_Manipulation',
  'Tool_Manipulation',
  'Cutting',
  'Cauterization',
  'Suction',
  'Looping',
  'Suturing',
  'Clipping',
  'Staple',
  'Ultrasound_Sensing',
] as const;

export const PLACES = ['left-top', 'right-top', 'left-bottom', 'right-bottom'] as const;

/** [x1, y1, x2, y2], continuous pixel coordinates of the frame, 0-based, x2 and y2 exclusive edges. */
export const boxSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]);

export const sceneTruthSchema = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  seed: z.int().nonnegative(),
  organ: z.object({ label: z.literal('kidney'), box: boxSchema }),
  instruments: z.array(
    z.object({
      tool: z.enum(TOOLS),
      state: z.enum(STATES),
      place: z.enum(PLACES),
      box: boxSchema,
    }),
  ),
});

export type Tool = (typeof TOOLS)[number];
export type State = (typeof STATES)[number];
export type Place = (typeof PLACES)[number];
export type Box = z.infer<typeof boxSchema>;
export type SceneTruth = z.infer<typeof sceneTruthSchema>;
export type InstrumentTruth = SceneTruth['instruments'][number];

/** A point in frame units: y runs 0..1 over the frame's height, x runs 0..ASPECT over its width. */
export type Point = readonly [x: number, y: number];

/** Frame units across the width. A frame of another shape is stretched by the small difference. */
export const ASPECT = 1.25;

export interface FrameSize {
  width: number;
  height: number;
}

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

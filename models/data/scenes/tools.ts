import type { Tool } from '../labels.ts';
import type { Point, SceneInstrument } from './types.ts';

/**
 * Shapes of the instruments' distal parts in local units: origin at the wrist (distal end of the shaft),
 * x forward, y to the side. Drawing and ground truth boxes both use these outlines, so a box is tight
 * by construction.
 */
export interface ToolShape {
  shaftRadius: number;
  /** Length of the wrist (clevis) from the shaft's end to the jaws' pivot. */
  clevis: number;
  jawLength: number;
  /** Edges of one jaw against t in 0..1 along it; the second jaw is its mirror image. */
  outer: (t: number) => number;
  inner: (t: number) => number;
  /** Sideways sweep of both jaws at their tips. */
  curve: number;
  /** False: one solid part instead of two jaws. */
  hinged: boolean;
}

const rounded = (t: number, from: number): number =>
  t <= from ? 1 : Math.sqrt(Math.max(0, 1 - ((t - from) / (1 - from)) ** 2));
const bow = (t: number): number => Math.sin(Math.PI * t);

export const TOOL_SHAPES: Readonly<Record<Tool, ToolShape>> = {
  bipolar_forceps: {
    shaftRadius: 0.13,
    clevis: 0.32,
    jawLength: 0.72,
    outer: (t) => 0.035 * (1 - t) + 0.015 + 0.095 * bow(t ** 0.9),
    inner: (t) => 0.062 * bow(t),
    curve: 0,
    hinged: true,
  },
  prograsp_forceps: {
    shaftRadius: 0.13,
    clevis: 0.3,
    jawLength: 0.64,
    outer: (t) => (0.07 + 0.075 * Math.min(1, t * 2.2)) * rounded(t, 0.8),
    inner: () => 0.004,
    curve: 0,
    hinged: true,
  },
  large_needle_driver: {
    shaftRadius: 0.13,
    clevis: 0.34,
    jawLength: 0.44,
    outer: (t) => 0.125 * (1 - 0.5 * t) * rounded(t, 0.9),
    inner: () => 0.002,
    curve: 0,
    hinged: true,
  },
  monopolar_curved_scissors: {
    shaftRadius: 0.13,
    clevis: 0.46,
    jawLength: 0.56,
    outer: (t) => 0.085 * (1 - t) ** 0.75 + 0.006,
    inner: (t) => -0.02 * (1 - t),
    curve: 0.15,
    hinged: true,
  },
  ultrasound_probe: {
    shaftRadius: 0.13,
    clevis: 0.16,
    jawLength: 0.78,
    outer: (t) => 0.21 * rounded(t, 0.72) * rounded(1 - t, 0.82),
    inner: (t) => -0.21 * rounded(t, 0.72) * rounded(1 - t, 0.82),
    curve: 0,
    hinged: false,
  },
  suction: {
    shaftRadius: 0.095,
    clevis: 0.02,
    jawLength: 0.95,
    outer: (t) => 0.075 * rounded(t, 0.93),
    inner: (t) => -0.075 * rounded(t, 0.93),
    curve: 0,
    hinged: false,
  },
  clip_applier: {
    shaftRadius: 0.13,
    clevis: 0.34,
    jawLength: 0.5,
    outer: (t) => 0.06 + 0.1 * Math.min(1, t * 3.5) * (t > 0.85 ? 1 - (t - 0.85) * 2 : 1),
    inner: (t) => (t < 0.25 || t > 0.93 ? 0.01 : 0.085),
    curve: 0.16,
    hinged: true,
  },
  stapler: {
    shaftRadius: 0.165,
    clevis: 0.22,
    jawLength: 0.98,
    outer: (t) => 0.17 * rounded(t, 0.88),
    inner: () => 0.006,
    curve: 0,
    hinged: true,
  },
};

const SAMPLES = 16;

/** One jaw's outline about the pivot, x forward along the jaws' common axis. `jaw` is +1 or -1. */
export function jawOutline(tool: Tool, jaw: number, opening: number, side: number): Point[] {
  const shape = TOOL_SHAPES[tool];
  const sign = shape.hinged ? jaw : 1;
  const turn = shape.hinged ? (jaw * opening) / 2 : 0;
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  const points: Point[] = [];
  const add = (t: number, edge: number): void => {
    const x = t * shape.jawLength;
    const y = sign * edge + side * shape.curve * t * t;
    points.push([x * cos - y * sin, x * sin + y * cos]);
  };
  for (let i = 0; i <= SAMPLES; i++) add(i / SAMPLES, shape.outer(i / SAMPLES));
  for (let i = SAMPLES; i >= 0; i--) add(i / SAMPLES, shape.inner(i / SAMPLES));
  return points;
}

/** A local point of the jaws (about the pivot) in frame units. */
export function jawToFrame(instrument: SceneInstrument, point: Point): Point {
  const { clevis } = TOOL_SHAPES[instrument.tool];
  const cos = Math.cos(instrument.bend);
  const sin = Math.sin(instrument.bend);
  return localToFrame(instrument, [
    clevis + point[0] * cos - point[1] * sin,
    point[0] * sin + point[1] * cos,
  ]);
}

/** A local point of the wrist in frame units. */
export function localToFrame(instrument: SceneInstrument, point: Point): Point {
  const cos = Math.cos(instrument.angle) * instrument.size;
  const sin = Math.sin(instrument.angle) * instrument.size;
  return [
    instrument.wrist[0] + point[0] * cos - point[1] * sin,
    instrument.wrist[1] + point[0] * sin + point[1] * cos,
  ];
}

/** Where the jaws meet, in frame units. */
export function tipOf(instrument: SceneInstrument): Point {
  const shape = TOOL_SHAPES[instrument.tool];
  return jawToFrame(instrument, [shape.jawLength * 0.97, instrument.side * shape.curve * 0.94]);
}

/** How much of the shaft belongs to the box, in local units. */
export const SHAFT_IN_BOX = 0.18;

/** The distal outline as polygons in frame units: the shaft's end, the wrist, the jaws. `shaft`: how much of it. */
export function outlineParts(instrument: SceneInstrument, shaft = SHAFT_IN_BOX): Point[][] {
  const { shaftRadius: r, clevis, hinged } = TOOL_SHAPES[instrument.tool];
  const parts: Point[][] = [
    (
      [
        [-shaft, -r],
        [0, -r],
        [0, r],
        [-shaft, r],
      ] as const
    ).map((point) => localToFrame(instrument, point)),
  ];
  if (clevis > 0.1) parts.push(wristOutline(instrument.tool).map((point) => localToFrame(instrument, point)));
  for (const jaw of hinged ? [-1, 1] : [1]) {
    parts.push(
      jawOutline(instrument.tool, jaw, instrument.opening, instrument.side).map((point) =>
        jawToFrame(instrument, point),
      ),
    );
  }
  return parts;
}

/** The two tapering plates of the wrist, in local units. */
export function wristOutline(tool: Tool): Point[] {
  const { shaftRadius: r, clevis } = TOOL_SHAPES[tool];
  return [
    [0, -r * 0.96],
    [clevis * 0.62, -r * 0.86],
    [clevis + 0.05, -r * 0.5],
    [clevis + 0.05, r * 0.5],
    [clevis * 0.62, r * 0.86],
    [0, r * 0.96],
  ];
}

/** Tight box of the distal part in frame units, not clamped: [x1, y1, x2, y2]. */
export function distalBox(instrument: SceneInstrument): [number, number, number, number] {
  const { shaftRadius: r } = TOOL_SHAPES[instrument.tool];
  const points: Point[] = [
    localToFrame(instrument, [-SHAFT_IN_BOX, -r]),
    localToFrame(instrument, [-SHAFT_IN_BOX, r]),
    localToFrame(instrument, [0, -r]),
    localToFrame(instrument, [0, r]),
  ];
  for (const jaw of [-1, 1]) {
    for (const point of jawOutline(instrument.tool, jaw, instrument.opening, instrument.side)) {
      points.push(jawToFrame(instrument, point));
    }
  }
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

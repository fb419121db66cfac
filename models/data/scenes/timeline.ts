import type { Size } from '../../../preload/contract/values.ts';
import { describeScene, sceneTruth } from './describe.ts';
import { OPENING } from './placement.ts';
import { sceneSeed } from './random.ts';
import { distalBox, tipOf } from './tools.ts';
import type { State, Tool } from '../labels.ts';
import type { Organ, Point, Scene, SceneInstrument, SceneTruth } from './types.ts';

/**
 * Scenes that move: a clip is one scene's tissue, breathing, and a script of instruments. Every frame is
 * an ordinary scene, drawn and labelled by the same code as a single one.
 */

/** Where an instrument is at a moment (seconds): its tip in frame units, its angle and its wrist's bend. */
export interface Pose {
  at: number;
  tip: Point;
  angle: number;
  bend: number;
}

/** What it does from a moment on. */
export interface Activity {
  from: number;
  state: State;
}

export interface Track {
  tool: Tool;
  size: number;
  side: number;
  cueSeed: number;
  poses: readonly Pose[];
  activities: readonly Activity[];
}

export interface ClipScript {
  seed: number;
  framesPerSecond: number;
  seconds: number;
  tracks: readonly Track[];
}

/** Seconds in which a cue appears or goes, the change of state in the middle. */
const FADE = 0.32;
/** An instrument counts as in view while at least this part of its distal box is inside the frame. */
const IN_VIEW = 0.5;

const ease = (t: number): number => {
  const limited = Math.min(1, Math.max(0, t));
  return limited * limited * (3 - 2 * limited);
};
const between = (a: number, b: number, t: number): number => a + (b - a) * t;

function poseAt(poses: readonly Pose[], time: number): Omit<Pose, 'at'> | undefined {
  const first = poses[0];
  const last = poses.at(-1);
  if (!first || !last || time < first.at || time > last.at) return undefined;
  const next = poses.findIndex((pose) => pose.at > time);
  const b = next < 0 ? last : poses[next]!;
  const a = next < 1 ? last : poses[next - 1]!;
  const t = b.at > a.at ? ease((time - a.at) / (b.at - a.at)) : 0;
  return {
    tip: [between(a.tip[0], b.tip[0], t), between(a.tip[1], b.tip[1], t)],
    angle: between(a.angle, b.angle, t),
    bend: between(a.bend, b.bend, t),
  };
}

/** State and strength of its cue; a cue is down to nothing at the moment in which the state changes. */
function activityAt(
  activities: readonly Activity[],
  time: number,
): { state: State; cue: number; opening: number } {
  let current = 0;
  activities.forEach((activity, i) => {
    if (activity.from <= time) current = i;
  });
  const { state, from } = activities[current] ?? { state: 'Idle' as const, from: 0 };
  const until = activities[current + 1]?.from ?? Infinity;
  const since = current === 0 ? 1 : ease((time - from) / (FADE / 2));
  const left = ease((until - time) / (FADE / 2));
  const middle = (name: State): number => (OPENING[name][0] + OPENING[name][1]) / 2;
  const before = middle(activities[current - 1]?.state ?? state);
  const after = middle(activities[current + 1]?.state ?? state);
  // The jaws move over a whole fade, half of it before the change and half after.
  const opening =
    time - from < until - time
      ? between((before + middle(state)) / 2, middle(state), since)
      : between((after + middle(state)) / 2, middle(state), left);
  return { state, cue: Math.min(since, left), opening };
}

function instrumentAt(track: Track, time: number, breath: number): SceneInstrument | undefined {
  const pose = poseAt(track.poses, time);
  if (!pose) return undefined;
  const { state, cue, opening } = activityAt(track.activities, time);
  const contact = state === 'Idle' ? 0 : cue;
  const phase = track.cueSeed % 7;
  const working = state === 'Cutting' || state === 'Tissue_Manipulation' ? 0.1 : 0;
  const item: SceneInstrument = {
    tool: track.tool,
    state,
    wrist: [0, 0],
    angle: pose.angle,
    bend: pose.bend,
    opening: opening + working * contact * Math.sin(2 * Math.PI * 0.9 * time + phase),
    size: track.size,
    side: track.side,
    cue: state === 'Idle' ? 0 : cue,
    cueSeed: track.cueSeed + state.length,
    lift: between(0.062, 0.017, contact),
  };
  const tremor = 0.0016;
  const tip = tipOf(item);
  item.wrist = [
    pose.tip[0] - tip[0] + tremor * Math.sin(2 * Math.PI * 1.7 * time + phase),
    pose.tip[1] - tip[1] + tremor * Math.sin(2 * Math.PI * 2.3 * time + 2 * phase) + breath * contact,
  ];
  return item;
}

function breathe(organ: Organ, breath: number): Organ {
  const move = ([x, y]: Point): Point => [x + 0.4 * breath, y + breath];
  return {
    ...organ,
    centre: move(organ.centre),
    outline: organ.outline.map(move),
    vessels: organ.vessels.map((vessel) => ({ ...vessel, points: vessel.points.map(move) })),
    glints: organ.glints.map((glint) => ({ ...glint, at: move(glint.at) })),
  };
}

/** Part of an instrument's distal box that is inside the frame, 0 to 1. */
function partInView(item: SceneInstrument, aspect: number): number {
  const [x1, y1, x2, y2] = distalBox(item);
  const width = Math.max(0, Math.min(x2, aspect) - Math.max(x1, 0));
  const height = Math.max(0, Math.min(y2, 1) - Math.max(y1, 0));
  return (width * height) / ((x2 - x1) * (y2 - y1));
}

/** The scene of frame `index` of a clip, and its ground truth at `size`. */
export function describeClipFrame(
  script: ClipScript,
  index: number,
  size: Size,
): { scene: Scene; truth: SceneTruth } {
  const still = describeScene(script.seed, { instruments: 0, organ: 'kidney' });
  const time = index / script.framesPerSecond;
  const breath = 0.007 * Math.sin((2 * Math.PI * time) / 4.2);
  const scene: Scene = {
    ...still,
    organ: breathe(still.organ, breath),
    sharpness: 1,
    grain: { x: (index * 0.37) % 1, y: (index * 0.61) % 1, alpha: 0.035 },
    instruments: script.tracks.flatMap((track) => instrumentAt(track, time, breath) ?? []),
  };
  const truth = sceneTruth(
    { ...scene, instruments: scene.instruments.filter((item) => partInView(item, scene.aspect) >= IN_VIEW) },
    size,
  );
  return { scene, truth };
}

/**
 * The bundled clip: forceps take up tissue and hold it, scissors dissect and cut and are withdrawn,
 * a suction tube comes in and clears the field.
 */
export const DEMO_SCRIPT: ClipScript = {
  seed: sceneSeed(42, 10),
  framesPerSecond: 25,
  seconds: 14,
  tracks: [
    {
      tool: 'prograsp_forceps',
      size: 0.28,
      side: 1,
      cueSeed: 11,
      poses: [
        { at: 0, tip: [0.36, 0.45], angle: -0.5, bend: 0.3 },
        { at: 1.2, tip: [0.4, 0.42], angle: -0.46, bend: 0.2 },
        { at: 2.9, tip: [0.46, 0.33], angle: -0.42, bend: -0.1 },
        { at: 4.4, tip: [0.425, 0.355], angle: -0.4, bend: -0.05 },
        { at: 9.4, tip: [0.42, 0.36], angle: -0.4, bend: -0.05 },
        { at: 11.2, tip: [0.38, 0.42], angle: -0.48, bend: 0.25 },
        { at: 14.1, tip: [0.41, 0.4], angle: -0.45, bend: 0.18 },
      ],
      activities: [
        { from: 0, state: 'Idle' },
        { from: 2.9, state: 'Retraction' },
        { from: 9.4, state: 'Idle' },
      ],
    },
    {
      tool: 'monopolar_curved_scissors',
      size: 0.28,
      side: -1,
      cueSeed: 23,
      poses: [
        { at: 0, tip: [0.85, 0.69], angle: Math.PI + 0.55, bend: -0.2 },
        { at: 1.6, tip: [0.76, 0.61], angle: Math.PI + 0.5, bend: 0.1 },
        { at: 4.6, tip: [0.75, 0.6], angle: Math.PI + 0.5, bend: 0.15 },
        { at: 5.2, tip: [0.76, 0.59], angle: Math.PI + 0.52, bend: 0.2 },
        { at: 8.4, tip: [0.75, 0.59], angle: Math.PI + 0.52, bend: 0.2 },
        { at: 9.9, tip: [1.55, 1.03], angle: Math.PI + 0.52, bend: 0 },
      ],
      activities: [
        { from: 0, state: 'Idle' },
        { from: 1.7, state: 'Tissue_Manipulation' },
        { from: 4.9, state: 'Cutting' },
        { from: 8.4, state: 'Idle' },
      ],
    },
    {
      tool: 'suction',
      size: 0.28,
      side: 1,
      cueSeed: 37,
      poses: [
        { at: 9.3, tip: [1.4, 0.86], angle: Math.PI + 0.4, bend: 0 },
        { at: 10.8, tip: [0.8, 0.61], angle: Math.PI + 0.4, bend: 0 },
        { at: 11.3, tip: [0.76, 0.59], angle: Math.PI + 0.4, bend: 0 },
        { at: 12.6, tip: [0.75, 0.6], angle: Math.PI + 0.42, bend: 0 },
        { at: 14.1, tip: [0.76, 0.59], angle: Math.PI + 0.4, bend: 0 },
      ],
      activities: [
        { from: 0, state: 'Idle' },
        { from: 11.3, state: 'Suction' },
      ],
    },
  ],
};

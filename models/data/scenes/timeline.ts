import type { Size } from '../../../preload/contract/values.ts';
import { describeScene, sceneTruth } from './describe.ts';
import { OPENING } from './placement.ts';
import { sceneSeed } from './random.ts';
import { distalBox, tipOf } from './tools.ts';
import type { State, Tool } from '../labels.ts';
import { WHOLE_SCENE } from './types.ts';
import type { Camera, ConsoleTile, Organ, Point, Scene, SceneInstrument, SceneTruth } from './types.ts';

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

/** The camera's window at a moment (seconds). It stays inside the scene: x + aspect / zoom is at most the aspect. */
export interface CameraPose extends Camera {
  at: number;
}

/** Smoke that comes, rises and clears: `at` in frame units when it begins, both times in seconds. */
export interface SmokePuff {
  from: number;
  until: number;
  at: Point;
  radius: number;
  alpha: number;
}

export interface ClipScript {
  seed: number;
  framesPerSecond: number;
  seconds: number;
  camera: readonly CameraPose[];
  smoke: readonly SmokePuff[];
  /** What the console writes along the lower border: [left edge in frame units, text or `timer`, lamp]. */
  console: readonly (readonly [left: number, text: string, lamp: string | null])[];
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
    course: organ.course.map(move),
    vessels: organ.vessels.map((vessel) => ({ ...vessel, points: vessel.points.map(move) })),
    glints: organ.glints.map((glint) => ({ ...glint, at: move(glint.at) })),
  };
}

function cameraAt(poses: readonly CameraPose[], time: number): Camera {
  const after = poses.findIndex(({ at }) => at > time);
  const b = poses.at(after);
  const a = after < 1 ? b : poses[after - 1];
  if (!a || !b) return WHOLE_SCENE;
  const t = b.at > a.at ? ease((time - a.at) / (b.at - a.at)) : 0;
  return { x: between(a.x, b.x, t), y: between(a.y, b.y, t), zoom: between(a.zoom, b.zoom, t) };
}

function smokeAt(puffs: readonly SmokePuff[], time: number): Scene['smoke'] {
  return puffs.flatMap(({ from, until, at, radius, alpha }) => {
    if (time <= from || time >= until) return [];
    const t = (time - from) / (until - from);
    return {
      at: [at[0] + 0.05 * t, at[1] - 0.14 * t] as Point,
      radius: radius * (0.6 + 0.6 * t),
      alpha: alpha * ease(4 * t) * ease(1.6 * (1 - t)),
    };
  });
}

function consoleAt(script: ClipScript, time: number): ConsoleTile[] {
  const height = 0.05;
  return script.console.map(([left, written, lamp]) => {
    const text = written === 'timer' ? `1:04:${String(Math.floor(20 + time)).padStart(2, '0')}` : written;
    const width = height * (0.5 + 0.42 * text.length + (lamp ? 0.7 : 0));
    return { box: [left, 0.985 - height, left + width, 0.985], text, lamp, bright: false };
  });
}

/** Part of an instrument's distal box that is inside the frame, 0 to 1. */
function partInView(item: SceneInstrument, { x, y, zoom }: Camera, aspect: number): number {
  const [x1, y1, x2, y2] = distalBox(item);
  const width = Math.max(0, Math.min(x2, x + aspect / zoom) - Math.max(x1, x));
  const height = Math.max(0, Math.min(y2, y + 1 / zoom) - Math.max(y1, y));
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
    camera: cameraAt(script.camera, time),
    organ: breathe(still.organ, breath),
    smoke: smokeAt(script.smoke, time),
    pools: [],
    lens: [],
    console: consoleAt(script, time),
    sharpness: 1,
    motion: [0, 0],
    grain: { x: (index * 0.37) % 1, y: (index * 0.61) % 1, alpha: 0.035 },
    instruments: script.tracks.flatMap((track) => instrumentAt(track, time, breath) ?? []),
  };
  const truth = sceneTruth(scene, size);
  // An instrument outside the frame still covers others, but nobody asks about it.
  const inView = scene.instruments.map((item) => partInView(item, scene.camera, scene.aspect) >= IN_VIEW);
  return { scene, truth: { ...truth, instruments: truth.instruments.filter((_item, i) => inView[i]) } };
}

/**
 * The bundled clip: forceps take up tissue and hold it, scissors dissect, cut and stop a bleeding with current,
 * which leaves smoke; they are withdrawn, a suction tube comes in and clears the field.
 */
export const DEMO_SCRIPT: ClipScript = {
  seed: sceneSeed(42, 13),
  framesPerSecond: 25,
  seconds: 14,
  camera: [
    { at: 0, x: 0.02, y: 0.03, zoom: 1.05 },
    { at: 6, x: 0.06, y: 0.05, zoom: 1.12 },
    { at: 10, x: 0.08, y: 0.06, zoom: 1.12 },
    { at: 14.1, x: 0.04, y: 0.03, zoom: 1.05 },
  ],
  smoke: [
    { from: 8.1, until: 12.4, at: [0.72, 0.5], radius: 0.42, alpha: 0.42 },
    { from: 8.7, until: 13, at: [0.5, 0.36], radius: 0.5, alpha: 0.34 },
  ],
  console: [
    [0.16, 'R2', '#e8c33a'],
    [0.52, '30°', null],
    [0.86, 'timer', '#3d7fd6'],
  ],
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
        { at: 1.6, tip: [0.76, 0.6], angle: Math.PI + 0.5, bend: 0.1 },
        { at: 4, tip: [0.75, 0.59], angle: Math.PI + 0.5, bend: 0.15 },
        { at: 4.6, tip: [0.76, 0.58], angle: Math.PI + 0.52, bend: 0.2 },
        { at: 7.7, tip: [0.75, 0.58], angle: Math.PI + 0.52, bend: 0.2 },
        { at: 8.2, tip: [0.77, 0.56], angle: Math.PI + 0.5, bend: 0.1 },
        { at: 9.4, tip: [0.77, 0.56], angle: Math.PI + 0.5, bend: 0.1 },
        { at: 10.8, tip: [1.6, 1.03], angle: Math.PI + 0.52, bend: 0 },
      ],
      activities: [
        { from: 0, state: 'Idle' },
        { from: 1.7, state: 'Tissue_Manipulation' },
        { from: 4.3, state: 'Cutting' },
        { from: 7.9, state: 'Cauterization' },
        { from: 9.4, state: 'Idle' },
      ],
    },
    {
      tool: 'suction',
      size: 0.28,
      side: 1,
      cueSeed: 37,
      poses: [
        { at: 9.7, tip: [1.45, 0.88], angle: Math.PI + 0.4, bend: 0 },
        { at: 11.1, tip: [0.8, 0.6], angle: Math.PI + 0.4, bend: 0 },
        { at: 11.6, tip: [0.76, 0.58], angle: Math.PI + 0.4, bend: 0 },
        { at: 12.8, tip: [0.75, 0.59], angle: Math.PI + 0.42, bend: 0 },
        { at: 14.1, tip: [0.76, 0.58], angle: Math.PI + 0.4, bend: 0 },
      ],
      activities: [
        { from: 0, state: 'Idle' },
        { from: 11.6, state: 'Suction' },
      ],
    },
  ],
};

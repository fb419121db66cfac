import type { SceneOrgan } from '../labels.ts';
import type { Random } from './random.ts';
import type { Glint, Organ, Point, Vessel } from './types.ts';

/** The organs of synthetic scenes, as data: shape, colour, vessels and glints of each. */

/** Kidney in half of the scenes: EndoVis-18 has no other. */
export const ORGAN_WEIGHTS: Readonly<Record<SceneOrgan, number>> = {
  kidney: 0.5,
  liver: 0.15,
  spleen: 0.11,
  gallbladder: 0.11,
  bowel: 0.13,
};

/** A meandering branch with side branches; lengths in frame units. */
export function vessel(
  random: Random,
  start: Point,
  heading: number,
  width: number,
  steps: number,
): Vessel[] {
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
      const turn = direction + side * random.between(0.4, 0.9);
      found.push(...vessel(random, [x, y], turn, width * 0.55, Math.floor(steps * 0.5)));
    }
  }
  found.push({ points, width, vein });
  return found;
}

function turned([cx, cy]: Point, u: number, v: number, turn: number): Point {
  return [cx + u * Math.cos(turn) - v * Math.sin(turn), cy + u * Math.sin(turn) + v * Math.cos(turn)];
}

/** Highlights on the side that faces the lamp. */
function glints(random: Random, centre: Point, radius: number, count: readonly [number, number]): Glint[] {
  return Array.from({ length: random.integer(...count) }, () => {
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
}

function surfaceVessels(
  random: Random,
  centre: Point,
  radius: number,
  count: readonly [number, number],
  steps = 10,
): Vessel[] {
  const vessels: Vessel[] = [];
  for (let i = random.integer(...count); i > 0; i--) {
    const a = random.between(0, 2 * Math.PI);
    const at: Point = [centre[0] + radius * 0.9 * Math.cos(a), centre[1] + radius * 0.9 * Math.sin(a)];
    const heading = a + Math.PI + random.between(-0.6, 0.6);
    vessels.push(...vessel(random, at, heading, random.between(0.004, 0.008), steps));
  }
  return vessels;
}

function middle(random: Random, aspect: number): Point {
  return [random.between(0.32, 0.68) * aspect, random.between(0.34, 0.7)];
}

/** A bean: a rounded body with a notch at the hilum. */
function kidney(random: Random, aspect: number): Organ {
  const centre = middle(random, aspect);
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
    outline.push(turned(centre, r * stretch * Math.cos(a), r * Math.sin(a), turn));
  }
  return {
    label: 'kidney',
    outline,
    centre,
    radius: radius * stretch,
    colour: [random.between(-9, 8), random.between(42, 60), random.between(38, 50)],
    vessels: surfaceVessels(random, centre, radius, [2, 4]),
    glints: glints(random, centre, radius, [5, 10]),
    course: [],
    girth: 0,
  };
}

/** A large smooth lobe that comes in over a border and ends in a sharp edge, sloping to a thin tip. */
function liver(random: Random, aspect: number): Organ {
  const from = random.weighted({ top: 0.62, left: 0.19, right: 0.19 });
  // `along` the border, `into` the frame.
  const turn = from === 'top' ? 0 : from === 'left' ? -Math.PI / 2 : Math.PI / 2;
  const long = from === 'top' ? aspect : 1;
  const base: Point =
    from === 'top'
      ? [aspect * random.between(0.35, 0.65), -0.06]
      : [from === 'left' ? -0.06 : aspect + 0.06, random.between(0.38, 0.6)];
  const span = long * random.between(0.95, 1.35);
  const depth = random.between(0.42, 0.62) * (from === 'top' ? 1 : 1.15);
  const lean = random.between(0.3, 0.7);
  const wave = random.between(0, 2 * Math.PI);
  const flip = random.chance(0.5) ? 1 : -1;
  const outline: Point[] = [];
  const tilt = turn + random.between(-0.14, 0.14);
  for (let i = 0; i <= 48; i++) {
    const t = i / 48;
    const bulge =
      t < lean ? Math.sin((Math.PI / 2) * (t / lean)) : Math.cos((Math.PI / 2) * ((t - lean) / (1 - lean)));
    const edge = depth * Math.max(0, bulge) ** 0.8 * (1 + 0.035 * Math.sin(9 * t + wave));
    outline.push(turned(base, flip * (t - 0.5) * span, edge, tilt));
  }
  const centre = turned(base, 0, depth * 0.35, tilt);
  return {
    label: 'liver',
    outline,
    centre,
    radius: Math.max(span * 0.5, depth),
    colour: [random.between(6, 15), random.between(42, 56), random.between(21, 28)],
    vessels: [],
    // Broad, dull, along the edge: its capsule is smooth.
    glints: glints(random, turned(base, 0, depth * 0.6, tilt), depth * 0.7, [2, 4]).map((glint) => ({
      ...glint,
      length: 2 * glint.length + 0.05,
      width: 2 * glint.width + 0.006,
      angle: tilt + 0.4 * (glint.angle % 1) - 0.2,
      alpha: glint.alpha * 0.5,
    })),
    course: [],
    girth: 0,
  };
}

/** Purple-blue, oval, one margin notched. */
function spleen(random: Random, aspect: number): Organ {
  const centre = middle(random, aspect);
  const radius = random.between(0.22, 0.31);
  const stretch = random.between(1.45, 1.8);
  const turn = random.between(-1.1, 1.1);
  const margin = random.between(0, 2 * Math.PI);
  const notches = Array.from(
    { length: random.integer(2, 4) },
    (_, i) => margin + 0.62 * i + random.between(-0.16, 0.16),
  );
  const outline: Point[] = [];
  for (let i = 0; i < 96; i++) {
    const a = (i / 96) * 2 * Math.PI;
    let r = radius;
    for (const notch of notches) {
      r -= 0.13 * radius * Math.exp(-(Math.atan2(Math.sin(a - notch), Math.cos(a - notch)) ** 2) / 0.012);
    }
    outline.push(turned(centre, r * stretch * Math.cos(a), r * Math.sin(a), turn));
  }
  return {
    label: 'spleen',
    outline,
    centre,
    radius: radius * stretch,
    colour: [random.between(266, 306), random.between(22, 34), random.between(29, 38)],
    vessels: [],
    glints: glints(random, centre, radius, [4, 8]),
    course: [],
    girth: 0,
  };
}

/** A green-grey pear: round fundus, thin neck, fine vessels over it. */
function gallbladder(random: Random, aspect: number): Organ {
  const middlePoint = middle(random, aspect);
  const length = random.between(0.5, 0.7);
  const fundus = random.between(0.15, 0.2);
  const turn = random.between(0, 2 * Math.PI);
  const bow = random.between(-0.16, 0.16);
  // Round fundus, shoulders that taper to a neck of a third of its width, a rounded end.
  const widthAt = (t: number): number => {
    const cap = t < 0.33 ? Math.sqrt(1 - ((0.33 - t) / 0.33) ** 2) : 1;
    const u = Math.min(1, Math.max(0, (t - 0.33) / 0.5));
    const end = t > 0.94 ? Math.sqrt(Math.max(0, 1 - ((t - 0.94) / 0.06) ** 2)) : 1;
    return 0.82 * fundus * cap * (1 - 0.7 * u * u * (3 - 2 * u)) * end;
  };
  const side = (sign: number): Point[] =>
    Array.from({ length: 33 }, (_, i) => {
      const t = i / 32;
      return turned(
        middlePoint,
        (t - 0.42) * length,
        sign * widthAt(t) + bow * (t - 0.5) ** 2 * 4 * length * 0.5,
        turn,
      );
    });
  const body = turned(middlePoint, -0.16 * length, 0, turn);
  return {
    label: 'gallbladder',
    outline: [...side(1), ...side(-1).reverse()],
    centre: body,
    radius: length * 0.52,
    colour: [random.between(66, 112), random.between(12, 22), random.between(40, 50)],
    vessels: surfaceVessels(random, body, fundus * 0.7, [2, 3], 4),
    glints: glints(random, body, fundus * 0.85, [4, 8]),
    course: [],
    girth: 0,
  };
}

/** Pink loops, the mesentery's vessels fanning out to them. */
function bowel(random: Random, aspect: number): Organ {
  const centre: Point = [random.between(0.42, 0.58) * aspect, random.between(0.42, 0.6)];
  const girth = random.between(0.125, 0.175);
  const reach = random.between(0.38, 0.5);
  const swing = random.between(0.15, 0.22);
  const turns = random.between(1, 1.45);
  const start = random.between(0, 2 * Math.PI);
  const turn = random.between(-0.7, 0.7) + (random.chance(0.25) ? Math.PI / 2 : 0);
  const course: Point[] = Array.from({ length: 49 }, (_, i) => {
    const t = i / 48;
    return turned(
      centre,
      (t - 0.5) * 2 * reach + 0.02 * Math.sin(4 * Math.PI * turns * t + start),
      swing * Math.sin(2 * Math.PI * turns * t + start),
      turn,
    );
  });
  const wall = (sign: number): Point[] =>
    course.map(([x, y], i) => {
      const [ax, ay] = course[Math.max(0, i - 1)]!;
      const [bx, by] = course[Math.min(48, i + 1)]!;
      const long = Math.hypot(bx - ax, by - ay) || 1;
      return [x - (sign * girth * 0.5 * (by - ay)) / long, y + (sign * girth * 0.5 * (bx - ax)) / long];
    });
  const root = turned(centre, random.between(-0.1, 0.1), random.between(0.3, 0.42), turn);
  const vessels: Vessel[] = [];
  for (let i = 4; i <= 44; i += random.integer(4, 6)) {
    const [x, y] = course[i]!;
    const bend = 0.05 * random.bell() * 0.6;
    vessels.push({
      points: [
        root,
        [root[0] + (x - root[0]) * 0.35 + bend, root[1] + (y - root[1]) * 0.35],
        [root[0] + (x - root[0]) * 0.7 - bend, root[1] + (y - root[1]) * 0.7 + bend],
        [x, y],
      ],
      width: random.between(0.009, 0.014),
      vein: i % 2 === 0,
    });
  }
  return {
    label: 'bowel',
    outline: [...wall(1), ...wall(-1).reverse()],
    centre,
    radius: reach,
    colour: [random.between(-10, 12), random.between(38, 54), random.between(60, 68)],
    vessels,
    glints: Array.from({ length: random.integer(8, 14) }, () => {
      const i = random.integer(2, 46);
      const [x, y] = course[i]!;
      const [bx, by] = course[i + 1]!;
      return {
        at: [x - girth * random.between(0.05, 0.22), y - girth * random.between(0.1, 0.28)] as Point,
        length: random.between(0.01, 0.035),
        width: random.between(0.004, 0.009),
        angle: Math.atan2(by - y, bx - x),
        alpha: random.between(0.5, 0.95),
      };
    }),
    course,
    girth,
  };
}

const MAKERS = { kidney, liver, spleen, gallbladder, bowel } as const;

/** The organ of a scene, drawn by weight when no label is given. */
export function describeOrgan(random: Random, aspect: number, label?: SceneOrgan): Organ {
  return MAKERS[label ?? random.weighted(ORGAN_WEIGHTS)](random, aspect);
}

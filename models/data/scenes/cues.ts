import type { SKRSContext2D } from '@napi-rs/canvas';
import { Random } from './random.ts';
import { smoothPath } from './tissue.ts';
import { TOOL_SHAPES, tipOf } from './tools.ts';
import type { Point, SceneInstrument } from './types.ts';

/**
 * The visible cue of each state, drawn about the instrument's tip: x along the jaws, y to the side,
 * in the instrument's own units, the origin at the tip. `Idle` has none: closed jaws well above the tissue.
 */

function atTip(context: SKRSContext2D, item: SceneInstrument): void {
  const [x, y] = tipOf(item);
  context.translate(x, y);
  context.rotate(item.angle + item.bend);
  context.scale(item.size, item.size);
}

function glow(context: SKRSContext2D, x: number, y: number, radius: number, stops: [number, string][]): void {
  const gradient = context.createRadialGradient(x, y, 0, x, y, radius);
  for (const [at, colour] of stops) gradient.addColorStop(at, colour);
  context.fillStyle = gradient;
  context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
}

function ring(random: Random, radiusX: number, radiusY: number, rough: number, x = 0, y = 0): Point[] {
  return Array.from({ length: 14 }, (_, i) => {
    const a = (i / 14) * 2 * Math.PI;
    const r = 1 + rough * random.bell();
    return [x + radiusX * r * Math.cos(a), y + radiusY * r * Math.sin(a)] as Point;
  });
}

function stroke(
  context: SKRSContext2D,
  points: readonly Point[],
  colour: string | CanvasGradient,
  width: number,
): void {
  smoothPath(context, points, false);
  context.strokeStyle = colour as string;
  context.lineWidth = width;
  context.stroke();
}

function underGrasping(context: SKRSContext2D, random: Random): void {
  // A fold of tissue pinched and lifted: a mound that narrows to the tip.
  const mound = ring(random, 0.34, 0.3, 0.06, 0.16, 0);
  glow(context, 0.16, 0, 0.62, [
    [0, 'rgba(40, 0, 6, 0.75)'],
    [0.6, 'rgba(40, 0, 6, 0.4)'],
    [1, 'rgba(40, 0, 6, 0)'],
  ]);
  smoothPath(context, mound, true);
  const gradient = context.createRadialGradient(0.06, -0.05, 0.02, 0.16, 0, 0.38);
  gradient.addColorStop(0, '#ffc9ba');
  gradient.addColorStop(0.5, '#e2776b');
  gradient.addColorStop(1, '#9c2f31');
  context.fillStyle = gradient;
  context.fill();
  context.lineCap = 'round';
  for (let i = -2; i <= 2; i++) {
    stroke(
      context,
      [
        [0.0, i * 0.02],
        [0.2, i * 0.07],
        [0.44, i * 0.13],
      ],
      'rgba(110, 20, 26, 0.6)',
      0.02,
    );
  }
}

function overGrasping(context: SKRSContext2D): void {
  // The lips of the fold close over the jaws' ends.
  context.fillStyle = '#eb8d7f';
  context.beginPath();
  context.ellipse(0.03, 0, 0.12, 0.1, 0, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = 'rgba(110, 20, 26, 0.7)';
  context.lineWidth = 0.02;
  context.stroke();
  context.fillStyle = 'rgba(255, 240, 232, 0.85)';
  context.beginPath();
  context.ellipse(0.02, -0.04, 0.05, 0.02, 0.3, 0, 2 * Math.PI);
  context.fill();
}

function underRetraction(context: SKRSContext2D, random: Random): void {
  // A sheet pulled up to the tip, lines of tension fanning out to a broad base.
  const length = random.between(1.05, 1.35);
  const half = random.between(0.55, 0.75);
  const lean = random.between(-0.2, 0.2);
  context.beginPath();
  context.moveTo(-0.1, 0);
  context.quadraticCurveTo(length * 0.35, -0.1, length, lean - half);
  context.quadraticCurveTo(length * 1.18, lean, length, lean + half);
  context.quadraticCurveTo(length * 0.35, 0.1, -0.1, 0);
  context.closePath();
  const gradient = context.createLinearGradient(0, 0, length * 1.1, 0);
  gradient.addColorStop(0, 'rgba(255, 226, 206, 0.97)');
  gradient.addColorStop(0.5, 'rgba(238, 160, 140, 0.9)');
  gradient.addColorStop(1, 'rgba(190, 80, 74, 0.25)');
  context.fillStyle = gradient;
  context.fill();
  context.strokeStyle = 'rgba(90, 12, 18, 0.55)';
  context.lineWidth = 0.025;
  context.stroke();
  context.lineCap = 'round';
  for (let i = -4; i <= 4; i++) {
    const reach = length * random.between(0.8, 1.05);
    const y = lean + (i / 4) * half * 0.86;
    const line: Point[] = [
      [-0.02, 0],
      [reach * 0.45, y * 0.32],
      [reach, y],
    ];
    stroke(context, line, i % 2 ? 'rgba(255, 244, 232, 0.75)' : 'rgba(130, 34, 36, 0.6)', 0.022);
  }
}

function underManipulation(context: SKRSContext2D, random: Random): void {
  // Open jaws press a dimple: a dark hollow with a bright wet rim.
  glow(context, -0.12, 0, 0.6, [
    [0, 'rgba(24, 0, 4, 0.92)'],
    [0.45, 'rgba(44, 2, 8, 0.75)'],
    [0.8, 'rgba(60, 6, 12, 0.3)'],
    [1, 'rgba(60, 6, 12, 0)'],
  ]);
  context.lineCap = 'round';
  for (const [radius, from, to] of [
    [0.5, -0.9, 0.9],
    [0.6, -0.5, 0.3],
    [0.5, 2.2, 3.6],
  ] as const) {
    context.strokeStyle = 'rgba(255, 206, 190, 0.55)';
    context.lineWidth = 0.03 * random.between(0.8, 1.2);
    context.beginPath();
    context.ellipse(-0.12, 0, radius, radius * 0.86, 0, from, to);
    context.stroke();
  }
}

function overToolManipulation(context: SKRSContext2D, random: Random): void {
  // A straight part of another instrument held across the jaws: rod with a yellow band.
  const lean = random.between(-0.35, 0.35);
  const length = random.between(0.5, 0.62);
  context.save();
  context.translate(-0.08, 0);
  context.rotate(lean);
  const gradient = context.createLinearGradient(-0.05, 0, 0.05, 0);
  gradient.addColorStop(0, '#5a6067');
  gradient.addColorStop(0.4, '#ffffff');
  gradient.addColorStop(1, '#4a5056');
  context.fillStyle = gradient;
  context.beginPath();
  context.roundRect(-0.05, -length, 0.1, 2 * length, 0.05);
  context.fill();
  context.strokeStyle = 'rgba(16, 18, 22, 0.8)';
  context.lineWidth = 0.016;
  context.stroke();
  for (const y of [-0.62, 0.5]) {
    context.fillStyle = '#f4d21f';
    context.fillRect(-0.05, length * y, 0.1, length * 0.16);
  }
  context.restore();
}

function underCutting(context: SKRSContext2D, random: Random): void {
  // An incision ahead of the blades, bleeding at its edges.
  const length = random.between(0.75, 1.0);
  const sway = random.between(-0.14, 0.14);
  for (const [half, colour] of [
    [0.17, 'rgba(150, 6, 14, 0.75)'],
    [0.12, '#d3121c'],
    [0.065, '#2a0205'],
  ] as const) {
    context.beginPath();
    context.moveTo(-0.35, 0);
    context.quadraticCurveTo(length * 0.35, sway - half * 1.6, length, sway);
    context.quadraticCurveTo(length * 0.35, sway + half * 1.6, -0.35, 0);
    context.closePath();
    context.fillStyle = colour;
    context.fill();
  }
  context.fillStyle = '#c20e18';
  for (let i = random.integer(4, 6); i > 0; i--) {
    const side = random.chance(0.5) ? 1 : -1;
    context.beginPath();
    context.ellipse(
      random.between(-0.05, length),
      side * random.between(0.16, 0.34),
      random.between(0.03, 0.07),
      random.between(0.02, 0.045),
      random.between(0, 3),
      0,
      2 * Math.PI,
    );
    context.fill();
  }
  stroke(
    context,
    [
      [0.05, -0.09 + sway * 0.3],
      [length * 0.6, sway - 0.1],
    ],
    'rgba(255, 220, 214, 0.8)',
    0.022,
  );
}

function underCauterization(context: SKRSContext2D, random: Random): void {
  smoothPath(context, ring(random, 0.36, 0.3, 0.12, 0.06, 0), true);
  context.fillStyle = 'rgba(70, 40, 22, 0.85)';
  context.fill();
  smoothPath(context, ring(random, 0.24, 0.19, 0.14, 0.06, 0), true);
  context.fillStyle = 'rgba(18, 10, 8, 0.95)';
  context.fill();
}

function overCauterization(context: SKRSContext2D, random: Random, item: SceneInstrument): void {
  context.save();
  context.globalCompositeOperation = 'lighter';
  glow(context, 0.02, 0, 0.36, [
    [0, 'rgba(255, 252, 236, 1)'],
    [0.22, 'rgba(255, 226, 140, 0.9)'],
    [0.55, 'rgba(120, 120, 255, 0.35)'],
    [1, 'rgba(60, 60, 200, 0)'],
  ]);
  context.strokeStyle = 'rgba(255, 244, 200, 0.95)';
  context.lineWidth = 0.02;
  for (let i = 0; i < 6; i++) {
    const a = random.between(0, 2 * Math.PI);
    const r = random.between(0.16, 0.34);
    context.beginPath();
    context.moveTo(0, 0);
    context.lineTo(r * 0.5 * Math.cos(a + 0.25), r * 0.5 * Math.sin(a + 0.25));
    context.lineTo(r * Math.cos(a), r * Math.sin(a));
    context.stroke();
  }
  context.restore();
  // Smoke rises in the picture, whichever way the instrument points.
  context.rotate(-(item.angle + item.bend));
  const drift = random.between(-0.5, 0.5);
  for (let i = 0; i < 9; i++) {
    const t = (i + 1) / 9;
    const x = drift * t + 0.1 * random.bell() * t;
    const y = -0.14 - 1.05 * t;
    glow(context, x, y, 0.16 + 0.34 * t, [
      [0, `rgba(224, 222, 226, ${0.62 * (1 - 0.75 * t)})`],
      [1, 'rgba(224, 222, 226, 0)'],
    ]);
  }
}

function underSuction(context: SKRSContext2D, random: Random): void {
  // A pool of blood that streams towards the holes.
  const x = 0.12;
  const rx = random.between(0.62, 0.8);
  const ry = random.between(0.44, 0.56);
  const pool = ring(random, rx, ry, 0.07, x, 0);
  smoothPath(context, pool, true);
  const gradient = context.createRadialGradient(-0.05, 0, 0.02, x, 0, rx);
  gradient.addColorStop(0, '#1e0003');
  gradient.addColorStop(0.5, '#6a0209');
  gradient.addColorStop(1, '#a50912');
  context.fillStyle = gradient;
  context.fill();
  context.strokeStyle = 'rgba(255, 150, 140, 0.55)';
  context.lineWidth = 0.02;
  context.stroke();
  context.lineCap = 'round';
  for (let i = 0; i < 7; i++) {
    const a = random.between(-2.2, 2.2);
    const r = random.between(0.3, 0.46);
    stroke(
      context,
      [
        [-0.03, 0],
        [r * 0.5 * Math.cos(a + 0.3), r * 0.45 * Math.sin(a + 0.3)],
        [r * Math.cos(a), r * 0.85 * Math.sin(a)],
      ],
      'rgba(255, 120, 116, 0.6)',
      0.02,
    );
  }
  context.fillStyle = 'rgba(255, 246, 242, 0.9)';
  for (const [gx, gy] of [
    [0.4, -0.26],
    [0.52, 0.12],
  ] as const) {
    context.beginPath();
    context.ellipse(x + gx * 0.9, gy, 0.09, 0.026, -0.5, 0, 2 * Math.PI);
    context.fill();
  }
}

function thread(context: SKRSContext2D, points: readonly Point[], colour: string): void {
  stroke(context, points, 'rgba(8, 6, 14, 0.55)', 0.05);
  stroke(context, points, colour, 0.032);
}

const THREADS = ['#3a5be0', '#6a3fd0', '#2f49c9'] as const;

function underLooping(context: SKRSContext2D, random: Random, colour: string): void {
  context.lineCap = 'round';
  const lean = random.between(-0.5, 0.5);
  thread(
    context,
    [
      [-0.1, 0.05],
      [0.3, 0.3],
      [0.6, 0.1 + lean],
      [1.0, 0.35 + lean],
      [1.25, lean],
    ],
    colour,
  );
  thread(
    context,
    [
      [-0.4, -0.05],
      [-0.2, -0.5],
      [0.3, -0.55 + lean * 0.3],
      [0.8, -0.45],
    ],
    colour,
  );
}

function overLooping(context: SKRSContext2D, random: Random, colour: string): void {
  // Turns of thread wound round the closed jaws.
  context.lineCap = 'round';
  const turns = random.integer(3, 4);
  for (let i = 0; i < turns; i++) {
    const x = -0.1 - i * 0.13;
    for (const [width, style] of [
      [0.056, 'rgba(8, 6, 14, 0.6)'],
      [0.038, colour],
    ] as const) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.beginPath();
      context.ellipse(x, 0, 0.085, 0.24, 0.25, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

function underSuturing(context: SKRSContext2D, random: Random, colour: string): void {
  // Stitches already laid, across a closed wound.
  context.lineCap = 'round';
  const wound: Point[] = [
    [0.2, -0.75],
    [0.34, -0.2],
    [0.3, 0.3],
    [0.42, 0.8],
  ];
  stroke(context, wound, 'rgba(70, 4, 10, 0.9)', 0.07);
  for (let i = 0; i < 4; i++) {
    const y = -0.62 + i * 0.22;
    thread(
      context,
      [
        [0.12, y],
        [0.42, y + 0.08],
      ],
      colour,
    );
  }
  thread(
    context,
    [
      [0.3, 0.2],
      [0.7, 0.5 + 0.1 * random.bell()],
      [0.2, 0.8],
      [-0.35, 0.72],
    ],
    colour,
  );
}

function overSuturing(context: SKRSContext2D, random: Random): void {
  // The curved needle in the jaws.
  const radius = random.between(0.34, 0.4);
  for (const [width, style] of [
    [0.085, 'rgba(14, 14, 18, 0.85)'],
    [0.055, '#d7dde2'],
    [0.018, '#ffffff'],
  ] as const) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.lineCap = 'round';
    context.beginPath();
    context.arc(-0.1 + radius, 0.02, radius, Math.PI * 0.72, Math.PI * 1.75);
    context.stroke();
  }
}

function underClipping(context: SKRSContext2D, random: Random): void {
  // A vessel crosses between the jaws; one clip sits on it already.
  const lean = random.between(-0.25, 0.25);
  const line: Point[] = [
    [-0.05 - lean, -1.15],
    [-0.12, -0.4],
    [-0.12, 0.4],
    [-0.05 + lean, 1.15],
  ];
  context.lineCap = 'round';
  // It comes out of the tissue and goes back into it: both ends fade.
  const fading = (colour: string): CanvasGradient => {
    const gradient = context.createLinearGradient(0, -1.2, 0, 1.2);
    gradient.addColorStop(0, `rgba(${colour}, 0)`);
    gradient.addColorStop(0.25, `rgba(${colour}, 1)`);
    gradient.addColorStop(0.75, `rgba(${colour}, 1)`);
    gradient.addColorStop(1, `rgba(${colour}, 0)`);
    return gradient as unknown as CanvasGradient;
  };
  context.lineCap = 'butt';
  stroke(context, line, fading('40, 0, 6'), 0.33);
  stroke(context, line, fading('142, 18, 32'), 0.26);
  stroke(context, line, fading('216, 64, 74'), 0.15);
  stroke(context, line, fading('255, 196, 190'), 0.035);
}

function overClipping(context: SKRSContext2D, random: Random): void {
  for (const y of [0, random.chance(0.5) ? 0.42 : -0.42]) {
    context.fillStyle = '#f7f8f4';
    context.beginPath();
    context.roundRect(-0.34, y - 0.05, 0.44, 0.1, 0.03);
    context.fill();
    context.strokeStyle = 'rgba(30, 34, 30, 0.85)';
    context.lineWidth = 0.018;
    context.stroke();
    context.fillStyle = '#3fb573';
    context.fillRect(0.02, y - 0.045, 0.06, 0.09);
  }
}

function underStaple(context: SKRSContext2D, random: Random): void {
  // Two double rows of staples on either side of a cut, ahead of the jaws.
  const length = random.between(0.85, 1.05);
  context.fillStyle = 'rgba(226, 150, 134, 0.9)';
  context.beginPath();
  context.roundRect(-0.5, -0.27, length + 0.5, 0.54, 0.12);
  context.fill();
  context.strokeStyle = 'rgba(90, 14, 18, 0.6)';
  context.lineWidth = 0.02;
  context.stroke();
  context.fillStyle = '#4c0408';
  context.fillRect(-0.3, -0.025, length + 0.2, 0.05);
  for (const y of [-0.2, -0.11, 0.11, 0.2]) {
    for (let x = 0.02; x < length - 0.12; x += 0.15) {
      const at = x + (Math.abs(y) > 0.15 ? 0.06 : 0);
      context.fillStyle = 'rgba(30, 20, 24, 0.7)';
      context.fillRect(at, y - 0.012, 0.1, 0.05);
      context.fillStyle = '#f4f7f9';
      context.fillRect(at, y - 0.02, 0.1, 0.034);
    }
  }
}

function underSensing(context: SKRSContext2D, random: Random, length: number): void {
  // Gel round the pressed probe: a pale glossy film with bright edges.
  const gel = ring(random, 0.78, 0.5, 0.05, -length * 0.45, 0);
  smoothPath(context, gel, true);
  context.fillStyle = 'rgba(196, 226, 240, 0.55)';
  context.fill();
  context.strokeStyle = 'rgba(245, 253, 255, 0.9)';
  context.lineWidth = 0.035;
  context.stroke();
  glow(context, -length * 0.45, 0, 0.52, [
    [0, 'rgba(20, 2, 6, 0.8)'],
    [0.7, 'rgba(20, 2, 6, 0.4)'],
    [1, 'rgba(20, 2, 6, 0)'],
  ]);
  context.fillStyle = 'rgba(255, 255, 255, 0.9)';
  for (let i = 0; i < 6; i++) {
    const a = random.between(0, 2 * Math.PI);
    context.beginPath();
    context.ellipse(
      -length * 0.45 + 0.66 * Math.cos(a),
      0.4 * Math.sin(a),
      0.07,
      0.02,
      a + 1.5,
      0,
      2 * Math.PI,
    );
    context.fill();
  }
}

/** What lies under the instrument: folds, wounds, pools, threads. */
export function drawCueUnder(context: SKRSContext2D, item: SceneInstrument): void {
  if (item.state === 'Idle' || item.cue <= 0) return;
  const random = new Random(item.cueSeed);
  const colour = random.pick(THREADS);
  context.save();
  atTip(context, item);
  context.globalAlpha = item.cue;
  switch (item.state) {
    case 'Grasping':
      underGrasping(context, random);
      break;
    case 'Retraction':
      underRetraction(context, random);
      break;
    case 'Tissue_Manipulation':
      underManipulation(context, random);
      break;
    case 'Cutting':
      underCutting(context, random);
      break;
    case 'Cauterization':
      underCauterization(context, random);
      break;
    case 'Suction':
      underSuction(context, random);
      break;
    case 'Looping':
      underLooping(context, random, colour);
      break;
    case 'Suturing':
      underSuturing(context, random, colour);
      break;
    case 'Clipping':
      underClipping(context, random);
      break;
    case 'Staple':
      underStaple(context, random);
      break;
    case 'Ultrasound_Sensing':
      underSensing(context, random, TOOL_SHAPES[item.tool].jawLength);
      break;
    case 'Tool_Manipulation':
      break;
  }
  context.restore();
}

/** What lies over the instrument: sparks and smoke, held needles, wound thread, clips. */
export function drawCueOver(context: SKRSContext2D, item: SceneInstrument): void {
  if (item.state === 'Idle' || item.cue <= 0) return;
  const random = new Random(item.cueSeed);
  const colour = random.pick(THREADS);
  context.save();
  atTip(context, item);
  context.globalAlpha = item.cue;
  switch (item.state) {
    case 'Grasping':
      overGrasping(context);
      break;
    case 'Tool_Manipulation':
      overToolManipulation(context, random);
      break;
    case 'Cauterization':
      overCauterization(context, random, item);
      break;
    case 'Looping':
      overLooping(context, random, colour);
      break;
    case 'Suturing':
      overSuturing(context, random);
      break;
    case 'Clipping':
      overClipping(context, random);
      break;
    default:
      break;
  }
  context.restore();
}

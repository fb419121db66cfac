import type { SKRSContext2D } from '@napi-rs/canvas';
import { Random } from './random.ts';
import { THREADS, atTip, glow, ring, stroke, thread } from './cue-shapes.ts';
import { smoothPath } from './paint.ts';
import { TOOL_SHAPES } from './tools.ts';
import type { Point, SceneInstrument } from './types.ts';

/**
 * The visible cue of each state, drawn about the instrument's tip: x along the jaws, y to the side,
 * in the instrument's own units, the origin at the tip. `Idle` has none: closed jaws well above the tissue.
 */

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
    return gradient;
  };
  context.lineCap = 'butt';
  stroke(context, line, fading('40, 0, 6'), 0.33);
  stroke(context, line, fading('142, 18, 32'), 0.26);
  stroke(context, line, fading('216, 64, 74'), 0.15);
  stroke(context, line, fading('255, 196, 190'), 0.035);
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

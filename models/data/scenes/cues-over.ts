import type { SKRSContext2D } from '@napi-rs/canvas';
import { Random } from './random.ts';
import { THREADS, atTip, glow } from './cue-shapes.ts';
import type { SceneInstrument } from './types.ts';

/** Cues that lie over the instrument; see cues-under.ts for the coordinates. */

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

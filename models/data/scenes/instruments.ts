import type { SKRSContext2D } from '@napi-rs/canvas';
import { TOOL_SHAPES, jawOutline, wristOutline } from './tools.ts';
import type { Tool } from '../labels.ts';
import type { Point, SceneInstrument } from './types.ts';

/** Drawing of the instruments, in each one's local units (see tools.ts). */

type Stop = readonly [at: number, colour: string];

/** Gradient across a part, from y = -radius to radius. */
function across(context: SKRSContext2D, radius: number, stops: readonly Stop[]): CanvasGradient | string {
  const gradient = context.createLinearGradient(0, -radius, 0, radius);
  for (const [at, colour] of stops) gradient.addColorStop(at, colour);
  return gradient;
}

const METAL: readonly Stop[] = [
  [0, '#6d747c'],
  [0.2, '#c9d0d6'],
  [0.36, '#fbfdff'],
  [0.55, '#b3bac2'],
  [0.82, '#71787f'],
  [1, '#3e444b'],
];
const SHAFT: readonly Stop[] = [
  [0, '#08090b'],
  [0.18, '#24272c'],
  [0.3, '#767d86'],
  [0.38, '#4b5058'],
  [0.6, '#202328'],
  [1, '#050607'],
];
const STEEL_TUBE: readonly Stop[] = [
  [0, '#4c5258'],
  [0.25, '#d8dde1'],
  [0.4, '#ffffff'],
  [0.6, '#aab1b8'],
  [1, '#343a40'],
];

/** Sleeve of the wrist: the accent by which the instruments are told apart at a glance. */
const WRIST: Readonly<Record<Tool, readonly Stop[]>> = {
  bipolar_forceps: [
    [0, '#0d3f63'],
    [0.3, '#5fb7e8'],
    [0.6, '#1f78b4'],
    [1, '#08263d'],
  ],
  prograsp_forceps: METAL,
  large_needle_driver: [
    [0, '#6b4a0c'],
    [0.3, '#ffe28a'],
    [0.6, '#c9962c'],
    [1, '#4a3006'],
  ],
  monopolar_curved_scissors: [
    [0, '#5c2305'],
    [0.3, '#f39a52'],
    [0.6, '#b5541a'],
    [1, '#3d1602'],
  ],
  ultrasound_probe: METAL,
  suction: STEEL_TUBE,
  clip_applier: [
    [0, '#14482a'],
    [0.3, '#74d79c'],
    [0.6, '#2b9257'],
    [1, '#0a2c18'],
  ],
  stapler: [
    [0, '#26292d'],
    [0.3, '#8f969d'],
    [0.6, '#4c5157'],
    [1, '#141618'],
  ],
};

function polygon(context: SKRSContext2D, points: readonly Point[]): void {
  context.beginPath();
  points.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  context.closePath();
}

function place(context: SKRSContext2D, item: SceneInstrument): void {
  context.translate(item.wrist[0], item.wrist[1]);
  context.rotate(item.angle);
  context.scale(item.size, item.size);
}

/** Soft shadow on the tissue below: wide strokes of falling strength along the instrument's axis. */
export function drawShadow(context: SKRSContext2D, item: SceneInstrument): void {
  const shape = TOOL_SHAPES[item.tool];
  context.save();
  context.translate(item.lift * 0.8, item.lift);
  place(context, item);
  context.lineCap = 'round';
  context.lineJoin = 'round';
  const reach = shape.clevis + shape.jawLength * 0.72 * Math.cos(item.bend);
  const spread = shape.hinged ? item.opening * shape.jawLength * 0.5 : 0;
  for (const [grow, alpha] of [
    [2.5, 0.045],
    [2.15, 0.055],
    [1.8, 0.065],
    [1.5, 0.07],
    [1.25, 0.08],
    [1, 0.09],
  ] as const) {
    context.strokeStyle = `rgba(18, 0, 4, ${alpha})`;
    context.lineWidth = shape.shaftRadius * 2 * grow;
    context.beginPath();
    context.moveTo(-9, 0);
    context.lineTo(shape.clevis, 0);
    context.stroke();
    context.lineWidth = (shape.shaftRadius * 1.5 + spread) * grow;
    context.beginPath();
    context.moveTo(shape.clevis, 0);
    context.lineTo(reach, shape.jawLength * 0.72 * Math.sin(item.bend));
    context.stroke();
  }
  context.restore();
}

function drawJaw(context: SKRSContext2D, item: SceneInstrument, jaw: number): void {
  const shape = TOOL_SHAPES[item.tool];
  const outline = jawOutline(item.tool, jaw, item.opening, item.side);
  polygon(context, outline);
  const width = 0.24;
  context.fillStyle = across(context, width, [
    [0, '#757c84'],
    [0.3, jaw < 0 ? '#eef2f5' : '#aeb5bc'],
    [0.5, '#c3cad0'],
    [0.72, jaw < 0 ? '#b6bdc4' : '#e2e7eb'],
    [1, '#565d64'],
  ]);
  context.fill();
  context.strokeStyle = 'rgba(20, 22, 26, 0.75)';
  context.lineWidth = 0.016;
  context.lineJoin = 'round';
  context.stroke();

  context.save();
  context.rotate(shape.hinged ? (jaw * item.opening) / 2 : 0);
  const length = shape.jawLength;
  switch (item.tool) {
    case 'bipolar_forceps':
      context.strokeStyle = 'rgba(255, 255, 255, 0.8)';
      context.lineWidth = 0.018;
      context.beginPath();
      context.moveTo(0.1, jaw * 0.07);
      context.quadraticCurveTo(length * 0.5, jaw * 0.135, length * 0.92, jaw * 0.03);
      context.stroke();
      break;
    case 'prograsp_forceps':
      context.fillStyle = 'rgba(26, 8, 10, 0.85)';
      context.beginPath();
      context.ellipse(length * 0.56, jaw * 0.075, length * 0.21, 0.032, 0, 0, 2 * Math.PI);
      context.fill();
      break;
    case 'large_needle_driver':
      context.fillStyle = '#d9a937';
      context.fillRect(length * 0.18, jaw > 0 ? 0.006 : -0.05, length * 0.7, 0.044);
      context.strokeStyle = 'rgba(70, 46, 8, 0.8)';
      context.lineWidth = 0.012;
      for (let x = 0.24; x < 0.86; x += 0.1) {
        context.beginPath();
        context.moveTo(length * x, jaw * 0.006);
        context.lineTo(length * (x + 0.05), jaw * 0.05);
        context.stroke();
      }
      break;
    case 'clip_applier':
      context.strokeStyle = '#2b9257';
      context.lineWidth = 0.03;
      context.beginPath();
      context.moveTo(0.04, jaw * 0.05);
      context.lineTo(length * 0.4, jaw * 0.12 + item.side * shape.curve * 0.16);
      context.stroke();
      break;
    case 'stapler':
      if (jaw > 0) {
        context.fillStyle = '#2f62c9';
        context.fillRect(length * 0.12, 0.012, length * 0.78, 0.1);
        context.fillStyle = '#7fa6f2';
        for (let x = 0.18; x < 0.86; x += 0.085) {
          context.fillRect(length * x, 0.03, 0.045, 0.018);
          context.fillRect(length * x + 0.03, 0.07, 0.045, 0.018);
        }
      } else {
        context.strokeStyle = 'rgba(40, 44, 50, 0.8)';
        context.lineWidth = 0.022;
        context.beginPath();
        context.moveTo(length * 0.15, -0.06);
        context.lineTo(length * 0.86, -0.06);
        context.stroke();
      }
      break;
    case 'monopolar_curved_scissors':
      context.strokeStyle = 'rgba(255, 255, 255, 0.85)';
      context.lineWidth = 0.014;
      context.beginPath();
      context.moveTo(0.06, jaw * 0.03);
      context.quadraticCurveTo(length * 0.5, jaw * 0.03 + item.side * 0.02, length * 0.95, item.side * 0.135);
      context.stroke();
      break;
    default:
      break;
  }
  context.restore();
}

function drawProbe(context: SKRSContext2D, item: SceneInstrument): void {
  const { jawLength: length } = TOOL_SHAPES.ultrasound_probe;
  polygon(context, jawOutline('ultrasound_probe', 1, 0, 1));
  context.fillStyle = across(context, 0.22, [
    [0, '#8d959c'],
    [0.25, '#f4f6f7'],
    [0.5, '#dfe4e7'],
    [0.8, '#98a1a8'],
    [1, '#5b636a'],
  ]);
  context.fill();
  context.strokeStyle = 'rgba(30, 34, 38, 0.8)';
  context.lineWidth = 0.016;
  context.stroke();
  context.fillStyle = '#31363c';
  context.beginPath();
  context.roundRect(length * 0.36, -0.12, length * 0.5, 0.24, 0.1);
  context.fill();
  context.fillStyle = 'rgba(150, 190, 214, 0.5)';
  context.beginPath();
  context.roundRect(length * 0.4, -0.1, length * 0.42, 0.07, 0.03);
  context.fill();
  context.fillStyle = '#2f8fb3';
  context.fillRect(length * 0.2, -0.2, 0.055, 0.4);
  context.strokeStyle = '#c8cdd2';
  context.lineWidth = 0.06;
  context.beginPath();
  context.moveTo(length * 0.03, item.side * 0.1);
  context.bezierCurveTo(-0.3, item.side * 0.32, -0.7, item.side * 0.1, -1.4, item.side * 0.3);
  context.stroke();
}

function drawSuctionTip(context: SKRSContext2D): void {
  const { jawLength: length } = TOOL_SHAPES.suction;
  polygon(context, jawOutline('suction', 1, 0, 1));
  context.fillStyle = across(context, 0.078, STEEL_TUBE);
  context.fill();
  context.strokeStyle = 'rgba(30, 34, 38, 0.8)';
  context.lineWidth = 0.014;
  context.stroke();
  context.fillStyle = '#15090a';
  for (const [x, y] of [
    [0.62, 0.02],
    [0.72, -0.03],
    [0.81, 0.025],
    [0.89, -0.02],
  ] as const) {
    context.beginPath();
    context.ellipse(length * x, y, 0.026, 0.018, 0, 0, 2 * Math.PI);
    context.fill();
  }
}

/** The whole instrument, shaft first. */
export function drawInstrument(context: SKRSContext2D, item: SceneInstrument): void {
  const { shaftRadius: r, clevis, jawLength } = TOOL_SHAPES[item.tool];
  context.save();
  place(context, item);
  context.fillStyle = across(context, r, item.tool === 'suction' ? STEEL_TUBE : SHAFT);
  context.fillRect(-12, -r, 12, 2 * r);
  if (item.tool !== 'suction') {
    context.fillStyle = across(context, r, METAL);
    context.fillRect(-0.07, -r, 0.07, 2 * r);
    context.fillStyle = 'rgba(190, 198, 206, 0.35)';
    context.fillRect(-0.62, -r, 0.03, 2 * r);
  } else {
    context.fillStyle = 'rgba(20, 24, 28, 0.6)';
    context.fillRect(-0.03, -r, 0.03, 2 * r);
  }

  const drawJaws = (): void => {
    context.save();
    context.translate(clevis, 0);
    context.rotate(item.bend);
    if (item.tool === 'ultrasound_probe') drawProbe(context, item);
    else if (item.tool === 'suction') drawSuctionTip(context);
    else {
      drawJaw(context, item, 1);
      drawJaw(context, item, -1);
      if (item.tool === 'clip_applier' && item.state === 'Idle') {
        context.strokeStyle = '#ffffff';
        context.lineWidth = 0.04;
        context.beginPath();
        context.moveTo(jawLength * 0.9, -0.05 + item.side * 0.1);
        context.lineTo(jawLength * 0.45, item.side * 0.03);
        context.lineTo(jawLength * 0.9, 0.05 + item.side * 0.14);
        context.stroke();
      }
    }
    context.restore();
  };
  drawJaws();

  if (clevis > 0.1) {
    // Two tapering plates of the wrist, the pivot between them.
    polygon(context, wristOutline(item.tool));
    context.fillStyle = across(context, r, WRIST[item.tool]);
    context.fill();
    context.strokeStyle = 'rgba(16, 16, 20, 0.7)';
    context.lineWidth = 0.014;
    context.stroke();
    context.fillStyle = '#e8ecef';
    context.beginPath();
    context.arc(clevis, 0, r * 0.34, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    context.fillStyle = '#4b5158';
    context.beginPath();
    context.arc(clevis, 0, r * 0.12, 0, 2 * Math.PI);
    context.fill();
  }
  context.restore();
}

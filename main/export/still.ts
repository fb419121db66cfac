import { createRequire } from 'node:module';
import { createCanvas, GlobalFonts, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';
import { readable } from '../../preload/contract/words/answers.ts';
import { isUnderWay, placedItems } from '../../preload/contract/domain.ts';
import { headline, statusWords } from '../../preload/contract/words/statuses.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { surenessInWords } from '../../preload/contract/doubts.ts';
import type { Box } from '../../preload/contract/values.ts';
import { putPicture, type Picture } from '../platform/picture.ts';
import { visibleText } from '../../preload/contract/visible-text.ts';
import { captionOf, type Caption, type StillContent } from './caption.ts';
import { glyphsOf, nameMissing, type HasGlyph } from './glyphs.ts';
import { fitLines, wrapText, type MeasureText } from './text.ts';

const accent = '#4fb3bf';
const panel = '#14181c';
const ink = '#0e1114';
const text = '#e6e9ec';
const dim = '#98a2ad';
const warn = '#e0b152';
const regular = 'Workstation Sans';
const bold = 'Workstation Sans Bold';
/** Scripts that the workstation's own font lacks are set in what the system has. */
const elsewhere = 'sans-serif';
/** A picture is at least this wide, so that what stands below a small frame can be read. */
const leastWidth = 480;

/** The frame as it is, as PNG. */
export async function drawFrame(frame: Picture): Promise<Buffer> {
  const canvas = createCanvas(frame.width, frame.height);
  putPicture(canvas.getContext('2d'), frame);
  return canvas.encode('png');
}

/**
 * The frame with the answer's box and label on it, as PNG. Below the frame, not over it, stands what the window says beside
 * it: the question, how sure the model was, warnings, the frame's number, time and hash, whose answer it is, and what the
 * picture may be used for. Nothing of it is ever cut. The frame keeps its own pixels: nothing is scaled.
 */
export async function drawStill(content: StillContent): Promise<Buffer> {
  const { frame, answer } = content;
  registerFonts();
  const unit = unitOf(frame);
  const width = Math.max(frame.width, leastWidth);
  const footer = layOutFooter(captionOf(content), width, unit);
  const canvas: Canvas = createCanvas(width, frame.height + footer.height);
  const context = canvas.getContext('2d');
  context.fillStyle = panel;
  context.fillRect(0, 0, width, frame.height + footer.height);
  putPicture(context, frame);
  // What is drawn for a box at the frame's edge stays on the frame.
  context.save();
  context.beginPath();
  context.rect(0, 0, frame.width, frame.height);
  context.clip();
  for (const { box } of placedItems(answer)) drawBox(context, box, unit);
  drawLabels(context, content, unit);
  context.restore();
  drawFooter(context, frame, footer);
  return canvas.encode('png');
}

/** The words on the picture: label and sureness as the window shows them, or why there is no box. */
export function labelText(answer: StillContent['answer']): string | null {
  const { status, label } = answer;
  if (isUnderWay(status)) return null;
  const words = visibleText(headline(answer));
  const sureness = surenessInWords(answer);
  switch (status) {
    case 'answered':
    case 'not-visible':
      return sureness === '' ? words : `${words} · ${sureness}`;
    case 'answered-without-location':
      return `${sureness === '' ? words : `${words} · ${sureness}`} · ${statusWords[status].word}`;
    case 'refused':
      return label === null ? words : `${words} · the model declines`;
    case 'stopped':
      return label === null ? words : `${words} · ${statusWords[status].word}`;
    default:
      return words;
  }
}

/** One unit is a pixel of a 1280x1024 frame, and no smaller than lets a small frame's text be read. */
function unitOf({ width, height }: Picture): number {
  return Math.max(0.7, Math.sqrt((width * height) / (1280 * 1024)));
}

function drawBox(context: SKRSContext2D, [x1, y1, x2, y2]: Box, unit: number): void {
  const line = Math.max(2, Math.round(3 * unit));
  // A dark edge on both sides keeps the line apart from bright tissue and glare.
  context.lineJoin = 'miter';
  context.strokeStyle = 'rgba(14, 17, 20, 0.65)';
  context.lineWidth = line + 2;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.strokeStyle = accent;
  context.lineWidth = line;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
}

function drawLabels(context: SKRSContext2D, { frame, answer }: StillContent, unit: number): void {
  const words = labelText(answer);
  if (words !== null) drawLabel(context, frame, words, answer.box, unit);
  // Of a list, each thing has its name at its box, and the whole answer stands in the corner.
  if (answer.items.length === 0) return;
  for (const { label, box } of placedItems(answer)) drawLabel(context, frame, readable(label), box, unit);
}

function drawLabel(
  context: SKRSContext2D,
  frame: Picture,
  label: string,
  box: Box | null,
  unit: number,
): void {
  const words = drawable(label, bold);
  const padding = Math.round(8 * unit);
  const room = frame.width - 2 * padding;
  const { lines, size } = fitLines(words, room, 19 * unit, 11, measureWith(context, bold));
  context.font = fontOf(bold, size);
  const widest = Math.max(...lines.map((line) => context.measureText(line).width));
  const width = Math.min(frame.width, Math.ceil(widest) + 2 * padding);
  const lineHeight = Math.round(size * 1.3);
  const height = lines.length * lineHeight + Math.round(size * 0.3);
  // A label that would hide the box's frame, or not fit on it, stands whole below the frame alone.
  if (height > frame.height / 2) return;
  const [x, y] = placeLabel(box, { width, height }, frame, Math.max(2, Math.round(3 * unit)), unit);
  context.fillStyle = box === null ? 'rgba(14, 17, 20, 0.82)' : accent;
  context.beginPath();
  context.roundRect(x, y, width, height, Math.round(3 * unit));
  context.fill();
  context.fillStyle = box === null ? text : ink;
  context.textBaseline = 'middle';
  for (const [row, line] of lines.entries()) {
    context.fillText(line, x + padding, y + size * 0.19 + (row + 0.5) * lineHeight);
  }
}

/**
 * The label's upper left corner: over the box, else under it, else inside its top; always whole inside the
 * frame. Without a box, the frame's upper left.
 */
export function placeLabel(
  box: Box | null,
  label: { width: number; height: number },
  frame: { width: number; height: number },
  line: number,
  unit: number,
): [number, number] {
  const within = (value: number, length: number, room: number): number =>
    Math.round(Math.max(0, Math.min(value, room - length)));
  if (box === null) {
    const margin = 16 * unit;
    return [within(margin, label.width, frame.width), within(margin, label.height, frame.height)];
  }
  const [x1, y1, , y2] = box;
  const edge = line / 2;
  const x = within(x1 - edge, label.width, frame.width);
  if (y1 - edge - label.height >= 0) return [x, Math.round(y1 - edge - label.height)];
  if (y2 + edge + label.height <= frame.height) return [x, Math.round(y2 + edge)];
  return [
    within(x1 + edge, label.width, frame.width),
    within(Math.max(0, y1 + edge), label.height, frame.height),
  ];
}

interface Footer {
  lines: { words: string; font: string; colour: string }[];
  size: number;
  lineHeight: number;
  padding: number;
  height: number;
}

const colours: Record<Caption['tone'], string> = { title: text, plain: text, dim, warn };

function layOutFooter(captions: readonly Caption[], width: number, unit: number): Footer {
  const size = Math.max(11, Math.round(15 * unit));
  const padding = Math.round(size * 0.9);
  const room = Math.max(1, width - 2 * padding);
  const measure = createCanvas(1, 1).getContext('2d');
  const lines = captions.flatMap(({ words, tone }) => {
    const font = tone === 'title' ? bold : regular;
    const wrapped = wrapText(drawable(words, font), room, (line) => measureWith(measure, font)(line, size));
    return wrapped.map((line) => ({ words: line, font, colour: colours[tone] }));
  });
  const lineHeight = Math.round(size * 1.45);
  return {
    lines,
    size,
    lineHeight,
    padding,
    height: lines.length * lineHeight + 2 * Math.round(padding * 0.7),
  };
}

const familiesOf = (font: string): string => `"${font}", ${elsewhere}`;
const fontOf = (font: string, size: number): string => `${size}px ${familiesOf(font)}`;

function drawFooter(context: SKRSContext2D, frame: Picture, footer: Footer): void {
  context.textBaseline = 'middle';
  let y = frame.height + Math.round(footer.padding * 0.7) + footer.lineHeight / 2;
  for (const { words, font, colour } of footer.lines) {
    context.font = fontOf(font, footer.size);
    context.fillStyle = colour;
    context.fillText(words, footer.padding, y);
    y += footer.lineHeight;
  }
}

const measureWith =
  (context: SKRSContext2D, font: string): MeasureText =>
  (words, size) => {
    context.font = fontOf(font, size);
    return context.measureText(words).width;
  };

const glyphs = new Map<string, HasGlyph>();

/** The words as this font and those of the system can draw them. */
function drawable(words: string, font: string): string {
  const has = glyphs.get(font) ?? glyphsOf(familiesOf(font));
  glyphs.set(font, has);
  return nameMissing(words, has);
}

let registered = false;

/** The font comes with the workstation, so that a still looks the same on every machine. */
function registerFonts(): void {
  if (registered) return;
  const require = createRequire(import.meta.url);
  // The canvas reads files by itself and knows nothing of Electron's archive; the fonts lie beside it.
  const resolve = (file: string): string =>
    require.resolve(file).replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked');
  const added =
    GlobalFonts.registerFromPath(resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'), regular) &&
    GlobalFonts.registerFromPath(resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'), bold);
  if (!added) {
    throw new WorkstationError(
      'internal',
      'The font for stills could not be read.',
      'Install the workstation again: a file of its package dejavu-fonts-ttf is missing or damaged.',
    );
  }
  registered = true;
}

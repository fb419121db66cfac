import type { Calibration, ConfusionMatrix } from './metrics/index.ts';
import type { EvaluationReport } from './report-schema.ts';

/** The picture of a report: accuracy beside the blind floor, reliability, confusion. Plain SVG on white. */

const WIDTH = 1240;
const MARGIN = 24;
const INK = '#1c2733';
const QUIET = '#5b6875';
const RULE = '#d5dbe1';
const OURS = '#1f5fa8';
const BLIND = '#b3bdc7';
const STATED = '#e07b2a';

interface Block {
  width: number;
  height: number;
  /** Drawn from its own left upper corner. */
  content: string;
}

/** Draws the report as an SVG document. The same report gives the same text. */
export function figureOf(report: EvaluationReport): string {
  const { figures, data, label, model } = report;
  const title = label === model.name ? label : `${label}: ${model.name}`;
  const subtitle = `${data.questions} questions, ${data.frames} frames${data.split ? `, split ${data.split}` : ''}${data.synthetic ? ', synthetic scenes' : ''}; overall mIoU ${two(figures.overall.miou)}, illusions ${two(figures.overall.illusions.rate)}`;
  const blocks = [
    bars(report),
    ...(figures.calibration.answer ? [reliability(figures.calibration.answer)] : []),
    // The answer to a grounding question stands in the question: its matrix is in the report's text alone.
    ...Object.entries(figures.confusion)
      .filter(([type]) => type !== 'grounding')
      .map(([type, matrix]) => confusion(type, matrix))
      .sort((a, b) => b.height - a.height),
  ];
  const { placed, height } = flow(blocks, 84);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="Inter, 'DejaVu Sans', Arial, sans-serif" font-size="12" fill="${INK}" role="img">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${text(MARGIN, 38, title, { size: 20, weight: 600 })}
${text(MARGIN, 60, subtitle, { size: 13, colour: QUIET })}
${placed}
</svg>
`;
}

/** Blocks side by side as far as the width goes, each row as high as its highest. */
function flow(blocks: readonly Block[], top: number): { placed: string; height: number } {
  const parts: string[] = [];
  let [x, y, rowHeight] = [MARGIN, top, 0];
  for (const block of blocks) {
    if (x > MARGIN && x + block.width > WIDTH - MARGIN)
      [x, y, rowHeight] = [MARGIN, y + rowHeight + MARGIN, 0];
    parts.push(`<g transform="translate(${fixed(x)} ${fixed(y)})">${block.content}</g>`);
    x += block.width + MARGIN;
    rowHeight = Math.max(rowHeight, block.height);
  }
  return { placed: parts.join('\n'), height: Math.ceil(y + rowHeight + MARGIN) };
}

function bars({ figures }: EvaluationReport): Block {
  const [width, height, left, base, top] = [680, 320, 40, 270, 52];
  const parts = [['overall', figures.overall] as const, ...Object.entries(figures.byType)];
  const step = (width - left) / parts.length;
  const bar = Math.min(52, step / 2.8);
  const y = (value: number): number => base - value * (base - top);
  const marks = parts.map(([name, { accuracy, blindFloor, questions }], i) => {
    const middle = left + step * (i + 0.5);
    const one = (x: number, value: number, colour: string, weight: number): string =>
      `<rect x="${fixed(x)}" y="${fixed(y(value))}" width="${fixed(bar)}" height="${fixed(base - y(value))}" fill="${colour}"/>${text(x + bar / 2, y(value) - 5, value.toFixed(2), { anchor: 'middle', size: 11, weight })}`;
    return [
      one(middle - bar - 1, accuracy, OURS, 600),
      one(middle + 1, blindFloor, BLIND, 400),
      text(middle, base + 18, name, { anchor: 'middle', weight: name === 'overall' ? 600 : 400 }),
      text(middle, base + 33, `${questions}`, { anchor: 'middle', size: 11, colour: QUIET }),
    ].join('');
  });
  const content = [
    text(0, 14, 'Accuracy and blind floor by type of question', { size: 14, weight: 600 }),
    legend(left, 22, [
      ['model', OURS],
      ['question alone, no image', BLIND],
    ]),
    ...axis(left, width, y),
    ...marks,
    text(0, base + 33, 'questions', { size: 11, colour: QUIET }),
  ].join('');
  return { width, height, content };
}

function axis(left: number, right: number, y: (value: number) => number): string[] {
  return [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (value) =>
      `<line x1="${left}" x2="${right}" y1="${fixed(y(value))}" y2="${fixed(y(value))}" stroke="${value === 0 ? QUIET : RULE}"/>${text(left - 6, y(value) + 4, value.toFixed(1), { anchor: 'end', size: 11, colour: QUIET })}`,
  );
}

function reliability({ bins, error, count }: Calibration): Block {
  const [width, height, left, base, top] = [470, 320, 40, 270, 52];
  const side = base - top;
  const step = side / bins.length;
  const y = (value: number): number => base - value * side;
  const most = Math.max(...bins.map((bin) => bin.count));
  const drawn = bins.flatMap((bin, i) => {
    if (bin.accuracy === null || bin.confidence === null) return [];
    const x = left + i * step;
    return [
      `<rect x="${fixed(x + 1)}" y="${fixed(y(bin.accuracy))}" width="${fixed(step - 2)}" height="${fixed(base - y(bin.accuracy))}" fill="${OURS}" fill-opacity="0.8"/>`,
      `<rect x="${fixed(x + 1)}" y="${fixed(y(bin.confidence) - 1.5)}" width="${fixed(step - 2)}" height="3" fill="${STATED}"/>`,
    ];
  });
  const countsLeft = left + side + 34;
  const counts = bins.map(
    (bin, i) =>
      `<rect x="${countsLeft}" y="${fixed(base - (i + 1) * step + 2)}" width="${fixed((110 * bin.count) / Math.max(1, most))}" height="${fixed(step - 4)}" fill="${BLIND}"/>${text(countsLeft + (110 * bin.count) / Math.max(1, most) + 4, base - (i + 0.5) * step + 4, `${bin.count}`, { size: 10, colour: QUIET })}`,
  );
  const content = [
    text(0, 14, `Calibration of the stated probability: ECE ${error.toFixed(3)}`, { size: 14, weight: 600 }),
    ...axis(left, left + side, y),
    ...drawn,
    `<line x1="${left}" y1="${base}" x2="${left + side}" y2="${top}" stroke="${INK}" stroke-dasharray="4 4"/>`,
    ...[0, 0.5, 1].map((value) =>
      text(left + value * side, base + 18, value.toFixed(1), { anchor: 'middle', size: 11, colour: QUIET }),
    ),
    text(left + side / 2, base + 35, 'stated probability', { anchor: 'middle', size: 11, colour: QUIET }),
    legend(left, 22, [
      ['right', OURS],
      ['mean stated', STATED],
    ]),
    text(countsLeft, top - 8, `answers by probability (${count})`, { size: 11, colour: QUIET }),
    ...counts,
  ].join('');
  return { width, height, content };
}

function confusion(type: string, { labels, counts }: ConfusionMatrix): Block {
  const cell = 26;
  const gutter = 10 + 6.5 * Math.max(4, ...labels.map((label) => label.length));
  const [left, top] = [gutter, 50];
  const side = cell * labels.length;
  const cells = counts.flatMap((row, i) => {
    const total = row.reduce((sum, value) => sum + value, 0);
    return row.map((value, j) => {
      const share = total > 0 ? value / total : 0;
      const [x, y] = [left + j * cell, top + i * cell];
      const square = `<rect x="${fixed(x)}" y="${fixed(y)}" width="${cell}" height="${cell}" fill="${shade(share)}" stroke="#ffffff"/>`;
      if (value === 0) return square;
      const ink = {
        anchor: 'middle',
        size: value > 999 ? 9 : 11,
        colour: share > 0.5 ? '#ffffff' : INK,
      } as const;
      return square + text(x + cell / 2, y + cell / 2 + 4, `${value}`, ink);
    });
  });
  const names = labels.map((label, i) => {
    const middle = left + (i + 0.5) * cell;
    return (
      text(left - 6, top + (i + 0.5) * cell + 4, label, { anchor: 'end', size: 11 }) +
      `<g transform="translate(${fixed(middle + 4)} ${fixed(top + side + 8)}) rotate(-50)">${text(0, 4, label, { anchor: 'end', size: 11 })}</g>`
    );
  });
  const content = [
    text(0, 14, `Confusion: ${type}`, { size: 14, weight: 600 }),
    text(0, 32, 'true down, said across', {
      size: 11,
      colour: QUIET,
    }),
    ...cells,
    ...names,
  ].join('');
  return { width: Math.max(180, left + side + 6), height: top + side + 16 + gutter * 0.78, content };
}

/** From near white to the model's colour. */
function shade(share: number): string {
  const mix = (from: number, to: number): number => Math.round(from + (to - from) * share);
  return `rgb(${mix(242, 31)} ${mix(245, 95)} ${mix(248, 168)})`;
}

interface TextStyle {
  size?: number;
  weight?: number;
  colour?: string;
  anchor?: 'start' | 'middle' | 'end';
}

function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size, weight, colour, anchor } = style;
  const attributes = [
    `x="${fixed(x)}" y="${fixed(y)}"`,
    ...(size === undefined ? [] : [`font-size="${size}"`]),
    ...(weight === undefined ? [] : [`font-weight="${weight}"`]),
    ...(colour === undefined ? [] : [`fill="${colour}"`]),
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
  ];
  return `<text ${attributes.join(' ')}>${escaped(content)}</text>`;
}

function legend(x: number, y: number, entries: readonly (readonly [string, string])[]): string {
  let at = x;
  return entries
    .map(([name, colour]) => {
      const drawn = `<rect x="${fixed(at)}" y="${y}" width="12" height="12" fill="${colour}"/>${text(at + 17, y + 10, name, { size: 11 })}`;
      at += 32 + 6.4 * name.length;
      return drawn;
    })
    .join('');
}

const two = (value: number | null): string => value?.toFixed(2) ?? '–';
const fixed = (value: number): string => `${Math.round(value * 10) / 10}`;
const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

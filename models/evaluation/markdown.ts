import { PUBLISHED, PUBLISHED_SOURCES } from './published.ts';
import type { EvaluationReport, Part } from './report-schema.ts';

/** A table of Markdown; the first column left, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

export const rate = (value: number | null): string => (value === null ? '–' : value.toFixed(3));
export const points = (value: number | null): string => (value === null ? '–' : value.toFixed(1));

/** The report for people. The same report gives the same text; `timing` does not enter. */
export function markdownOf(report: EvaluationReport, figureName: string | null): string {
  const { figures, data, model } = report;
  const { overall, calibration } = figures;
  const types = Object.entries(figures.byType);
  const lines = [
    `# Evaluation of ${model.name}${report.label === model.name ? '' : `: ${report.label}`}`,
    '',
    `- Model: ${model.id}, SHA-256 ${model.sha256 ?? 'not stated'}, domain: ${model.domain}`,
    `- Data: ${data.source}${data.split ? `, split ${data.split}` : ''}: ${data.questions} questions on ${data.frames} frames, SHA-256 of the rows ${data.sha256.slice(0, 16)}`,
    `- Pictures: ${data.synthetic ? 'synthetic scenes' : 'not known to be synthetic'}`,
    `- Seed: ${report.seed ?? 'none'}; settings: \`${JSON.stringify(report.settings)}\``,
    ...(report.problems.length > 0 ? [`- **Left out: ${report.problems.length}** (see the end)`] : []),
    '',
    ...(figureName === null ? [] : [`![Accuracy by type, calibration and confusion](${figureName})`, '']),
    '## Figures by type of question',
    '',
    table(
      [
        '',
        'questions',
        'accuracy',
        'blind floor',
        'margin',
        'macro F',
        'mIoU',
        'mIoU, reference',
        'illusions',
      ],
      [['**overall**', overall] as const, ...types].map(([name, part]) => [name, ...partCells(part)]),
    ),
    '',
    `Overall counts ${figures.countedTypes.join(', ')}${'grounding' in figures.byType && !figures.countedTypes.includes('grounding') ? '; a grounding question names its label, so its accuracy says nothing' : ''}. The blind floor is the accuracy of the most frequent answer to each question with no image, fitted on ${figures.blindFloorFittedOn}. "mIoU, reference" is computed as the reference repository does: it is inflated, and the only column that may be compared with a published mIoU. Illusions: right label, but the box overlaps the true one by less than 0.5 or is missing, or a place in label or reasoning goes against the answer's own box; of the rows with a true box. ±: half of a 95 % interval, frames taken as the sample.`,
    '',
    '## Behaviour',
    '',
    table(
      ['', 'rate', 'of'],
      [
        ['well-formed answers', rate(overall.format.rate), `${overall.questions}`],
        ['coherent answers', rate(overall.coherent), `${overall.questions}`],
        [
          '"not visible" said of absent things',
          rate(overall.abstention.rate),
          `${overall.abstention.absent}`,
        ],
        [
          '"not visible" said of things in view',
          rate(overall.abstention.falseRate),
          `${overall.abstention.present}`,
        ],
        [
          'illusions among right labels',
          rate(overall.illusions.rateAmongRight),
          `${overall.illusions.rightLabels}`,
        ],
        [
          'calibration error (ECE, 10 bins)',
          rate(calibration.answer?.error ?? null),
          `${calibration.answer?.count ?? 0}`,
        ],
        ...(overall.lists
          ? [
              ['things of lists found (F1, overlap 0.5)', rate(overall.lists.f), `${overall.lists.things}`],
              ['precision of lists', rate(overall.lists.precision), `${overall.lists.questions} questions`],
              ['recall of lists', rate(overall.lists.recall), `${overall.lists.questions} questions`],
            ]
          : []),
        ...(overall.refusals
          ? [
              [
                'questions out of scope declined',
                rate(overall.refusals.rate),
                `${overall.refusals.outOfScope}`,
              ],
              [
                'questions in scope declined',
                rate(overall.refusals.wrongRate),
                `${overall.refusals.inScope}`,
              ],
            ]
          : []),
        ...(calibration.box
          ? [['calibration error of the box', rate(calibration.box.error), `${calibration.box.count}`]]
          : []),
      ],
    ),
    '',
    ...wordingLines(report),
    ...(figures.selection ? selectionLines(figures.selection) : []),
    ...(calibration.answer ? reliabilityLines(calibration.answer) : []),
    '## Classes',
    '',
    table(
      ['label', 'true', 'said', 'precision', 'recall', 'F1'],
      Object.entries(figures.perClass)
        .sort(([a, { support: m }], [b, { support: n }]) => n - m || (a < b ? -1 : 1))
        .map(([label, { support, predicted, precision, recall, f }]) => [
          label,
          `${support}`,
          `${predicted}`,
          rate(precision),
          rate(recall),
          rate(f),
        ]),
    ),
    '',
    ...confusionLines(report),
    ...publishedLines(data.synthetic),
    ...problemLines(report),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

const within = (value: number | null, halfWidth: number | null): string =>
  halfWidth === null ? rate(value) : `${rate(value)} ± ${rate(halfWidth)}`;

const partCells = (part: Part): string[] => [
  `${part.questions}`,
  within(part.accuracy, part.halfWidths.accuracy),
  rate(part.blindFloor),
  `${part.margin < 0 ? '' : '+'}${rate(part.margin)}`,
  rate(part.macroF),
  within(part.miou, part.halfWidths.miou),
  rate(part.miouReference),
  `${within(part.illusions.rate, part.halfWidths.illusions)} (${part.illusions.count} of ${part.illusions.rows})`,
];

function wordingLines({ figures: { wordings } }: EvaluationReport): string[] {
  const { paired, consistency } = wordings;
  return [
    '## Wording',
    '',
    table(
      ['wording', 'questions', 'accuracy'],
      Object.entries(wordings.byWording).map(([name, part]) => [
        name,
        `${part.questions}`,
        rate(part.accuracy),
      ]),
    ),
    '',
    ...(wordings.lossPoints === null
      ? []
      : [
          `Other words than the data set's cost ${points(wordings.lossPoints)} points; on the ${paired.groups} questions asked in both about one picture, ${points(paired.lossPoints)} points. One label for every wording of a question: ${rate(consistency.rate)} of ${consistency.groups}.`,
          '',
        ]),
  ];
}

function reliabilityLines({
  bins,
}: NonNullable<EvaluationReport['figures']['calibration']['answer']>): string[] {
  return [
    '## Reliability of the stated probability',
    '',
    table(
      ['probability', 'answers', 'mean stated', 'right'],
      bins.map(({ from, to, count, confidence, accuracy }) => [
        `${from.toFixed(1)} to ${to.toFixed(1)}`,
        `${count}`,
        rate(confidence),
        rate(accuracy),
      ]),
    ),
    '',
  ];
}

function selectionLines({
  auroc,
  aurc,
  points: curve,
}: NonNullable<EvaluationReport['figures']['selection']>): string[] {
  return [
    '## Answers withheld below a probability',
    '',
    `The probability tells right from wrong with AUROC ${rate(auroc)}; the area under risk and coverage (AURC) is ${aurc.toFixed(4)}.`,
    '',
    table(
      ['answered', 'from probability', 'right'],
      curve.map(({ coverage, threshold, accuracy }) => [
        rate(coverage),
        threshold.toFixed(4),
        rate(accuracy),
      ]),
    ),
    '',
  ];
}

function confusionLines({ figures }: EvaluationReport): string[] {
  return Object.entries(figures.confusion).flatMap(([type, { labels, counts }]) => [
    `## Confusion: ${type}`,
    '',
    table(
      ['true, down; said, across', ...labels],
      labels.map((label, i) => [
        label,
        ...(counts[i] ?? []).map((count) => (count === 0 ? '·' : `${count}`)),
      ]),
    ),
    '',
  ]);
}

function publishedLines(synthetic: boolean): string[] {
  return [
    '## Published figures, for reference',
    '',
    synthetic
      ? '**Not comparable with the figures above: those are of synthetic scenes, these of real operations.**'
      : 'Comparable with the figures above only where they were measured on the same set and split.',
    'Their mIoU is the reference repository\'s: of ours, only the column "mIoU, reference" is computed alike.',
    '',
    table(
      ['model', 'set', 'accuracy', 'macro F', 'mIoU, reference', 'source'],
      PUBLISHED.map(({ model, set, accuracy, macroF, miouReference, source }) => [
        model,
        set,
        accuracy.toFixed(4),
        macroF?.toFixed(4) ?? '–',
        miouReference?.toFixed(4) ?? '–',
        source,
      ]),
    ),
    '',
    ...Object.entries(PUBLISHED_SOURCES).map(([mark, meaning]) => `- ${mark}: ${meaning}.`),
    '',
  ];
}

/** Most problems that the report spells out; all of them are in the JSON file. */
const SHOWN = 50;

function problemLines({ problems }: EvaluationReport): string[] {
  if (problems.length === 0) return [];
  const more = problems.length - SHOWN;
  return [
    '## Left out',
    '',
    ...problems.slice(0, SHOWN).map(({ where, what }) => `- ${where}: ${what}`),
    ...(more > 0 ? [`- and ${more} more, listed in the JSON file`] : []),
    '',
  ];
}

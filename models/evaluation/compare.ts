import { WorkstationError } from '../../preload/contract/errors.ts';
import { points, rate, table } from './markdown.ts';
import type { EvaluationReport } from './report-schema.ts';

/** Mean over runs, and their sample standard deviation; null of a single run. */
export interface MeanAndSpread {
  mean: number;
  spread: number | null;
}

export interface ComparedFigure {
  name: string;
  of: (report: EvaluationReport) => number | null;
  show: (value: number | null) => string;
}

/** What a table of runs shows, in this order. */
export const COMPARED: readonly ComparedFigure[] = [
  { name: 'accuracy', of: ({ figures }) => figures.overall.accuracy, show: rate },
  { name: 'macro F', of: ({ figures }) => figures.overall.macroF, show: rate },
  { name: 'mIoU', of: ({ figures }) => figures.overall.miou, show: rate },
  { name: 'mIoU, reference', of: ({ figures }) => figures.overall.miouReference, show: rate },
  { name: 'margin', of: ({ figures }) => figures.overall.margin, show: rate },
  { name: 'illusions', of: ({ figures }) => figures.overall.illusions.rate, show: rate },
  { name: 'coherent', of: ({ figures }) => figures.overall.coherent, show: rate },
  { name: '"not visible" right', of: ({ figures }) => figures.overall.abstention.rate, show: rate },
  { name: 'paraphrase loss, points', of: ({ figures }) => figures.wordings.lossPoints, show: points },
  { name: 'well-formed', of: ({ figures }) => figures.overall.format.rate, show: rate },
  { name: 'ECE', of: ({ figures }) => figures.calibration.answer?.error ?? null, show: rate },
];

export interface ComparedGroup {
  label: string;
  seeds: (number | null)[];
  /** By name of the figure; null where no run of the group has it. */
  figures: Record<string, MeanAndSpread | null>;
}

export function meanAndSpread(values: readonly number[]): MeanAndSpread | null {
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null };
}

/**
 * Runs by their label, in the order of the first of each.
 *
 * @throws WorkstationError `invalid-input` when the runs are of different data.
 */
export function compareReports(reports: readonly EvaluationReport[]): ComparedGroup[] {
  const [first] = reports;
  const other = reports.find(({ data }) => data.sha256 !== first?.data.sha256);
  if (first && other) {
    throw new WorkstationError(
      'invalid-input',
      `The runs "${first.label}" and "${other.label}" were measured on different questions (${first.data.questions} of ${first.data.source}, ${other.data.questions} of ${other.data.source}).`,
      'Compare runs on the same data and split, all with the same --limit or none.',
    );
  }
  return [...Map.groupBy(reports, ({ label }) => label)].map(([label, runs]) => ({
    label,
    seeds: runs.map(({ seed }) => seed),
    figures: Object.fromEntries(
      COMPARED.map(({ name, of }) => [name, meanAndSpread(runs.flatMap((run) => of(run) ?? []))]),
    ),
  }));
}

/** A Markdown table of the groups; "±" is the sample standard deviation over the seeds. */
export function comparisonMarkdown(groups: readonly ComparedGroup[]): string {
  const shown = COMPARED.filter(({ name }) => groups.some(({ figures }) => figures[name]));
  return table(
    ['', 'runs', ...shown.map(({ name }) => name)],
    groups.map(({ label, seeds, figures }) => [
      label,
      `${seeds.length}`,
      ...shown.map(({ name, show }) => {
        const figure = figures[name];
        if (!figure) return show(null);
        return figure.spread === null ? show(figure.mean) : `${show(figure.mean)} ± ${show(figure.spread)}`;
      }),
    ]),
  );
}

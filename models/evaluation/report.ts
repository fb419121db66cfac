import { renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { SCENE_ORGANS } from '../data/index.ts';
import { isDiskFull, reasonInWords } from '../../main/platform/file-errors.ts';
import { readTextFile } from '../../main/platform/text-file.ts';
import { makeFolder } from '../../main/platform/make-folder.ts';
import { figureOf } from './figure.ts';
import { figuresOf } from './figures.ts';
import { rowsSha256, type EvaluationData } from './load.ts';
import { markdownOf } from './markdown.ts';
import { EvaluationReport } from './report-schema.ts';
import { labelsFor, type AnsweredRow, type Problem } from './rows.ts';

export interface ReportInput {
  label: string;
  seed: number | null;
  model: EvaluationReport['model'];
  data: EvaluationData;
  settings: EvaluationReport['settings'];
  answered: readonly AnsweredRow[];
  /** Rows that were to be measured and were not; those of the data come with it. */
  problems: readonly Problem[];
  timing: EvaluationReport['timing'];
}

/**
 * Measures the answers.
 *
 * @throws WorkstationError `data-malformed` when no row was answered.
 */
export function reportOf(input: ReportInput): EvaluationReport {
  const { data, answered } = input;
  const problems = [...data.problems, ...input.problems];
  if (answered.length === 0) {
    const [first] = problems;
    throw new WorkstationError(
      'data-malformed',
      `No question of ${data.source} could be measured${first ? ` (first problem: ${first.where}: ${first.what})` : ''}.`,
      'Check that the answers and the data belong together, and that the pictures are there.',
    );
  }
  const rows = answered.map(({ row }) => row);
  return {
    format: 'surgery-r1-evaluation',
    formatVersion: 1,
    label: input.label,
    seed: input.seed,
    model: input.model,
    data: {
      source: data.source,
      layout: data.layout,
      split: data.split,
      synthetic: data.synthetic,
      sha256: rowsSha256(rows),
      questions: rows.length,
      frames: new Set(rows.map(({ image }) => image)).size,
    },
    settings: input.settings,
    figures: figuresOf(answered, {
      labels: labelsFor(rows, data.synthetic ? SCENE_ORGANS : []),
      ...(data.trainRows ? { trainRows: data.trainRows } : {}),
    }),
    problems,
    timing: input.timing,
  };
}

/** `out` without an ending that names one of the report's files. */
export const stemOf = (out: string): string => resolve(out.replace(/\.(?:json|md|svg)$/i, ''));

/**
 * Writes `STEM.json`, `STEM.md` and `STEM.svg`, each whole or not at all, and returns their paths.
 *
 * @throws WorkstationError `store-full` or `store-unwritable`.
 */
export function writeReport(report: EvaluationReport, stem: string): string[] {
  const files = {
    [`${stem}.json`]: `${JSON.stringify(report, null, 2)}\n`,
    [`${stem}.md`]: markdownOf(report, `${basename(stem)}.svg`),
    [`${stem}.svg`]: figureOf(report),
  };
  try {
    makeFolder(dirname(stem));
    for (const [file, content] of Object.entries(files)) {
      writeFileSync(`${file}.partial`, content);
      renameSync(`${file}.partial`, file);
    }
  } catch (error) {
    const full = isDiskFull(error);
    throw new WorkstationError(
      full ? 'store-full' : 'store-unwritable',
      `The report can't be written to ${stem}.json: ${reasonInWords(error)}.`,
      full ? 'Make room and run the same command again.' : 'Name an --out in a folder that you may write to.',
      { cause: error },
    );
  }
  return Object.keys(files);
}

/** @throws WorkstationError `file-missing` or `data-malformed` naming what is no report of this version. */
export async function readReport(file: string): Promise<EvaluationReport> {
  const text = await readTextFile(file, `The report ${file}`, 'Name JSON files that evaluate --out wrote.');
  let problem: string;
  try {
    const parsed = EvaluationReport.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    problem = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`;
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  throw new WorkstationError(
    'data-malformed',
    `${file} is no evaluation report of format version 1 (${problem}).`,
    'Name JSON files that evaluate --out wrote, or evaluate again.',
  );
}

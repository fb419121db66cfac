import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { absentLabel, isAbsentLabel } from '../../preload/contract/coherence.ts';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import {
  ENDOVIS_18_SPLIT,
  instrumentOf,
  linesOf,
  noQuestions,
  openEndoVis,
  parseRecord,
  PLACES,
  readDatasetFile,
  recordFaults,
  STATES,
} from '../data/index.ts';
import type { Split } from '../data/index.ts';
import { blindRow } from './figures.ts';
import type { BlindRow } from './metrics/index.ts';
import { withoutRepeats } from './rows.ts';
import type { EvaluationRow, Problem } from './rows.ts';

/** What a model is to be measured on. */
export interface EvaluationData {
  source: string;
  layout: 'endovis' | 'dataset';
  split: Split | null;
  /** Whether the pictures were drawn. */
  synthetic: boolean;
  /** Every question about a picture once. */
  rows: EvaluationRow[];
  /** Ids of further rows with the same question about the same picture, by the id of the one in `rows`. */
  repeats: Map<string, string[]>;
  /** For the blind lookup; null where the data has no training rows. */
  trainRows: BlindRow[] | null;
  problems: Problem[];
}

type LoadedRows = Omit<EvaluationData, 'repeats'>;

export interface LoadOptions {
  /**
   * `test` by default for a data set folder. A folder in EndoVis layout is taken whole, unless a split is named:
   * the published one, by sequence.
   */
  split?: Split;
  /** Another folder whose answers the blind lookup learns. */
  trainFolder?: string;
  signal?: AbortSignal;
}

/**
 * Reads questions with their true answers from a folder in EndoVis layout, or from one that `data build` wrote.
 * Rows that cannot be used are named in `problems` and left out.
 *
 * @throws WorkstationError `file-missing` or `data-malformed` when nothing is left to measure.
 */
export async function loadEvaluationData(folder: string, options: LoadOptions = {}): Promise<EvaluationData> {
  const source = resolve(folder);
  const data = existsSync(join(source, 'dataset.json'))
    ? await loadDataset(source, options.split ?? 'test', options.signal)
    : await loadEndoVis(source, options.split ?? null, options.signal);
  if (options.trainFolder !== undefined) {
    const train = resolve(options.trainFolder);
    const rows = existsSync(join(train, 'dataset.json'))
      ? (await loadDataset(train, 'train', options.signal)).rows
      : (await loadEndoVis(train, null, options.signal)).rows;
    data.trainRows = withoutRepeats(rows).rows.map(blindRow);
  }
  return { ...data, ...withoutRepeats(data.rows) };
}

/** SHA-256 over what the figures depend on: questions, true labels and boxes, and the pictures' sizes. */
export function rowsSha256(rows: readonly EvaluationRow[]): string {
  const hash = createHash('sha256');
  for (const { id, question, questionType, wording, label, box, width, height, items } of rows) {
    const row = [id, question, questionType, wording, label, box, width, height, ...(items ? [items] : [])];
    hash.update(`${JSON.stringify(row)}\n`);
  }
  return hash.digest('hex');
}

async function loadDataset(
  folder: string,
  split: Split,
  signal: AbortSignal | undefined,
): Promise<LoadedRows> {
  const { sources } = await readDatasetFile(folder);
  const roots = new Map(sources.map(({ name, root }) => [name, resolve(folder, root)]));
  const drawn = new Set(sources.flatMap(({ name, generator }) => (generator === undefined ? [] : name)));
  const problems: Problem[] = [];
  const rows = await readSplit(join(folder, `${split}.jsonl`), split, roots, problems, signal);
  const train = join(folder, 'train.jsonl');
  const trainRows =
    split !== 'train' && existsSync(train) ? await readSplit(train, 'train', roots, [], signal) : null;
  return {
    source: folder,
    layout: 'dataset',
    split,
    // Of this split: a set may learn from scenes and be tested on real pictures.
    synthetic: rows.some(({ source }) => drawn.has(source)),
    rows: rows.map(({ source: _source, ...row }) => row),
    trainRows: trainRows && withoutRepeats(trainRows).rows.map(blindRow),
    problems,
  };
}

async function readSplit(
  file: string,
  split: Split,
  roots: ReadonlyMap<string, string>,
  problems: Problem[],
  signal: AbortSignal | undefined,
): Promise<(EvaluationRow & { source: string })[]> {
  if (!existsSync(file)) {
    throw new WorkstationError(
      'data-malformed',
      `The data set has no ${split} split: there is no ${file}.`,
      'Name a split that it has with --split, or build it with one.',
    );
  }
  const rows: (EvaluationRow & { source: string })[] = [];
  const ids = new Set<string>();
  for await (const { number, text } of linesOf(file)) {
    throwIfAborted(signal);
    const where = `${file}:${number}`;
    const record = parseRecord(text);
    if ('reason' in record) {
      problems.push({ where, what: record.reason });
      continue;
    }
    const [fault] = recordFaults(record);
    if (fault !== undefined) {
      problems.push({ where, what: fault });
      continue;
    }
    const { id, image, width, height, question, questionType, subject, wording, label, box, source, items } =
      record;
    const root = roots.get(source);
    if (root === undefined) problems.push({ where, what: `the source "${source}" is not in dataset.json` });
    else if (ids.has(id)) problems.push({ where, what: `a second row with the id ${id}` });
    else {
      ids.add(id);
      // The subject of a question about the organ is its answer: the question does not name it.
      const named = questionType === 'organ' ? null : subject;
      const path = join(root, image);
      rows.push({
        id,
        source,
        image: path,
        question,
        questionType,
        subject: named,
        wording,
        label,
        box,
        ...(items && { items }),
        width,
        height,
      });
    }
  }
  if (rows.length === 0) {
    throw new WorkstationError(
      'data-malformed',
      `${file} holds no question that can be used${problems[0] ? ` (first problem: ${problems[0].where}: ${problems[0].what})` : ''}.`,
      'Build the data set again, or name another split with --split.',
    );
  }
  return rows;
}

async function loadEndoVis(
  folder: string,
  split: Split | null,
  signal: AbortSignal | undefined,
): Promise<LoadedRows> {
  if (split === 'validation') {
    throw new WorkstationError(
      'invalid-input',
      'The published split of EndoVis-18-VQLA has no validation part.',
      'Name --split train or test, none for the whole folder, or build a data set with a validation split.',
    );
  }
  const read = async (sequences: readonly number[] | null): Promise<[EvaluationRow[], Problem[]]> => {
    const set = await openEndoVis(folder, {
      ...(sequences ? { sequences } : {}),
      ...(signal ? { signal } : {}),
    });
    const rows: EvaluationRow[] = [];
    const unknown: Problem[] = [];
    for await (const frame of set.frames({ signal })) {
      const { image, width, height } = frame;
      for (const { line, question, questionType, answer, box } of frame.rows) {
        const id = `${frame.file}:${line}`;
        const subject = questionType === 'organ' ? null : (instrumentOf(question) ?? question);
        const label = isAbsentLabel(answer) ? absentLabel : answer;
        const asked = { question, questionType, subject, wording: 'dataset' as const };
        if (isKnown(questionType, label)) rows.push({ id, image, ...asked, label, box, width, height });
        else unknown.push({ where: id, what: `an unknown answer "${label.slice(0, 40)}"` });
      }
    }
    if (rows.length === 0 && unknown.length === 0) throw noQuestions(set);
    const skipped = set.skipped.map(({ file, line, reason }) => ({
      where: line === null ? file : `${file}:${line}`,
      what: reason,
    }));
    return [rows, [...skipped, ...unknown]];
  };
  const [rows, problems] = await read(split && ENDOVIS_18_SPLIT[split]);
  if (rows.length === 0) {
    throw new WorkstationError(
      'data-malformed',
      `No answer in ${folder} is one that is known; the first: ${problems[0]?.where ?? ''}: ${problems[0]?.what ?? ''}.`,
      'Check the label files: the answers are those of EndoVis-18-VQLA, as spelt there.',
    );
  }
  const trainRows = split === 'test' ? (await read(ENDOVIS_18_SPLIT.train).catch(noTraining))[0] : [];
  return {
    source: folder,
    layout: 'endovis',
    split,
    synthetic: existsSync(join(folder, 'scenes.json')) || rows.some(({ image }) => drawn(folder, image)),
    rows,
    trainRows: trainRows.length > 0 ? trainRows.map(blindRow) : null,
    problems,
  };
}

/** A test set that came without its training sequences. */
function noTraining(error: unknown): [EvaluationRow[], Problem[]] {
  if (error instanceof WorkstationError && error.code === 'data-malformed') return [[], []];
  throw error;
}

/** Whether a folder between the data and the picture says that its scenes were drawn. */
function drawn(folder: string, image: string): boolean {
  const parts = relative(folder, image).split(/[\\/]/).slice(0, -1);
  return parts.some((_, i) => existsSync(join(folder, ...parts.slice(0, i + 1), 'scenes.json')));
}

/** Whether an answer in a label file is one of the published ones; organs are any that a set names. */
function isKnown(type: 'organ' | 'state' | 'location', label: string): boolean {
  const lists: Record<typeof type, readonly string[] | null> = {
    organ: null,
    state: STATES,
    location: PLACES,
  };
  return label === absentLabel || (lists[type]?.includes(label) ?? true);
}

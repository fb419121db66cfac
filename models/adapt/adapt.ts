import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isAbsentLabel } from '../../preload/contract/coherence.ts';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';
import type { RgbImage } from '../../main/inference/index.ts';
import {
  buildDataset,
  linesOf,
  openAnnotated,
  planByPatient,
  readDatasetFile,
  readRecords,
} from '../data/index.ts';
import type { AnnotatedFolder, DatasetRecord, SeveralRule, Split } from '../data/index.ts';
import { distancesOf, fewestPictures, fitPictures } from '../import/index.ts';
import { readBase } from './base.ts';
import type { Base } from './base.ts';
import { figuresByPatient, figuresTable } from './figures.ts';
import type { MeasuredRow, SubjectFigures } from './figures.ts';
import { runScript, trainingPython } from './python.ts';

export interface AdaptOptions {
  /** A model that this training code made. */
  base: string;
  /** Folders of marked pictures: masks, COCO, CVAT. */
  annotated: readonly string[];
  /** Review sheets, as `data review` writes them; they are taught, and not measured on. */
  reviewed: readonly string[];
  out: string;
  labels?: string;
  several: SeveralRule;
  /** The patient to be measured on; null with `onePatient`. */
  heldOut: string | null;
  newPatientFrames?: number;
  onePatient: boolean;
  method: 'lora' | 'full';
  /** Begin with fresh weights of the base's shape, for comparison. */
  fromScratch: boolean;
  steps: number;
  seed: number;
  name: string;
  /** A training configuration in place of models/training/adapt.json. */
  config?: string;
  /** Forget what an earlier run left in `out`. */
  fresh: boolean;
}

export interface AdaptTools {
  picture: (file: string) => Promise<RgbImage>;
  signal: AbortSignal;
  onProgress: (what: string, done: number, total: number | null) => void;
  /** A line for people: what was done, and what could not be. */
  onNote: (line: string) => void;
}

export interface AdaptReport {
  /** A checkpoint with a manifest, ready for `models import`. */
  model: string;
  heldOut: string | null;
  figures: SubjectFigures[];
  /** Of the pictures that were measured on, how many the model's picture gate calls unlike; null without a gate. */
  unlike: { pictures: number; unlike: number } | null;
  calibrated: boolean;
  notes: string[];
}

const STATE = 'adapt.json';
const CONFIG = join(import.meta.dirname, '../training/adapt.json');

/**
 * From marked pictures and a base model to a model of a site's own: data set, training, calibration, picture gate,
 * figures by patient. What was done is kept in `out`: the same call goes on where it stopped.
 *
 * @throws WorkstationError `invalid-input` for pictures of one patient alone, for a folder that another run began;
 * `data-malformed`, `model-unsupported`, `unavailable` without Python or PyTorch, `cancelled`.
 */
export async function adaptModel(options: AdaptOptions, tools: AdaptTools): Promise<AdaptReport> {
  const { signal, onNote, onProgress } = tools;
  const out = resolve(options.out);
  const at = (...parts: string[]): string => join(out, ...parts);
  const notes: string[] = [];
  const note = (line: string): void => {
    notes.push(line);
    onNote(line);
  };
  const base = await readBase(resolve(options.base));
  if (options.annotated.length === 0) {
    throw new WorkstationError(
      'invalid-input',
      'No marked pictures are named, so nothing could be measured.',
      'Name a folder with masks, COCO or CVAT by --data; review sheets (--reviewed) are taught besides.',
    );
  }
  const folders: AnnotatedFolder[] = [];
  for (const folder of options.annotated) {
    const read = await openAnnotated(folder, {
      several: options.several,
      signal,
      ...(options.labels !== undefined && { labels: resolve(options.labels) }),
      onProgress: ({ done, total }) => onProgress('Reading marked pictures', done, total),
    });
    note(
      `${read.root}: ${read.pictures.length} pictures (${read.kind}) with ${read.labels.join(', ')}` +
        (read.skipped.length > 0
          ? `; left out ${read.skipped.length}, the first: ${read.skipped[0]!.file}: ${read.skipped[0]!.reason}`
          : ''),
    );
    folders.push(read);
  }
  const heldOut = options.onePatient ? null : (options.heldOut ?? smallestPatient(folders));
  const plans = planByPatient(folders, {
    heldOut,
    onePatient: options.onePatient,
    ...(options.newPatientFrames !== undefined && { newPatientFrames: options.newPatientFrames }),
  });
  note(
    heldOut === null
      ? 'No patient was held out: the figures say nothing of another patient.'
      : `Patient ${heldOut} is measured on${options.newPatientFrames ? `, but for ${options.newPatientFrames} frames of their first recording, which are taught` : ' and not taught'}.`,
  );
  const python = trainingPython();
  await begin(out, { ...options, heldOut }, base);
  const scripts = { python, signal };
  const run = async (
    name: string,
    args: readonly string[],
    onLine?: (line: string) => void,
  ): Promise<void> => {
    const { refusal } = await runScript({ ...scripts, name, args, ...(onLine && { onLine }) });
    if (refusal !== null) throw new WorkstationError('data-malformed', refusal, 'See docs/ADAPT.md.');
  };

  if (!existsSync(at('dataset', 'dataset.json'))) {
    await buildDataset({
      sources: [],
      annotated: folders.map((folder) => ({ folder, plan: plans.get(folder.root)! })),
      reviewed: options.reviewed,
      out: at('dataset'),
      seed: options.seed,
      paraphrases: 2,
      signal,
      onProgress: ({ done, total }) => onProgress('Building the data set', done, total),
    });
  }
  const settings = JSON.parse(await readFile(options.config ?? CONFIG, 'utf8')) as TrainingConfig;
  const config = at('training.json');
  await writeFile(config, `${JSON.stringify(configOf(settings, base, options), null, 2)}\n`);
  for (const split of ['train', 'validation', 'test']) {
    if (existsSync(at('packed', split, 'index.json'))) continue;
    onProgress(`Packing pictures: ${split}`, 0, null);
    await run('dataset.py', [
      '--data',
      at('dataset'),
      '--split',
      split,
      '--config',
      config,
      '--out',
      at('packed', split),
    ]);
  }
  if (!existsSync(at('trained'))) {
    const resume = existsSync(at('run', 'checkpoint.pt')) ? ['--resume'] : [];
    const init = options.fromScratch ? [] : ['--init', base.folder];
    await run(
      'sft.py',
      ['--config', config, '--data', at('packed', 'train'), ...init, '--out', at('run'), ...resume],
      (line) => onProgress('Training', stepOf(line) ?? 0, options.steps),
    );
    await writeFile(at('trained'), '');
  }
  const model = at('model');
  if (!existsSync(join(model, 'manifest.json'))) {
    await writeFile(at('identity.json'), JSON.stringify(identityOf(base, options, heldOut)));
    await run('export.py', [
      ...['--checkpoint', at('run', 'checkpoint.pt'), '--out', model, '--dataset', at('dataset')],
      ...['--log', `adapt=${at('run', 'log.jsonl')}`, '--identity', at('identity.json')],
    ]);
  }
  let calibrated = await has(model, 'calibration');
  if (!calibrated) {
    onProgress('Calibrating', 0, null);
    const args = ['--model', model, '--data', at('packed', 'validation'), '--wordings', 'dataset,paraphrase'];
    const { refusal } = await runScript({ ...scripts, name: 'calibrate.py', args });
    calibrated = refusal === null;
    if (refusal !== null) note(`Not calibrated: ${refusal}`);
  }
  const pictures = await picturesOfSplits(at('dataset'));
  const known = [...pictures.train, ...pictures.validation];
  let gated = await has(model, 'pictures');
  if (!gated && known.length >= fewestPictures) {
    await fitPictures({
      model,
      count: known.length,
      picture: (index) => tools.picture(known[index]!),
      fittedTo: 'frames that it was adapted to',
      falseAlarms: 0.02,
      signal,
      onProgress: (done, total) => onProgress('Fitting the picture gate', done, total),
    });
    gated = true;
  }
  if (!gated) note(`No picture gate: ${known.length} pictures are too few, ${fewestPictures} are needed.`);
  if (!existsSync(at('answers.jsonl'))) {
    onProgress('Asking about the held-out pictures', 0, null);
    await run('evaluate.py', [
      ...['--model', model, '--data', at('packed', 'test'), '--wordings', 'dataset'],
      ...['--out', at('answers.partial.jsonl')],
    ]);
    await rename(at('answers.partial.jsonl'), at('answers.jsonl'));
  }
  const measured = await measuredRows(out);
  const figures = figuresByPatient(measured.rows, measured.taught, isAbsentLabel);
  let unlike: AdaptReport['unlike'] = null;
  if (gated) {
    const { distances, threshold } = await distancesOf({
      model,
      count: pictures.test.length,
      picture: (index) => tools.picture(pictures.test[index]!),
      signal,
      onProgress: (done, total) => onProgress('Looking at the held-out pictures', done, total),
    });
    const far = distances.filter((distance) => distance > threshold).length;
    unlike = { pictures: distances.length, unlike: far };
  }
  const report: AdaptReport = { model, heldOut, figures, unlike, calibrated, notes };
  await writeFile(
    at('report.json'),
    `${JSON.stringify({ options: { ...options, heldOut }, ...report }, null, 2)}\n`,
  );
  await writeFile(at('report.md'), `${reportLines(report).join('\n')}\n`);
  throwIfAborted(signal);
  return report;
}

/** The report for people, in Markdown. */
export function reportLines({ heldOut, figures, unlike, calibrated, notes }: AdaptReport): string[] {
  return [
    heldOut === null
      ? '**No patient was held out.** These figures are of the same patient as the training.'
      : `Measured on patient ${heldOut}, of whom no frame below was taught.`,
    '',
    ...figuresTable(figures),
    '',
    unlike === null
      ? 'No picture gate.'
      : `Called unlike by the picture gate: ${unlike.unlike} of ${unlike.pictures} of these pictures.`,
    `Stated probabilities: ${calibrated ? 'calibrated on validation frames' : 'not calibrated'}.`,
    ...notes.map((note) => `- ${note}`),
  ];
}

interface TrainingConfig extends Record<string, unknown> {
  coordinates: Record<string, number>;
  optimizer: Record<string, unknown>;
  stage: Record<string, unknown>;
  lora?: unknown;
}

function configOf(
  { stage, lora, ...settings }: TrainingConfig,
  base: Base,
  { method, steps, seed, fromScratch }: AdaptOptions,
): object {
  return {
    ...settings,
    ...base.settings,
    seed,
    coordinates: { ...settings.coordinates, step: base.manifest.coordinateStep },
    // Adapters leave the vocabulary as it is: a new word's own row could not be trained.
    newWords: method === 'full' && !fromScratch,
    stages: [{ ...stage, steps }],
    ...(method === 'lora' && { lora }),
  };
}

function identityOf(
  { manifest }: Base,
  { name, method, fromScratch }: AdaptOptions,
  heldOut: string | null,
): object {
  return {
    id: name,
    name: `${manifest.name}, ${name}`,
    version: manifest.version,
    licence: manifest.licence,
    domain: 'surgical',
    domainNote:
      `${fromScratch ? 'Trained from nothing' : `Adapted from ${manifest.name} ${manifest.version} (${method})`} on a site's own marked pictures, ` +
      `${heldOut === null ? 'no patient held out' : `patient ${heldOut} held out`}. Not a medical device.`,
  };
}

/** Takes a folder for this run, or goes on with what the same run left in it. */
async function begin(out: string, options: AdaptOptions, base: Base): Promise<void> {
  const { out: _out, fresh, ...asked } = options;
  const weights = base.manifest.files['model.safetensors']?.sha256 ?? null;
  const state = `${JSON.stringify({ format: 'surgery-r1-adapt', formatVersion: 1, ...asked, weights }, null, 2)}\n`;
  if (fresh) await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const path = join(out, STATE);
  const before = existsSync(path) ? await readFile(path, 'utf8') : null;
  if (before !== null && before !== state) {
    throw new WorkstationError(
      'invalid-input',
      `${out} was begun with other options, other pictures or another base.`,
      'Give a new folder, or --fresh to forget what is in it.',
    );
  }
  await writeFile(path, state);
}

/** The patient with the fewest pictures: the most is left to be taught. */
function smallestPatient(folders: readonly AnnotatedFolder[]): string | null {
  const counts = Map.groupBy(
    folders.flatMap(({ pictures }) => pictures),
    ({ patient }) => patient,
  );
  if (counts.size < 2) return null;
  return [...counts].sort(([, a], [, b]) => a.length - b.length)[0]![0];
}

const stepOf = (line: string): number | null => {
  const found = /"step": (\d+)/.exec(line);
  return found ? Number(found[1]) : null;
};

async function has(model: string, field: 'calibration' | 'pictures'): Promise<boolean> {
  const manifest = JSON.parse(await readFile(join(model, 'manifest.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  return manifest[field] !== undefined;
}

async function recordsOf(dataset: string, split: Split): Promise<DatasetRecord[]> {
  const records: DatasetRecord[] = [];
  for await (const record of readRecords(dataset, split)) records.push(record);
  return records;
}

async function picturesOfSplits(dataset: string): Promise<Record<Split, string[]>> {
  const { sources } = await readDatasetFile(dataset);
  const roots = new Map(sources.map(({ name, root }) => [name, root]));
  const of = async (split: Split): Promise<string[]> => {
    const records = await recordsOf(dataset, split);
    return [...new Set(records.map(({ source, image }) => join(roots.get(source) ?? '', image)))];
  };
  return { train: await of('train'), validation: await of('validation'), test: await of('test') };
}

async function measuredRows(out: string): Promise<{ rows: MeasuredRow[]; taught: MeasuredRow[] }> {
  const said = new Map<string, MeasuredRow['said']>();
  for await (const { number, text } of linesOf(join(out, 'answers.jsonl'))) {
    if (number === 1) continue;
    const { id, label, box } = JSON.parse(text) as MeasuredRow['said'] & { id: string };
    said.set(id, { label, box });
  }
  const rowOf = (record: DatasetRecord): MeasuredRow => ({
    ...record,
    patient: record.sequence.split('/')[0] ?? '',
    said: said.get(record.id) ?? { label: null, box: null },
  });
  const test = await recordsOf(join(out, 'dataset'), 'test');
  const train = await recordsOf(join(out, 'dataset'), 'train');
  return { rows: test.filter(({ id }) => said.has(id)).map(rowOf), taught: train.map(rowOf) };
}

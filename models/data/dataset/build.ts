import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { WorkstationError, throwIfAborted } from '../../../preload/contract/errors.ts';
import { noQuestions } from '../endovis.ts';
import { dataCard } from './card.ts';
import { plannedSource } from '../annotated/source.ts';
import type { PlannedFolder } from '../annotated/source.ts';
import { prepareFolder } from './folder.ts';
import { LOOKS_WITHOUT_COLOUR, ORGAN_LOOKS } from './grammar.ts';
import { JsonlFile } from './jsonl-file.ts';
import { knownScene } from './language/known-scene.ts';
import { strictError, writeError } from './problems.ts';
import type { Problem } from './problems.ts';
import { FORMAT, FORMAT_VERSION, KINDS, SPLITS } from './record.ts';
import type { Counts, DatasetFile, DatasetRecord, Kind, SourceEntry, Split } from './record.ts';
import { recordsOfFrame } from './records.ts';
import type { RecordOptions, ToolStyle } from './records.ts';
import { askedSplits, openSources, splitSequences, takeName } from './sources.ts';
import type { OpenSource, SequenceSplit, SourceWish } from './sources.ts';
import { Tally } from './tally.ts';
import { SHEET_FILE, readReviewSheet } from './review-sheet.ts';
import type { ReviewSheet } from './review-sheet.ts';
import { reviewedRecords } from './reviewed.ts';
import { rewritten } from './writer.ts';
import type { Writer } from './writer.ts';

export interface BuildOptions {
  /** Folders of pictures and labels, each for one split or to be split by sequence. */
  sources: readonly SourceWish[];
  /** New or empty folder. */
  out: string;
  /** How sources without a split are divided; 80, 10 and 10 % when absent. */
  sequenceSplit?: SequenceSplit;
  /** Chain of thought and grounding when absent. */
  kinds?: readonly Kind[];
  /** Paraphrases of each row; 1 when absent. */
  paraphrases?: number;
  /** Held-out wordings of each row of the test split; 1 when absent. */
  heldOut?: number;
  /** Questions about absent instruments a frame; when absent, 1 for scenes and 0 for real pictures. */
  absent?: number;
  toolStyle?: ToolStyle;
  /** `core` when absent: organ, state, location, grounding. `all` needs drawn scenes. */
  questions?: RecordOptions['questions'];
  seed?: number;
  /** Folders of marked pictures, each picture with its split. */
  annotated?: readonly PlannedFolder[];
  /** Folders of review sheets; their records go to the train split. */
  reviewed?: readonly string[];
  /** Writes reasoning in place of the grammar. */
  writer?: Writer;
  /** End at the first thing that cannot be used as it is. */
  strict?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface BuildResult {
  out: string;
  counts: DatasetFile['counts'];
  /** Lines and files left out, or taken with a correction. */
  problems: number;
  firstProblems: Problem[];
  blind: Partial<Record<Split, Partial<Record<string, number>>>>;
}

const SHOWN_PROBLEMS = 50;
const DEFAULT_SHARES = [0.8, 0.1, 0.1] as const;

/** The open files of a data set that is being written. */
class Writing {
  readonly tallies = new Map<Split, Tally>();
  readonly shown: Problem[] = [];
  problems = 0;
  readonly #files = new Map<string, JsonlFile>();
  readonly #out: string;
  readonly #strict: boolean;
  readonly #writer: Writer | null;
  #waiting: Problem[] = [];

  constructor(out: string, strict: boolean, writer: Writer | null) {
    this.#out = out;
    this.#strict = strict;
    this.#writer = writer;
  }

  /** Writes records of pictures; each picture's lie together. Returns how many were written. */
  async frames(records: readonly DatasetRecord[], split: Split): Promise<number> {
    const kept: DatasetRecord[] = [];
    for (const record of records) {
      const own = this.#writer === null ? record : await rewritten(record, this.#writer);
      if (!('faults' in own)) {
        kept.push(own);
        continue;
      }
      const { source, image } = record;
      const reason = `record ${record.id}: ${own.faults.join('; ')}`;
      this.problem({ source, file: image, line: null, reason });
    }
    this.tally(split).add(kept);
    for (const record of kept) await this.file(`${split}.jsonl`).write(record);
    await this.writeProblems();
    return kept.length;
  }

  file(name: string): JsonlFile {
    const found = this.#files.get(name) ?? new JsonlFile(join(this.#out, name));
    this.#files.set(name, found);
    return found;
  }

  tally(split: Split): Tally {
    const found = this.tallies.get(split) ?? new Tally();
    this.tallies.set(split, found);
    return found;
  }

  problem(problem: Problem): void {
    if (this.#strict) throw strictError(problem);
    this.problems++;
    this.#waiting.push(problem);
    if (this.shown.length < SHOWN_PROBLEMS) this.shown.push(problem);
  }

  async writeProblems(): Promise<void> {
    for (const problem of this.#waiting) await this.file('skipped.jsonl').write(problem);
    this.#waiting = [];
  }

  async finish(): Promise<void> {
    for (const file of this.#files.values()) await file.finish();
  }

  async discard(): Promise<void> {
    for (const file of this.#files.values()) await file.discard();
  }
}

/**
 * Write a data set in the style of Surgery-R1-54k. Sources are read a picture at a time, so that memory does not
 * grow with them. The same sources, options and seed give the same bytes.
 *
 * @throws WorkstationError `invalid-input` for options, folders or splits that cannot be, `data-malformed` for a
 * source without a usable question or, when strict, for the first problem, `store-full` and `store-unwritable` for
 * the output, `cancelled`. Nothing is left in the output folder then.
 */
export async function buildDataset(options: BuildOptions): Promise<BuildResult> {
  const { sources: wishes, out, signal, onProgress } = options;
  const rule = options.sequenceSplit ?? DEFAULT_SHARES;
  const settings = {
    kinds: KINDS.filter((kind) => (options.kinds ?? ['chain-of-thought', 'grounding-qa']).includes(kind)),
    paraphrases: options.paraphrases ?? 1,
    heldOut: options.heldOut ?? 1,
    toolStyle: options.toolStyle ?? 'mixed',
    seed: options.seed ?? 1,
    questions: options.questions ?? 'core',
  } satisfies Partial<RecordOptions>;
  const sheets = options.reviewed ?? [];
  const annotated = options.annotated ?? [];
  if (wishes.length + sheets.length + annotated.length === 0) {
    throw new WorkstationError(
      'invalid-input',
      'A data set needs at least one source.',
      'Give folders with --source, --train, --validation, --test or --reviewed.',
    );
  }
  const opened = await openSources(wishes, signal);
  const names = new Set(opened.map(({ entry }) => entry.name));
  const planned = annotated.map((folder) => plannedSource(folder, names));
  const sources = [...opened, ...planned.map(({ source }) => source)];
  if (settings.questions === 'all') refuseUndrawn(sources);
  const reviewed = await openReviewed(sheets, names);
  const splitOf = sources.map((source, i) => {
    const plan = planned[i - opened.length];
    if (plan !== undefined) return plan.splitOf;
    const wish = wishes[i];
    const whole = wish?.split ?? null;
    return whole === null ? splitSequences(source, rule, settings.seed) : (): Split => whole;
  });
  prepareFolder(out);
  const writing = new Writing(out, options.strict === true, options.writer ?? null);
  try {
    const total = sources.reduce((sum, { files }) => sum + files.labels.length, 0);
    let done = 0;
    onProgress?.({ done, total });
    for (const [i, source] of sources.entries()) {
      // Of marked pictures each says whether it is marked whole.
      const absent =
        options.absent ?? (source.world === 'synthetic' || source.subjects !== undefined ? 1 : 0);
      const before = done;
      await writeSource(source, splitOf[i]!, { ...settings, absent }, writing, signal, (read) => {
        done = before + read;
        onProgress?.({ done, total });
      });
      done = before + source.files.labels.length;
      onProgress?.({ done, total });
    }
    for (const { entry, sheet } of reviewed) {
      throwIfAborted(signal);
      const onProblem = (reason: string): void => {
        writing.problem({ source: entry.name, file: SHEET_FILE, line: null, reason });
      };
      await writing.frames(
        reviewedRecords(sheet, { source: entry.name, split: 'train', onProblem }),
        'train',
      );
    }
    refuseEmpty(
      [
        ...askedSplits(wishes, rule),
        ...sheets.map(() => 'train' as const),
        ...annotated.flatMap(({ plan }) => [...plan.values()].map(({ split }) => split)),
      ],
      writing,
    );
    const blindFittedOn = SPLITS.find((split) => writing.tallies.has(split)) ?? 'train';
    const fitted = writing.tally(blindFittedOn);
    const counts: Partial<Record<Split, Counts>> = {};
    const blind: BuildResult['blind'] = {};
    for (const split of SPLITS) {
      const tally = writing.tallies.get(split);
      if (!tally) continue;
      counts[split] = tally.counts;
      blind[split] = tally.blindScore(fitted);
    }
    const file: DatasetFile = {
      format: FORMAT,
      formatVersion: FORMAT_VERSION,
      sources: [...sources, ...reviewed].map(({ entry }) => entry),
      options: {
        ...settings,
        absent: options.absent ?? 'one a frame for synthetic scenes, none for real pictures',
        ...(options.writer && { writer: true }),
        splits: wishes.map(({ split }) => split ?? (rule === 'published' ? 'published' : rule.join(','))),
      },
      colourless: Object.fromEntries(
        Object.entries(LOOKS_WITHOUT_COLOUR).map(([organ, look]) => [ORGAN_LOOKS[organ] ?? '', look]),
      ),
      ...teachingOf(writing.tallies.get('train') ?? null),
      counts,
    };
    const card = dataCard({
      file,
      blind,
      blindFittedOn,
      problems: writing.shown,
      problemCount: writing.problems,
      ownWriter: options.writer !== undefined,
    });
    await writing.finish();
    await writeFile(join(out, 'DATA_CARD.md'), card);
    // Last, and at once: a folder with a dataset.json is whole.
    await writeFile(join(out, 'dataset.json.partial'), `${JSON.stringify(file, null, 2)}\n`);
    await rename(join(out, 'dataset.json.partial'), join(out, 'dataset.json'));
    return { out, counts, problems: writing.problems, firstProblems: writing.shown, blind };
  } catch (error) {
    await writing.discard();
    for (const name of [
      'DATA_CARD.md',
      'dataset.json.partial',
      'skipped.jsonl',
      ...SPLITS.map((split) => `${split}.jsonl`),
    ]) {
      await rm(join(out, name), { force: true });
    }
    throw writeError(out, error);
  }
}

async function writeSource(
  source: OpenSource,
  splitOf: (sequence: string) => Split,
  options: RecordOptions,
  writing: Writing,
  signal: AbortSignal | undefined,
  onFrame: (read: number) => void,
): Promise<void> {
  const { entry, files, world } = source;
  /** Records written of each picture: two label files may name the same one. */
  const written = new Map<string, number>();
  let read = 0;
  let empty = true;
  const report = (): void => {
    // What the reader skipped or corrected since the last look.
    const noted = [...files.skipped.splice(0), ...files.corrected.splice(0)];
    for (const problem of noted) writing.problem({ source: entry.name, ...problem });
  };
  const onFile = (): void => {
    onFrame(read++);
  };
  for await (const frame of files.frames({ onFile, signal })) {
    report();
    const sequence = source.sequenceOf({ path: frame.file, sequence: frame.sequence });
    const split = splitOf(sequence);
    const first = written.get(frame.image) ?? 0;
    const onProblem = (line: number | null, reason: string): void => {
      writing.problem({ source: entry.name, file: frame.file, line, reason });
    };
    const known = options.questions === 'all' ? await knownScene(frame.image) : null;
    if (known !== null && 'reason' in known) onProblem(null, known.reason);
    const records = recordsOfFrame(frame, {
      source: entry.name,
      root: entry.root,
      sequence,
      split,
      world,
      options,
      first,
      onProblem,
      ...(source.subjects && { subjects: source.subjects }),
      ...(known !== null && !('reason' in known) && { scene: known }),
    });
    written.set(frame.image, first + records.length);
    if ((await writing.frames(records, split)) > 0) empty = false;
  }
  throwIfAborted(signal);
  report();
  await writing.writeProblems();
  if (empty) {
    const first = writing.shown.find((problem) => problem.source === entry.name);
    files.skipped.push(...(first ? [first] : []));
    throw noQuestions(files);
  }
}

/** Reads every sheet, and gives each a name of its own. A session may be given once. */
async function openReviewed(
  folders: readonly string[],
  names: Set<string>,
): Promise<{ entry: SourceEntry; sheet: ReviewSheet }[]> {
  const found: { entry: SourceEntry; sheet: ReviewSheet }[] = [];
  for (const folder of folders) {
    const root = resolve(folder);
    const sheet = await readReviewSheet(root);
    if (found.some((before) => before.sheet.sessionId === sheet.sessionId)) {
      throw new WorkstationError(
        'invalid-input',
        `The session ${sheet.sessionId} was given twice.`,
        'Give each session once, with its newest verdicts.',
      );
    }
    found.push({ entry: { name: takeName(basename(root), names), root, layout: 'reviewed' }, sheet });
  }
  return found;
}

/** The richer kinds of question need more than an annotation says. */
function refuseUndrawn(sources: readonly OpenSource[]): void {
  const real = sources.find(({ world }) => world === 'real');
  if (real === undefined) return;
  throw new WorkstationError(
    'invalid-input',
    `The pictures of ${real.entry.root} were not drawn: their annotation does not answer all kinds of question.`,
    'Build a data set of scenes alone with all questions, and one of these pictures without.',
  );
}

function refuseEmpty(asked: readonly Split[], writing: Writing): void {
  for (const split of asked) {
    if ((writing.tallies.get(split)?.counts.records ?? 0) > 0) continue;
    throw new WorkstationError(
      'data-malformed',
      `The ${split} split would be empty: none of its sources' pictures gave a record.`,
      'Give it another source or share; `skipped` lines of the other splits say what was left out.',
    );
  }
}

/** What is stated of questions in `dataset.json`: only what the train split asks is taught. */
function teachingOf(train: Tally | null): Pick<DatasetFile, 'taught'> {
  const taught = train?.teaching() ?? null;
  return taught === null ? {} : { taught };
}

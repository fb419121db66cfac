import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  answerOf,
  answerRows,
  isWellFormed,
  loadEvaluationData,
  openAnswerStore,
  parseAnswers,
  reportOf,
  spread,
  stemOf,
  writeReport,
  type AnsweredRow,
  type AnswerStore,
  type EvaluationData,
  type EvaluationReport,
  type EvaluationRow,
  type LoadOptions,
  type Problem,
} from '../../../models/evaluation/index.ts';
import { reasonInWords } from '../../platform/file-errors.ts';
import { readTextFile } from '../../platform/text-file.ts';
import { surenessOf, throwIfAborted, WorkstationError } from '../../../preload/contract/index.ts';
import type { CommandContext } from './command.ts';
import { decodePicture } from './picture.ts';

export interface EvaluateOptions {
  data: string;
  split?: NonNullable<LoadOptions['split']>;
  train?: string;
  model?: string;
  variant?: string;
  answers?: string;
  limit?: number;
  out?: string;
  fresh?: boolean;
  label?: string;
  seed?: number;
  strict?: boolean;
}

type Answers = Pick<Parameters<typeof reportOf>[0], 'model' | 'settings' | 'answered' | 'problems'> &
  Pick<EvaluationReport['timing'], 'answeredNow' | 'answeredBefore'>;

/** The command `evaluate`: data, answers of a model or of a file, figures, and the report's files. */
export async function runEvaluation(
  context: CommandContext,
  options: EvaluateOptions,
): Promise<EvaluationReport> {
  const start = new Date();
  const { output, signal } = context;
  const data = await loadEvaluationData(options.data, {
    ...(options.split === undefined ? {} : { split: options.split }),
    ...(options.train === undefined ? {} : { trainFolder: options.train }),
    signal,
  });
  const [problem] = data.problems;
  if (options.strict && problem) throw strictError(problem);
  const limited = options.limit === undefined ? data : { ...data, rows: spread(data.rows, options.limit) };
  const { answeredNow, answeredBefore, ...answers } =
    options.answers === undefined
      ? await askModel(context, options, limited)
      : await readAnswers(options.answers, options, limited);
  const report = reportOf({
    ...answers,
    label: options.label ?? answers.model.name,
    seed: options.seed ?? null,
    data: limited,
    settings: { ...answers.settings, ...(options.limit === undefined ? {} : { limit: options.limit }) },
    timing: {
      startedAt: start.toISOString(),
      seconds: (Date.now() - start.getTime()) / 1000,
      answeredNow,
      answeredBefore,
    },
  });
  if (options.out !== undefined) {
    for (const file of writeReport(report, stemOf(options.out))) output.line(file);
  }
  return report;
}

async function askModel(
  { output, workstation: open, signal }: CommandContext,
  options: EvaluateOptions,
  data: EvaluationData,
): Promise<Answers> {
  const workstation = await open();
  const state = await (options.model === undefined
    ? workstation.calls.loadModel({ modelId: null })
    : workstation.loadModelFolder(options.model, options.variant));
  throwIfAborted(signal);
  const { model, sha256 } = state;
  if (!model || sha256 === null) {
    throw new WorkstationError(
      'unavailable',
      'The model could not be loaded.',
      'See the log in the data folder, or check the model with: models check.',
    );
  }
  // Greedy: the same question on the same picture gets the same answer.
  const settings = { temperature: 0, dtype: state.dtype, device: state.device };
  const store = options.out === undefined ? null : openStore(options.out, options.fresh === true);
  const pictures = new LastPicture();
  try {
    const result = await answerRows({
      rows: data.rows,
      pictureSha256: async ({ image }) => (await pictures.file(image)).sha256,
      answer: async (row) => {
        const picture = await pictures.decoded(row.image);
        checkSize(picture, row);
        const answer = await workstation.askImage(picture, row.question, signal);
        if (answer.status === 'stopped') throwIfAborted(signal);
        const { label, box, items, reasoning, raw } = answer;
        // What is measured is the number that people are shown.
        const probability = surenessOf(answer)?.probability ?? null;
        return { label, box, items, reasoning, probability, wellFormed: isWellFormed(raw) };
      },
      store,
      strict: options.strict === true,
      signal,
      onProgress: ({ done, total, secondsLeft }) =>
        output.progress(`Asking ${done} of ${total}${timeLeft(secondsLeft)}:`, done, total),
      now: Date.now,
    });
    return {
      ...result,
      model: { id: model.id, name: model.name, sha256, domain: model.domain },
      settings,
    };
  } finally {
    store?.close();
  }

  function openStore(out: string, fresh: boolean): AnswerStore {
    const file = `${stemOf(out)}.answers.jsonl`;
    if (fresh) rmSync(file, { force: true });
    return openAnswerStore(file, {
      format: 'surgery-r1-answers',
      formatVersion: 1,
      model: model?.id ?? '',
      modelSha256: sha256 ?? '',
      domain: model?.domain ?? 'unknown',
      split: data.split,
      settings,
    });
  }
}

/** The last picture that was asked about: several questions on one come after one another. */
class LastPicture {
  #file: { path: string; sha256: string } | null = null;
  #decoded: { path: string; picture: Awaited<ReturnType<typeof decodePicture>> & { hash: string } } | null =
    null;

  /** @throws WorkstationError `file-missing` */
  async file(path: string): Promise<{ path: string; sha256: string }> {
    if (this.#file?.path === path) return this.#file;
    try {
      const sha256 = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
      return (this.#file = { path, sha256 });
    } catch (error) {
      throw new WorkstationError(
        'file-missing',
        `The picture ${path} can't be read: ${reasonInWords(error)}.`,
        'Put it back where the data set says, or build the data set again.',
        { cause: error },
      );
    }
  }

  /** @throws WorkstationError `data-malformed` */
  async decoded(path: string): Promise<Awaited<ReturnType<typeof decodePicture>> & { hash: string }> {
    if (this.#decoded?.path !== path) {
      const picture = await decodePicture(path);
      const size = `${picture.width}x${picture.height}:`;
      const hash = createHash('sha256').update(size).update(picture.rgb).digest('hex');
      this.#decoded = { path, picture: { ...picture, hash } };
    }
    return this.#decoded.picture;
  }
}

/** Boxes are in pixels of the picture that the data set speaks of. */
function checkSize(picture: { width: number; height: number }, row: EvaluationRow): void {
  if (picture.width === row.width && picture.height === row.height) return;
  throw new WorkstationError(
    'data-malformed',
    `The picture ${row.image} has ${picture.width}x${picture.height} pixels, and the data set says ${row.width}x${row.height}.`,
    'Put the picture back that the data set was built from, or build it again.',
  );
}

async function readAnswers(
  file: string,
  { strict }: EvaluateOptions,
  data: EvaluationData,
): Promise<Answers> {
  const text = await readTextFile(file, `The answers ${file}`, 'Name the JSONL file that holds them.');
  // Whoever wrote it may have left out the line break at the end.
  const { header, lines, problems } = parseAnswers(text.replace(/\n?$/, '\n'), basename(file));
  if (header.split != null && data.split !== null && header.split !== data.split) {
    throw new WorkstationError(
      'invalid-input',
      `The answers in ${file} are to the split ${header.split}, and the data is ${data.split}.`,
      `Name --split ${header.split}.`,
    );
  }
  const known = new Set([...data.rows.map(({ id }) => id), ...[...data.repeats.values()].flat()]);
  const strangers = [...lines.keys()].filter((id) => !known.has(id));
  const answered: AnsweredRow[] = [];
  const unanswered: EvaluationRow[] = [];
  for (const row of data.rows) {
    const ids = [row.id, ...(data.repeats.get(row.id) ?? [])];
    const line = ids.map((id) => lines.get(id)).find((found) => found !== undefined);
    if (line) answered.push({ row, answer: answerOf(line, row, header) });
    else unanswered.push(row);
  }
  const found: Problem[] = [
    ...problems,
    ...unanswered.map(({ id }) => ({ where: id, what: 'no answer in the file' })),
    ...(strangers.length > 0
      ? [{ where: basename(file), what: `${strangers.length} answers to no question that is measured` }]
      : []),
  ];
  const [first] = found;
  if (strict && first) throw strictError(first);
  const sha256 = header.modelSha256 ?? null;
  return {
    model: { id: header.model, name: header.model, sha256, domain: header.domain ?? 'unknown' },
    settings: header.settings,
    answered,
    problems: found,
    answeredNow: 0,
    answeredBefore: answered.length,
  };
}

const strictError = ({ where, what }: Problem): WorkstationError =>
  new WorkstationError(
    'data-malformed',
    `${where}: ${what}.`,
    'Correct it, or measure what can be measured without --strict.',
  );

function timeLeft(seconds: number | null): string {
  if (seconds === null) return '';
  return seconds < 90 ? `, ${Math.ceil(seconds)} s left` : `, ${Math.ceil(seconds / 60)} min left`;
}

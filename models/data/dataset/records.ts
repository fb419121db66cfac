import { createHash } from 'node:crypto';
import { extname, relative, sep } from 'node:path';
import { quadrantOf } from '../../../preload/contract/boxes.ts';
import { absentLabel, checkCoherence, isAbsentLabel } from '../../../preload/contract/coherence.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import type { AnnotatedFrame, AnnotatedRow } from '../endovis.ts';
import { PLACES, STATES, TOOLS, instrumentOf } from '../labels.ts';
import type { Place, State } from '../labels.ts';
import { Random } from '../scenes/random.ts';
import {
  HELD_OUT_WORDINGS,
  WORDINGS_OF,
  reasonAbsent,
  reasonGrounding,
  reasonLocation,
  reasonOrgan,
  reasonState,
  spell,
} from './grammar.ts';
import type { Reasoning, Spelling, World } from './grammar.ts';
import type { KnownScene } from './language/scene-questions.ts';
import { wordedQuestions } from './language/scene-records.ts';
import type { AnswerItem, AnyType, DatasetRecord, Kind, RecordType, Split, Wording } from './record.ts';

/** How instruments are spelt in paraphrases: all ways mixed, or one. */
export type ToolStyle = 'mixed' | Exclude<Spelling, 'small'>;

export interface RecordOptions {
  kinds: readonly Kind[];
  /** Paraphrases of each row, besides the data set's own wording. */
  paraphrases: number;
  /** Held-out wordings of each row, in the test split alone. */
  heldOut: number;
  /** Questions about absent instruments for each frame; a fraction is drawn. */
  absent: number;
  toolStyle: ToolStyle;
  seed: number;
  /** `all`: also the kinds of question that only a drawn scene answers, and questions that are to be refused. */
  questions: 'core' | 'all';
}

/** Where a frame lies in the data set. */
export interface FrameContext {
  source: string;
  root: string;
  sequence: string;
  split: Split;
  world: World;
  options: RecordOptions;
  /** Number of the next record of this picture: two label files may name one picture. */
  first: number;
  onProblem: (line: number | null, reason: string) => void;
  /** What can be asked for where it is, and no more of it; the instruments of EndoVis where it is left out. */
  subjects?: readonly string[];
  /** What is known besides the annotation, where all of it is asked for. */
  scene?: KnownScene;
}

/** The seed of one frame's draws: they do not depend on which frames come before it. */
function frameSeed(...parts: readonly (string | number)[]): number {
  return Number(createHash('sha256').update(parts.join('\n')).digest().readBigUInt64BE() >> 11n);
}

/** A row whose answer is known: what it is about, and the reasoning that leads to its label. */
interface Truth<Type extends AnyType = RecordType> {
  questionType: Type;
  subject: string;
  label: string;
  box: Box | null;
  line: number | null;
  reasoning: Reasoning;
  items?: AnswerItem[];
}

interface Wish {
  text: string;
  wording: Wording;
}

/** Every record of one picture, in a fixed order: its rows, its boxes, and what it does not show. */
export function recordsOfFrame(frame: AnnotatedFrame, context: FrameContext): DatasetRecord[] {
  const { options, split } = context;
  const image = relative(context.root, frame.image).split(sep).join('/');
  const random = new Random(frameSeed(options.seed, context.source, image));
  const size = { width: frame.width, height: frame.height };
  const stem = image.slice(0, image.length - extname(image).length);
  const records: DatasetRecord[] = [];
  const add = (kind: Kind, truth: Truth<AnyType>, { text, wording }: Wish): void => {
    const reasoned = kind !== 'visual-qa';
    records.push({
      id: `${context.source}/${stem}#${context.first + records.length}`,
      kind,
      split,
      source: context.source,
      sequence: context.sequence,
      image,
      ...size,
      questionType: truth.questionType,
      subject: truth.subject,
      question: text,
      wording,
      label: truth.label,
      box: truth.box,
      ...(truth.items && { items: truth.items }),
      reasoning: reasoned ? truth.reasoning.text : null,
      spans: reasoned ? truth.reasoning.spans : [],
      provenance: { type: 'annotation', file: frame.file.split(sep).join('/'), line: truth.line },
    });
  };
  const asked = options.kinds.filter((kind) => kind !== 'grounding-qa');
  const truths: Truth[] = [];
  for (const row of frame.rows) {
    const truth = truthOf(row, size, context);
    if ('reason' in truth) {
      context.onProblem(row.line, truth.reason);
      continue;
    }
    truths.push(truth);
    const wishes: Wish[] = [
      { text: row.question, wording: 'dataset' },
      ...paraphrases(random, truth, 'paraphrase', options.paraphrases, options),
      ...(split === 'test' ? paraphrases(random, truth, 'held-out', options.heldOut, options) : []),
    ];
    for (const kind of asked) for (const wish of wishes) add(kind, truth, wish);
  }
  if (options.kinds.includes('grounding-qa')) {
    for (const truth of groundings(truths, size, context)) {
      add('grounding-qa', truth, drawn(random, truth, split, options));
    }
  }
  // A line that could not be used may have named an instrument that is there.
  if (frame.whole && truths.length === frame.rows.length) {
    for (const [kind, truth] of absences(random, truths, context)) {
      add(kind, truth, drawn(random, truth, split, options));
    }
  }
  if (context.scene && options.questions === 'all') {
    // Draws of their own, so that the records before are the same with and without them.
    const own = new Random(frameSeed(options.seed, context.source, image, 'scene'));
    for (const { question, wording, ...truth } of wordedQuestions(
      context.scene,
      records.length,
      split,
      own,
    )) {
      for (const kind of asked) add(kind, { ...truth, line: null }, { text: question, wording });
    }
  }
  return records;
}

const includes = <T extends string>(list: readonly T[], value: string): value is T =>
  (list as readonly string[]).includes(value);

function truthOf(
  row: AnnotatedRow,
  size: Size,
  { world, subjects = TOOLS }: Pick<FrameContext, 'world' | 'subjects'>,
): Truth | { reason: string } {
  const { questionType, answer, box, line } = row;
  let subject = answer;
  if (questionType !== 'organ') {
    subject = instrumentOf(row.question) ?? '';
    if (!subjects.includes(subject)) return { reason: `an unknown instrument "${subject.slice(0, 40)}"` };
  }
  const about = { questionType, subject, label: answer, line };
  if (isAbsentLabel(answer)) {
    if (questionType === 'organ') return { reason: 'an organ that is not visible has no name to ask for' };
    return { ...about, label: absentLabel, box: null, reasoning: reasonAbsent(subject) };
  }
  if (box === null) return { reason: 'an answer without a box' };
  if (questionType === 'organ') {
    if (!/^[A-Za-z][A-Za-z _-]{0,39}$/.test(answer))
      return { reason: `an unknown answer "${answer.slice(0, 40)}"` };
    return { ...about, box, reasoning: reasonOrgan(answer, box, size, world) };
  }
  if (questionType === 'state') {
    if (!includes<State>(STATES, answer)) return { reason: `an unknown answer "${answer.slice(0, 40)}"` };
    return { ...about, box, reasoning: reasonState(subject, answer, box, size, world) };
  }
  if (!includes<Place>(PLACES, answer)) return { reason: `an unknown answer "${answer.slice(0, 40)}"` };
  if (!checkCoherence({ reasoning: '', label: answer, box, size }).coherent) {
    return { reason: `the answer ${answer}, but the box's centre lies ${quadrantOf(box, size)}` };
  }
  return { ...about, box, reasoning: reasonLocation(subject, answer) };
}

function spelling(random: Random, style: ToolStyle): Spelling {
  return style === 'mixed' ? random.weighted({ underscores: 0.25, words: 0.6, small: 0.15 }) : style;
}

type OtherWording = 'paraphrase' | 'held-out';
const otherWordings = (type: RecordType, wording: OtherWording): string[] =>
  wording === 'held-out' ? [...HELD_OUT_WORDINGS[type]] : WORDINGS_OF[type].slice(1);

/** Different wordings of one question, drawn without putting back. */
function paraphrases(
  random: Random,
  { questionType, subject }: Truth,
  wording: OtherWording,
  count: number,
  { toolStyle }: RecordOptions,
): Wish[] {
  const left = otherWordings(questionType, wording);
  const wishes: Wish[] = [];
  for (let i = 0; i < count && left.length > 0; i++) {
    const [template = ''] = left.splice(random.integer(0, left.length - 1), 1);
    wishes.push({ text: spell(template, subject, spelling(random, toolStyle)), wording });
  }
  return wishes;
}

/** One wording of a question that no annotation spells: the set's own, a paraphrase, in the test also a held-out one. */
function drawn(random: Random, truth: Truth, split: Split, options: RecordOptions): Wish {
  const wording = random.pick<OtherWording | 'dataset'>(
    split === 'test' && options.heldOut > 0
      ? ['dataset', 'paraphrase', 'held-out']
      : options.paraphrases > 0
        ? ['dataset', 'paraphrase']
        : ['dataset'],
  );
  if (wording === 'dataset') {
    return { text: spell(WORDINGS_OF[truth.questionType][0], truth.subject, 'underscores'), wording };
  }
  const template = random.pick(otherWordings(truth.questionType, wording));
  return { text: spell(template, truth.subject, spelling(random, options.toolStyle)), wording };
}

/** Where is each instrument and the organ: once for each, unless the annotation gives it two places. */
function groundings(truths: readonly Truth[], size: Size, context: FrameContext): Truth[] {
  const found = new Map<string, Truth | null>();
  for (const { questionType, subject, box, line } of truths) {
    if (box === null) continue;
    const before = found.get(subject);
    if (before === undefined) {
      found.set(subject, {
        questionType: 'grounding',
        subject,
        label: subject,
        box,
        line,
        reasoning: reasonGrounding(subject, questionType === 'organ', box, size),
      });
    } else if (before !== null && box.some((value, i) => Math.abs(value - (before.box?.[i] ?? 0)) > 1)) {
      context.onProblem(line, `a second box for ${subject}: no question can ask for the one place of it`);
      found.set(subject, null);
    }
  }
  return [...found.values()].flatMap((truth) => truth ?? []);
}

/** Questions about instruments that the picture does not show, each pair of instrument and type at most once. */
function absences(
  random: Random,
  truths: readonly Truth[],
  { options, subjects }: Pick<FrameContext, 'options' | 'subjects'>,
): [Kind, Truth][] {
  const shown = new Set(truths.filter(({ box }) => box !== null).map(({ subject }) => subject));
  const asked = new Set(
    truths.filter(({ box }) => box === null).map((t) => `${t.subject}/${t.questionType}`),
  );
  const kinds = options.kinds.flatMap((kind): [Kind, RecordType][] =>
    kind === 'grounding-qa'
      ? [[kind, 'grounding']]
      : // What no annotation gives a state is not asked for one.
        [...(subjects === undefined ? [[kind, 'state'] as [Kind, RecordType]] : []), [kind, 'location']],
  );
  const left = (subjects ?? TOOLS)
    .filter((name) => !shown.has(name))
    .flatMap((subject) =>
      kinds.flatMap(([kind, questionType]) =>
        asked.has(`${subject}/${questionType}`) ? [] : [{ subject, kind, questionType }],
      ),
    );
  const count = Math.floor(options.absent) + (random.chance(options.absent % 1) ? 1 : 0);
  const found: [Kind, Truth][] = [];
  for (let i = 0; i < count && left.length > 0; i++) {
    const [{ subject, kind, questionType }] = left.splice(random.integer(0, left.length - 1), 1) as [
      (typeof left)[number],
    ];
    found.push([
      kind,
      { questionType, subject, label: absentLabel, box: null, line: null, reasoning: reasonAbsent(subject) },
    ]);
  }
  return found;
}

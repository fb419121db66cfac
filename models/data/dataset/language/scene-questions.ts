import type { Box, Size } from '../../../../preload/contract/values.ts';
import type { State, Tool } from '../../labels.ts';
import { STATES, TOOLS } from '../../labels.ts';
import type { Random } from '../../scenes/random.ts';
import { THINGS, type Thing, type Things } from '../../scenes/things.ts';
import type { InstrumentTruth, SceneTruth } from '../../scenes/types.ts';
import { SCENE_CUES, boxPlace, cue, join, lookOf, place, words, type Reasoning } from '../grammar.ts';
import type { AnswerItem, AnyType } from '../record.ts';
import { NO, YES } from './answers.ts';
import type { RichTopic } from './questions.ts';

/** What is known of one drawn scene. */
export interface KnownScene {
  truth: SceneTruth;
  things: Things;
  /** The instruments whose tip lies on the organ. */
  onOrgan: ReadonlySet<Tool>;
}

/** A question that a scene answers, before it is worded. */
export interface SceneQuestion {
  topic: RichTopic;
  questionType: AnyType;
  /** What it is about; `named` of {@link NAMES} where its wording names it. */
  subject: string;
  named: Tool | Thing | null;
  /** What stands for `{subject}` where no name does. */
  said: string | null;
  label: string;
  box: Box | null;
  items?: AnswerItem[];
  reasoning: Reasoning;
}

/** How much further one instrument must lie than the next, as a share of the frame, to be the furthest. */
const CLEARLY_FURTHER = 0.05;
/** How many times as far away the next one must be for one to be the nearest. */
const CLEARLY_NEARER = 1.35;

const centre = ([x1, y1, x2, y2]: Box): readonly [number, number] => [(x1 + x2) / 2, (y1 + y2) / 2];

/** From top to bottom: an order that mirroring a picture does not change. */
const downwards = <Item extends { box: Box }>(items: readonly Item[]): Item[] =>
  items.toSorted((one, other) => centre(one.box)[1] - centre(other.box)[1] || one.box[0] - other.box[0]);

/** " upper left", " middle": as a marked piece of reasoning. */
const placeOfBox = (box: Box, size: Size): readonly [string, 'place'] => place(boxPlace(box, size));

const COUNT_WORDS = ['none', 'one', 'two', 'three', 'four'];

/** The suction lies in the upper left, the stapler in the lower right. */
function tellInstruments(
  instruments: readonly InstrumentTruth[],
  size: Size,
): (string | readonly [string, 'place'])[] {
  return instruments.flatMap(({ tool, box }, i) => [
    `${i === 0 ? '' : ', the'} ${words(tool)}${i === 0 ? ' lies' : ''} in the`,
    placeOfBox(box, size),
  ]);
}

const THE = ['The', 'presence'] as const;
const label = (said: string): readonly [string, 'label'] => [` ${said}`, 'label'];

/** Every question of the richer kinds that a scene answers, refusals left aside. */
export function sceneQuestions(scene: KnownScene, random: Random): SceneQuestion[] {
  const { truth } = scene;
  const size: Size = { width: truth.width, height: truth.height };
  const instruments = downwards(truth.instruments);
  const listed = instruments.map(({ tool, box }): AnswerItem => ({ label: tool, box }));
  const all = { subject: 'instruments', named: null, said: null, box: null, items: listed };
  const names = listed.map((item) => item.label).join(', ');
  const told = tellInstruments(instruments, size);
  return [
    {
      ...all,
      topic: 'instruments',
      questionType: 'instruments',
      label: names,
      reasoning: join(THE, ...told, '.'),
    },
    {
      ...all,
      topic: 'count',
      questionType: 'count',
      label: String(listed.length),
      reasoning: join(THE, ...told, '. That makes', label(COUNT_WORDS[listed.length] ?? ''), '.'),
    },
    describe(scene, instruments, size),
    ...presences(scene, size, random),
    ...relations(scene, size),
    ...truth.instruments.map((item): SceneQuestion => tip(item, size)),
  ];
}

function tip({ tool, state, box }: InstrumentTruth, size: Size): SceneQuestion {
  return {
    topic: 'tip',
    questionType: 'state',
    subject: tool,
    named: tool,
    said: null,
    label: state,
    box,
    reasoning: join(
      THE,
      ` ${words(tool)} lies in the`,
      placeOfBox(box, size),
      '.',
      cue(SCENE_CUES[state]),
      '. This is',
      cue(words(state).toLowerCase()),
      '.',
    ),
  };
}

/** The organ first, then the instruments from top to bottom, with what else is seen named in the words alone. */
function describe(
  { truth, things }: KnownScene,
  instruments: readonly InstrumentTruth[],
  size: Size,
): SceneQuestion {
  const { organ } = truth;
  const besides = [...new Set(things.seen.map(({ thing }) => words(thing)))];
  const items = [
    { label: organ.label, box: organ.box },
    ...instruments.map(({ tool, box }): AnswerItem => ({ label: tool, box })),
  ];
  return {
    topic: 'description',
    questionType: 'description',
    subject: 'frame',
    named: null,
    said: null,
    label: items.map((item) => item.label).join(', '),
    box: null,
    items,
    reasoning: join(
      THE,
      ' organ',
      cue(lookOf(organ.label)),
      '. This is the',
      label(words(organ.label)),
      '. The',
      ...tellInstruments(instruments, size),
      ...(besides.length === 0 ? ['.'] : ['. Besides,', cue(listWords(besides)), ' can be seen.']),
    ),
  };
}

const listWords = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** Of things and of instruments, one that is there and one that is not: each answer as often as the other. */
function presences({ truth, things }: KnownScene, size: Size, random: Random): SceneQuestion[] {
  const tools = truth.instruments.map(({ tool }) => tool);
  const seen = [...new Set(things.seen.map(({ thing }) => thing))];
  const gone = THINGS.filter((thing) => !seen.includes(thing) && !things.unclear.has(thing));
  const asked: SceneQuestion[] = [];
  const absent = (named: Tool | Thing): SceneQuestion => ({
    ...{ topic: 'presence', questionType: 'presence', subject: named, named, said: null },
    label: NO,
    box: null,
    reasoning: join(['No', 'presence'], ` ${words(named)} is seen in this view.`),
  });
  if (seen.length > 0) {
    const thing = random.pick(seen);
    asked.push(present(thing, downwards(things.seen.filter((item) => item.thing === thing)), size));
  }
  if (gone.length > 0) asked.push(absent(random.pick(gone)));
  const tool = random.pick(tools);
  asked.push(
    present(
      tool,
      truth.instruments.filter((item) => item.tool === tool),
      size,
    ),
  );
  asked.push(absent(random.pick(TOOLS.filter((other) => !tools.includes(other)))));
  return asked;
}

function present(named: Tool | Thing, places: readonly { box: Box }[], size: Size): SceneQuestion {
  const said = places.flatMap(({ box }, i) => [i === 0 ? '' : ' and in the', placeOfBox(box, size)] as const);
  const several = places.length > 1;
  return {
    topic: 'presence',
    questionType: 'presence',
    subject: named,
    named,
    said: null,
    label: YES,
    box: several ? null : places[0]!.box,
    ...(several && { items: places.map(({ box }): AnswerItem => ({ label: named, box })) }),
    reasoning: join(THE, label(words(named)), ' is seen in the', ...said.filter((part) => part !== ''), '.'),
  };
}

/** Which instrument does something, lies furthest to a side, is nearest to something, or touches the organ. */
function relations({ truth, things, onOrgan }: KnownScene, size: Size): SceneQuestion[] {
  const { instruments } = truth;
  const found: SceneQuestion[] = [];
  const add = (
    topic: RichTopic,
    subject: string,
    { tool, box }: InstrumentTruth,
    reasoning: Reasoning,
    named: Thing | null = null,
  ): void => {
    const said = named === null ? subject.replaceAll('_', ' ').toLowerCase() : null;
    found.push({ topic, questionType: 'relation', subject, named, said, label: tool, box, reasoning });
  };
  for (const state of STATES.filter((known): known is State => known !== 'Idle')) {
    const [one, ...others] = instruments.filter((item) => item.state === state);
    if (one === undefined || others.length > 0) continue;
    add(
      'doing',
      state,
      one,
      join(
        THE,
        label(words(one.tool)),
        ' lies in the',
        placeOfBox(one.box, size),
        '.',
        cue(SCENE_CUES[state]),
        '. This is',
        cue(words(state).toLowerCase()),
        '.',
      ),
    );
  }
  if (instruments.length > 1) {
    const sides = [
      ['left', 0, -1, size.width],
      ['right', 0, 1, size.width],
      ['top', 1, -1, size.height],
      ['bottom', 1, 1, size.height],
    ] as const;
    for (const [side, axis, sign, extent] of sides) {
      const [first, second] = instruments.toSorted(
        (a, b) => sign * (centre(b.box)[axis] - centre(a.box)[axis]),
      );
      const apart = Math.abs(centre(first!.box)[axis] - centre(second!.box)[axis]);
      if (apart < CLEARLY_FURTHER * extent) continue;
      add(
        'furthest',
        side,
        first!,
        join(
          THE,
          label(words(first!.tool)),
          ' is the last one towards that side. It lies in the',
          placeOfBox(first!.box, size),
          '.',
        ),
      );
    }
  }
  for (const thing of THINGS) {
    const places = things.seen.filter((item) => item.thing === thing);
    if (places.length !== 1 || instruments.length < 2 || things.unclear.has(thing)) continue;
    const [x, y] = centre(places[0]!.box);
    const far = ({ box }: InstrumentTruth): number => Math.hypot(centre(box)[0] - x, centre(box)[1] - y);
    const [first, second] = instruments.toSorted((a, b) => far(a) - far(b));
    if (far(second!) < CLEARLY_NEARER * far(first!)) continue;
    add(
      'nearest',
      thing,
      first!,
      join(
        THE,
        label(words(first!.tool)),
        ` is the nearest to the ${words(thing)}. It lies in the`,
        placeOfBox(first!.box, size),
        '.',
      ),
      thing,
    );
  }
  const [touching, ...more] = instruments.filter(({ tool }) => onOrgan.has(tool));
  if (touching !== undefined && more.length === 0) {
    add(
      'touching',
      'organ',
      touching,
      join(
        THE,
        label(words(touching.tool)),
        ' meets the organ. It lies in the',
        placeOfBox(touching.box, size),
        '.',
      ),
    );
  }
  return found;
}

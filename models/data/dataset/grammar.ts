import { quadrantOf } from '../../../preload/contract/boxes.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import { questionText } from '../../../preload/contract/vocabulary.ts';
import type { Place, State } from '../labels.ts';
import type { RecordType, Span, SpanRole } from './record.ts';

/**
 * The language of the data set, in this file alone: wordings of questions, and the rules that turn an annotation
 * into reasoning (what is seen, where, what follows). GRAMMAR.md shows them with examples. The words `left` and
 * `right` are used only for sides of the picture, so that a mirrored picture needs no more than swapping them.
 */

/** An instrument or a state in words: `bipolar_forceps` is `bipolar forceps`, `Tool_Manipulation` stays so cased. */
export const words = (name: string): string => name.replaceAll('_', ' ');

export const PLACE_WORDS: Readonly<Record<Place, string>> = {
  'left-top': 'upper left',
  'right-top': 'upper right',
  'left-bottom': 'lower left',
  'right-bottom': 'lower right',
};

/** What a state looks like in the synthetic scenes: what their drawing shows at the instrument's tip. */
export const SCENE_CUES: Readonly<Record<State, string>> = {
  Idle: 'Its closed jaws touch nothing',
  Grasping: 'Its jaws pinch a fold of tissue',
  Retraction: 'It pulls a sheet of tissue taut',
  Tissue_Manipulation: 'Its open jaws press into tissue',
  Tool_Manipulation: 'It holds a part of another instrument',
  Cutting: 'A bleeding cut lies at its blades',
  Cauterization: 'Sparks and smoke rise at its tip',
  Suction: 'A pool of blood lies at its tip',
  Looping: 'Thread is wound around its jaws',
  Suturing: 'It holds a curved needle by a wound',
  Clipping: 'A clipped vessel lies between its jaws',
  Staple: 'Rows of staples lie at its jaws',
  Ultrasound_Sensing: 'A film of gel lies around it',
};

/** What a state means, for real pictures: an annotation does not tell how this very picture looks. */
export const MEANINGS: Readonly<Record<State, string>> = {
  Idle: 'It does no work here',
  Grasping: 'It grips tissue',
  Retraction: 'It holds tissue aside',
  Tissue_Manipulation: 'It moves tissue',
  Tool_Manipulation: 'It handles another instrument',
  Cutting: 'It divides tissue',
  Cauterization: 'It heats tissue',
  Suction: 'It draws fluid away',
  Looping: 'It winds thread',
  Suturing: 'It drives a needle',
  Clipping: 'It sets a clip',
  Staple: 'It sets staples',
  Ultrasound_Sensing: 'It scans tissue',
};

/** How each organ of the synthetic scenes looks; what follows `The organ`. */
export const ORGAN_LOOKS: Readonly<Record<string, string>> = {
  kidney: 'is a reddish brown bean with fat around it',
  liver: 'is large, smooth and brown red with a sharp edge',
  spleen: 'is purple and smooth with a round edge',
  gallbladder: 'is a green grey pear',
  bowel: 'lies in pink loops',
};

/**
 * The same looks without their colours: what stays true of a picture whose hue training has turned. Training gets
 * them with the data set, since it knows no sentence of its own.
 */
export const LOOKS_WITHOUT_COLOUR: Readonly<Record<string, string>> = {
  kidney: 'is a bean with fat around it',
  liver: 'is large and smooth with a sharp edge',
  spleen: 'is smooth with a round edge',
  gallbladder: 'is a pear',
  bowel: 'lies in loops',
};

/** Said of an organ whose look no rule knows. */
const NEUTRAL_LOOK = 'is being operated on';

/** How a drawn organ looks; what follows `The organ`. */
export const lookOf = (organ: string): string => ORGAN_LOOKS[organ] ?? NEUTRAL_LOOK;

/** The first wording of each type is the data set's own. `{subject}` stands for the instrument or organ. */
export const WORDINGS_OF: Readonly<Record<RecordType, readonly [string, ...string[]]>> = {
  organ: [
    questionText.organ(),
    'Which organ is being operated on?',
    'What organ is this?',
    'Which organ is shown?',
    'What organ is shown in this view?',
    'Which organ is seen here?',
    'Name the organ in this view.',
    'What organ is the surgeon operating on?',
    'On which organ is the surgeon working?',
    'Which organ can be seen?',
    'Tell me which organ is shown.',
    'Tell me what organ this is.',
    'What is the organ here?',
    'Which organ is in this view?',
    'What organ does this view show?',
    'In this view, which organ is seen?',
    'Name the organ.',
    'Here, what organ is being operated on?',
    'What organ lies in this view?',
  ],
  state: [
    questionText.state('{subject}'),
    'What is the state of the {subject}?',
    'What is the {subject} doing?',
    'Which state is the {subject} in?',
    'What does the {subject} do?',
    'What is the {subject} doing in this view?',
    'Which action does the {subject} show?',
    'What is the {subject} used for here?',
    'In which state can the {subject} be seen?',
    'What action is the {subject} performing?',
    'Tell me what the {subject} does.',
    'How is the {subject} being used?',
    'What is the {subject} doing here?',
    'In this view, what is the {subject} doing?',
    'Tell me the state of the {subject}.',
    'Tell me what state the {subject} is in.',
    'Tell me how the {subject} is used.',
    'What action does the {subject} show here?',
    'Which action is the {subject} doing?',
    'What is the {subject} performing?',
    'Which action is seen at the {subject}?',
    'Here, what does the {subject} do?',
    'What is the {subject} seen doing?',
    'In what state is the {subject} in this view?',
    'Name the state of the {subject}.',
    'Name the action of the {subject} in this view.',
    'Give the state of the {subject}.',
    'What does the {subject} do in this view?',
    'Which state does the {subject} show?',
  ],
  location: [
    questionText.location('{subject}'),
    'Where is the {subject} located?',
    'Where is the {subject}?',
    'In which part of the view is the {subject}?',
    'Where can the {subject} be seen?',
    'In which quarter of the view is the {subject}?',
    'Which part of the view shows the {subject}?',
    'Where in this view is the {subject} seen?',
    'Tell me where the {subject} is.',
    'In which quarter does the {subject} lie?',
    'Where does the {subject} lie in the view?',
    'Tell me where the {subject} lies.',
    'Tell me where to find the {subject}.',
    'Tell me in which part of the view the {subject} is.',
    'Where in the view is the {subject}?',
    'Where does the {subject} lie here?',
    'In this view, where is the {subject}?',
    'Which quarter holds the {subject}?',
    'Which part of this view holds the {subject}?',
    'Where is the {subject} seen?',
    'Where is the {subject} in this view?',
    'Where is the {subject} shown?',
    'Name the quarter of the {subject}.',
    'Name the part of the view with the {subject}.',
    'Give the quarter in which the {subject} lies.',
    'What part of the view shows the {subject}?',
    'Here, where is the {subject}?',
  ],
  grounding: [
    'Locate the {subject}.',
    'Point to the {subject}.',
    'Find the {subject} in this view.',
    'Draw a box around the {subject}.',
    'Give the box of the {subject}.',
    'Mark the {subject} with a box.',
    'Outline the {subject} with a box.',
    'Which box holds the {subject}?',
    'Find the box around the {subject}.',
    'Locate the {subject} in this view.',
    'Tell me the box of the {subject}.',
    'Mark the {subject} in this view.',
    'Outline the {subject}.',
    'Find the {subject}.',
    'Give a box for the {subject}.',
    'Point to the {subject} with a box.',
    'Draw the box of the {subject}.',
    'Show the box of the {subject}.',
    'What is the box of the {subject}?',
    'Here, find the {subject}.',
  ],
};

/** Asked in the test split alone: the words of the training wordings of that type, put together differently. */
export const HELD_OUT_WORDINGS: Readonly<Record<RecordType, readonly [string, ...string[]]>> = {
  organ: [
    'Which organ is the surgeon operating on?',
    'What organ can be seen here?',
    'Name the organ being operated on.',
    'Which organ is being operated on in this view?',
    'What organ is the surgeon working on?',
  ],
  state: [
    'What state is the {subject} in here?',
    'Which action is the {subject} performing in this view?',
    'What can the {subject} be seen doing?',
    'Tell me what the {subject} is doing.',
    'How is the {subject} used in this view?',
  ],
  location: [
    'In which part of the view does the {subject} lie?',
    'Which quarter of the view shows the {subject}?',
    'Where is the {subject} seen in this view?',
    'Tell me which quarter the {subject} is in.',
    'In which part can the {subject} be seen?',
  ],
  grounding: [
    'Find the box of the {subject}.',
    'Point to the {subject} in this view.',
    'Locate the {subject} with a box.',
    'Outline the {subject} in this view.',
    'Mark the {subject}.',
  ],
};

/** How a question spells: the name with its underscores, in words, or all of the question in small letters. */
export const SPELLINGS = ['underscores', 'words', 'small'] as const;
export type Spelling = (typeof SPELLINGS)[number];

export function spell(wording: string, subject: string, spelling: Spelling): string {
  const question = wording.replace('{subject}', spelling === 'underscores' ? subject : words(subject));
  return spelling === 'small' ? question.toLowerCase() : question;
}

export interface Reasoning {
  text: string;
  spans: Span[];
}

/**
 * Joins pieces into a text and notes where the marked ones lie. Every piece after the first begins with its space
 * or its full stop, and a marked one ends with a word: tokenising piece by piece equals tokenising the whole.
 */
export function join(...pieces: (string | readonly [string, SpanRole])[]): Reasoning {
  let text = '';
  const spans: Span[] = [];
  for (const piece of pieces) {
    const [part, role] = typeof piece === 'string' ? [piece] : piece;
    if (role !== undefined) spans.push([text.length, text.length + part.length, role]);
    text += part;
  }
  return { text, spans };
}

const THE = ['The', 'presence'] as const;
export const place = (said: string) => [` ${said}`, 'place'] as const;
export const cue = (said: string) => [` ${said}`, 'cue'] as const;

/** `synthetic`: the picture was drawn, and shows what the rules say. `real`: only the annotation is known. */
export type World = 'synthetic' | 'real';

export function reasonState(tool: string, state: State, box: Box, size: Size, world: World): Reasoning {
  return join(
    THE,
    ` ${words(tool)} lies in the`,
    place(PLACE_WORDS[quadrantOf(box, size)]),
    '.',
    cue((world === 'synthetic' ? SCENE_CUES : MEANINGS)[state]),
    '. This is',
    cue(words(state).toLowerCase()),
    '.',
  );
}

/** `label` is the true place; a centre so near a middle line that both sides would do takes its side from it. */
export function reasonLocation(tool: string, label: Place): Reasoning {
  return join(
    THE,
    ` ${words(tool)} is seen`,
    place(label.startsWith('left') ? 'left' : 'right'),
    ' of the middle and',
    place(label.endsWith('top') ? 'above' : 'below'),
    ' the middle. That is the',
    place(PLACE_WORDS[label]),
    ' of the view.',
  );
}

export function reasonOrgan(organ: string, box: Box, size: Size, world: World): Reasoning {
  const look = world === 'synthetic' ? ORGAN_LOOKS[organ] : undefined;
  return join(
    THE,
    ' organ',
    look === undefined ? ` ${NEUTRAL_LOOK}` : cue(look),
    '. It lies in the',
    place(boxPlace(box, size)),
    '. This is the',
    [` ${words(organ)}`, 'label'],
    '.',
  );
}

export function reasonGrounding(subject: string, organ: boolean, box: Box, size: Size): Reasoning {
  const wide = box[2] - box[0] >= size.width * WIDE;
  const tall = box[3] - box[1] >= size.height * WIDE;
  return join(
    THE,
    [` ${words(subject)}`, 'label'],
    ' lies in the',
    place(organ ? boxPlace(box, size) : PLACE_WORDS[quadrantOf(box, size)]),
    `. Its box is ${wide ? 'wide' : 'narrow'} and ${tall ? 'tall' : 'low'}.`,
  );
}

export function reasonAbsent(subject: string): Reasoning {
  return join(
    ['No', 'presence'],
    ` ${words(subject)} is seen in this view. The question cannot be answered here.`,
  );
}

/** Share of the frame's side from which on a box is called wide or tall. */
const WIDE = 0.25;
/** What has its centre this near the frame's centre, as a share of each side, lies in the middle. */
const MIDDLE = 0.1;

/** "middle" or one of {@link PLACE_WORDS}: for what may lie anywhere, also across the middle. */
export function boxPlace(box: Box, size: Size): string {
  const fromCentre = (low: number, high: number, extent: number): number =>
    Math.abs((low + high) / 2 / extent - 0.5);
  const middle =
    fromCentre(box[0], box[2], size.width) < MIDDLE && fromCentre(box[1], box[3], size.height) < MIDDLE;
  return middle ? 'middle' : PLACE_WORDS[quadrantOf(box, size)];
}

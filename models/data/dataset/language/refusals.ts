import type { Random } from '../../scenes/random.ts';
import { drawForm, tidy, type WordClass, type WordClasses } from './forms.ts';
import * as lists from './refusal-words.ts';
import type { RefusalReason } from './answers.ts';

/**
 * Questions that are not to be answered, with the reason: those that no picture tells, and those that are no question
 * of the kinds that were taught. Answered all the same, they would get an answer as sure as any.
 */

/** Every sixth word is held out. */
const halves = (all: readonly string[]): WordClass => ({
  taught: all.filter((_, i) => i % 6 !== 5),
  heldOut: all.filter((_, i) => i % 6 === 5),
});

export const REFUSAL_CLASSES: WordClasses = {
  anatomy: halves(lists.ANATOMY),
  disease: halves(lists.DISEASES),
  drug: halves(lists.DRUGS),
  operation: halves(lists.OPERATIONS),
  outcome: halves(lists.OUTCOMES),
  act: halves(lists.ACTIONS),
  material: halves(lists.MATERIALS),
  measure: halves(lists.MEASURES),
  person: halves(lists.PEOPLE),
  topic: halves([...lists.TOPICS, ...lists.EVERYDAY, ...lists.DOINGS]),
  clinic: halves(lists.CLINIC),
  greeting: halves(lists.GREETINGS),
  command: halves(lists.COMMANDS),
  foreign: halves(lists.FOREIGN),
  organ: { taught: ['kidney', 'liver', 'spleen', 'gallbladder', 'bowel', 'organ'], heldOut: [] },
  tool: {
    taught: [
      'forceps',
      'scissors',
      'stapler',
      'clip applier',
      'needle driver',
      'suction',
      'instrument',
      'tool',
    ],
    heldOut: [],
  },
  when: {
    taught: ['now', 'next', 'here', 'first', 'later', 'today', 'afterwards'],
    heldOut: ['immediately', 'soon'],
  },
};

/** Wordings of each reason, those of the test split alone behind them. */
export const REFUSAL_WORDINGS: Readonly<
  Record<RefusalReason, { taught: readonly string[]; heldOut: readonly string[] }>
> = {
  picture: {
    taught: [
      'Where is the <anatomy>?',
      '(Can you see|Do you see|Is this|Show me|Mark|Find|Locate) the <anatomy>?',
      'Is there (a|any) <disease>?',
      '(Is this|Could this be|Does this look like) (a|an|) <disease>?',
      '(Is the|Does the) <organ> (healthy|have <disease>|affected by <disease>)?',
      'What (stage|grade) is the <disease>?',
      'Should (I|we|the surgeon) <act> (the <anatomy>|the <organ>|this|it) <when>?',
      'What (should|would) (I|we|you) <act> <when>?',
      'Is it safe to <act> (the <anatomy>|the <organ>|here|now)?',
      'How (do|should) I <act> the (<anatomy>|<organ>)?',
      '(Which|What) <tool> should (I|we) use to <act> the (<anatomy>|<organ>)?',
      '(Will|Does|Can) the patient <outcome>?',
      'What are the chances that the patient will <outcome>?',
      'What is the prognosis (after <operation>|with <disease>|)?',
      'What (is|was) the (patient age|<measure>)?',
      'How (much|high|large|deep) is the <measure>?',
      'What is the <measure> of the (<organ>|<anatomy>|<disease>)?',
      '(Which|What) dose of <drug> (should|did) the patient (get|need|receive)?',
      'Does the patient (take|need|tolerate) <drug>?',
      'Is (this|the operation) a <operation>?',
      'How long (does|did|will) the <operation> (take|last)?',
      'Who is the <person>?',
      'Is the <person> (right-handed|experienced|tired|a doctor|satisfied)?',
      'Was the <operation> (successful|complete|necessary)?',
      '(Is|Was) <material> (used|needed|better) (here|for this|for the <anatomy>)?',
      'What does the <clinic> (say|show)?',
      'Does the patient have (<disease>|a <clinic>)?',
      'Why (is|did) the surgeon <act> the (<anatomy>|<organ>)?',
      'What will (happen|the surgeon do) next?',
      'What happened (before|a minute ago|yesterday|at the beginning)?',
      'Is the <anatomy> (intact|injured|perfused|clipped)?',
    ],
    heldOut: [
      'The <anatomy>, where is it?',
      'Would you <act> the <organ> <when>?',
      'With <disease>, will the patient <outcome>?',
      'After <operation>, what is the prognosis?',
      'Of <drug>, which dose does the patient need?',
      'Could the patient have <disease>?',
    ],
  },
  question: {
    taught: [
      '<greeting>',
      '<greeting> (there|doctor|computer|model|everyone|)',
      '<command>',
      '(Please|Can you|Could you) <command>',
      '<foreign>',
      'What is (a|the|) <topic>?',
      'Who (invented|likes|wrote about) <topic>?',
      '(Tell me|Write|Say) (something|a story|a joke|a poem) about (a|the|) <topic>',
      'Do you (like|know|want) <topic>?',
      'How (do I make|does one draw|much is) (a|) <topic>?',
      'Where can I (buy|find|see) (a|) <topic>?',
      'Is (a|the|) <topic> (better|larger|older) than (a|the|) <topic>?',
      '<topic> <topic> <topic>',
      '<topic> or <topic>?',
      'What colour is (a|the|) <topic>?',
      'Explain <clinic> to (a|my) <person>',
      '{nonsense}',
      '{nonsense}?',
      'What is {nonsense}?',
      'Where is the {nonsense}?',
      'Is the {nonsense} in view?',
    ],
    heldOut: [
      'I would like <topic>',
      'My <person> has a <topic>',
      '<topic>, please',
      'Did you <command>?',
      'The {nonsense} of {nonsense}',
    ],
  },
};

const CONSONANTS = 'bcdfghjklmnpqrstvwxz';
const VOWELS = 'aeiouy';

/** Letters that are no word: keys hit at random, or syllables that mean nothing. */
export function nonsense(random: Random): string {
  const letters = (from: string, count: number): string =>
    Array.from({ length: count }, () => from[random.integer(0, from.length - 1)]).join('');
  const word = (): string => {
    const kind = random.next();
    if (kind < 0.35) return letters(`${CONSONANTS}${VOWELS}`, random.integer(3, 10));
    if (kind < 0.45) return letters('asdfjkl;qwer', random.integer(3, 8));
    if (kind < 0.55) return letters('0123456789', random.integer(1, 6));
    if (kind < 0.62) return letters('?!.,-#%&*', random.integer(1, 5));
    return Array.from(
      { length: random.integer(2, 4) },
      () => letters(CONSONANTS, 1) + letters(VOWELS, 1),
    ).join('');
  };
  return Array.from({ length: random.integer(1, 3) }, word).join(' ');
}

export type RefusalWording = 'taught' | 'held-out' | 'held-out-words';

/** A question that is to be refused, spelt as people type: often in small letters and without a mark at the end. */
export function drawRefusal(random: Random, reason: RefusalReason, wording: RefusalWording): string {
  const { taught, heldOut } = REFUSAL_WORDINGS[reason];
  const from = wording === 'held-out' ? heldOut : taught;
  for (;;) {
    const form = drawForm(random, random.pick(from), REFUSAL_CLASSES, wording === 'held-out-words');
    if (form === null) continue;
    const text = tidy(form.replaceAll('{nonsense}', () => nonsense(random)));
    if (text !== '') return casual(random, text);
  }
}

/** As people type: a quarter in small letters, a fifth without the mark at the end. */
export function casual(random: Random, text: string): string {
  const marked = random.chance(0.2) ? text.replace(/ ?[?.]$/, '') : text;
  return random.chance(0.25) ? marked.toLowerCase() : marked;
}

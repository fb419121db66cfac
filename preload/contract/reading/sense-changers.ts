import type { Intent } from './intents.ts';

/**
 * Words that change what a question asks, however much the rest of it is like one that was taught: "is there no smoke" is not
 * "is there smoke". A question with one of them is never put in other words by its likeness alone.
 */
const changers = new Set(
  (
    "no not none nothing never neither nor without except besides isn't aren't wasn't don't doesn't didn't can't cannot couldn't " +
    "won't shouldn't wouldn't hasn't haven't off absent missing gone hidden covered lost " +
    'was were did had been will would should shall must might may need could why when who whose whom ' +
    'before after since until yet still again already anymore next last then ' +
    'more less fewer few much lots plenty enough too than better worse same different other another else both only even ' +
    'two three four five six seven eight nine ten half ' +
    'and or but because left right camera lens ' +
    'idle active inactive passive unused working moving open closed used good bad right wrong safe dangerous correct'
  ).split(' '),
);

/** Words that point at another time than that of the picture. */
const times = new Set(
  (
    'previous prior preceding earlier former formerly past later following subsequent subsequently afterwards afterward ago ' +
    'beforehand initial initially final beginning yesterday tomorrow tonight soon during minute minutes hour hours second seconds ' +
    'week month year'
  ).split(' '),
);

/** Verbs of an order to the model, before which "you should" and "we have to" are no advice that is asked for. */
const order =
  '(?:say|tell|state|answer|write|determine|find|work|check|decide|explain|note|point|name|list|give|mention|show|mark|outline|box|' +
  'locate|label|select|describe|summarise|summarize|count|tally|report|identify|read|look|point|go through|write|recall|record|confirm|reckon)';

const seeing =
  '(?:see|spot|find|discover|notice|detect|observe|recognise|recognize|distinguish|perceive|pick out|make out)';

/** Turns of phrase in which such a word says nothing. */
const harmless = new RegExp(
  '(?<= |^)(?:' +
    [
      '(?:would|could) you say',
      '(?:can|could|may|might) be (?=(?:<view> ?)*(?:seen|visible|found|shown|present|in|on|there|recognised|<view>))',
      'how many',
      'i would (?:like|love)',
      'next to',
      'yes or no',
      'true or false',
      'present or not',
      'or (?:not|what)$',
      'one two three or four',
      `(?:you should|(?:we|i|you) (?:have|need|want|like) (?:you )?to|your task is to|i (?:want|need|would like) you to) (?=${order}(?: |$))`,
      `(?:would|could|will|can) you(?: please| kindly| just)? (?=${order}(?: |$))`,
      'than(?: all)? others?',
      '(?:under|before|in front of|by|from|through) camera',
      'camera (?=(?:view|image|picture|frame|feed|<frame>|<view>)(?: |$))',
      '(?:just )?once (?:again|more)',
      `^(?:next|then|now|and|but) (?=(?:please )?${order}(?: |$))`,
      `(?:it would help to|(?:go ahead|look closely|have a look|have look|be so good as to) and|be so good as to) (?=${order}(?: |$))`,
      `could (?:i|we|you|one|they|anyone|anybody)(?: please)? (?=${seeing}(?: |$))`,
      'working (?=(?:tip|end|field)(?: |$))',
      'and be (?:quick|precise|brief|honest)$',
    ].join('|') +
    ')(?= |$|)',
  'g',
);

/** Words that belong to a certain question: "which tool is used for cutting" asks what is cutting. */
const belonging: Partial<Record<Intent, RegExp>> = {
  doing: /(?<= |^)used (?:for|in|to|by)(?= |$)/g,
  state: /(?<= |^)used for(?= |$)/g,
  touching: /(?<= |^)working on(?= |$)/g,
  organ: /(?<= |^)working on(?= |$)/g,
  furthest: /(?<= |^)(?:furthest|farthest|far|most|to)(?: to)? (?:left|right)(?= |$)/g,
  nearest: /(?<= |^)next(?: to)?(?= |$)/g,
};

/** Sentences that tell something, or that point at something which is not in the words. */
const noQuestion =
  /^(?:(?:i|we|you) (?:see|have(?! to ))|there (?:is|are))(?= |$)|^(?:is|are) (?:it|this|that) <tool>|^(?:what|which) (?:is|are) (?:it|this|that|these|those)$/;

/** Whether a sentence that most likely asks for `intent` has such a word, or a number. */
export function changesSense(text: string, intent?: Intent): boolean {
  const own = intent === undefined ? undefined : belonging[intent];
  const words = text
    .replaceAll(harmless, '')
    .replaceAll(own ?? /$^/g, '')
    .split(' ')
    .filter((word) => word !== '');
  // What is out of view is not in it.
  if (/(?<= |^)out <view>/.test(text)) return true;
  return words.some(
    (word, i) =>
      /^[0-9]/.test(word) ||
      times.has(word) ||
      (changers.has(word) && !(i === 0 && /^(?:and|but)$/.test(word))),
  );
}

/** Whether a sentence asks nothing by itself. */
export const tellsOnly = (text: string): boolean => noQuestion.test(text);

/**
 * Words that change what a question asks, however much the rest of it is like one that was taught: "is there no smoke" is not
 * "is there smoke". A question with one of them is never put in other words by its likeness alone.
 */
const changers = new Set(
  (
    "no not none nothing never neither nor without except besides isn't aren't wasn't don't doesn't didn't can't cannot couldn't " +
    "won't shouldn't wouldn't hasn't haven't off absent missing gone hidden covered lost " +
    'was were did had been will would should shall must might may need could why when who whose whom ' +
    'before after since until yet still again already anymore next last previous earlier later ago then ' +
    'more less fewer few much lots plenty enough too than better worse same different other another else both only even ' +
    'two three four five six seven eight nine ten half ' +
    'and or but because left right camera lens ' +
    'idle active inactive passive unused working moving open closed used good bad right wrong safe dangerous correct'
  ).split(' '),
);
/** Turns of phrase in which such a word says nothing. */
const harmless =
  /(?<= |^)(?:would you say|could you say|(?:can|could) be|how many|i would like|next to)(?= |$)/g;

/** Sentences that tell something, or that point at something which is not in the words. */
const noQuestion =
  /^(?:(?:i|we|you) (?:see|have)|there (?:is|are))(?= |$)|^(?:is|are) (?:it|this|that) <tool>|^(?:what|which) (?:is|are) (?:it|this|that|these|those)$/;

/** Whether a sentence has such a word, or a number. */
export function changesSense(text: string): boolean {
  const words = text
    .replaceAll(harmless, '')
    .split(' ')
    .filter((word) => word !== '');
  // What is out of view is not in it.
  if (/(?<= |^)out <view>/.test(text)) return true;
  return words.some(
    (word, i) => /^[0-9]/.test(word) || (changers.has(word) && !(i === 0 && /^(?:and|but)$/.test(word))),
  );
}

/** Whether a sentence asks nothing by itself. */
export const tellsOnly = (text: string): boolean => noQuestion.test(text);

import { instruments } from './vocabulary.ts';

/**
 * A place that a text names for its subject, found by a small grammar of English place words.
 *
 * A text is cut into words; what stands between two words joins them (white space, hyphen, underscore, quotes),
 * ends a clause (comma, semicolon, colon, brackets) or ends a sentence (full stop, line break). These phrases
 * name a place, V being upper, top, lower or bottom and H being left or right:
 *
 *     V H, H V                                    upper left, left-top, lower-right, bottom left-hand
 *     V M, M V, H M, M H   (M: middle, centre)    top centre, middle left: one side only
 *     H or V + half, side, part, edge, ...        left half, bottom part, right-hand side
 *     H or V + of the image, view, frame, ...     left of the picture, top of the frame
 *     H of the middle                             left of the middle, right of the image centre
 *     above, below, under, beneath the middle     above the middle line
 *     on, at, in, to the H or V                   on the right, at the top, to the left
 *     lies, located, ... H                        lies left
 *
 * A side alone counts only in one of these forms, so "the right moment", "left in place", "right next to" and
 * "the left kidney" name no place. And a phrase does not count
 * - where it is a part of another thing: "lower part of the kidney", "the upper left lobe";
 * - where it says whence or whither: "enters from the left edge", "points to the upper right";
 * - behind a negation in its clause: "not in the upper left" claims nothing about where it is;
 * - where its sentence is about another thing than the text's subject (the instrument that the question names,
 *   else the first that the text names): another instrument, a shaft, a port, smoke, blood.
 *
 * In doubt a phrase is left out: a claim that is not understood is never held against an answer.
 */
export interface PlaceSaid {
  /** The words as written. */
  readonly text: string;
  /** Where they stand in the text, `[start, end)`. */
  readonly range: readonly [number, number];
  readonly horizontal: 'left' | 'right' | null;
  readonly vertical: 'top' | 'bottom' | null;
}

type Sides = Pick<PlaceSaid, 'horizontal' | 'vertical'>;

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

const sideWords: Readonly<Record<string, Sides>> = {
  left: { horizontal: 'left', vertical: null },
  right: { horizontal: 'right', vertical: null },
  upper: { horizontal: null, vertical: 'top' },
  top: { horizontal: null, vertical: 'top' },
  lower: { horizontal: null, vertical: 'bottom' },
  bottom: { horizontal: null, vertical: 'bottom' },
};
const relativeWords: Readonly<Record<string, Sides>> = {
  above: { horizontal: null, vertical: 'top' },
  below: { horizontal: null, vertical: 'bottom' },
  under: { horizontal: null, vertical: 'bottom' },
  beneath: { horizontal: null, vertical: 'bottom' },
};
const middles = set('middle centre center mid midline centreline centerline');
const regions = set(
  'half side part portion area region third quadrant quarter corner edge border margin section sector zone end',
);
const frames = set('image picture view frame scene screen field photo video display');
const determiners = set('the a an its this that our');
const describing = set(
  'the a an its this that our very far extreme most whole entire current visible visual surgical operative ' +
    'operating endoscopic laparoscopic camera vertical horizontal video image picture frame view scene screen just',
);
/** Words that may follow a place which ends without a noun of its own. */
const followers = set(
  'and or but with while where which that who when whereas is are was were lies lie sits rests appears as so ' +
    'because since here there near close next by at on in within inside above below beside besides under over ' +
    'between around behind it its the this these a an just almost partly mostly slightly from to toward towards ' +
    'not rather than instead for has have holds',
);
const nominalPrepositions = set('on at in to toward towards within inside near from into onto');
const locationPrepositions = set('on at in within inside near around by occupying');
const directionPrepositions = set('from toward towards');
const locationVerbs = set(
  'lies lie lying located positioned situated placed sits sitting rests resting appears found seen visible',
);
const entryVerbs = set(
  'enter enters entered entering come comes coming came exit exits exiting emerge emerges emerging insert ' +
    'inserted inserts introduced arrives arriving leaves leaving',
);
const directionVerbs = set(
  'point points pointing pointed extend extends extending extended reach reaches reaching directed aims aimed ' +
    'aiming faces facing heads heading turns turned turning turn opens opening runs running moves moved moving ' +
    'move pulls pulled pulling pull pushes pushed pushing push lifts lifted lifting sweeps sweeping bends bent ' +
    'bending tilted tilts leans leaning stretches stretching drags dragging travels goes going angled',
);
const negations = set('not no never neither nor cannot without unlike');
const otherThings = set(
  'shaft shafts trocar port camera endoscope light smoke blood bleeding vessel vessels pool surgeon assistant',
);
const pronouns = set('it its they their this');
const others = set('another other others second third some several');

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly sentence: number;
  readonly clause: number;
}

const wordPattern = /[A-Za-z]+(?:['’][A-Za-z]+)?|[0-9]+(?:\.[0-9]+)*/g;
const sentenceEnd = /[.!?\n]/;
const joining = /^[ \t\r_*"“”‘’'`‐‑–-]*$/;

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let sentence = 0;
  let clause = 0;
  let last = 0;
  for (const match of text.matchAll(wordPattern)) {
    const gap = text.slice(last, match.index);
    if (sentenceEnd.test(gap)) sentence += 1;
    if (!joining.test(gap)) clause += 1;
    last = match.index + match[0].length;
    words.push({ text: match[0].toLowerCase(), start: match.index, end: last, sentence, clause });
  }
  return words;
}

/** Finds every place that a text names for its subject, in the order of the text. `question` may name the subject. */
export function placesSaid(text: string, question = ''): PlaceSaid[] {
  const words = wordsOf(text);
  const owners = ownersOf(words, instrumentNamed(question));
  const said: PlaceSaid[] = [];
  for (let at = 0; at < words.length;) {
    const found = phraseAt(words, at);
    if (found === null) {
      at += 1;
      continue;
    }
    const first = words[at];
    const last = words[found.end - 1];
    if (first && last && owners[at] && !isDirection(words, at) && !isNegated(words, at)) {
      const { horizontal, vertical } = found.sides;
      const range = [first.start, last.end] as const;
      said.push({ text: text.slice(...range), range, horizontal, vertical });
    }
    at = found.end;
  }
  return said;
}

/**
 * The place that a label consists of, such as `left-top` or `upper right`; null for any other label, such as `left kidney`.
 */
export function placeOfLabel(label: string): PlaceSaid | null {
  const words = wordsOf(label);
  const [first, second] = words;
  const one = sideWords[first?.text ?? ''];
  const two = sideWords[second?.text ?? ''];
  const sides = words.length === 1 ? one : words.length === 2 && one && two && corner(one, two);
  return sides ? { text: label, range: [0, label.length], ...sides } : null;
}

interface Phrase {
  readonly sides: Sides;
  /** Index of the word after the phrase. */
  readonly end: number;
}

/** The phrase that begins with word `at`, if it names a place of the frame. */
function phraseAt(words: readonly Word[], at: number): Phrase | null {
  const first = words[at]?.text ?? '';
  const relative = relativeWords[first];
  if (relative) {
    const end = behindMiddle(words, at + 1);
    return end === null ? null : { sides: relative, end };
  }
  const one = sideWords[first];
  const next = joined(words, at) ? (words[at + 1]?.text ?? '') : '';
  if (one) {
    const two = sideWords[next];
    const both = two && corner(one, two);
    if (both) return withRegion(words, { sides: both, end: at + 2 }, true);
    if (middles.has(next)) return withRegion(words, { sides: one, end: at + 2 }, true);
    return side(words, at, one);
  }
  const behind = sideWords[next];
  if (middles.has(first) && behind) return withRegion(words, { sides: behind, end: at + 2 }, true);
  return null;
}

function side(words: readonly Word[], at: number, sides: Sides): Phrase | null {
  const end = at + 1;
  if (words[end]?.text === 'of' && joined(words, at)) {
    const middle = sides.horizontal === null ? null : behindMiddle(words, end + 1);
    const behind = middle ?? behindFrame(words, end + 1);
    return behind === null ? null : { sides, end: behind };
  }
  const region = withRegion(words, { sides, end }, false);
  if (region) return region;
  const before = sameClause(words, at, at - 1);
  const closed = !joined(words, at) || set('and but').has(words[end]?.text ?? '');
  if (sides.horizontal !== null && locationVerbs.has(before)) return closed ? { sides, end } : null;
  if (locationPrepositions.has(before)) return closed ? { sides, end } : null;
  let back = at - 1;
  while (describing.has(sameClause(words, at, back))) back -= 1;
  const named = back < at - 1 && nominalPrepositions.has(sameClause(words, at, back));
  return named && mayFollow(words, end - 1) ? { sides, end } : null;
}

/** Extends a phrase by "-hand", a region's noun and "of the image"; null if the words name a part of another thing. */
function withRegion(words: readonly Word[], phrase: Phrase, alone: boolean): Phrase | null {
  let { end } = phrase;
  if (joined(words, end - 1) && words[end]?.text === 'hand') end += 1;
  const noun = joined(words, end - 1) ? (words[end]?.text ?? '') : '';
  const region = regions.has(noun);
  if (region) end += 1;
  else if (alone && frames.has(noun))
    end += regions.has(joined(words, end) ? (words[end + 1]?.text ?? '') : '') ? 2 : 1;
  else if (!alone) return null;
  if (joined(words, end - 1) && words[end]?.text === 'of') {
    const behind = behindFrame(words, end + 1);
    return behind === null ? null : { sides: phrase.sides, end: behind };
  }
  return end > phrase.end || mayFollow(words, end - 1) ? { sides: phrase.sides, end } : null;
}

/** Whether the words after word `at` give it no noun, unlike in "the upper left lobe". */
function mayFollow(words: readonly Word[], at: number): boolean {
  const next = words[at + 1]?.text;
  return next === undefined || !joined(words, at) || followers.has(next) || next.endsWith('ing');
}

function behindMiddle(words: readonly Word[], from: number): number | null {
  let at = from;
  while (joined(words, at - 1) && describing.has(words[at]?.text ?? '')) at += 1;
  if (!joined(words, at - 1) || !middles.has(words[at]?.text ?? '')) return null;
  if (joined(words, at) && words[at + 1]?.text === 'line') at += 1;
  if (joined(words, at) && words[at + 1]?.text === 'of') return behindFrame(words, at + 2);
  return at + 1;
}

function behindFrame(words: readonly Word[], from: number): number | null {
  let at = from;
  let last = -1;
  while (
    joined(words, at - 1) &&
    (describing.has(words[at]?.text ?? '') || frames.has(words[at]?.text ?? ''))
  ) {
    if (frames.has(words[at]?.text ?? '')) last = at;
    at += 1;
  }
  return last < 0 ? null : last + 1;
}

/** Whether the words before say from where or to where something moves. It looks back over the clause to a verb like "lies". */
function isDirection(words: readonly Word[], at: number): boolean {
  let back = at - 1;
  while (describing.has(sameClause(words, at, back))) back -= 1;
  const preposition = sameClause(words, at, back);
  if (directionPrepositions.has(preposition)) return true;
  const located = locationPrepositions.has(preposition);
  for (let index = back; ; index -= 1) {
    const word = sameClause(words, at, index);
    if (word === '' || word === 'and' || word === 'but' || locationVerbs.has(word)) return false;
    if (entryVerbs.has(word) || otherThings.has(word)) return true;
    if (!located && (directionVerbs.has(word) || word === 'from')) return true;
  }
}

/** Whether a negation comes before in the clause. "And" ends its effect, unless it joins the places themselves. */
function isNegated(words: readonly Word[], at: number): boolean {
  let between = false;
  for (let back = at - 1; ; back -= 1) {
    const word = sameClause(words, at, back);
    if (word === '' || word === 'but') return false;
    if (negations.has(word) || /n['’]t$/.test(word)) return true;
    const next = sameClause(words, at, back + 1);
    if ((word === 'rather' && next === 'than') || (word === 'instead' && next === 'of')) return true;
    if (word === 'and' && between) return false;
    if (!determiners.has(word) && !nominalPrepositions.has(word) && !sideWords[word] && word !== 'or')
      between = true;
  }
}

/** Tells for each word whether its sentence is about the subject. A pronoun stands for the instrument before it. */
function ownersOf(words: readonly Word[], asked: string | null): boolean[] {
  const subject = asked ?? subjectOf(words);
  const owners: boolean[] = [];
  let instrument = subject;
  let owned = true;
  words.forEach((word, at) => {
    if (at === 0 || words[at - 1]?.sentence !== word.sentence) {
      const topic = topicAt(words, at);
      if (topic === null) instrument = pronouns.has(word.text) ? instrument : subject;
      else if (topic !== anotherThing) instrument = topic;
      owned = topic !== anotherThing && instrument === subject;
    }
    owners.push(owned);
  });
  return owners;
}

const anotherThing = 'another thing';

/** The first instrument that the sentence from `start` names, `anotherThing` if it begins with one, or null. */
function topicAt(words: readonly Word[], start: number): string | null {
  const sentence = words[start]?.sentence;
  for (let at = start; words[at]?.sentence === sentence && at < words.length; at += 1) {
    const named = instrumentAt(words, at);
    if (named !== null) return at > start && others.has(words[at - 1]?.text ?? '') ? anotherThing : named;
    const word = words[at]?.text ?? '';
    const begins = at - start < 4;
    if (begins && (otherThings.has(word) || (others.has(word) && !behindSide(words, at))))
      return anotherThing;
  }
  return null;
}

/** Whether a word follows a side, as in "the left third", which is a region and not a third thing. */
const behindSide = (words: readonly Word[], at: number): boolean =>
  joined(words, at - 1) && sideWords[words[at - 1]?.text ?? ''] !== undefined;

/** The first instrument that a text names, as EndoVis-18-VQLA spells it, or null. */
export const instrumentNamed = (text: string): string | null => subjectOf(wordsOf(text));

function subjectOf(words: readonly Word[]): string | null {
  for (let at = 0; at < words.length; at += 1) {
    const named = instrumentAt(words, at);
    if (named !== null) return named;
  }
  return null;
}

function instrumentAt(words: readonly Word[], at: number): string | null {
  const fits = (name: string): boolean =>
    name
      .split('_')
      .every(
        (part, index) => words[at + index]?.text === part && (index === 0 || joined(words, at + index - 1)),
      );
  return instruments.find(fits) ?? null;
}

function corner(one: Sides, two: Sides): Sides | null {
  const horizontal = one.horizontal ?? two.horizontal;
  const vertical = one.vertical ?? two.vertical;
  return horizontal !== null && vertical !== null ? { horizontal, vertical } : null;
}

/** Whether only white space, hyphens or quotes stand between word `at` and the next. */
function joined(words: readonly Word[], at: number): boolean {
  const next = words[at + 1];
  return next !== undefined && words[at]?.clause === next.clause;
}

/** The word at `index` if it is in the clause of word `at`, else ''. */
function sameClause(words: readonly Word[], at: number, index: number): string {
  const word = words[index];
  return word !== undefined && word.clause === words[at]?.clause ? word.text : '';
}

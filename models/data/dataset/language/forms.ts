import type { Random } from '../../scenes/random.ts';

/**
 * Wordings that stand for many: `(a|b)` is one of several texts, each of which may hold such choices again, and
 * `<name>` is one member of a class of words. `{subject}` stays as it is, for the caller to fill in.
 */

/** Members of a class: those that training may say, and those that only the test split does. */
export interface WordClass {
  readonly taught: readonly string[];
  readonly heldOut: readonly string[];
}

export type WordClasses = Readonly<Record<string, WordClass>>;

type Part = string | { readonly choices: readonly (readonly Part[])[] } | { readonly word: string };

const parsed = new Map<string, readonly Part[]>();

function parse(wording: string): readonly Part[] {
  const known = parsed.get(wording);
  if (known !== undefined) return known;
  let at = 0;
  const alternatives = (end: string): Part[][] => {
    const found: Part[][] = [[]];
    let text = '';
    const close = (): void => {
      if (text !== '') found.at(-1)!.push(text);
      text = '';
    };
    for (; at < wording.length && wording[at] !== end; at++) {
      const character = wording[at]!;
      if (character === '(') {
        close();
        at++;
        found.at(-1)!.push({ choices: alternatives(')') });
      } else if (character === '<') {
        close();
        const last = wording.indexOf('>', at);
        found.at(-1)!.push({ word: wording.slice(at + 1, last) });
        at = last;
      } else if (character === '|' && end !== '') {
        close();
        found.push([]);
      } else text += character;
    }
    close();
    return found;
  };
  const parts = alternatives('')[0]!;
  parsed.set(wording, parts);
  return parts;
}

function classNamed(classes: WordClasses, name: string): WordClass {
  const found = classes[name];
  if (found === undefined) throw new RangeError(`no class of words is named ${name}`);
  return found;
}

/** The classes that a wording must name, whichever of its choices is taken. */
function certainWords(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => (typeof part === 'object' && 'word' in part ? [part.word] : []));
}

/**
 * One of the texts that a wording stands for. With `heldOutWord`, one of its words is one that training never says;
 * null where the wording has no class with such a word.
 */
export function drawForm(
  random: Random,
  wording: string,
  classes: WordClasses,
  heldOutWord = false,
): string | null {
  const parts = parse(wording);
  const open = certainWords(parts).filter((name) => classNamed(classes, name).heldOut.length > 0);
  if (heldOutWord && open.length === 0) return null;
  let held = heldOutWord ? random.pick(open) : null;
  const say = (list: readonly Part[]): string =>
    list
      .map((part) => {
        if (typeof part === 'string') return part;
        if ('choices' in part) return say(random.pick(part.choices));
        const members = classNamed(classes, part.word);
        const fromHeld = held === part.word;
        if (fromHeld) held = null;
        return random.pick(fromHeld ? members.heldOut : members.taught);
      })
      .join('');
  return tidy(say(parts));
}

/** How many taught texts a wording stands for, those that choices make alike counted once each way. */
export function countForms(wording: string, classes: WordClasses): number {
  const count = (list: readonly Part[]): number =>
    list.reduce<number>((product, part) => {
      if (typeof part === 'string') return product;
      if ('choices' in part) return product * part.choices.reduce((sum, choice) => sum + count(choice), 0);
      return product * classNamed(classes, part.word).taught.length;
    }, 1);
  return count(parse(wording));
}

/** One space between words, none before a mark, a capital at the beginning. */
export function tidy(text: string): string {
  const plain = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ([?.,!])/g, '$1')
    .trim();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/**
 * What every text of a wording matches that stands somewhere in a text of small letters without marks: held-out words
 * among it, and anything for a `{subject}`.
 */
export function formPattern(wording: string, classes: WordClasses): RegExp {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replaceAll(/\{\w+\}/g, '§')
      .replaceAll(/[^\p{L}\p{N}' §-]/gu, ' ')
      .replaceAll(/\s+/g, ' *')
      .replaceAll('§', '.+');
  const pattern = (list: readonly Part[]): string =>
    list
      .map((part) => {
        if (typeof part === 'string') return plain(part);
        const choices =
          'choices' in part
            ? part.choices.map(pattern)
            : [...classNamed(classes, part.word).taught, ...classNamed(classes, part.word).heldOut].map(
                plain,
              );
        return `(?:${choices.join('|')})`;
      })
      .join('');
  return new RegExp(`(?:^| )${pattern(parse(wording)).replaceAll(/^(?: \*)+|(?: \*)+$/g, '')}(?: |$)`, 'u');
}

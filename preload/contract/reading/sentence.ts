import { lexicon, type Meaning } from './lexicon.ts';
import { phrasingWords } from './phrasings.ts';
import { mended } from './slips.ts';

/** A question without meaningless words, with its names and phrases replaced by `<tool>`, `<act>` and so on. */
export interface Sentence {
  readonly text: string;
  /** Whether it has a question mark: "smoke?" asks, "smoke" does not. */
  readonly asks: boolean;
  /** The meaning of each `<...>` in `text`, in order. */
  readonly meanings: readonly Meaning[];
  /** Words that occur in no pattern and no name, as they were typed. */
  readonly unknown: readonly string[];
}

/** Short forms that people type in a hurry, and the words that they stand for. */
const shortForms: ReadonlyMap<string, string> = new Map(
  [
    "what's whats wats wots=what is",
    "what're=what are",
    "where's wheres=where is",
    "where're=where are",
    "which's=which is",
    "how's hows=how is",
    "there's theres=there is",
    "that's thats=that is",
    "it's its=it is",
    "i'm im=i am",
    "i'd id=i would",
    "they're=they are",
    "we're=we are",
    "you're=you are",
    'r=are',
    'u=you',
    'pls plz plse pleas=please',
    'thx=thanks',
    'teh hte=the',
    'waht whta wht hwat wat=what',
    'wich whcih whihc whch=which',
    'whre wehre hwere wheer wher=where',
    'tis=this',
    'tihs=this',
    'instr instrs=instruments',
    'doin=doing',
    'goin=going',
    'pic=picture',
    'pics=pictures',
  ].flatMap((line) => {
    const [short, long] = line.split('=') as [string, string];
    return short.split(' ').map((word) => [word, long] as const);
  }),
);

/** Whether a word stands for function words, as "what's" does: it would explain no refusal. */
export const isShortForm = (word: string): boolean => shortForms.has(word.replaceAll('’', "'"));

const articles = new Set(['a', 'an', 'the']);
/** Words that add nothing to a question, because they are polite or say that the picture is of now. */
const courtesies = new Set(
  'please kindly currently presently now exactly precisely actually quickly'.split(' '),
);
const asides =
  /(?:^|(?<!(?:^| )the) )(?:right now|just now|right at the moment|at the moment|at this moment|at present|at this point|as of now|for me)(?= |$)/g;
const openers = new RegExp(
  '^(?:(?:ok|okay|so|well|please|(?:can|could|would|will) (?:you|u)(?: please)?|(?:just )?tell me|tell us|let me know|say' +
    '|(?:can|could|may) i (?:know|ask)|i (?:want|need|would like|would love|wish) to know|i wonder|do you know|any idea) )+',
);
/** What is said before a question, and set off from it by a mark: "Good morning, …", "For the report: …". */
const greetings = new RegExp(
  '^(?:(?:(?:hi|hello|hey)(?: there| doctor| everyone| computer)?|sorry|excuse me|good (?:morning|afternoon|evening|day)|ok|okay|well|so|' +
    'right(?: then)?|now|and|then|but|doctor|colleague|assistant|computer|um|er|hmm|oh|yes|no|thanks|thank you|please|look|listen|' +
    'first|again|next|once (?:more|again)|quickly|in short|by the way|to begin with|out of interest|(?:just )?checking|question|task|' +
    '(?:(?:a|one|another|my|next|quick|short|one more|another quick|a quick|a short|one quick) )+(?:question|thing)|be honest|as a test|' +
    'for (?:the record|the report|my notes|my report))\\s*[,:;.!-]+\\s*)+',
);
/** What is said behind a question, and set off from it by a comma: "…, please", "…, right?". */
const tags = new RegExp(
  '\\s*,\\s*(?:please|if you (?:please|can|would)|if possible|when you can|thanks|thank you|cheers|doctor|colleague|right|correct|true|' +
    "yes|or what|or not|is it|isn't it|is there|isn't there|are there|aren't there|would you say|do you think|i wonder|roughly|exactly|" +
    'quickly|for me|for the (?:record|report|students)|for my (?:notes|report)|as far as you can tell|in your opinion|to be sure|' +
    "in (?:short|a few words)|at a glance|be precise|once (?:more|again)|one by one|if at all|i am not sure|i(?: can't|'m not able to) tell|" +
    'without guessing)(?=\\s*[?.!]*$)',
);
const closers = /(?: (?:please|thanks|thank you))+$/;
const openerWords =
  'ok okay so well please can could would will you tell me us let know say just may i ask want need like love wish to wonder do any idea thanks thank right at the moment this present point as of for if whether not or'.split(
    ' ',
  );

/** A lexicon with what is derived from it. */
interface Lexis {
  readonly lexicon: ReadonlyMap<string, Meaning>;
  /** Every word that is understood. */
  readonly vocabulary: ReadonlySet<string>;
  /** Matches any phrase of the lexicon. The longest come first, so that "needle driver" is not taken for a needle. */
  readonly phrases: RegExp;
}

const lexes = new WeakMap<ReadonlyMap<string, Meaning>, Lexis>();

function lexisOf(words: ReadonlyMap<string, Meaning>): Lexis {
  const known = lexes.get(words);
  if (known !== undefined) return known;
  const longestFirst = [...words.keys()].toSorted((one, other) => other.length - one.length);
  const made = {
    lexicon: words,
    vocabulary: new Set([
      ...longestFirst.flatMap((phrase) => phrase.split(' ')),
      ...phrasingWords,
      ...articles,
      ...courtesies,
      ...openerWords,
    ]),
    phrases: new RegExp(`(?<= |^)(?:${longestFirst.join('|')})(?= |$)`, 'g'),
  };
  lexes.set(words, made);
  return made;
}

/** Matches text of English letters and signs only, since any other letter belongs to another language. */
const plainText = /^[a-z0-9\s'",.;:?!()/_-]*$/;

/** Reads typed text as a sentence; null if it is empty, or has letters that English does not have. */
export function sentenceOf(
  typed: string,
  words: ReadonlyMap<string, Meaning> = lexicon,
): { whole: Sentence; direct: Sentence } | null {
  const lexis = lexisOf(words);
  const text = typed
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[’‘`´]/g, "'")
    .trim();
  if (text === '' || !plainText.test(text)) return null;
  const asks = text.includes('?');
  const asked = text
    .replace(greetings, '')
    .replace(tags, '')
    .replace(tags, '')
    .replace(/\b(is it|am i) (?:right|correct) (that|to)\b/, '$1 true $2');
  const spelt = (asked === '' ? text : asked)
    .replaceAll(/[^a-z0-9']+/g, ' ')
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => spelled(word, lexis));
  const plain = spelt.join(' ').replaceAll(asides, '').trim();
  return { whole: lexed(plain, asks, lexis), direct: lexed(plain.replace(openers, ''), asks, lexis) };
}

/** Spells a word as the vocabulary does: with short forms in full, possessives split off, and one typing error corrected. */
function spelled(word: string, lexis: Lexis): string[] {
  const bare = word.replaceAll(/^'+|'+$/g, '');
  const full = shortForms.get(bare);
  if (full !== undefined) return full.split(' ');
  const owner = /^(.+)'s$/.exec(bare);
  // In "which tool's nearest", "'s" stands for "is"; after a name, it tells whose something is.
  if (owner !== null)
    return [
      ...spelled(owner[1]!, lexis),
      /^(?:tool|instrument|device|organ|one)$/.test(owner[1]!) ? 'is' : "'s",
    ];
  if (lexis.vocabulary.has(bare)) return [bare];
  return [mended(bare) ?? bare];
}

function lexed(plain: string, asks: boolean, lexis: Lexis): Sentence {
  const meanings: Meaning[] = [];
  const kept = plain
    .replace(closers, '')
    // "Right next to" names no side.
    .replaceAll(/(?<= |^)right (?=(?:next|by|beside|at)(?: |$))/g, '')
    // A clip of a video, not of a surgeon; and what a picture holds, not what somebody does.
    .replaceAll(
      /(?<= |^)(in|on|of|at|through|throughout|across|within|inside) (this|that|our|your) (video |whole |entire )?clip(?= |$)/g,
      '$1 this picture',
    )
    .replaceAll(
      /(?<= |^)(do|does) ((?:this|that|the|our|your) )?(view|picture|frame|image|scene|video|photo|screen|clip) holds?(?= |$)/g,
      '$1 $2picture contain',
    )
    // "Is that a stapler" asks what that is, unlike "is that stapler in use".
    .replaceAll(/(?<= |^)(?:this|that|these|those) (?:an?|the) /g, 'it ')
    .split(' ')
    .filter((word) => !articles.has(word) && !courtesies.has(word))
    .join(' ');
  const named = kept.replaceAll(lexis.phrases, (phrase) => {
    const meaning = lexis.lexicon.get(phrase)!;
    meanings.push(meaning);
    return `<${meaning.category}>`;
  });
  const text = direct(
    named.replaceAll(/(?:(?:this|that|these|those|my|our|your) (?=<tool>)|(?:my|our|your) (?=<thing>))/g, ''),
    asks,
  );
  const unknown = text
    .split(' ')
    .filter((word) => !word.startsWith('<') && !lexis.vocabulary.has(word) && word !== "'s");
  return { text, asks, meanings, unknown };
}

/** Brings indirect questions into direct form: "whether the suction is idle" becomes "is the suction idle". */
function direct(text: string, asks: boolean): string {
  const told = /^(?:(?:if|whether) )?(there|it|this|that|(?:any )?<(?:tool|thing)>) (is|are) (.+)$/.exec(
    text,
  );
  if (told !== null && (asks || /^(?:if|whether)/.test(text))) return `${told[2]} ${told[1]} ${told[3]}`;
  return text.replace(/^(?:if|whether) (i|we|you) (?:can )?(see|spot)/, 'can $1 $2');
}

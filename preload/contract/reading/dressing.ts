import { slipsBetween } from '../spelling.ts';

/**
 * Words that only dress a question: whatever verb tells the model to show something, and whatever noun stands for the picture,
 * the same is asked. A word that no taught question has is read as the taught word of its kind. Words of what is asked about, of
 * what is done there, of times and of negation are in none of these lists: such an unknown word leaves the question unread.
 *
 * The lists are from WordNet 3.0 (Princeton University): what shares a sense with two of the words that training questions have
 * for the same thing, stands next to one there, or is another or the wider word for the first meaning of one of them; without
 * what has another meaning in an operation.
 */

interface Kind {
  /** The taught words that are tried in turn, and their other forms: with "-s", with "-ing", and as a participle. */
  readonly as: readonly string[];
  readonly forms?: readonly [string, string, string];
  readonly words: string;
}

const kinds: readonly Kind[] = [
  {
    as: ['tell', 'say'],
    words: 'ascertain comment mention remark posit utter verbalise verbalize',
  },
  {
    as: ['list', 'name'],
    forms: ['list', 'listing', 'listed'],
    words: `advert assort catalog class classify define enumerate generate identify itemise itemize offer proffer qualify quote
      recollect refer register represent retrieve stipulate submit tape tell`,
  },
  {
    as: ['show', 'mark'],
    forms: ['shows', 'showing', 'shown'],
    words: `delineate demo demonstrate designate disclose display exhibit indicate point signalise signalize situate tag
      adumbrate denominate underscore bring-out point-out`,
  },
  {
    as: ['describe'],
    forms: ['describe', 'describe', 'described'],
    words:
      'account draw explicate exposit expound limn recapitulate reiterate render represent restate resume sum-up go-over',
  },
  {
    as: ['count'],
    words: 'numerate summate tot add-together tot-up tote-up',
  },
  {
    as: ['see'],
    forms: ['see', 'seeing', 'seen'],
    words: `detect differentiate discern notice observe perceive realise realize recognise recognize regard spot spy watch
      chance-on chance-upon come-across come-upon light-upon make-out take-in`,
  },
  {
    as: ['visible'],
    words: `detectable discernible existing identifiable manifest marked noted patent placeable pronounced recognizable seeable
      unmistakable viewable portrayed`,
  },
  {
    as: ['photograph', 'snapshot', 'recording'],
    words: `exposure film flick icon movie panorama perspective prospect representation shot snap vista motion-picture moving-picture video-display video-recording
      mental-image`,
  },
  {
    as: ['number'],
    words: 'aggregate counting figure head-count numeration reckoning sum-total totality',
  },
  { as: ['list'], words: 'listing roll' },
  { as: ['instrument'], words: 'implement' },
  { as: ['moment'], words: 'instant point-in-time' },
  { as: ['sign', 'hint'], words: 'breath clew clue cue fleck intimation scrap suggestion' },
  { as: ['check'], words: 'analyse analyze canvass study check-out look-into' },
  {
    as: ['task'],
    words: 'business chore functioning maneuver occupation performance purpose routine undertaking',
  },
  { as: ['position', 'location'], words: 'emplacement placement positioning situation' },
  { as: ['part', 'area'], words: 'division portion segment space subdivision' },
  { as: ['next'], words: 'adjacent nigh side-by-side' },
];

/** How or when something is asked or seen; none of them turns a question round. */
const adverbs = new Set(
  `belike commonly exclusively forthwith fundamentally genuinely immediately incisively instantly manifestly mayhap merely
   nowadays ordinarily patently peradventure perchance plain rattling real scarce solely straightaway sure totally
   unremarkably virtually whole wholly`.split(/\s+/),
);

/** "Displays", "displaying", "displayed". */
function formsOf(verb: string): readonly [string, string, string] {
  if (verb.endsWith('e')) return [`${verb}s`, `${verb.slice(0, -1)}ing`, `${verb}d`];
  if (verb.endsWith('y')) return [`${verb.slice(0, -1)}ies`, `${verb}ing`, `${verb.slice(0, -1)}ied`];
  const stem = /[^aeiou][aeiou][bgmnpt]$/.test(verb) ? verb + verb.at(-1)! : verb;
  return [/(?:s|sh|ch|x)$/.test(verb) ? `${verb}es` : `${verb}s`, `${stem}ing`, `${stem}ed`];
}

const readAs = new Map<string, readonly string[]>();
const phrases = new Map<string, string>();
for (const { as, forms, words } of kinds) {
  for (const word of words.split(/\s+/)) {
    if (word.includes('-')) {
      phrases.set(word.replaceAll('-', ' '), as[0]!);
      continue;
    }
    if (!readAs.has(word)) readAs.set(word, as);
    if (forms === undefined) {
      if (!readAs.has(`${word}s`)) readAs.set(`${word}s`, [`${as[0]!}s`, ...as]);
      continue;
    }
    for (const [i, form] of formsOf(word).entries())
      if (!readAs.has(form)) readAs.set(form, [forms[i]!, ...as]);
  }
}
const anyPhrase = new RegExp(`(?<= |^)(?:${[...phrases.keys()].join('|')})(?= |$)`, 'g');

/** The taught words as which a word that only dresses a question is read, the best first; empty for any other word. */
export const dressedAs = (word: string): readonly string[] => readAs.get(word) ?? [];

/** A sentence with each phrase that only dresses it as the taught word for it. */
export const withoutPhrases = (text: string): string =>
  text.replaceAll(anyPhrase, (phrase) => phrases.get(phrase)!);

/** Whether a word only tells how or when: adverbs in "-ly" hardly ever tell what is asked. */
export const isAdverb = (word: string): boolean =>
  (word.length > 4 && word.endsWith('ly')) || adverbs.has(word);

/** Long words of questions, which a word with one typing error stands for. With two, "perforating" would be "performing". */
const spelt =
  `abdomen already altogether another anybody apparent apparently appeared appears applied assistant available
  basically believe blurred bounding briefly capture captured carefully certain certainly checking clearly clinical closely
  closest colleague collect collection comment complete completely comprise computer confirm consist contact contacting contain
  contained contains content contents correct currently definitely deliver depicted describe description determine devices
  different directly discover distance distant distinct distinguish employed endoscopic engaged entirely enumeration equipment
  essentially establish evening everything evidence evident evidently examine executed exhibit explain exposed exposure extreme
  farthest featured finally footage furthest generally graphic happening headcount honestly important impression include
  included individual inserted inspect instance instead instrument instruments interest interpret invasive inventory location
  located looking manipulating manipulation meanwhile medical mention mentioned metallic minimally morning nearest normally
  noticeable noticeably observable observe observed obvious obviously operated operating operation operative operator opinion
  ordinary otherwise outline overall overview particular patient perceive perceptible perform performed performing performs
  perhaps photograph physician picture pictured plainly portray position positioned possible possibly precise present
  presumably probably provide quadrant quantity quarter question reached reaches recognisable recognise recognised recording
  rectangle relevant remaining respond responsible robotic roughly section selection separate sitting situated situation
  snapshot something sometimes somewhere special specific specify standing straight strange students summarise summarize summary
  supposed supposedly surface surgeon surgical surround surroundings teaching through throughout together touched touches touching
  towards typical underline undoubtedly unknown unmistakably usually various visible visibly whatever whether whereabouts witness
  working`.split(/\s+/);

/** English words that are as near to one of those as a typing error, and are none. */
const others = new Set(
  `anther appealed appeased bonding bought bouncing burred busyness caries caution cheeking chocking chucking cleanly commuter
   compete condole conform consent consents contests contexts contract contracted contracting contracts convent convents currant
   curried curries curtain devises deices discant enamine enraged evening feeding felling fueling infected inspected insect
   inverted leading leafing leaking leaping learning leasing leaving loaning lobated locking locution looming looping loosing
   looting medial melting moaning mooning mourning neatest patent patience phonograph positron preform premise prevent previse
   provably reacted recoding regaining retaining retching rewording sanding setting shifting sifting silting siting slitting
   spacial spitting stranding sturgeon suction summery tamping taping thorough though throughput tipping topical topping torched
   torching trapping trough undermine weather wetness witless inside incision excise excision expulsed dissected deserted inserts
   operable operand portal position positive passion pictures surges surgery surgeries sutured vesical vesicle visceral`.split(
    /\s+/,
  ),
);

/** The word that a misspelt one stands for; null if it is none, or may be several. */
export function respelt(word: string): string | null {
  if (word.length < 6 || others.has(word) || readAs.has(word)) return null;
  const near = spelt.filter((known) => known[0] === word[0] && slipsBetween(word, known) === 1);
  return near.length === 1 ? near[0]! : null;
}

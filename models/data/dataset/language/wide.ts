import type { State, Tool } from '../../labels.ts';
import type { Random } from '../../scenes/random.ts';
import type { Thing } from '../../scenes/things.ts';
import { drawForm, formPattern, tidy } from './forms.ts';
import { CLASSES, NAMES, RICH_HELD_OUT, type RichTopic } from './questions.ts';
import { REFUSAL_CLASSES, REFUSAL_WORDINGS } from './refusals.ts';
import { DEEDS, SIDES, WIDE_CLASSES, WIDE_NAMES } from './wide-words.ts';
import type { RefusalReason } from './answers.ts';

/**
 * Wide wordings, for training alone: the richer kinds of question in many builds, with words in passing that nobody
 * lists and words that are none. A model that meets every word of a question only in what it can answer takes an
 * unknown word for a reason to decline; here an unknown word that is not what is asked about changes nothing, and in
 * the same builds a question about something unknown is declined.
 *
 * What is held out for testing is never drawn: {@link wideQuestion} throws away what holds a held-out word or is built
 * as a held-out wording is.
 */

const VIEW =
  '(|<when>|<when>|<view>|<view>|(in|within|on|inside|across|throughout|of) (this|the|that|our|your) (|||<adj>) <frame>)';
const FRONT =
  '((In|On|Within|Inside) (this|the|that|our) (|||<adj>) <frame>,|<when>,|Here,|Now,|Looking at (this|the) <frame>,)';
const TOOLS = '(|||the|the |these |those|all )(|||<adj>) <wtools>';
const TOOL = '(|||<adj>) <wtool>';
const ADV = '(|||||<adv>)';
const ASK = `(<say>|Please <say>|(Can|Could|Would) you (|||please) <say>|I (|||just) (wonder|want to know|would like to know|need to know|have to
 know|am asking you|ask you|would love to hear)|Do you (|||<adv>) know|Can you work out|Try to say|Look closely and <say>|Have a look
 and <say>|(Do you have|Is there) an idea|My question is|We were asked|You should <say>|It is your turn to say)`;
const DO = `(|||Please|(Can|Could|Would) you (|||please)|I (want|need|would like|expect) you to|Go ahead and|Now|Next|First|Try to|It
 would help to|Your task is to|We have to|Be so good as to|I ask you to|Start to|Proceed to|Help me to)`;

const frames = (text: string): string =>
  text
    .replaceAll('VIEW', VIEW)
    .replaceAll('FRONT', FRONT)
    .replaceAll('TOOLS', TOOLS)
    .replaceAll('TOOL', TOOL)
    .replaceAll('ADV', ADV)
    .replaceAll('ASK', ASK)
    .replaceAll('DO!', DO)
    .replaceAll(/\s+/g, ' ');

const WH = '(Which|What)';

const WIDE_BUILDS: Readonly<Record<RichTopic, readonly string[]>> = {
  instruments: [
    `${WH} TOOLS ADV (are|can be|could be|are to be|are being|were|may be) ADV <wseen> VIEW?`,
    `${WH} TOOLS (do|can|could|did|would) (you|we|I|one|people) ADV <perceive> VIEW?`,
    `${WH} (kinds|types|sorts|models|names|set|selection) of <wtools> ADV (are|is|can be|do you have) <wseen> VIEW?`,
    `FRONT ${WH} TOOLS ADV (are|can be) <wseen>?`,
    `FRONT ${WH} TOOLS (do|can) (you|we|I|one) <perceive>?`,
    `ASK ${WH} TOOLS ADV (are|can be|one sees|you see|there are|we have) (|<wseen>) VIEW.`,
    `ASK what (all|all of|) TOOLS VIEW are (called|named|).`,
    `ASK the names of TOOLS VIEW.`,
    `DO! <listing> (all|every one of|each of|all of|the whole set of|only|just|) TOOLS (that are <wseen>|that you see|you can <perceive>|) VIEW.`,
    `DO! <listing> (each|every|every single|any) TOOL (that is <wseen>|that you see|you can <perceive>|) VIEW.`,
    `FRONT DO! <listing> TOOLS.`,
    `DO! <showing> (all|every one of|each of|all of|) TOOLS (that are <wseen>|that you see|) VIEW.`,
    `DO! <showing> (each|every|every single) TOOL VIEW.`,
    `(The|A|) (names|list|set|inventory|complete list|overview|enumeration|collection|roster|line-up) of TOOLS VIEW.`,
    `With ${WH} TOOLS (is|does|did) the <surgeon> (working|work|operate|operating|proceed) VIEW?`,
    `${WH} TOOLS (does|has|did|will) the <surgeon> ADV (use|have|hold|have in hand|work with|brought|need) VIEW?`,
    `TOOLS VIEW: ${WH} (ones|are they|)?`,
    `(There are|I see|We have|You see) TOOLS VIEW; ${WH} (ones|are they|are these)?`,
    `Which ones of TOOLS are ADV <wseen> VIEW?`,
    `(What|Which) are TOOLS ADV (called|named|used|<wseen>) VIEW?`,
  ],
  count: [
    `How many TOOLS ADV (are|are there|can be|could be|were|may be) ADV (|<wseen>) VIEW?`,
    `How many TOOLS (do|can|could|did|would) (you|we|I|one|people) ADV <perceive> VIEW?`,
    `How many (of|out of) TOOLS ADV are <wseen> VIEW?`,
    `How many (single|separate|distinct|different|individual) <wtools> ADV are (there|<wseen>) VIEW?`,
    `FRONT how many TOOLS ADV are (there|<wseen>|)?`,
    `FRONT how many TOOLS (do|can) (you|we|I) <perceive>?`,
    `ASK how many TOOLS ADV (are|there are|you see|one sees|are there) (|<wseen>) VIEW.`,
    `ASK (the|what the|) <quantity> of TOOLS (is|) VIEW.`,
    `ASK how large the <quantity> of TOOLS VIEW is.`,
    `DO! <counting> TOOLS (that are <wseen>|that you see|) VIEW.`,
    `FRONT DO! <counting> TOOLS.`,
    `DO! <listing> the <quantity> of TOOLS VIEW.`,
    `(The|A|Exact|) <quantity> of TOOLS VIEW?`,
    `What (is|was|would be|might be) the (|<adj>) <quantity> of TOOLS VIEW?`,
    `(How large|How big|How high) is the <quantity> of TOOLS VIEW?`,
    `TOOLS VIEW: how many (are there|of them|in all|)?`,
    `(Are there|Do you see) one, two, three or four TOOLS VIEW?`,
    `How many TOOLS (does|has|did) the <surgeon> ADV (use|have|work with|hold) VIEW?`,
    `(There are|I see|We have) TOOLS VIEW; how many (are there|exactly|in all|)?`,
    `TOOLS: (count|number|how many)?`,
  ],
  presence: [
    `(Is|Is|Was) there ADV <exists> {subject} ADV (|<wseen>) VIEW?`,
    `Are there ADV <exists> {subject} (|<wseen>) VIEW?`,
    `(Do|Did) (you|we|I|they|people) ADV <perceive> <exists> {subject} ADV VIEW?`,
    `(Can|Could) (you|one|we|I|anybody) ADV <perceive> <exists> {subject} ADV VIEW?`,
    `(Is|Are|Can|Could) <exists> {subject} ADV (be|) <wseen> VIEW?`,
    `(Is|Are) <exists> {subject} ADV (part of|contained in|included in|found in|on) (this|the|that|our) (|||<adj>) <frame>?`,
    `FRONT (is|are|is there|are there) <exists> {subject} (|<wseen>)?`,
    `FRONT (do|can) (you|we|I|one) <perceive> <exists> {subject}?`,
    `ASK (if|whether) (there is|there are|you see|we see|one can see|you can <perceive>) ADV <exists> {subject} VIEW.`,
    `ASK (if|whether) <exists> {subject} (is|are|can be) ADV <wseen> VIEW.`,
    `DO! (check|look|look carefully|test|verify|examine|see|confirm) (if|whether) there is <exists> {subject} VIEW.`,
    `DO! (check|look|search|scan|inspect) (VIEW|) for <exists> {subject} VIEW.`,
    `<exists> {subject} ADV VIEW?`,
    `<exists> {subject} (here|in view|in the picture|there|in sight|at all|around)?`,
    `(Does|Did|Would) (this|the|that|our) (|||<adj>) <frame> ADV (show|have|contain|include|hold|feature|depict|comprise|exhibit|present|reveal) <exists> {subject}?`,
    `(Is it true|Is it right|Is it correct|Is it the case|Do you think|Would you say|Am I right|Do you agree) that there is ADV <exists> {subject} VIEW?`,
    `{subject}: (is|are) (it|that|they|any) ADV (<wseen>|there) VIEW?`,
    `(Yes or no|True or false|Present or not|Tell me yes or no)(:|,) <exists> {subject} VIEW?`,
    `There is <exists> {subject} VIEW, (isn't there|right|correct|yes|is there|true)?`,
    `(Has|Have) <exists> {subject} ADV (appeared|shown up|come up|come into view|entered) VIEW?`,
    `I (see|think I see|believe I see) <exists> {subject} VIEW: (correct|true|is that so|right|yes or no)?`,
    `(Is|Are) <exists> {subject} (being|) (used|in use|at work|there|near|in the picture|in the frame|around) VIEW?`,
  ],
  tip: [
    `What (is|was) the (|||<adj>) <wtip> of the {subject} ADV <busy> ADV VIEW?`,
    `What (does|do|did|can|will) the (|||<adj>) <wtip> of the {subject} ADV (do|perform|carry out|accomplish|execute) VIEW?`,
    `FRONT what is the <wtip> of the {subject} <busy>?`,
    `ASK what the <wtip> of the {subject} ADV (does|is <busy>|performs|carries out) VIEW.`,
    `What is the {subject} ADV <busy> with its <wtip> VIEW?`,
    `${WH} <task> (does|is|do|did) the <wtip> of the {subject} ADV (perform|carry out|performing|doing|do|execute) VIEW?`,
    `DO! <listing> the <task> of the <wtip> of the {subject} VIEW.`,
    `DO! <describing> the <task> (of|at) the <wtip> of the {subject} VIEW.`,
    `The <wtip> of the {subject}: what (does it do|is it doing|is it <busy>|happens there)?`,
    `Look at the <wtip> of the {subject}: what is (it doing|happening there|going on there|it <busy>)?`,
    `What (is|was) ADV (going on|happening|done|being done|the <task>) at the <wtip> of the {subject} VIEW?`,
    `For what is the <wtip> of the {subject} ADV (used|needed|employed) VIEW?`,
    `With its <wtip>, what does the {subject} ADV (do|perform|carry out) VIEW?`,
    `(The|) <task> of the <wtip> of the {subject} VIEW?`,
  ],
  doing: [
    `${WH} TOOL is ADV {doing} ADV VIEW?`,
    `${WH} TOOL ADV {does} ADV VIEW?`,
    `${WH} (one|) of TOOLS (is {doing}|{does}) VIEW?`,
    `FRONT ${WH} TOOL (is {doing}|{does})?`,
    `ASK ${WH} TOOL ADV (is {doing}|{does}) VIEW.`,
    `DO! <listing> the TOOL (that|which) ADV (is {doing}|{does}) VIEW.`,
    `DO! <showing> the TOOL (that|which) ADV (is {doing}|{does}) VIEW.`,
    `DO! (<listing>|<showing>) the TOOL (responsible for|used for|doing|behind|performing|in charge of|made for) {noun} VIEW.`,
    `{noun} is ADV (done|performed|carried out|being done|executed) (by|with|using) ${WH} TOOL VIEW?`,
    `With ${WH} TOOL is {noun} ADV (done|performed|carried out|being done) VIEW?`,
    `${WH} TOOL is (used|being used|employed|needed|responsible|there) for {noun} VIEW?`,
    `${WH} TOOL (performs|does|carries out|executes|is performing|is carrying out|takes care of) {noun} VIEW?`,
    `(What|Who) (is {doing}|{does}) VIEW?`,
    `What (performs|does|carries out) {noun} VIEW?`,
    `{noun}: ${WH} TOOL (does|performs|is doing) (it|that|this)?`,
    `The TOOL (that is|) {doing} VIEW (is called|is named|is) what?`,
  ],
  furthest: [
    `${WH} TOOL ADV (is|lies|sits|is placed|is located|is positioned|can be seen|appears|is found|stands|comes) ADV {side} ADV VIEW?`,
    `${WH} (one|) of TOOLS (is|lies|sits|appears) {side} VIEW?`,
    `FRONT ${WH} TOOL (is|lies|sits|is seen) {side}?`,
    `ASK ${WH} TOOL ADV (is|lies|sits|appears) {side} VIEW.`,
    `DO! <listing> the TOOL (that is|which lies|lying|positioned|) {side} VIEW.`,
    `DO! <showing> the TOOL (that is|which lies|lying|positioned|) {side} VIEW.`,
    `(The|) TOOL {side} VIEW: ${WH} (one|is it|)?`,
    `{side} VIEW: ${WH} TOOL (is|lies|do you see) there?`,
    `(Of|Among|Out of|From) TOOLS VIEW, which (one|) (is|lies) {side}?`,
    `What TOOL (is|lies|sits) {side}?`,
    `(The|) name of the TOOL {side} VIEW?`,
    `What is the (name of the|) TOOL (that is|) {side} VIEW?`,
  ],
  nearest: [
    `${WH} TOOL ADV (is|lies|sits|is placed|is located|is positioned|can be seen|appears|is found|stands) ADV <wnear> the {subject} VIEW?`,
    `${WH} (one|) of TOOLS (is|lies|sits) <wnear> the {subject} VIEW?`,
    `FRONT ${WH} TOOL (is|lies|is seen) <wnear> the {subject}?`,
    `ASK ${WH} TOOL ADV (is|lies|sits) <wnear> the {subject} VIEW.`,
    `DO! <listing> the TOOL (that is|which lies|lying|positioned|) <wnear> the {subject} VIEW.`,
    `DO! <showing> the TOOL (that is|which lies|lying|positioned|) <wnear> the {subject} VIEW.`,
    `(The|) TOOL <wnear> the {subject} VIEW: ${WH} (one|is it|)?`,
    `(Of|Among|Out of|From) TOOLS VIEW, which (one|) is <wnear> the {subject}?`,
    `${WH} TOOL has the (shortest|smallest|least) (distance|way|path) to the {subject} VIEW?`,
    `To the {subject}, ${WH} TOOL is (nearest|closest|next) VIEW?`,
    `<wnear> the {subject} VIEW, ${WH} TOOL (is|lies|do you see) there?`,
    `What is the (name of the|) TOOL (that is|) <wnear> the {subject} VIEW?`,
    `By ${WH} TOOL is the {subject} (closest|nearest) VIEW?`,
  ],
  touching: [
    `${WH} TOOL ADV (is|lies|can be seen|appears|is found) ADV <wtouch> the <worgan> ADV VIEW?`,
    `${WH} TOOL ADV (touches|meets|works on|contacts|reaches|lies on|rests on) the <worgan> VIEW?`,
    `${WH} (one|) of TOOLS is ADV <wtouch> the <worgan> VIEW?`,
    `FRONT ${WH} TOOL is <wtouch> the <worgan>?`,
    `ASK ${WH} TOOL ADV is <wtouch> the <worgan> VIEW.`,
    `DO! <listing> the TOOL (that is|which is|) <wtouch> the <worgan> VIEW.`,
    `DO! <showing> the TOOL (that is|which is|) <wtouch> the <worgan> VIEW.`,
    `The <worgan> is (touched|met|contacted|reached) by ${WH} TOOL VIEW?`,
    `(Of|Among|Out of) TOOLS VIEW, which (one|) is <wtouch> the <worgan>?`,
    `What (|TOOL) is ADV <wtouch> the <worgan> VIEW?`,
    `By ${WH} TOOL is the <worgan> (touched|met|contacted|reached) VIEW?`,
    `${WH} TOOL (has|makes) contact with the <worgan> VIEW?`,
  ],
  description: [
    `DO! <describing> ADV (the|this|that|our|your) (|||<adj>) <frame>.`,
    `DO! <describing> (what|everything that|whatever) (is|can be) ADV <wseen> VIEW.`,
    `DO! <describing> what (you|we|I|one) (|can) <perceive> VIEW.`,
    `DO! <describing> (everything|it all|the situation|the whole thing|the surroundings|the whole) VIEW.`,
    `(What|What all|What things|What else) (is|can be|could be) ADV <wseen> VIEW?`,
    `(What|What all|What things) (do|can|could|did) (you|we|I|one) ADV <perceive> VIEW?`,
    `What (is|was) ADV (going on|happening|taking place|to be seen|the situation|the matter|there) VIEW?`,
    `FRONT what (is|can be) ADV (<wseen>|going on|happening)?`,
    `FRONT what (do|can) (you|we|I|one) <perceive>?`,
    `ASK what (is|can be) ADV (<wseen>|going on|happening|there) VIEW.`,
    `ASK what (you|we|I|one) (can|) <perceive> VIEW.`,
    `DO! <listing> (everything|all things|all|whatever) (that is|that can be|) <wseen> VIEW.`,
    `What (does|did|would) (this|the|that|our) (|||<adj>) <frame> ADV (show|contain|depict|hold|present|consist of|feature|include|offer)?`,
    `(A|Give me a|Give a|Write a|I need a|I would like a) (|||<adj>) (description|summary|overview|account|report|impression|caption) of (this|the|that) (|||<adj>) <frame>.`,
    `(Description|Summary|Overview|Caption|Content|Contents) of (this|the) (|||<adj>) <frame>.`,
    `What (am I|are we) (looking at|seeing|shown) VIEW?`,
    `(The|) (content|contents|meaning) of (this|the) <frame>, (in words|what is it|)?`,
  ],
};

/** In the same builds, what is to be declined: about things that no picture tells, or that have no part in it. */
const OTHER_THINGS: Readonly<Record<RefusalReason, string>> = {
  picture: '(<anatomy>|<anatomy>|<anatomy>|<disease>|<disease>|<material>)',
  question: '(<topic>|<topic>|<clinic>|{nonsense}|{nonsense}|{nonsense} {nonsense})',
};
const REFUSED_BUILDS: readonly string[] = [
  ...WIDE_BUILDS.presence.map((build) => build.replaceAll('{subject}', 'OTHER')),
  ...WIDE_BUILDS.nearest.map((build) => build.replaceAll('{subject}', 'OTHER')),
  ...WIDE_BUILDS.tip.map((build) => build.replaceAll('{subject}', 'OTHER')),
  ...WIDE_BUILDS.touching.map((build) => build.replaceAll('<worgan>', 'OTHER')),
  ...WIDE_BUILDS.count.map((build) => build.replaceAll('TOOLS', '(|||the) OTHER')),
  ...WIDE_BUILDS.instruments
    .filter((build) => /TOOLS (that|VIEW|\()|of TOOLS/.test(build))
    .map((build) => build.replaceAll('TOOLS', '(|||the) OTHER')),
  ...WIDE_BUILDS.furthest.map((build) => build.replaceAll('TOOLS', 'OTHER').replaceAll('TOOL', 'OTHER')),
  'DO! <describing> (the|this|) OTHER VIEW.',
  'ASK (what|how|why|when|who) the OTHER (is|does|was) VIEW.',
];
const expanded = new Map<string, string>();
const build = (text: string): string => {
  const known = expanded.get(text) ?? frames(text);
  expanded.set(text, known);
  return known;
};

const ALL_CLASSES = { ...CLASSES, ...REFUSAL_CLASSES, ...WIDE_CLASSES };

const CONSONANTS = 'bcdfghjklmnpqrstvwz';
const VOWELS = 'aeiouy';

/** Syllables that are no word, now and then with the ending of one. */
function pseudoWord(random: Random): string {
  const one = (letters: string): string => letters[random.integer(0, letters.length - 1)]!;
  const syllables = Array.from({ length: random.integer(1, 3) }, () => one(CONSONANTS) + one(VOWELS)).join(
    '',
  );
  return (
    syllables +
    random.pick(['', one(CONSONANTS), 'n', 'l', 'ly', 'ish', 'er', 'ed', 'ing', 'al', 'ent', 'ic'])
  );
}

/** One slip of the finger in one of the longer words of a text. */
function slip(random: Random, text: string): string {
  const words = text.split(' ');
  const long = words.flatMap((word, i) => (/^[A-Za-z]{5,}[?.,:]?$/.test(word) ? [i] : []));
  if (long.length === 0) return text;
  const at = random.pick(long);
  const word = words[at]!;
  const i = random.integer(1, word.length - 3);
  words[at] = random.chance(0.5)
    ? word.slice(0, i) + word.slice(i + 1)
    : word.slice(0, i) + word[i + 1]! + word[i]! + word.slice(i + 2);
  return words.join(' ');
}

/** Texts of test questions alone, as patterns: members of held-out lists, and whole held-out wordings. */
const HELD_OUT: readonly RegExp[] = [
  ...[...Object.values(CLASSES), ...Object.values(NAMES), ...Object.values(REFUSAL_CLASSES)].flatMap(
    ({ heldOut }) => heldOut.map((word) => formPattern(word, {})),
  ),
  ...Object.values(RICH_HELD_OUT).flatMap((wordings) =>
    wordings.map((wording) => formPattern(wording, CLASSES)),
  ),
  ...Object.values(REFUSAL_WORDINGS).flatMap(({ heldOut }) =>
    heldOut.map((wording) => formPattern(wording, REFUSAL_CLASSES)),
  ),
];

/** Whether a text holds what is said in the test split alone. */
export const isHeldOut = (text: string): boolean => {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}' -]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return HELD_OUT.some((pattern) => pattern.test(plain));
};

/** Puts a greeting before and a word after, spells it as people type, and refuses what is held out. */
function dressed(random: Random, text: string): string {
  let said = tidy(text);
  if (random.chance(0.22)) {
    const hello = drawForm(random, '<hello>', WIDE_CLASSES)!;
    said = `${hello} ${said.charAt(0).toLowerCase()}${said.slice(1)}`;
  }
  if (random.chance(0.2)) {
    const mark = /[?.]$/.exec(said)?.[0] ?? '';
    said = said.replace(/[?.]$/, '') + drawForm(random, '<bye>', WIDE_CLASSES)! + mark;
  }
  said = said.replaceAll('{pseudo}', () => pseudoWord(random));
  if (random.chance(0.25)) said = said.toLowerCase();
  if (random.chance(0.2)) said = said.replace(/ ?[?.]$/, '');
  else if (random.chance(0.1)) said = said.replace(/[?.]$/, (mark) => (mark === '?' ? '.' : '?'));
  return tidy(said);
}

/** Share of questions with a slip of the finger, outside the name of what they ask about. */
const SLIPS = 0.06;
/** Most draws that are thrown away before a question is left to the other wordings. */
const TRIES = 40;

/** A name with an article of its own loses it after another word that stands for one. */
function placed(text: string, name: string): string {
  return text.replace(/(\S+ )?\{subject\}/, (found, before: string | undefined) =>
    found.replace('{subject}', before === undefined ? name : name.replace(/^an? /, '')),
  );
}

/** A text of a build in the notation of this file, as people type it; null where every draw was held out. */
export function drawBuild(random: Random, wording: string): string | null {
  for (let i = 0; i < TRIES; i++) {
    const said = dressed(random, drawForm(random, build(wording), ALL_CLASSES)!);
    if (!isHeldOut(said)) return said;
  }
  return null;
}

/** A question of a scene in a wide wording; null where every draw was held out. */
export function wideQuestion(
  random: Random,
  topic: RichTopic,
  { subject, named }: { subject: string; named: Tool | Thing | null },
): string | null {
  for (let i = 0; i < TRIES; i++) {
    let text = drawForm(random, build(random.pick(WIDE_BUILDS[topic])), ALL_CLASSES)!;
    if (topic === 'doing') {
      const deed = DEEDS[subject as Exclude<State, 'Idle'>];
      text = text
        .replaceAll('{doing}', () => random.pick(deed.doing))
        .replaceAll('{does}', () => random.pick(deed.does))
        .replaceAll('{noun}', () => random.pick(deed.nouns));
    }
    if (topic === 'furthest') text = text.replaceAll('{side}', () => random.pick(SIDES[subject]!));
    if (random.chance(SLIPS)) text = slip(random, text);
    if (named !== null) {
      const name = random.pick(random.chance(0.5) ? WIDE_NAMES[named] : NAMES[named].taught);
      const bare = name.replace(/^an? /, '');
      text = placed(text, random.chance(0.12) ? `${drawForm(random, '<adj>', WIDE_CLASSES)!} ${bare}` : name);
    }
    const said = dressed(random, text);
    if (!isHeldOut(said)) return said;
  }
  return null;
}

/** A question to be declined in the build of one that can be answered; null where every draw was held out. */
export function wideRefusal(
  random: Random,
  reason: RefusalReason,
  nonsense: (random: Random) => string,
): string | null {
  for (let i = 0; i < TRIES; i++) {
    const form = random.pick(REFUSED_BUILDS).replaceAll('OTHER', OTHER_THINGS[reason]);
    const text = drawForm(random, build(form), ALL_CLASSES)!
      .replaceAll('{nonsense}', () => nonsense(random))
      .replaceAll('{side}', () => random.pick(SIDES[random.pick(['left', 'right', 'top', 'bottom'])]!));
    const said = dressed(random, text);
    if (!isHeldOut(said)) return said;
  }
  return null;
}

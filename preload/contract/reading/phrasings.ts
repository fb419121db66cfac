import type { Intent } from './intents.ts';

/**
 * The ways in which people ask, as patterns over a sentence without articles, in which names and phrases are replaced by
 * `<tool>`, `<act>` and so on. A question is only understood if all of it fits a pattern, so that no word is ignored.
 */

export interface Phrasing {
  readonly intent: Intent;
  readonly pattern: RegExp;
}

const be = '(?:is|are)';
const wh = '(?:what|which)';
const person = '(?:i|you|we|one|they|he|she|surgeon|operator)';
const things = '(?:(?:surgical|robotic|laparoscopic|operating) )?(?:instruments|tools|devices)';
const thing = '(?:(?:surgical|robotic|laparoscopic|operating) )?(?:instrument|tool|device)';
const see = '(?:see|spot|find|notice|detect|recognise|recognize|identify|make out|observe)';
/** Verbs of seeing, without those of an order, since "can you find it" asks for it to be shown. */
const perceive = '(?:see|spot|notice|detect|recognise|recognize|make out|observe)';
/** Verbs of seeing, without those of an ability, since "which tools can you recognise" asks what the model knows. */
const glimpse = '(?:see|spot|notice|make out|observe)';
const one =
  '(?:visible|seen|shown|present|displayed|found|there|detectable|identifiable|recognisable|recognizable|being shown|to be seen|<view>)';
const seen = `${one}(?: ${one})*`;
const used = '(?:in use|being used|used|in action)';
const object = '(?: tissue| something| anything)?';
const action = `<act>${object}`;
const busy = `(?:${action}|<idle>|active|busy|at work|in use|being used|in action|doing (?:something|anything))`;
const usedFor = '(?:being )?used(?: for)?';
const either = (what: string): string => `${what}(?: or ${what})*(?: or not)?`;
const show =
  '(?:show|find|locate|localize|localise|box|highlight|mark|mark out|outline|delineate|point out|point to|point at|indicate|circle|identify|pinpoint)';
const me = '(?: me| us)?';
const box = '(?:(?:bounding )?box|bbox|rectangle)';
const target = '(?:<tool>|<organ>)';
const situated = '(?: (?:located|positioned|placed|situated|lying|sitting|at|found|seen|shown|visible))?';
const place = '(?:location|position|place|whereabouts)';
const part = '(?:part|quarter|quadrant|corner|area|region|side|half|section)';
const preposition = '(?:(?:on|in|at|to|towards) )?';
const name = '(?:name|list|enumerate|show|mark|box|highlight|outline|find|locate|identify|give|point out)';
const describe = '(?:describe|explain|summarise|summarize|caption|narrate)';
const going = '(?:going on|happening|visible|seen|shown|there|to be seen|displayed)';
const organs = '(?: <organ>(?: or <organ>)+)?';
const far = '(?:furthest|farthest|furthermost|most|far)';
const toSide = '(?: to| on| at| towards| toward)?';

const phrasings: Readonly<Record<Intent, readonly string[]>> = {
  state: [
    `what ${be} <tool> (?:doing|up to|performing|carrying out|busy with|busy doing|being used for|in use for|used for <view>)`,
    `what ${be} <tool> being used (?:for|to do)`,
    'what (?:do|does) <tool> do',
    'what <tool> (?:is |are )?doing',
    "<tool> (?:is |are |'s )?doing what",
    `what ${be} (?:tip|tips|jaws|end|blades) of <tool> doing`,
    `what ${be} <tool> (?:tip|tips|jaws|blades) doing`,
    `${wh} (?:action|activity|task|job|work) ${be} <tool> (?:doing|performing|carrying out)`,
    `${wh} (?:action|activity|task|job|work) <tool> ${be} (?:doing|performing|carrying out)`,
    `${wh} (?:state|status|mode) ${be} <tool>(?: in)?`,
    `${wh} (?:state|status|mode) <tool> ${be} in`,
    `in ${wh} (?:state|status|mode) ${be} <tool>`,
    `(?:what ${be} )?(?:current )?(?:state|status|action|activity|task|job) of <tool>`,
    `(?:what ${be} )?<tool>(?: 's)? (?:state|status|action|activity)`,
    `(?:give|report|describe|explain|tell)(?: me)? (?:current )?(?:state|status|action) of <tool>`,
    `(?:describe|explain) what <tool> ${be} doing`,
    `how ${be} <tool> being used`,
    `how <tool> ${be} being used`,
    `what ${be} (?:happening|going on) with <tool>`,
    `what ${be} (?:happening|going on) at (?:tip|jaws|end) of <tool>`,
    `${be} <tool> (?:currently )?${either(busy)}`,
    `${be} tip of <tool> ${either(busy)}`,
    `${be} (?:surgeon|they|we|anyone|anybody|someone|somebody) using <tool>`,
    `<tool> ${either('(?:<act>|<idle>)')} \\?`,
  ],
  location: [
    `where ${be} ${target}${situated}`,
    `where ${target}(?: is| are)?${situated}`,
    `${target} (?:is |are |'s )?where`,
    `see where ${target} ${be}`,
    `where (?:can|could|do|does|would) ${person} ${see} ${target}`,
    `where (?:${person} )?(?:can|could) (?:${person} )?${see} ${target}`,
    `where (?:can|could) ${target} be (?:seen|found)`,
    `where (?:do|does) ${target} (?:lie|sit)`,
    `(?:where abouts|whereabouts) ${be} ${target}`,
    `(?:what ${be} )?(?:current )?${place} of ${target}`,
    `(?:what ${be} )?${target}(?: 's)? ${place}`,
    `(?:give|tell)(?: me)? ${place} of ${target}`,
  ],
  // These ask for the part of the picture in words, which a box would not give.
  place: [
    `(?:in |on |at )?${wh} ${part}(?: <view>)? ${be} <tool>(?: on| in| at)?${situated}`,
    `(?:in |on |at )?${wh} ${part}(?: <view>)? <tool> ${be}(?: on| in| at)?${situated}`,
    `${wh} ${part}(?: <view>)? (?:shows|holds|contains|has) <tool>`,
    `(?:in |on |at )?${wh} ${part}(?: <view>)? (?:do|does|can|could) ${person} ${see} <tool>(?: in| on| at)?`,
    `${be} <tool>${situated} (?:on|in|at|to|towards) ${either(`${preposition}<side>`)}`,
    `${be} <tool> <side> or <side>`,
    `<tool> (?:on|in|at) ${either(`${preposition}<side>`)} \\?`,
  ],
  grounding: [
    `${show}${me}(?: where)? ${target}(?: is| are)?${situated}(?: with ${box})?`,
    `(?:i (?:want|need|would like) to see|let me see|help me find) ${target}`,
    `(?:show|mark)${me} where ${target} ${be}`,
    `(?:draw|put|give|place|show|make)${me} ${box} (?:around|round|on|for|of|over) ${target}`,
    `(?:draw|put|give|place|show)${me} ${target} (?:in )?${box}`,
    `${box} (?:around|round|on|for|of|over) ${target}`,
    `(?:what|where) ${be} ${box} (?:around|round|for|of) ${target}`,
  ],
  organ: [
    `${wh} (?:organ|organs)(?: ${be})?(?: (?:this|that|it|these))?(?: ${one})*${organs}`,
    `${wh} (?:organ|organs) ${be}(?: (?:this|that|it|surgeon|they|we|being))* (?:operated|operating|worked|working)(?: on| at)?`,
    `${wh} (?:organ|organs) (?:can|do|does|are|am|is) ${person} (?:${glimpse}|seeing|looking at|operating|operating on|working on|working at)`,
    `${wh} (?:organ|organs) ${person} (?:are|am|is) (?:seeing|looking at|operating|operating on|working on)`,
    `${wh} (?:organ|organs) can be seen`,
    `${wh} (?:organ|organs) does <frame> show`,
    `${wh} (?:kind|type|sort|name) of organ ${be}(?: (?:this|that|it|shown|visible|seen))*`,
    `(?:on|at) ${wh} organ ${be} ${person} (?:operating|working)`,
    `${wh} organ (?:this|that|it) is`,
    `what ${be} (?:name of )?(?:this |that )?organ(?: name| called)?(?: ${one})*`,
    '(?:name of )?(?:this |that )?organ(?: name)?',
    `(?:name|identify|recognise|recognize|tell)${me} (?:this |that )?organ(?: ${one})*`,
    `what ${be} (?:being operated|being operated on|operated on)`,
    `what ${be} (?:surgeon|they|we) operating on`,
    `what (?:surgeon|they|we) ${be} operating on`,
    `${be} (?:this|that|it|organ|this organ|that organ|organ <view>) <organ>(?: or <organ>)*(?: <view>)?`,
    `${be} (?:this|that|it|organ|this organ) <organ> or (?:not|something else|another organ)`,
    `${be} (?:surgeon|they|we) (?:operating|working) on <organ>(?: or <organ>)*`,
    `(?:could|might) (?:this|that|it) be <organ>(?: or <organ>)*`,
    `${be} <organ> being (?:operated|operated on|worked on)`,
    `<organ>(?: or <organ>)+`,
  ],
  instruments: [
    `${wh}(?: all)? ${things}(?: ${be})?(?: there)?(?: (?:${one}|${used}))*`,
    `${wh} of ${things} ${be} ${seen}`,
    `${wh}(?: all)? ${things} (?:can|do|does|are|am|is) ${person} (?:${glimpse}|seeing|looking at|using|have <view>)(?: there)?`,
    `${wh}(?: all)? ${things} ${person} (?:can |are |is |am )?(?:${glimpse}|seeing|using|looking at)`,
    `${wh} ${things} can be ${seen}`,
    `${wh} ${things} does <frame> (?:show|contain)`,
    `${wh} ${thing} ${be} ${seen}`,
    `${wh} ${thing} (?:can|do) ${person} ${glimpse}`,
    `what ${be}(?: all)? (?:of )?(?:these |those )?${things}(?: (?:${one}|${used}))*`,
    `what ${things} ${be} (?:these|those|they)`,
    `${name}${me}(?: all)?(?: of)? (?:(?:these |those )?${things}|each ${thing}|every ${thing})(?: that ${be})?(?: (?:you can see|you see|${one}|${used}))*`,
    `(?:all |list of |names of |list of all )?${things}(?: (?:${one}|${used}))*`,
    `${wh} (?:kind|kinds|type|types|sort|sorts) of ${things} (?:${be} there|${be} ${seen}|can be ${seen}|do you see)`,
    `where ${be}(?: all)? ${things}`,
    `(?:visible|current) ${things}`,
    `${thing} list`,
    `${wh} ${things} ${be} ${seen} and where`,
    `(?:${be} there )?any ${things}(?: ${one})*`,
  ],
  count: [
    `how many ${things}(?: ${be})?(?: there)?(?: (?:${one}|${used}))*`,
    `how many ${things} (?:can|do|are|am|is) ${person} (?:${glimpse}|seeing|have <view>|using)`,
    `how many ${things} ${person} (?:can )?${glimpse}`,
    `how many ${things} can be ${seen}`,
    `(?:what ${be} )?(?:total )?(?:number|count) of (?:all )?${things}(?: (?:${one}|${used}))*`,
    `count${me}(?: all)? ${things}(?: (?:${one}|${used}))*`,
  ],
  presence: [
    `${be} there (?:any |some )?(?:<thing>|<tool>)(?: ${one})*(?: or not)?`,
    `(?:any|some)(?: sign of| signs of)? (?:<thing>|<tool>)(?: ${one})*`,
    `${be} there (?:any )?(?:sign|signs) of <thing>(?: ${one})*`,
    `${be} (?:any |some )?(?:<thing>|<tool>) ${seen}(?: or not)?`,
    `(?:<thing>|<tool>) ${seen}`,
    `(?:do ${person} ${perceive}|(?:can|could) (?:you|we|one) ${glimpse}) (?:any |some )?(?:<thing>|<tool>)(?: ${one})*`,
    `do ${person} have (?:any |some )?(?:<thing>|<tool>) <view>`,
    `see (?:any|some) (?:<thing>|<tool>)(?: ${one})*`,
    `(?:(?:you|we) )?(?:see|spot) (?:any |some )?(?:<thing>|<tool>)(?: ${one})* \\?`,
    `can (?:any |some )?(?:<thing>|<tool>) be ${seen}`,
    `(?:does|do) <frame> (?:show|contain|have|include) (?:any |some )?(?:<thing>|<tool>)(?: in it)?`,
    `${be} (?:any |some )?(?:<thing>|<tool>) (?:in|on) <frame>`,
    `(?:${be} )?(?:there )?<sign>(?: <view>)?`,
    '<thing> \\?',
  ],
  doing: [
    `${wh} ${thing} (?:is |are )?(?:doing |performing |busy with |being |${usedFor} )?${action}`,
    `${wh} ${thing} (?:does|performs|shows|do) ${action}`,
    `what is (?:doing|performing|being used|being used for|being) ${action}`,
    `what is used for ${action} <view>`,
    'what is <act> (?:tissue|something)',
    `(?:with|by) ${wh} ${thing} is ${action} (?:done|performed|being done)`,
    `(?:${show}|name|give|tell)${me} ${thing} (?:that|which) (?:is |does |performs )?(?:doing |performing )?${action}`,
    `what (?:are|is) (?:they|surgeon|we) using (?:for )?${action}`,
    `${wh} ${thing} (?:are|is) (?:they|surgeon|we) using (?:for )?${action}`,
  ],
  furthest: [
    `${wh} ${thing} (?:is|lies|sits) (?:one )?${far}${toSide} <side>`,
    `${wh} ${thing} (?:is|lies|sits) (?:at|on|to) far <side>`,
    `${wh} ${thing} (?:is|lies|sits) <edge>`,
    // Of several there, the outermost is named, which the person sees in what was understood.
    `${wh} ${thing} (?:is|lies|sits)(?: (?:located|positioned|placed|situated|lying|sitting|seen|shown|visible))? (?:on|at|to|towards|in) <side>`,
    `${wh} ${thing} (?:can|do|does) ${person} ${glimpse} (?:on|at|to|towards|in) <side>`,
    `(?:what|which) (?:is )?<edge> ${thing}`,
    `what is ${thing} (?:at|on) far <side>`,
    `${show}${me} <edge> ${thing}`,
    `(?:name|give|tell)${me} <edge> ${thing}`,
    `<edge> ${thing}`,
    `${thing} ${far}${toSide} <side>`,
    `${far} <side> ${thing}`,
    `${thing} (?:at|on) far <side>`,
    `(?:show|find|name|tell)${me} ${thing} ${far}${toSide} <side>`,
  ],
  nearest: [
    `${wh} ${thing} (?:is |lies |sits )?(?:nearest|closest)(?: to)? <thing>`,
    `${wh} ${thing} (?:is |lies |sits )?(?:next|adjacent) to <thing>`,
    `(?:what|which) is (?:nearest|closest) ${thing} to <thing>`,
    `what is ${thing} (?:nearest|closest)(?: to)? <thing>`,
    `${wh} ${thing} <thing> is (?:nearest|closest) to`,
    `${show}${me} ${thing} (?:that is |which is )?(?:nearest|closest)(?: to)? <thing>`,
    `(?:name|give|tell)${me} ${thing} (?:that is |which is )?(?:nearest|closest)(?: to)? <thing>`,
    `${show}${me} (?:nearest|closest) ${thing} to <thing>`,
    `(?:nearest|closest) ${thing} to <thing>`,
    `${thing} (?:nearest|closest)(?: to)? <thing>`,
  ],
  touching: [
    `(?:${wh} ${thing}|what|which one of ${things}) (?:is )?(?:touching|touches|in contact with|contacting|contacts|making contact with|pressing on|working on) organ`,
    `(?:${show}|name|give|tell)${me} ${thing} (?:that |which )?(?:is )?(?:touching|touches|in contact with|contacting) organ`,
    `organ is (?:being )?touched by ${wh} ${thing}`,
    `by ${wh} ${thing} is organ (?:being )?touched`,
    `${thing} (?:touching|in contact with) organ`,
  ],
  description: [
    `${describe}${me}(?: what)? <frame>`,
    `${describe}${me}(?: everything| all)?(?: that| what)? ${person} (?:can )?${glimpse}`,
    `${describe}(?: what| everything that)? ${be} ${going}(?: <view>)?`,
    '(?:describe|summarise|summarize)(?: everything| this)?',
    `what ${person} (?:can )?${glimpse}`,
    `what (?:do|can|could) ${person} (?:${glimpse}|detect|perceive)`,
    `what am i (?:seeing|looking at)`,
    `what ${be} ${person} (?:seeing|looking at)`,
    'what can be seen',
    'what do we have <view>',
    `what ${be} (?:all )?(?:${going}|<view>)(?: (?:${going}|<view>))*`,
    `what happens <view>`,
    `what (?:does|do) <frame> (?:show|contain|depict)`,
    `what ${be} (?:shown|seen|visible) <view>`,
    `(?:give|write|show)?${me} ?(?:short |brief )?(?:description|summary|overview|caption)(?: <view>)?`,
    '(?:tell me )?about <frame>',
    `summary of <frame>`,
  ],
};

/** Patterns that only come near a question which a model knows. That question is offered to the person, but never asked. */
const nearly: readonly (readonly [Intent, string])[] = [
  ['presence', `where ${be} <thing>${situated}`],
  ['presence', `where <thing>(?: is| are)?`],
  ['presence', `${show}${me}(?: where)?(?: any| some)? <thing>(?: is| are)?`],
  ['presence', `(?:draw|put)${me} ${box} (?:around|on) <thing>`],
  ['presence', '<thing>(?: s)?'],
  ['presence', `${be} <thing>(?: <view>)?.*`],
  ['count', `how many (?:${things}|<tool>).*`],
  ['count', `count.* (?:${things}|<tool>).*`],
  ['count', `number of (?:${things}|<tool>).*`],
  ['instruments', `how many (?:${things}|<tool>).*`],
  ['instruments', `count.* (?:${things}|<tool>).*`],
  ['instruments', `number of (?:${things}|<tool>).*`],
  ['nearest', `${wh} ${thing} (?:is |lies )?(?:near|by|beside|close to|around|touching|touches) <thing>`],
  ['touching', `(?:${wh} ${thing}|what) (?:is )?(?:touching|touches|on|in contact with|near) <organ>`],
  ['touching', `${wh} ${things} (?:are |is )?(?:touching|touch|in contact with) organ`],
  ['doing', `(?:${wh} ${things}|who) (?:are |is )?${action}`],
  ['grounding', `(?:${be} (?:there )?(?:any )?)?<organ>(?: ${one})*`],
  ['grounding', `(?:do|can) ${person} ${see}(?: any)? <organ>`],
  ['place', `${be} <tool>(?: <view>)? .*<side>.*`],
  ['state', '<tool>'],
  ['state', `${be} <tool> .*`],
  ['state', `what ${be} <tool>.*`],
  ['location', '<tool>'],
  ['grounding', '<tool>'],
  ['description', `what ${be} (?:surgeon|they|being) (?:doing|done)`],
  ['instruments', `what ${be} (?:surgeon|they|being) (?:doing|done)`],
  ['organ', `${wh} ${be} (?:this|that|it)`],
  ['description', `${wh} ${be} (?:this|that|it)`],
  ['organ', `what ${be} (?:we|they) (?:looking at|working on)`],
  ['organ', `where ${be} organ`],
];

const compiled = (entries: readonly (readonly [Intent, string])[]): Phrasing[] =>
  entries.map(([intent, pattern]) => ({ intent, pattern: new RegExp(`^(?:${pattern})$`) }));

const stated = (Object.keys(phrasings) as Intent[]).flatMap((intent) =>
  phrasings[intent].map((pattern): readonly [Intent, string] => [intent, pattern]),
);

/** Patterns that ask exactly what their intent says. */
export const exactPhrasings: readonly Phrasing[] = compiled(stated);
export const nearPhrasings: readonly Phrasing[] = compiled(nearly);

/** Every word that the patterns contain, without those of names. */
export const phrasingWords: ReadonlySet<string> = new Set(
  [...stated, ...nearly].flatMap(([, pattern]) => pattern.replaceAll(/<\w+>/g, ' ').match(/[a-z]+/g) ?? []),
);

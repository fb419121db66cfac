import type { Tool } from '../../labels.ts';
import type { Thing } from '../../scenes/things.ts';
import type { WordClasses } from './forms.ts';

/**
 * How the richer kinds of question are worded. The first wording of each is its plain form; the held-out wordings are
 * said in the test split alone and use taught words. `left` and `right` are sides of the picture, as in the other
 * grammar, so that a mirrored picture needs no more than swapping them.
 */

const list = (text: string): string[] => text.split('|').map((part) => part.trim());

/** `taught` and `held out` words of each class; every list is separated by `|`. */
const words = (taught: string, heldOut: string): { taught: string[]; heldOut: string[] } => ({
  taught: list(taught),
  heldOut: heldOut === '' ? [] : list(heldOut),
});

export const CLASSES = {
  tools: words(
    'instruments|tools|surgical instruments|surgical tools|devices|robotic instruments|robotic tools',
    'implements|working instruments|laparoscopic instruments',
  ),
  tool: words('instrument|tool|surgical instrument|surgical tool|device', 'implement|robotic arm'),
  view: words(
    'in view|in this view|in the picture|in this picture|in the image|in this frame|in the frame|here|in the scene|on the screen|in sight|now|at the moment|in the field',
    'in this still|in this shot|on the monitor|at this instant|in the operative field',
  ),
  seen: words('visible|seen|shown|present|found', 'displayed|discernible|detectable'),
  can: words(
    'can you see|do you see|are you seeing|can be seen',
    'can you spot|can you make out|do you notice',
  ),
  name: words('name|list|tell me|give me|say', 'enumerate|identify|report|spell out'),
  show: words('show|mark|outline|box|point out|find', 'highlight|indicate|circle'),
  any: words('any|some', 'a trace of|a bit of'),
  near: words('nearest to|closest to|next to', 'adjacent to|in the vicinity of|beside'),
  touch: words('touching|in contact with|working on|at work on', 'pressing against|handling|treating'),
  describe: words('describe|summarise|explain', 'characterise|sum up|narrate'),
  sure: words('|please|currently', 'kindly|presently'),
} satisfies WordClasses;

/** How people call what can be asked for: the vocabulary's own name comes first. */
export const NAMES: Readonly<
  Record<Tool | Thing, { taught: readonly string[]; heldOut: readonly string[] }>
> = {
  bipolar_forceps: words('bipolar forceps|bipolar|bipolar grasper', 'bipolar instrument|Maryland bipolar'),
  prograsp_forceps: words('prograsp forceps|prograsp|ProGrasp', 'prograsp instrument'),
  large_needle_driver: words('large needle driver|needle driver|needle holder', 'needle-holder|needledriver'),
  monopolar_curved_scissors: words(
    'monopolar curved scissors|scissors|curved scissors|monopolar scissors',
    'shears|hot shears',
  ),
  ultrasound_probe: words(
    'ultrasound probe|ultrasound|sonography probe',
    'ultrasonic transducer|drop-in probe',
  ),
  suction: words('suction|suction irrigator|sucker', 'aspirator|suction tube'),
  clip_applier: words('clip applier|clipper|clip applicator', 'clipping instrument|clip gun'),
  stapler: words('stapler|stapling device', 'linear stapler|endostapler'),
  smoke: words('smoke|surgical smoke|fumes', 'haze of smoke|vapour|plume'),
  blood: words('blood|bleeding|a pool of blood|a bleed', 'haemorrhage|hemorrhage|oozing'),
  thread: words('thread|suture thread|suture|stitches', 'suturing material|string'),
  needle: words('needle|a needle|a curved needle', 'suturing needle|stitching needle'),
  clipped_vessel: words(
    'a clipped vessel|a vessel with a clip|a vessel being clipped',
    'a vessel under a clip|a clipped artery',
  ),
  staples: words('staples|a staple line|a row of staples', 'stapled tissue|surgical staples'),
  gel: words('gel|ultrasound gel|coupling gel', 'contact gel|sonography gel'),
};

/** What is asked, in the words of the truth that answers it; `{subject}` as {@link NAMES} say it. */
export const RICH_TOPICS = [
  'instruments',
  'count',
  'presence',
  'tip',
  'doing',
  'furthest',
  'nearest',
  'touching',
  'description',
] as const;
export type RichTopic = (typeof RICH_TOPICS)[number];

export const RICH_WORDINGS: Readonly<Record<RichTopic, readonly [string, ...string[]]>> = {
  instruments: [
    'Which instruments are in view?',
    '(Which|What) <tools> (are|can be) <seen> <view>?',
    '(Which|What) <tools> <can> <view>?',
    '(Which|What) (of the|) <tools> are <view>?',
    '<name> (all|all the|the|every one of the) <tools> <view>.',
    '<name> <sure> (which|what) <tools> are <seen> <view>.',
    '<show> (all|all the|the) <tools> <view>.',
    'What <tools> (is the surgeon|are they) using <view>?',
    '<sure> <name> each <tool> that is <seen> <view>.',
    'What are the <tools> <view>?',
    '(List of|All) <tools> <view>?',
  ],
  count: [
    'How many instruments are in view?',
    'How many <tools> (are|can be) <seen> <view>?',
    'How many <tools> <can> <view>?',
    'How many <tools> are (there|there <view>)?',
    'What (number|count) of <tools> is <seen> <view>?',
    'Count (the|all|all the) <tools> <view>.',
    '<name> <sure> how many <tools> are <view>.',
    'What is the (number|count) of <tools> <view>?',
    'How many <tools> (is the surgeon|are they) using <view>?',
    'Number of <tools> <view>?',
  ],
  presence: [
    'Is there any {subject} in view?',
    'Is there (any|some|) {subject} <view>?',
    'Do you see (any|some|the|) {subject} <view>?',
    'Can you see (any|the|) {subject} <view>?',
    'Is (any|some|the|) {subject} <seen> <view>?',
    'Is {subject} <view>?',
    'Can (any|) {subject} be <seen> <view>?',
    '(Any|) {subject} <view>?',
    '<name> <sure> (if|whether) there is (any|) {subject} <view>.',
    '(Does this|Does the) (view|picture|frame|image) (show|have|hold) (any|) {subject}?',
  ],
  tip: [
    'What is the tip of the {subject} doing?',
    'What (does|is) the tip of the {subject} (do|doing) <view>?',
    'What (are|do) the jaws of the {subject} (doing|do) <view>?',
    'What happens at the tip of the {subject} <view>?',
    'What is going on at the (tip|end|jaws) of the {subject}?',
    'What is the (tip|end) of the {subject} busy with <view>?',
    '<name> <sure> what the tip of the {subject} does <view>.',
    'At its tip, what is the {subject} doing <view>?',
  ],
  doing: [
    'Which instrument is doing {subject}?',
    '(Which|What) <tool> is (doing|performing) {subject} <view>?',
    '(Which|What) <tool> (does|performs|shows) {subject} <view>?',
    'By which <tool> is {subject} done <view>?',
    '<name> <sure> the <tool> that is (doing|performing) {subject} <view>.',
    '<show> the <tool> that (does|performs) {subject} <view>.',
    'What is used for {subject} <view>?',
  ],
  furthest: [
    'Which instrument is furthest {subject}?',
    '(Which|What) <tool> (is|lies) (furthest|farthest|most) (to the|) {subject} <view>?',
    '(Which|What) <tool> is the one (furthest|farthest) {subject} <view>?',
    '<name> <sure> the <tool> (furthest|farthest) {subject} <view>.',
    '<show> the <tool> that (is|lies) (furthest|farthest) {subject} <view>.',
    'What is the <tool> at the far {subject} <view>?',
  ],
  nearest: [
    'Which instrument is nearest to the {subject}?',
    '(Which|What) <tool> (is|lies) <near> the {subject} <view>?',
    '<name> <sure> the <tool> <near> the {subject} <view>.',
    '<show> the <tool> (that is|) <near> the {subject} <view>.',
    'What <tool> do you see <near> the {subject} <view>?',
    '(What|Which) is the <tool> <near> the {subject} <view>?',
  ],
  touching: [
    'Which instrument touches the organ?',
    '(Which|What) <tool> is <touch> the organ <view>?',
    '(Which|What) <tool> (works|is at work) on the organ <view>?',
    '<name> <sure> the <tool> that is <touch> the organ <view>.',
    '<show> the <tool> that is <touch> the organ <view>.',
    'What is <touch> the organ <view>?',
  ],
  description: [
    'Describe the frame.',
    '<describe> <sure> (the|this) (frame|picture|image|view|scene).',
    'What (is|can be) <seen> <view>?',
    'What (do|can) you see <view>?',
    'What is going on <view>?',
    'What is happening <view>?',
    '<name> everything that is <seen> <view>.',
    '<describe> what is <seen> <view>.',
    'What does (this|the) (frame|picture|image|view) show?',
  ],
};

export const RICH_HELD_OUT: Readonly<Record<RichTopic, readonly [string, ...string[]]>> = {
  instruments: [
    'What do you see of <tools> <view>?',
    'The <tools> that are <seen> <view>, which are they?',
    'Of all <tools>, (which|what) can be <seen> <view>?',
  ],
  count: [
    'The <tools> <view>: how many (are there|do you see)?',
    'Of <tools>, how many are <view>?',
    '<name> the (number|count) of <tools> that are <seen> <view>.',
  ],
  presence: [
    'There is {subject} <view>, is there?',
    'Is it so that {subject} is <seen> <view>?',
    '<view>, do you see {subject}?',
  ],
  tip: [
    'The tip of the {subject}: what is it doing <view>?',
    'What do you see the tip of the {subject} do <view>?',
  ],
  doing: [
    'For {subject}, (which|what) <tool> is used <view>?',
    'The <tool> that performs {subject}, which is it?',
  ],
  furthest: [
    'Of the <tools>, which lies furthest {subject} <view>?',
    'Furthest {subject} <view> is (which|what) <tool>?',
  ],
  nearest: [
    'Of the <tools>, which is <near> the {subject}?',
    'The <tool> <near> the {subject}, which is it?',
  ],
  touching: ['The organ: (which|what) <tool> is <touch> it?', 'On the organ works which <tool>?'],
  description: ['<view>, what do you see?', 'What is there to be <seen> <view>?'],
};

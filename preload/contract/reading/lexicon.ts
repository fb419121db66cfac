import { z } from 'zod';

/**
 * The words of the field as people type them, and what each means. Only words with a clear meaning are listed. A word such as
 * "forceps", of which there are two kinds, names both.
 */

/** The role of a phrase in a sentence. */
export type Category =
  'tool' | 'organ' | 'thing' | 'sign' | 'act' | 'idle' | 'side' | 'edge' | 'view' | 'frame';

/** The meaning of a phrase that was understood. */
export interface Meaning {
  readonly category: Category;
  /** Each thing that may be meant, by the names under which a model may know it, the best first. */
  readonly candidates: readonly (readonly string[])[];
}

const list = (text: string): string[] => text.split('|').map((part) => part.trim());

/** Instruments, by what models call each, with the other names that people use. */
const tools: readonly (readonly [string, string])[] = [
  [
    'bipolar forceps|bipolar',
    'bipolar grasper|bipolar instrument|bipolar tool|maryland bipolar|maryland bipolar forceps|fenestrated bipolar|fenestrated bipolar forceps',
  ],
  ['prograsp forceps|prograsp', 'pro grasp|pro grasp forceps|prograsp grasper|prograsp instrument'],
  ['large needle driver|needle driver', 'needle holder|needledriver|needleholder|large needle holder'],
  [
    'monopolar curved scissors|scissors|curved scissors|monopolar scissors',
    'scissor|curved scissor|monopolar scissor|hot shears|hot scissors|scissors instrument',
  ],
  [
    'ultrasound probe|ultrasound',
    'sonography probe|us probe|ultrasonic probe|sonographic probe|drop in probe|drop in ultrasound|ultrasound transducer|probe',
  ],
  [
    'suction|suction irrigator',
    'sucker|suction device|suction tube|suction tip|suction tool|suction instrument|suction probe|suction cannula|aspirator|irrigator|suction and irrigation',
  ],
  [
    'clip applier',
    'clip applicator|clipper|applier|clip gun|clipping instrument|clipping device|hemolok applier|hem o lok applier|clip aplier|clips applier',
  ],
  [
    'stapler',
    'stapling device|stapling instrument|endostapler|endo stapler|linear stapler|endoscopic stapler|surgical stapler|staple gun',
  ],
];

/** Names that several instruments share. */
const sharedNames: readonly (readonly [string, readonly string[]])[] = [
  ['forceps|grasper|grasping forceps|grasping instrument', ['bipolar forceps', 'prograsp forceps']],
];

const organs: readonly (readonly [string, string])[] = [
  ['kidney', ''],
  ['liver', ''],
  ['spleen', ''],
  ['gallbladder', 'gall bladder'],
  ['bowel', 'intestine|gut'],
];

/** Things that can be in view besides instruments and organs. */
const things: readonly (readonly [string, string])[] = [
  ['smoke', 'surgical smoke|fumes|fume|plume|smoke plume'],
  ['blood', ''],
  ['bleeding|bleed|blood', 'bleed|haemorrhage|hemorrhage|haemorrhaging|hemorrhaging|oozing'],
  ['pool of blood', 'blood pool|pooled blood|puddle of blood'],
  ['thread|suture thread|suture', 'suture thread|suture|suturing thread|suture material|suturing material'],
  ['stitches|suture|thread', 'stitch'],
  ['needle|curved needle', 'curved needle|suture needle|suturing needle|surgical needle'],
  [
    'vessel with a clip|clipped vessel',
    'vessel with clip|clipped vessel|clipped artery|clip|surgical clip|vessel being clipped|clip on vessel|clips on vessel|clipped blood vessel',
  ],
  ['staples|staple line|row of staples', 'staple|surgical staple'],
  ['staple line|staples', 'line of staples|row of staples'],
  ['gel', 'ultrasound gel|coupling gel|contact gel|us gel'],
];

/** Words that people use about the whole picture if a certain thing is in it. */
const signs: readonly (readonly [string, string])[] = [
  ['bleeding|bleed|blood', 'it bleeding|anything bleeding|something bleeding'],
  ['smoke', 'it smoky|it smokey|view smoky|field smoky|picture smoky|image smoky|scene smoky'],
];

/** What instruments do, as questions about it say it, with the other words that people use, in each form of the verb. */
const acts: readonly (readonly [string, string])[] = [
  [
    'grasping',
    'grasp|grasps|gripping|grip|grips|grabbing|grab|grabs|holding|hold|holds|used to grasp|used to grip|used to grab|used to hold',
  ],
  [
    'retraction',
    'retracting|retract|retracts|used to retract|holding tissue aside|pulling tissue aside|pulling tissue|pulling|pulls',
  ],
  [
    'tissue manipulation',
    'manipulating tissue|manipulate tissue|manipulates tissue|used to manipulate tissue|moving tissue|handling tissue|manipulation of tissue',
  ],
  [
    'tool manipulation',
    'manipulating tool|manipulating another tool|manipulating instrument|manipulating another instrument|handling another tool|handling another instrument|holding another instrument|holding another tool|instrument manipulation',
  ],
  ['cutting', 'cut|cuts|snipping|used to cut|used to snip'],
  [
    'cauterization',
    'cauterisation|cauterizing|cauterising|cauterize|cauterise|cauterizes|cauterises|used to cauterize|used to cauterise|coagulation|coagulating|coagulate|coagulates|used to coagulate|burning|burns|used to burn|electrocautery',
  ],
  [
    'suction',
    'suctioning|sucking|sucks|aspirating|aspirates|aspiration|doing suction|performing suction|used to suck|used to aspirate|used for suction|used to suction',
  ],
  ['looping', 'loop|loops|winding thread|used to loop'],
  ['suturing', 'stitching|sewing|sews|used to suture|used to stitch|used to sew'],
  [
    'clipping',
    'placing clip|placing clips|applying clip|applying clips|setting clip|setting clips|used to clip|clipping vessel',
  ],
  ['staple', 'stapling|firing|firing staples|placing staples|setting staples|used to staple|doing staple'],
  ['ultrasound sensing', 'sensing|scanning|scans|used to scan|ultrasound scanning'],
];

const idle = 'idle|idling|resting|at rest|inactive|doing nothing|waiting';

/** Sides of the picture. `corner` stands for one of its quarters; only questions about a place name it. */
const sides: readonly (readonly [string, string])[] = [
  ['left', 'left side|left hand side|left half|left part|left hand'],
  ['right', 'right side|right hand side|right half|right part|right hand'],
  ['top', 'top side|top half|top part|upper half|upper part|upper side|upper'],
  ['bottom', 'bottom side|bottom half|bottom part|lower half|lower part|lower side|lower'],
];
/** Words for the thing that lies furthest to a side. */
const edges: readonly (readonly [string, string])[] = [
  ['left', 'leftmost|left most'],
  ['right', 'rightmost|right most'],
  ['top', 'topmost|uppermost|top most|highest'],
  ['bottom', 'bottommost|lowermost|bottom most|lowest'],
];
const corners = ['upper', 'top', 'lower', 'bottom'].flatMap((row) =>
  ['left', 'right'].flatMap((side) =>
    ['', ' corner', ' quadrant', ' quarter', ' part', ' area', ' region', ' side'].flatMap((part) => [
      `${row} ${side}${part}`,
      `${side} ${row}${part}`,
    ]),
  ),
);

const pictureNames = list(
  'view|picture|image|frame|scene|field|shot|still|screenshot|screen|monitor|display|photo|pic|field of view|field of vision|surgical field|operative field|operating field|surgical view|camera view|surgical scene|endoscopic view|endoscopic image|video frame',
);
/** Words that also mean other things if they stand alone, as in "is there still smoke". */
const ambiguous = new Set(['still', 'shot', 'field']);
const views = [
  'here',
  'anywhere',
  'in sight',
  'in field',
  'in shot',
  ...['in', 'on', 'of', 'from', 'within', 'inside'].flatMap((word) =>
    ['', ' this', ' current', ' this current', ' that'].flatMap((which) =>
      [...pictureNames, 'fov']
        .filter((name) => which !== '' || !ambiguous.has(name))
        .map((name) => `${word}${which} ${name}`),
    ),
  ),
];
const frames = ['', 'this ', 'current ', 'whole ', 'entire ', 'that '].flatMap((which) =>
  pictureNames.filter((name) => which !== '' || !ambiguous.has(name)).map((name) => `${which}${name}`),
);

const one = (names: readonly string[]): readonly (readonly string[])[] => [names];

/** Every phrase of the field, of one or more words and without articles, with its meaning. */
export const lexicon: ReadonlyMap<string, Meaning> = (() => {
  const found = new Map<string, Meaning>();
  const add = (phrases: readonly string[], meaning: Meaning): void => {
    for (const phrase of phrases) if (phrase !== '' && !found.has(phrase)) found.set(phrase, meaning);
  };
  const plurals = (phrases: readonly string[]): string[] =>
    phrases.flatMap((phrase) => (phrase === '' || phrase.endsWith('s') ? [phrase] : [phrase, `${phrase}s`]));
  const named = (category: Category, entries: typeof tools): void => {
    for (const [names, others] of entries) {
      // A model's name for a thing may contain an article, but questions are read without articles.
      const spoken = list(names).map((name) => name.replaceAll(' a ', ' '));
      const phrases = [...spoken.slice(0, category === 'thing' ? 1 : undefined), ...list(others)];
      add(plurals(phrases), { category, candidates: one(list(names)) });
    }
  };
  named('tool', tools);
  for (const [names, candidates] of sharedNames) {
    add(plurals(list(names)), { category: 'tool', candidates: candidates.map((name) => [name]) });
  }
  named('organ', organs);
  named('thing', things);
  for (const [names, others] of signs) add(list(others), { category: 'sign', candidates: one(list(names)) });
  for (const [name, others] of acts) {
    // "Suction" means the instrument, unless a word before it says that somebody does it.
    const phrases = [...(found.has(name) ? [] : [name]), ...list(others)];
    add(phrases, { category: 'act', candidates: one([name]) });
  }
  add(list(idle), { category: 'idle', candidates: one(['idle']) });
  for (const [name, others] of sides) {
    add([name, ...list(others)], { category: 'side', candidates: one([name]) });
  }
  for (const [name, others] of edges) add(list(others), { category: 'edge', candidates: one([name]) });
  add(corners, { category: 'side', candidates: one(['corner']) });
  add(views, { category: 'view', candidates: [] });
  add(frames, { category: 'frame', candidates: [] });
  return found;
})();

/** A name of what can be asked about, with the other names that a model was taught for it. */
export const TaughtName = z.object({
  category: z.enum(['tool', 'thing', 'act', 'edge']),
  name: z.string().min(1),
  said: z.array(z.string().regex(/^[a-z0-9' ]+$/)),
});
export type TaughtName = z.infer<typeof TaughtName>;

/** The lexicon with a model's own names; where both have a phrase, the lexicon's meaning counts. */
export function lexiconWith(names: readonly TaughtName[]): ReadonlyMap<string, Meaning> {
  const found = new Map(lexicon);
  for (const { category, name, said } of names) {
    for (const phrase of said) {
      if (!found.has(phrase)) found.set(phrase, { category, candidates: [[name]] });
    }
  }
  return found;
}

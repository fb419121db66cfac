import { slipsBetween } from '../spelling.ts';

/** Long words that are often typed and seldom meant otherwise when they are misspelt. */
const mendable = (
  'bipolar prograsp forceps needle driver holder monopolar curved scissors ultrasound probe suction stapler applier ' +
  'applicator clipper irrigator kidney liver spleen gallbladder bowel smoke blood bleeding thread suture stitches ' +
  'staples instrument instruments located location organ picture visible describe nearest closest furthest where which ' +
  'grasping suturing retraction retracting cauterizing cauterization coagulating clipping cutting'
).split(' ');

/** Words of their own that lie a slip from one of those: a lever is no liver. */
const others = new Set(
  (
    'applied applies application applicant blond bloody bloom bloop bowed bower breeding brood blending bleeping carved ' +
    'catting cuttings chipper chipping clapper clapping clippings closes closet curbed cured curled cursed curve curves ' +
    'described describes diver drier drive driven drives drover forces gasping grassing holler holier instalment ' +
    'instrumental irrigated irrigates lever liter litre lived liven liner lives lover livery locates locations monocular ' +
    'monopole neatest needled needles organs pictured pictures probed prone prose prove probes refraction restriction ' +
    'retractor smoked smoker smokes smote spoke stoke stables stabler staler stapes stapled stitched stitcher switches ' +
    'snitches sutured sutures thready threat tread threads visibly whore'
  ).split(' '),
);

/**
 * What a word of no meaning was meant to be: the one word of the field that it differs from by a slip of the finger, or
 * by two where it is very long; null where there is none or several, or the word has a meaning of its own.
 */
export function mended(word: string): string | null {
  if (word.length < 4 || others.has(word)) return null;
  const near = mendable.filter(
    (known) => known[0] === word[0] && slipsBetween(word, known) <= (known.length >= 9 ? 2 : 1),
  );
  const [nearest, next] = near
    .map((known) => ({ known, slips: slipsBetween(word, known) }))
    .toSorted((one, other) => one.slips - other.slips);
  if (nearest === undefined || nearest.slips === next?.slips) return null;
  return nearest.known;
}

import { slipsBetween } from '../spelling.ts';

/** Long words that people often type, and that misspelt words nearly always stand for. */
const mendable = (
  'bipolar prograsp forceps needle driver holder monopolar curved scissors ultrasound probe suction stapler applier ' +
  'applicator clipper irrigator kidney liver spleen gallbladder bowel smoke blood bleeding thread suture stitches ' +
  'staples instrument instruments image located location organ picture visible describe nearest closest furthest where which ' +
  'grasping suturing retraction retracting cauterizing cauterization coagulating clipping cutting'
).split(' ');

/** Real words that differ from one of those by one typing error, and must not be corrected: a lever is no liver. */
const others = new Set(
  (
    'imago imaged images applied applies application applicant blond bloody bloom bloop bowed bower breeding brood blending bleeping carved ' +
    'catting cuttings chipper chipping clapper clapping clippings closes closet curbed cured curled cursed curve curves ' +
    'described describes diver drier drive driven drives drover forces gasping grassing holler holier instalment ' +
    'instrumental irrigated irrigates lever liter litre lived liven liner lives live lover livery locates locations monocular ' +
    'monopole neatest needled needles organs pictured pictures probed prone prose prove probes refraction restriction ' +
    'retractor smoked smoker smokes smote spoke stoke stables stabler staler stapes stapled stitched stitcher switches ' +
    'snitches sutured sutures thready threat tread threads visibly whore'
  ).split(' '),
);

/**
 * Corrects a misspelt word to the one word of the field from which it differs by a single typing error, or by two if it is
 * very long; null if there is none, or several, or the word has a meaning of its own.
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

import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { Split } from '../dataset/record.ts';
import type { AnnotatedFolder, AnnotatedPicture } from './types.ts';

/** Where a picture goes, and in the name of which sequence; what is not in a plan is left out. */
export type Plan = ReadonlyMap<string, { split: Split; sequence: string }>;

export interface PlanWish {
  /** The patient on whom the model is measured; null: one patient alone, or none held out. */
  heldOut: string | null;
  /**
   * So many frames of the held-out patient's first sequence are taught, spread over it. That sequence is then measured
   * on no longer, with 0 either, so that runs with more and fewer are measured on the same frames.
   */
  newPatientFrames?: number;
  /** Take one patient alone: the end of their frames is measured on, which says nothing of another patient. */
  onePatient?: boolean;
}

/** Share of the taught frames that are kept for validation where no whole sequence can be. */
const VALIDATION_SHARE = 0.15;

/**
 * Splits pictures by patient: the held-out one's are for the test, of the others' the smallest sequence (or the end of the
 * only one) is for validation, which the calibration needs.
 *
 * @throws WorkstationError `invalid-input` where there is one patient alone and nobody said that this is known, and for
 * a patient who is not there.
 */
export function planByPatient(folders: readonly AnnotatedFolder[], wish: PlanWish): Map<string, Plan> {
  const pictures = folders.flatMap((folder) => folder.pictures.map((picture) => ({ folder, picture })));
  const patients = [...new Set(pictures.map(({ picture }) => picture.patient))];
  if (patients.length === 1 && wish.onePatient !== true) {
    throw new WorkstationError(
      'invalid-input',
      `All pictures are of one patient (${patients[0]}): how the model does on another one can't be measured.`,
      'Add pictures of a second patient, each patient in a folder of their own; or add --one-patient, and the report will say that no patient was held out.',
    );
  }
  if (wish.heldOut !== null && !patients.includes(wish.heldOut)) {
    throw new WorkstationError(
      'invalid-input',
      `There is no patient ${wish.heldOut}.`,
      `The patients are ${patients.join(', ')}.`,
    );
  }
  const placed = new Map<string, Map<string, { split: Split; sequence: string }>>(
    folders.map(({ root }) => [root, new Map()]),
  );
  const put = (items: typeof pictures, split: Split, mark = ''): void => {
    for (const { folder, picture } of items)
      placed.get(folder.root)!.set(picture.image, { split, sequence: `${picture.sequence}${mark}` });
  };
  const isNew = ({ picture }: { picture: AnnotatedPicture }): boolean => picture.patient === wish.heldOut;
  const taught = pictures.filter((item) => !isNew(item));
  const held = pictures.filter(isNew);
  if (wish.newPatientFrames !== undefined && held.length > 0) {
    const bySequence = [...Map.groupBy(held, ({ picture }) => picture.sequence).values()];
    const [first = [], ...others] = bySequence;
    if (others.length === 0) {
      throw new WorkstationError(
        'invalid-input',
        `The pictures of ${wish.heldOut} are of one sequence: frames of it can't be taught and the rest measured on.`,
        'Leave out --new-patient-frames, or lay their recordings into folders of their own.',
      );
    }
    const count = Math.min(wish.newPatientFrames, first.length);
    put(
      Array.from({ length: count }, (_, i) => first[Math.floor((i * first.length) / count)]!),
      'train',
    );
    put(others.flat(), 'test');
  } else put(held, 'test');
  const own = [...Map.groupBy(taught, ({ picture }) => picture.sequence).values()];
  own.sort((a, b) => a.length - b.length);
  if (wish.heldOut === null) {
    // With nobody held out, the ends of sequences are all that is left to measure on.
    for (const items of own) {
      const [a, b] = [0.7, 0.85].map((share) => Math.floor(items.length * share)) as [number, number];
      put(items.slice(0, a), 'train');
      put(items.slice(a, b), 'validation', ', then');
      put(items.slice(b), 'test', ', end');
    }
  } else if (own.length > 1) {
    put(own[0]!, 'validation');
    put(own.slice(1).flat(), 'train');
  } else {
    const items = own.flat();
    const end = Math.floor(items.length * (1 - VALIDATION_SHARE));
    put(items.slice(0, end), 'train');
    put(items.slice(end), 'validation', ', end');
  }
  return placed;
}

import type { Box } from '../../../preload/contract/values.ts';
import type { Skipped } from '../endovis.ts';

/** Pictures with named places: what a site has marked itself, or a public data set of masks or boxes. */

/** One thing in a picture. */
export interface Thing {
  /** In small letters with underscores, such as `vocal_folds`. */
  label: string;
  /** [x1, y1, x2, y2] in continuous pixels of the picture, counted from 0. */
  box: Box;
}

export interface AnnotatedPicture {
  /** Path below the folder, with forward slashes. */
  image: string;
  /** What says so, below the folder: a mask, or the file of all boxes. */
  file: string;
  patient: string;
  /** Pictures of one recording lie together: `<patient>/<folder>`. */
  sequence: string;
  width: number;
  height: number;
  things: Thing[];
  /** Whether all that the folder's labels can name is marked, so that what is not named is absent. */
  whole: boolean;
}

export const ANNOTATION_KINDS = ['masks', 'coco', 'cvat'] as const;
export type AnnotationKind = (typeof ANNOTATION_KINDS)[number];

/** Several things of one name in a picture: one box around them, or the box of the largest. */
export const SEVERAL_RULES = ['union', 'largest'] as const;
export type SeveralRule = (typeof SEVERAL_RULES)[number];

export interface AnnotatedFolder {
  root: string;
  kind: AnnotationKind;
  /** Every name that something has, sorted. */
  labels: string[];
  /** By patient, sequence and name. */
  pictures: AnnotatedPicture[];
  /** What was left out, and what was taken with a correction. */
  skipped: Skipped[];
  corrected: Skipped[];
}

export interface ReadAnnotatedOptions {
  /** JSON file that names the grey values (or `#rrggbb` colours) of masks; `labels.json` in the folder by default. */
  labels?: string;
  several?: SeveralRule;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

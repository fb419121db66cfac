import { z } from 'zod';
import { Box, FrameIndex, Video } from '../../preload/contract/index.ts';
import { boxKinds } from '../view/picture-boxes.ts';

/**
 * What a window tells the ones that present it to others: the recording and place on its stage, and what is drawn there. The
 * pictures themselves come from the workstation, each by its exact frame.
 */
export const Presented = z.object({
  video: Video,
  /** The still on the stage; null while it plays, or while none has come. */
  index: FrameIndex.nullable(),
  /** Where playing is, at which time of day in ms, and how fast; null while a still is on the stage. */
  playing: z.object({ seconds: z.number(), at: z.number(), rate: z.number() }).nullable(),
  /** Boxes on the still, in its pixels. */
  boxes: z
    .array(z.object({ box: Box, label: z.string(), figure: z.string(), kind: z.enum(boxKinds) }))
    .max(500),
  /** What was answered about the still: the model's, and what a person says instead. */
  answer: z
    .object({
      label: z.string(),
      figure: z.string(),
      doubts: z.array(z.string()),
      own: z.string().nullable(),
    })
    .nullable(),
  /** Brightness and contrast as they are on the stage. */
  filter: z.string().nullable(),
  /** What the model was trained on, where that has to be known by whoever sees its answers. */
  domain: z.string().nullable(),
  /** The case's pseudonym, where the person has switched it on. */
  pseudonym: z.string().nullable(),
  /** Whether boxes and answer are kept back, as before a question to those who watch. */
  hidden: z.boolean(),
});
export type Presented = z.infer<typeof Presented>;

/** Every message names the window that presents: others of the same browser are not followed. */
export const PresentingMessage = z.discriminatedUnion('kind', [
  /** A watching window says that it is there, and the number of the last it was told. */
  z.object({ kind: z.literal('watching'), of: z.string(), seen: z.number() }),
  z.object({ kind: z.literal('left'), of: z.string() }),
  /** `presented` is null where no recording is open; it is left out where nothing has changed. */
  z.object({
    kind: z.literal('shown'),
    of: z.string(),
    number: z.number(),
    presented: Presented.nullable().exactOptional(),
  }),
  z.object({ kind: z.literal('close'), of: z.string() }),
]);
export type PresentingMessage = z.infer<typeof PresentingMessage>;

export const presentingChannel = 'workstation-presenting';

/** The address of a window that presents another one. */
export const presentingAddress = (of: string): string => `/?present=${encodeURIComponent(of)}`;

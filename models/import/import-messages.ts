import { z } from 'zod';
import { ErrorReport } from '../../preload/contract/errors.ts';
import { AnswerFormat, ModelManifest } from '../../preload/contract/model.ts';
import { attentionOperators, modelLayouts } from './choices/layouts.ts';
import { blockSizes, weightTypes } from './choices/precision.ts';

/** What an import in a process of its own is asked for; see ImportOptions. */
export const ImportRequest = z.object({
  checkpoint: z.string(),
  adapter: z.string().exactOptional(),
  base: z.string().exactOptional(),
  out: z.string(),
  dtype: z.enum(weightTypes),
  blockSize: z.literal(blockSizes).exactOptional(),
  layout: z.enum(modelLayouts).exactOptional(),
  attention: z.enum(attentionOperators).exactOptional(),
  answerFormat: AnswerFormat.exactOptional(),
  fresh: z.boolean().exactOptional(),
});
export type ImportRequest = z.infer<typeof ImportRequest>;

/** To the process: one import, and the wish to stop it. */
export const ToImport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('import'), request: ImportRequest }),
  z.object({ type: z.literal('cancel') }),
]);
export type ToImport = z.infer<typeof ToImport>;

/** From the process. `done` and `failed` are its last words. */
export const FromImport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({
    type: z.literal('progress'),
    progress: z.object({
      done: z.number(),
      total: z.number(),
      secondsLeft: z.number().nullable(),
      activity: z.string(),
    }),
  }),
  z.object({ type: z.literal('done'), manifest: ModelManifest }),
  z.object({ type: z.literal('failed'), error: ErrorReport }),
]);
export type FromImport = z.infer<typeof FromImport>;

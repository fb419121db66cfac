import { z } from 'zod';
import { ErrorReport } from '../../preload/contract/errors.ts';
import { WeightDtype } from '../../preload/contract/models.ts';
import { ModelId } from '../../preload/contract/values.ts';

/** What may be asked about a folder. Each answer is plain data that the asking side parses by its own schema. */
export const LookRequest = z.discriminatedUnion('kind', [
  /** See `inspectFolder`. */
  z.object({
    kind: z.literal('report'),
    folder: z.string(),
    base: z.string().nullable(),
    modelsFolder: z.string(),
  }),
  /** See `importPlace`. */
  z.object({
    kind: z.literal('place'),
    checkpoint: z.string(),
    base: z.string().exactOptional(),
    modelsFolder: z.string(),
    dtype: WeightDtype,
  }),
  /** See `describeInPlace`. */
  z.object({
    kind: z.literal('in-place'),
    id: ModelId,
    folder: z.string(),
    variant: z.string().exactOptional(),
  }),
]);
export type LookRequest = z.infer<typeof LookRequest>;

export const ToLook = z.object({ id: z.int(), request: LookRequest });
export type ToLook = z.infer<typeof ToLook>;

export const FromLook = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('found'), id: z.int(), value: z.unknown() }),
  z.object({ type: z.literal('failed'), id: z.int(), error: ErrorReport }),
]);
export type FromLook = z.infer<typeof FromLook>;

import { z } from 'zod';
import { ErrorReport } from '../../preload/contract/errors.ts';
import { WeightDtype } from '../../preload/contract/models.ts';
import { ModelId } from '../../preload/contract/values.ts';

/** What may be asked about a folder. Each answer is plain data that the asking side parses by its own schema. */
export const InspectionRequest = z.discriminatedUnion('kind', [
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
export type InspectionRequest = z.infer<typeof InspectionRequest>;

export const ToInspection = z.object({ id: z.int(), request: InspectionRequest });
export type ToInspection = z.infer<typeof ToInspection>;

export const FromInspection = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('found'), id: z.int(), value: z.unknown() }),
  z.object({ type: z.literal('failed'), id: z.int(), error: ErrorReport }),
]);
export type FromInspection = z.infer<typeof FromInspection>;

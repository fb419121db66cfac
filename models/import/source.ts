import { basename, resolve } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { AnswerFormat } from '../../preload/contract/model.ts';
import { baseOf, isAdapter } from './adapter.ts';
import { openCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What is imported: a checkpoint, an adapter with its base, or both together. */
export interface ImportSource {
  /** A Hugging Face checkpoint folder, or that of a PEFT adapter. */
  checkpoint: string;
  /** A PEFT adapter that is merged into the checkpoint. */
  adapter?: string;
  /** The checkpoint that `checkpoint` is an adapter for, if it is one; by default one inside of its folder. */
  base?: string;
  /**
   * How the model writes its answers; by default as `surgery-r1.json`, then a manifest beside the checkpoint says, else
   * as its chat template lets expect.
   */
  answerFormat?: AnswerFormat;
}

/** Opens the checkpoint of an import, with the adapter that is merged in. Throws as `openCheckpoint` does. */
export async function openSource({
  checkpoint,
  adapter,
  base,
  answerFormat,
}: ImportSource): Promise<Checkpoint> {
  if (await isAdapter(checkpoint)) {
    return openCheckpoint(await baseOf(checkpoint, base), { adapter: checkpoint, answerFormat });
  }
  if (base === undefined) return openCheckpoint(checkpoint, { adapter, answerFormat });
  throw new WorkstationError(
    'invalid-input',
    `${basename(resolve(checkpoint))} is no adapter, so it has no base.`,
    'Leave the base out, or give the folder of an adapter (with adapter_config.json).',
  );
}

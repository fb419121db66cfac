import { Option } from 'commander';
import { variantNames } from '../../../preload/contract/graph-variants.ts';
import { WorkstationError } from '../../../preload/contract/index.ts';

/** `--variant`, of every command that opens a model's folder. */
export const variantOption = (): Option =>
  new Option(
    '--variant <name>',
    'graphs to use, of a folder in place with several; what the device runs well by default',
  ).choices(variantNames);

export function requireModelForVariant({ model, variant }: { model?: string; variant?: string }): void {
  if (variant === undefined || model !== undefined) return;
  throw new WorkstationError(
    'invalid-input',
    '--variant chooses among the graphs of a folder, and none is named.',
    'Name it with --model.',
  );
}

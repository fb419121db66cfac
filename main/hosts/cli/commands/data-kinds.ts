import { InvalidArgumentError } from 'commander';
import type { BuildOptions } from '../../../../models/data/index.ts';

export type Kind = NonNullable<BuildOptions['kinds']>[number];

/** Kinds of records, as the options of two commands name them. */
export const kinds: readonly Kind[] = ['visual-qa', 'grounding-qa', 'chain-of-thought'];

export function kindList(text: string): Kind[] {
  return text.split(',').map((part) => {
    const kind = kinds.find((known) => known === part.trim());
    if (kind === undefined) throw new InvalidArgumentError(`"${part}" is none of ${kinds.join(', ')}.`);
    return kind;
  });
}

import type { Catalogue } from '../message.ts';

/** What the picture's own line says. */
export const stage = {
  'stage.counting': 'Counting the frames of {recording}… Then steps go on there.',
} as const satisfies Catalogue;

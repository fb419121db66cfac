/** What a person can want to know, before it is put into the words of a model. */
export const intents = [
  'state',
  'location',
  'place',
  'grounding',
  'organ',
  'instruments',
  'count',
  'presence',
  'doing',
  'furthest',
  'nearest',
  'touching',
  'description',
] as const;
export type Intent = (typeof intents)[number];

/** From marked pictures of a site and a base model to a model of its own, measured by patient. */
export { adaptModel, reportLines } from './adapt.ts';
export type { AdaptOptions, AdaptReport, AdaptTools } from './adapt.ts';
export { figuresByPatient } from './figures.ts';

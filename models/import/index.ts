/**
 * From a Hugging Face Qwen2.5-VL checkpoint to a model directory that the engine runs, and the checks of both.
 */
export { checkGolden, checkModel } from './check.ts';
export { distancesOf, fewestPictures, fitPictures } from './picture-gate.ts';
export type { CheckOptions, GoldenCheck, ModelCheck } from './check.ts';
export { importCheckpoint } from './import-checkpoint.ts';
export type { ImportOptions } from './import-checkpoint.ts';
export { runImport } from './import-client.ts';
export type { RunImportOptions } from './import-client.ts';
export { attentionOperators, modelLayouts } from './choices/layouts.ts';
export type { AttentionOperator, ModelLayout } from './choices/layouts.ts';
export type { ImportProgress } from './progress.ts';
export { blockSizes, weightTypes } from './choices/precision.ts';
export type { BlockSize, WeightType } from './choices/precision.ts';
export { createCatalogue } from './catalogue.ts';
export type { Catalogue, PreparedModel, PrepareOptions } from './catalogue.ts';
export type { CatalogueModel } from './catalogue-model.ts';
export type { ImportPlace } from './folder-report.ts';
export { placeId } from './in-place-model.ts';
export { FolderInspector } from './inspection-client.ts';
export { discardInterrupted } from './work-folder.ts';

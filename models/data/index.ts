export { readEndoVis } from './endovis.ts';
export type { QuestionRow, QuestionSet, ReadOptions, Skipped } from './endovis.ts';
export { writeScenes } from './scenes/write.ts';
export type { WriteScenesOptions, WriteScenesResult } from './scenes/write.ts';
export { buildDataset } from './dataset/build.ts';
export type { BuildOptions, BuildResult } from './dataset/build.ts';
export { validateDataset } from './dataset/validate.ts';
export type { Fault, ValidateOptions, Validation } from './dataset/validate.ts';

export {
  ANSWERS_18,
  ANSWERS_26,
  ORGANS,
  PLACES,
  QUESTION_TYPES,
  STATES,
  TOOLS,
  questionText,
  questionTypeOf,
} from './labels.ts';
export type { Place, QuestionType, State, Tool } from './labels.ts';
export { describeScene, sceneTruth } from './scenes/describe.ts';
export type { SceneOptions } from './scenes/describe.ts';
export { drawScene, renderScene } from './scenes/draw.ts';
export { Random, sceneSeed } from './scenes/random.ts';
export { GENERATOR, GENERATOR_VERSION, ScenesFile, parseSize, writeScenes } from './scenes/write.ts';
export type { WriteScenesOptions, WriteScenesResult } from './scenes/write.ts';
export { ASPECT, SceneTruth } from './scenes/types.ts';
export type { Scene, SceneInstrument } from './scenes/types.ts';
export { ENDOVIS_18_SPLIT, parseLabelLine, readEndoVis } from './endovis.ts';
export type { QuestionRow, QuestionSet, ReadOptions, Skipped } from './endovis.ts';

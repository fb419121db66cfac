export { describeScene, placeOf, sceneTruth } from './scenes/describe.ts';
export type { SceneOptions } from './scenes/describe.ts';
export { drawScene, renderScene } from './scenes/draw.ts';
export { Random, sceneSeed } from './scenes/random.ts';
export { GENERATOR, GENERATOR_VERSION, parseSize, scenesFileSchema, writeScenes } from './scenes/write.ts';
export type { ScenesFile, WriteScenesOptions, WriteScenesResult } from './scenes/write.ts';
export { ASPECT, PLACES, STATES, TOOLS, boxSchema, sceneTruthSchema } from './scenes/types.ts';
export type {
  Box,
  FrameSize,
  Place,
  Scene,
  SceneInstrument,
  SceneTruth,
  State,
  Tool,
} from './scenes/types.ts';

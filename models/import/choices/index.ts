/** What a person may ask of an import. Loads nothing else, so that a command line can list it. */
export { attentionOperators, modelLayouts, type AttentionOperator, type ModelLayout } from './layouts.ts';
export { blockSizes, weightTypes, type BlockSize, type WeightType } from './precision.ts';

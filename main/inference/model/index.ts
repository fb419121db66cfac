/**
 * What a model's folder says, read with care and without the runtime: for whoever looks at folders, imports them, or
 * works out what they will take.
 */
export { ImageProcessorConfig } from '../image/image-processor.ts';
export { estimateMemory } from './memory-estimate.ts';
export { readConfiguration, readJson, type Configuration } from './model-configuration.ts';
export { asModelError } from './model-files.ts';
export { answerFormatOf, readStatement, type Statement } from './model-statement.ts';
export { picturesFile } from './picture-gate.ts';
export { rotaryInverseFrequencies } from './positions.ts';
export { readTransformersFolder } from './transformers-folder.ts';
export { noVariants } from './transformers-variants.ts';

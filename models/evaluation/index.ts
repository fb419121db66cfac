export { evaluate, spread } from './runner.ts';
export type { EvaluateOptions, Evaluation, Figures, RowAnswer } from './runner.ts';
export {
  UNKNOWN,
  accuracy,
  fitBlindLookup,
  iouReference,
  macroF,
  mapLabel,
  miou,
  miouReference,
  perClass,
} from './metrics.ts';
export type { BoxPair, ClassScore, LabelPair } from './metrics.ts';

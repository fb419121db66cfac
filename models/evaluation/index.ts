export { evaluate } from './runner.ts';
export type { EvaluateOptions, Evaluation, Figures, RowAnswer } from './runner.ts';

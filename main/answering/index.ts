/** From a question to its stored answer, and from an answer back to the pixels that it is about. */
export { answeredFrame, keptPictureOf, type AnsweredFrame } from './answered-frame.ts';
export type { AnswerEngine, AnsweringContext } from './context.ts';
export { Answering } from './answering.ts';
export { questionTemplates } from './question-templates.ts';
export { KeptPictures } from './kept-pictures.ts';

import { anotherPicture } from '../../preload/contract/words/answer-warning.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { frameOf, type Answer } from '../../preload/contract/domain.ts';
import type { AnswerId, FrameIndex } from '../../preload/contract/values.ts';
import { answers, keptPictures, mustExist, questions, type Store } from '../store/index.ts';
import type { DecodedFrame, VideoLibrary } from '../recordings/index.ts';
import type { KeptPictures } from './kept-pictures.ts';

/** An answer with the pixels that it is about. */
export interface AnsweredFrame {
  frame: DecodedFrame;
  answer: Answer;
  question: string;
  frameIndex: FrameIndex;
  timecode: string;
}

/**
 * An answer's frame, for drawing on, of the eye that it is about, whichever is reviewed now. It is decoded again and must be the
 * one that the model saw, pixel for pixel: throws `file-changed` if it isn't.
 */
export async function answeredFrame(
  { store, library, pictures }: { store: Store; library: VideoLibrary; pictures: KeptPictures },
  answerId: AnswerId,
): Promise<AnsweredFrame> {
  const answer = mustExist(answers.findAnswer(store.database, answerId), 'answer');
  const question = mustExist(questions.findQuestion(store.database, answer.questionId), 'question');
  const { videoId, index } = frameOf(question);
  const eye = answer.frame === null ? undefined : (answer.frame.eye ?? null);
  const { frame } = await library.frame(videoId, index, { priority: 'work', eye });
  if (answer.frame !== null && answer.frame.hash !== frame.hash) {
    throw new WorkstationError(
      'file-changed',
      anotherPicture,
      'No picture is saved with its box. Ask again about this frame to get an answer for it as it is now.',
    );
  }
  // An answer from before pictures were kept gets one now; an erased answer must leave no new trace.
  if (!keptPictures.wasErased(store.database, answerId)) pictures.keep(frame);
  return {
    frame,
    answer,
    question: question.text,
    frameIndex: index,
    timecode: question.location.timecode,
  };
}

/** The kept picture of an answer's frame, as WebP; throws `not-found` where there is none. */
export function keptPictureOf(
  { store, pictures }: { store: Store; pictures: KeptPictures },
  answerId: AnswerId,
): Promise<Uint8Array> {
  const { frame } = mustExist(answers.findAnswer(store.database, answerId), 'answer');
  return pictures.read(frame?.hash ?? '');
}

import type { ModelState } from '../../preload/contract/index.ts';
import type { Reach } from '../bridge/connection.ts';
import type { Review } from './review.svelte.ts';

/** What decides whether a question can be asked. */
export interface Askable {
  readonly review: Review | null;
  readonly reach: Reach;
  readonly model: ModelState | null;
  readonly modelIsComing: boolean;
}

/** Why a question cannot be asked now; null where it can. */
export function askObstacle({ review, reach, model, modelIsComing }: Askable): string | null {
  if (!review) return 'Open a video to ask about it.';
  if (reach !== 'connected') return 'The workstation is not connected.';
  if (review.inLibrary.inBin) return `This ${review.inLibrary.inBin} is in the bin. Restore it to ask.`;
  if (review.video.availability === 'missing') return 'The video file is not there.';
  if (review.video.availability === 'changed')
    return 'The video file is no longer the one that was reviewed.';
  if (review.video.index === 'building') return 'Asking starts when the frame index is ready.';
  if (review.video.index === 'failed') return 'This video’s frames could not be indexed.';
  // A model that rests is loaded again by the question itself.
  if (model?.phase === 'unloaded' && model.unloadedReason !== null) return null;
  if (modelIsComing) return null;
  switch (model?.phase) {
    case 'ready':
      return null;
    case 'restarting':
      return 'The server does not answer. It is tried again by itself.';
    case 'failed':
      return 'The model could not be loaded.';
    default:
      return 'No model is loaded.';
  }
}

import type { ModelState } from '../../preload/contract/index.ts';
import type { Reach } from '../bridge/connection.ts';
import { say } from '../words/say.ts';
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
  if (!review) return say('ask.no-video');
  if (reach !== 'connected') return say('ask.not-connected');
  const { inBin } = review.inLibrary;
  if (inBin !== null) return say(inBin === 'case' ? 'ask.case-in-bin' : 'ask.session-in-bin');
  if (review.video.availability === 'missing') return say('ask.file-missing');
  if (review.video.availability === 'changed') return say('ask.file-changed');
  if (review.video.index === 'building') return say('ask.index-building');
  if (review.video.index === 'failed') return say('ask.index-failed');
  // A model that rests is loaded again by the question itself.
  if (model?.phase === 'unloaded' && model.unloadedReason !== null) return null;
  if (modelIsComing) return null;
  switch (model?.phase) {
    case 'ready':
      return null;
    case 'restarting':
      return say('ask.server-away');
    case 'failed':
      return say('ask.model-failed');
    default:
      return say('ask.no-model');
  }
}

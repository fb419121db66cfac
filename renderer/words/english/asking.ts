import type { Catalogue } from '../message.ts';

/** Why a question can't be asked now. */
export const asking = {
  'ask.no-video': 'Open a video to ask about it.',
  'ask.not-connected': 'The workstation is not connected.',
  'ask.session-in-bin': 'This session is in the bin. Restore it to ask.',
  'ask.case-in-bin': 'This case is in the bin. Restore it to ask.',
  'ask.file-missing': 'The video file is not there.',
  'ask.file-changed': 'The video file is no longer the one that was reviewed.',
  'ask.index-building': 'Asking starts when the frame index is ready.',
  'ask.index-failed': 'This video’s frames could not be indexed.',
  'ask.server-away': 'The server does not answer. It is tried again by itself.',
  'ask.model-failed': 'The model could not be loaded.',
  'ask.no-model': 'No model is loaded.',
} as const satisfies Catalogue;

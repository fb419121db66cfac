import type { Catalogue } from '../message.ts';

/** The box that asks, why a question can't be asked now, and how a region is asked about. */
export const asking = {
  'ask.keys-to-video': 'keys to the video',
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
  'region.ask.beside': 'Asked with a crop of this region beside the frame.',
  'region.ask.alone': 'Asked with this region alone: the model was taught questions about one picture.',
  'region.ask.server-alone': 'Asked with this region alone, as the server is set up.',
  'region.given.beside': 'the whole frame, and beside it a crop of the region {region}',
  'region.given.alone': 'the region {region} alone',
  'region.words': 'Put as',
  'region.shown-as': '{frame}; the crop {crop}',
  'ask.refused':
    'The model was kept from this question: there is nothing to draw anew. Ask another, or answer anyway.',
  'untaught.words': 'Never taught:',
  'untaught.near': 'It knows these questions:',
  'untaught.far': 'Nothing near this was taught. It can be asked, for example:',
  'untaught.near-name': 'Questions that the model knows',
  'untaught.far-name': 'What the model can be asked',
} as const satisfies Catalogue;

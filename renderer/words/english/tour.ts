import type { Catalogue } from '../message.ts';

/** The tour over the demonstration case. The keys that a step is about are shown beside its text. */
export const tour = {
  'tour.name': 'Tour',
  'tour.at': 'Step {at} of {of}.',
  'tour.offer': 'New here? Five steps with this demonstration show how a review goes. Leave at any moment.',
  'tour.start': 'Take the tour',
  'tour.decline': 'Not now',
  'tour.step': 'Step to another frame. What you see is exactly the frame that the model will be given.',
  'tour.ask': 'Ask about this frame: press one of the questions above the field, then Enter.',
  'tour.read':
    'Read the answer from the top: its label and how sure the model was, its box on the frame, and the reasoning that it states.',
  'tour.read-waits': 'The answer is being written. Its box appears on the frame.',
  'tour.judge': 'Say what you think of it: accept it, correct its label or box, or reject it with a reason.',
  'tour.undo': 'Everything can be undone, also tomorrow. Take your verdict back, or find the answer again.',
  'tour.end': 'That is a review. Open a recording of your own, or go on here.',
  'tour.next': 'Next',
  'tour.skip': 'Skip',
  'tour.leave': 'Leave',
  'tour.close': 'Close',
  'tour.open': 'Open video…',
  'tour.left': 'Tour left. The key sheet starts it again.',
  'tour.no-demonstration':
    'The demonstration case is not there. If it is in the bin, restore it in the Library; then start the tour again.',
} as const satisfies Catalogue;

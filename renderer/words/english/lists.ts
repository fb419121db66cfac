import type { Catalogue } from '../message.ts';

/** What lists say while they are empty. */
export const lists = {
  'list.no-questions': 'No questions in this session yet. {key} asks about the frame on the screen.',
  'list.no-questions-no-key': 'No questions in this session yet. Ask about the frame on the screen.',
  'splitter.side': 'Width of the questions and answers',
  'splitter.list': 'Height of the list',
} as const satisfies Catalogue;

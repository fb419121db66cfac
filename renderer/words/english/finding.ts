import type { Catalogue } from '../message.ts';

/** Finding answers, marks, cases and commands. */
export const finding = {
  'find.title': 'Find',
  'find.field': 'Find answers, marks, sessions, cases and commands',
  'find.example': 'Find answers, cases, commands',
  'find.results': 'Results',
  'find.nothing':
    'Nothing found. Words stand in questions, labels, reasoning, notes and names; <code>is:open</code>, <code>label:</code>, <code>model:</code> and <code>case:</code> narrow it down.',
  'find.index':
    'The index of the search is being made: {done} of {of}. What it does not hold yet is not found.',
  'find.cut': 'Only the first words were looked for: there were too many.',
  'find.move': '<kbd>↑</kbd> <kbd>↓</kbd> choose',
  'find.go': '<kbd>Enter</kbd> go there',
  'find.syntax': '“a phrase” · label: · is:open · is:unsure · model: · case:',
  'find.no-name': '(no name)',
} as const satisfies Catalogue;

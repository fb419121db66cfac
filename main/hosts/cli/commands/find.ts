import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import {
  decisionWords,
  readable,
  outcomeWords,
  type Found,
  type FoundText,
} from '../../../../preload/contract/index.ts';
import { act } from '../command.ts';

/** After as many seconds without a step forward the index is not waited for any more. */
const mostStanding = 30;

export function addFind(program: Command): void {
  act(
    program
      .command('find')
      .argument('<query...>', 'words, "a phrase", label:, is:, model:, case:')
      .description('find answers, sessions and cases by what was asked, answered, corrected, noted and named')
      .addHelpText(
        'after',
        `\nThe last word may be the beginning of one. is: open, accepted, corrected, rejected, unsure, damaged.
Examples: find scissors label:cauterization   find 'is:open is:unsure'   find '"lower right" case:0417'`,
      ),
    async ({ output, workstation, signal }, _options, words: string[]) => {
      const { calls } = await workstation();
      let result = await calls.find({ query: words.join(' '), limit: 100 });
      // A script is given all there is, unless the index can't be made.
      let stands = 0;
      for (let before = -1; result.index !== null && stands < mostStanding;) {
        const { done, of } = result.index;
        stands = done === before ? stands + 1 : 0;
        before = done;
        output.progress('Making the index of the search', done, of);
        await setTimeout(1000, undefined, { signal });
        result = await calls.find({ query: words.join(' '), limit: 100 });
      }
      if (result.index !== null) {
        output.note(
          'The index of the search could not be made to its end: what it does not hold is not found. See whether the disk is full.',
        );
      }
      for (const { kind, list, count, atLeast } of result.groups) {
        if (count === 0) continue;
        output.line(`${nouns[kind]} (${atLeast ? 'more than ' : ''}${count})`);
        for (const found of list) for (const line of linesOf(found)) output.line(`  ${line}`);
      }
      if (result.groups.every(({ count }) => count === 0)) output.line('Nothing was found.');
      if (result.cut) output.line('Only the first words were looked for: there were too many.');
      output.result({ ...result });
    },
  );
}

const nouns = {
  answer: 'Answers',
  bookmark: 'Bookmarks',
  segment: 'Segments',
  track: 'Boxes over frames',
  session: 'Sessions',
  case: 'Cases',
} as const;

function linesOf(found: Found): string[] {
  if (found.kind === 'case') return [found.casePseudonym];
  const place = `${found.casePseudonym}, session ${found.sessionNumber}`;
  if (found.kind === 'session') return [`${found.sessionId}  ${place}`];
  if (found.kind !== 'answer') {
    const [name, note] = found.texts;
    const words = [name?.text, note?.text].filter((text) => text !== undefined && text !== '').join(': ');
    return [`frame ${found.frameIndex}  ${words}  (${place}, ${found.sessionId})`];
  }
  const { question, newest } = found.entry;
  const [, ...others] = found.texts;
  return [
    `${question.location.timecode}  frame ${question.location.index}  ${question.text}  (${place}, ${found.sessionId})`,
    `  ${[
      newest.label === null ? outcomeWords(newest).word : readable(newest.label),
      ...newest.decisions.map(({ decision }) => decisionWords[decision].word),
    ].join(', ')}`,
    ...others.filter(({ field }) => field !== 'label').map((text) => `  ${fields[text.field]}: ${text.text}`),
  ];
}

const fields: Readonly<Record<FoundText['field'], string>> = {
  ...{ name: 'name', question: 'question', label: 'label', 'own-label': 'corrected to' },
  ...{ reasoning: 'reasoning', note: 'note' },
};

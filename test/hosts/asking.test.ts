import { expect, test } from 'vitest';
import { answerForMachines, answerForPeople } from '../../main/hosts/cli/asking.ts';
import type { OpenSession } from '../../preload/contract/index.ts';
import { aCase, aVideo, fullAnswer } from '../store/rows.ts';

const video = { ...aVideo('v', 'c'), availability: 'available' } as unknown as OpenSession['video'];
const open = { case: aCase('c'), video, session: { id: 's' }, entries: [] } as unknown as OpenSession;
const question = 'What is the state of suction?';
const warning =
  'The words say upper left; the box lies lower right. Check the picture before you use this answer.';

test('`ask` warns of an answer whose words and box disagree, and of no other', () => {
  const answer = fullAnswer('a', 'q', 's');
  const agreeing = {
    ...answer,
    reasoning: 'The suction lies below the middle.',
    box: [800, 600, 1200, 1000] as never,
  };
  const told = { ...agreeing, reasoning: 'The suction lies in the upper left.' };
  expect(answerForPeople(question, told, video)).toContain(`Warning   ${warning}`);
  expect(answerForMachines(question, told, open)).toMatchObject({ answer: { warning }, session: 's' });
  expect(answerForPeople(question, agreeing, video).filter((line) => line.startsWith('Warning'))).toEqual([]);
  expect(answerForMachines(question, agreeing, open)).toMatchObject({ answer: { warning: null } });
});

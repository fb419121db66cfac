import type { State } from '../walk.ts';
import { question } from './questions.ts';

/** What a person does with an answer. */
export const verdicts: readonly State[] = [
  {
    name: 'rejecting',
    title: 'The reasons of a rejection',
    async reach({ page, window, keyboard }) {
      await window.selectQuestion(question.list);
      await keyboard.press('x');
      await page.getByRole('menu').waitFor();
    },
  },
  {
    name: 'rejected',
    title: 'Rejected, with its reason',
    async reach({ window, keyboard }) {
      await keyboard.press('2');
      await window.answer.waitForDecision('rejected');
    },
  },
  {
    name: 'reopened',
    title: 'Reopened, with a note that is written',
    async reach({ page, window, keyboard }) {
      await keyboard.press('u');
      await window.answer.waitForDecision('open');
      await page.getByRole('button', { name: 'Note', exact: true }).click();
      await keyboard.type(
        'The grasper at the left edge is half out of the picture; ask again two seconds later.',
      );
    },
    async leave({ page, keyboard }) {
      await keyboard.press('Enter');
      await page.locator('[data-part="own-note"]').waitFor();
    },
  },
  {
    name: 'correcting-things',
    title: 'A list that is corrected thing by thing',
    async reach({ page, keyboard }) {
      await keyboard.press('e');
      await page.getByRole('combobox', { name: 'Label', exact: true }).waitFor();
    },
    leave: ({ keyboard }) => keyboard.press('Escape'),
  },
  {
    name: 'correcting',
    title: 'A correction: label and box',
    async reach({ page, window, ask, keyboard }) {
      await window.selectQuestion(question.absent);
      // All of the answer comes a moment after its row is chosen, and is judged from then on.
      await window.answer.verdict.waitFor();
      await keyboard.press('a');
      await window.answer.waitForDecision('accepted');
      await ask('Where is prograsp forceps located?', 180);
      await keyboard.press('e');
      await page.getByRole('combobox', { name: 'Label', exact: true }).fill('Right-top');
    },
  },
  {
    name: 'corrected',
    title: 'Corrected: yours beside the model’s, steps marked',
    isInReadme: true,
    async reach({ window, keyboard, page }) {
      await keyboard.press('Enter');
      await window.answer.waitForDecision('corrected');
      await keyboard.press('1');
      await keyboard.press('2');
      await keyboard.press('2');
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'folded',
    title: 'The list by time: several answers on a frame are folded',
    async reach({ page }) {
      await page.getByRole('combobox', { name: 'Order of the list' }).selectOption({ index: 1 });
    },
  },
];

import type { State } from '../walk.ts';
import { question } from './questions.ts';

/** From the first start through every kind of answer. */
export const asking: readonly State[] = [
  {
    name: 'model-loads',
    title: 'Asked while the model is still being loaded: it waits',
    async reach({ page, window, keyboard, host }) {
      // Its process stands still, as where a model takes long to load.
      process.kill(await host.engineProcessId(), 'SIGSTOP');
      await page.goto(await host.address());
      await window.frame.waitForAny();
      await keyboard.press('q');
      await window.askField.fill(question.organ);
      await keyboard.press('Enter');
      await window.answer.panel.getByText('Waits for the model…').waitFor();
    },
    async leave({ page, window, keyboard, host }) {
      process.kill(await host.engineProcessId(), 'SIGCONT');
      await window.waitUntilAskable();
      await window.waitForAnswer();
      await keyboard.press('Escape');
      await keyboard.press('Control+z');
      await page.getByText('No questions in this session yet.').waitFor();
    },
  },
  {
    name: 'first-start',
    title: 'First start: the demonstration, nothing asked yet, the tour offered',
    reach: ({ window }) => window.waitUntilAskable(),
    // What has to be said of this machine's ffmpeg is seen once, and dismissed.
    leave: ({ page }) =>
      page
        .getByRole('button', { name: 'Dismiss', exact: true })
        .click({ timeout: 2000 })
        .catch(() => undefined),
  },
  {
    name: 'tour-step',
    title: 'The tour: its first step',
    async reach({ page }) {
      await page.getByRole('button', { name: 'Take the tour' }).press('Enter');
      await page.locator('[data-part="tour"][data-step="step"]').waitFor();
    },
  },
  {
    name: 'tour-judge',
    title: 'The tour: the verdict',
    async reach({ page, window, keyboard }) {
      await keyboard.press('.');
      await window.ask(question.organ);
      await page.locator('[data-part="tour"][data-step="read"]').waitFor();
      await page.locator('[data-part="tour"]').getByRole('button', { name: 'Next' }).press('Enter');
      await page.locator('[data-part="tour"][data-step="judge"]').waitFor();
    },
  },
  {
    name: 'tour-end',
    title: 'The tour: its end',
    async reach({ page, window, keyboard }) {
      await keyboard.press('a');
      await page.locator('[data-part="tour"][data-step="undo"]').waitFor();
      await keyboard.press('Control+z');
      await page.locator('[data-part="tour"][data-step="end"]').waitFor();
      await window.answer.waitForDecision('open');
    },
    async leave({ page, keyboard }) {
      await keyboard.press('Escape');
      await page.locator('[data-part="tour"]').waitFor({ state: 'detached' });
      await keyboard.press('Control+z');
    },
  },
  {
    name: 'no-segments',
    title: 'No segments yet',
    reach: ({ page }) => page.getByRole('tab', { name: 'Segments' }).click(),
    leave: ({ page }) => page.getByRole('tab', { name: 'Answers' }).click(),
  },
  {
    name: 'writing',
    title: 'An answer while it is written',
    async reach({ page, window, keyboard, news }) {
      await window.goToFrame(180);
      await news.hold();
      await keyboard.press('q');
      await window.askField.fill(question.state);
      await keyboard.press('Enter');
      // What was told of until now is the question and the beginning of its answer; the rest is let in piece by piece.
      await news.letInUntil(/"answer-text"/);
      await news.letInUntil(/"answer-text"/);
      await page.locator('section[data-status="running"]').waitFor();
    },
    async leave({ window, news, keyboard }) {
      await news.letGo();
      await window.waitForAnswer();
      await keyboard.press('Escape');
    },
  },
  {
    name: 'answered',
    title: 'An answer with its box',
    isInReadme: true,
    async reach({ ask }) {
      await ask(question.organ, 60);
      await ask(question.place, 180);
    },
  },
  {
    name: 'several-things',
    title: 'An answer that names several things',
    reach: ({ ask }) => ask(question.list, 180),
  },
  {
    name: 'not-visible',
    title: 'Not visible',
    reach: ({ ask }) => ask(question.absent, 200),
  },
  {
    name: 'untaught',
    title: 'A question that the model was not taught',
    reach: ({ ask }) => ask(question.untaught, 200),
  },
  {
    name: 'long-question',
    title: 'A long question, asked all the same',
    async reach({ page, window, ask }) {
      await ask(question.long, 200);
      await page.getByRole('button', { name: /^Answer anyway/ }).click();
      await window.waitForAnswer();
    },
  },
  {
    name: 'typing',
    title: 'A question while it is typed, and what it will be asked as',
    async reach({ page, window, keyboard }) {
      await keyboard.press('q');
      await window.askField.fill("where's the suction");
      await page.locator('[data-part="reading"]').waitFor();
    },
    async leave({ window, keyboard }) {
      await window.askField.fill('');
      await keyboard.press('Escape');
    },
  },
  {
    name: 'evidence',
    title: 'The evidence of an answer',
    async reach({ window, ask }) {
      await ask(question.state, 180);
      await window.answer.openEvidence();
    },
  },
  {
    name: 'another-frame',
    title: 'An answer about another frame than the one on the screen',
    reach: ({ window }) => window.goToFrame(90),
  },
  {
    name: 'samples',
    title: 'Five samples of an answer, and how far they agree',
    async reach({ page, window, keyboard }) {
      await window.selectQuestion(question.place);
      await window.frame.waitFor(180);
      await keyboard.press('Shift+R');
      await page.locator('[data-part="samples"]').waitFor();
      await window.waitForAnswer();
    },
  },
  {
    name: 'versions',
    title: 'Two versions of an answer beside one another',
    async reach({ page, dialog }) {
      await page.getByTitle('See two versions side by side').click();
      await dialog.waitFor();
    },
    leave: ({ keyboard }) => keyboard.press('Escape'),
  },
  {
    name: 'region',
    title: 'A region that is drawn to ask about',
    async reach({ page, keyboard }) {
      await keyboard.press('Shift+Q');
      await page.getByRole('group', { name: 'Region to ask about' }).waitFor();
    },
    async leave({ page, keyboard }) {
      await keyboard.press('Escape');
      await page
        .getByRole('button', { name: 'Whole frame' })
        .click({ timeout: 2000 })
        .catch(() => undefined);
      await keyboard.press('Escape');
    },
  },
  {
    name: 'together',
    title: 'Three questions that are answered together',
    async reach({ window, keyboard, news, page }) {
      await window.goToFrame(120);
      await news.hold();
      await keyboard.press('q');
      for (const text of [question.place, question.organ, question.state]) {
        await window.askField.fill(text);
        await keyboard.press('Enter');
      }
      await news.letInUntil(/"waiting"|"queued"/);
      await page.waitForTimeout(500);
    },
    async leave({ window, keyboard, news }) {
      await news.letGo();
      await keyboard.press('Escape');
      await window.waitForAnswer();
    },
  },
];

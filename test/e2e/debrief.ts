import { basename } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** How a person does the steps of a debrief: with the mouse and, where text is typed, the keyboard; or by keys alone. */
export type Hand = 'mouse' | 'keys';

/** What a reviewer does with a recording in ten minutes, step by step, in a window that shows it. */
export class Debrief {
  readonly window: WorkstationPage;
  readonly hand: Hand;

  constructor(window: WorkstationPage, hand: Hand) {
    this.window = window;
    this.hand = hand;
  }

  get #page(): Page {
    return this.window.page;
  }

  async #press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  async #click(name: string | RegExp): Promise<void> {
    await this.#page.getByRole('button', { name }).first().click();
  }

  tab(name: string) {
    return this.#page.getByRole('tab', { name });
  }

  marks(name: 'Bookmarks' | 'Segments') {
    return this.#page.getByRole('list', { name: `${name} of this session` }).getByRole('listitem');
  }

  /** Opens two files as one case: dropped together, or one after the other by their paths. */
  async openTogether(first: string, second: string): Promise<void> {
    const chip = this.#page.getByRole('button', { name: /^Recordings of this case/ });
    if (this.hand === 'mouse') {
      await this.window.library.dropFile(first, second);
      await this.window.library
        .decision('Open 2 files as one case?')
        .getByRole('button', { name: 'As one case' })
        .click();
    } else {
      await this.#press('Control+o');
      await this.#openPath('Open a video…', first);
      await chip.getByText(basename(first)).waitFor();
      await chip.focus();
      await this.#press('Enter');
      await this.#openPath('Add a file to this case…', second);
    }
    await chip.getByText(/^2 recordings/).waitFor();
    await this.window.waitUntilAskable();
  }

  async #openPath(button: string, path: string): Promise<void> {
    await this.#page.getByRole('button', { name: button }).focus();
    await this.#press('Enter');
    await this.#page.locator('dialog .place strong').filter({ hasText: /./ }).waitFor();
    await this.#page.getByLabel('Part of a name, or a path').fill(path);
    await this.#press('Enter');
    await this.#page.getByRole('list', { name: 'Folders and videos' }).waitFor({ state: 'detached' });
  }

  /** Bookmarks a frame while the video plays, and pauses. */
  async bookmarkWhilePlaying(): Promise<void> {
    if (this.hand === 'mouse') await this.window.play();
    else await this.#press(' ');
    await this.window.frame.waitForMotion();
    if (this.hand === 'mouse') await this.#click('Bookmark this frame');
    else await this.#press('m');
    await expect.poll(() => this.tab('Bookmarks').textContent()).toMatch(/1/);
    if (this.hand === 'mouse') await this.window.pause();
    else await this.#press('k');
    await this.window.frame.waitForStill();
  }

  async bookmark(frame: number): Promise<void> {
    await this.window.goToFrame(frame);
    if (this.hand === 'mouse') await this.#click('Bookmark this frame');
    else await this.#press('m');
  }

  /** Asks at a time of the case and waits for the answer. */
  async askAt(question: string, timecode: string, frame: number): Promise<void> {
    await this.window.goTo(timecode);
    await this.window.frame.waitFor(frame);
    await this.ask(question, frame);
  }

  /** Asks on a frame of the recording on show and waits for the answer. */
  async ask(question: string, frame: number): Promise<void> {
    await this.window.goToFrame(frame);
    if (this.hand === 'mouse') {
      await this.window.askField.click();
      await this.window.askField.fill(question);
      await this.window.askField.press('Enter');
      await this.window.askField.press('Escape');
      await this.window.answer.panel.getByText(question).waitFor();
    } else {
      await this.window.ask(question);
    }
    await this.window.waitForAnswer();
  }

  /** Chooses an answer of the list. */
  async choose(question: string): Promise<void> {
    if (this.hand === 'mouse') {
      await this.tab('Answers').click();
      return this.window.selectQuestion(question);
    }
    await this.#showAnswersByKeys();
    const row = this.window.answerRow(question);
    const chosen = row.and(this.#page.locator('[aria-current="true"]'));
    // While the list follows what was done elsewhere, a row may be drawn anew between the two keys.
    for (let tries = 1; ; tries += 1) {
      await row.focus();
      await this.#press('Enter');
      try {
        await chosen.waitFor({ timeout: 3_000 });
        break;
      } catch (error) {
        if (tries === 4) throw error;
      }
    }
    await this.window.answer.panel.getByText(question).waitFor();
  }

  /** The tabs are one stop, and the arrows go along them. */
  async #showAnswersByKeys(): Promise<void> {
    const shown = this.#page.getByRole('tab', { selected: true });
    await shown.focus();
    await this.#press('Home');
    await expect.poll(() => this.tab('Answers').getAttribute('aria-selected')).toBe('true');
  }

  /** Corrects the label of the answer on show, and moves the right-bottom corner of its box inwards. Returns the new box. */
  async correct(label: string): Promise<string> {
    const field = this.#page.getByRole('combobox', { name: 'Label', exact: true });
    const box = this.#page.locator('[data-part="draft-box"]');
    if (this.hand === 'mouse') await this.#click(/^Correct/);
    else await this.#press('e');
    await field.fill(label);
    await box.waitFor();
    const before = await box.getAttribute('data-box');
    const corner = this.#page.getByRole('button', { name: /^lower right corner/ });
    if (this.hand === 'mouse') {
      const { x, y, width, height } = (await corner.boundingBox())!;
      await this.#page.mouse.move(x + width / 2, y + height / 2);
      await this.#page.mouse.down();
      await this.#page.mouse.move(x + width / 2 - 30, y + height / 2 - 20, { steps: 3 });
      await this.#page.mouse.up();
    } else {
      await corner.focus();
      await this.#press('Shift+ArrowLeft', 'Shift+ArrowUp');
    }
    await expect.poll(() => box.getAttribute('data-box')).not.toBe(before);
    const after = (await box.getAttribute('data-box'))!;
    if (this.hand === 'mouse') await this.#click(/^Keep/);
    else await this.#press('Enter');
    await this.window.answer.waitForDecision('corrected');
    return after;
  }

  /** Rejects the answer on show for its place. */
  async reject(): Promise<void> {
    if (this.hand === 'mouse') {
      await this.#click(/^Reject/);
      await this.#page.getByRole('menuitem', { name: /wrong place/ }).click();
    } else {
      await this.#press('x');
      await this.#page.getByRole('menuitem', { name: /wrong place/ }).waitFor();
      await this.#press('2');
    }
    await this.window.answer.waitForDecision('rejected');
  }

  /** Names what lies between two frames. */
  async segment(name: string, from: number, to: number): Promise<void> {
    await this.window.goToFrame(from);
    if (this.hand === 'mouse') await this.#click('In: this frame');
    else await this.#press('i');
    await this.window.goToFrame(to);
    if (this.hand === 'mouse') await this.#click('Out: this frame');
    else await this.#press('o');
    if (this.hand === 'mouse') {
      await this.tab('Segments').click();
      await this.#click(/^Name\b/);
    } else {
      await this.#press('s');
    }
    const form = this.#page.getByRole('form', { name: 'New segment' });
    await form.getByLabel('Name').fill(name);
    await this.#press('Enter');
    await form.waitFor({ state: 'detached' });
    await expect.poll(() => this.tab('Segments').textContent()).toMatch(/1/);
  }

  /** Looks for words over all cases, and goes to the first that is found. */
  async find(words: string): Promise<void> {
    if (this.hand === 'mouse') await this.#click('Find');
    else await this.#press('Control+k');
    const dialog = this.#page.getByRole('dialog', { name: 'Find', exact: true });
    await dialog.getByRole('combobox').fill(words);
    const found = dialog.getByRole('option').filter({ hasText: words }).first();
    await found.waitFor();
    if (this.hand === 'mouse') {
      await found.click();
    } else {
      for (let steps = 0; steps < 12 && (await found.getAttribute('aria-selected')) !== 'true'; steps += 1) {
        await this.#press('ArrowDown');
      }
      await this.#press('Enter');
    }
    await dialog.waitFor({ state: 'hidden' });
  }

  async undo(): Promise<void> {
    await this.#press('Control+z');
  }
}

import type { Locator, Page } from 'playwright-core';
import type { Answer, Box } from '../../../preload/contract/index.ts';
import { AnswerPart } from './answer-part.ts';
import { FramePart } from './frame-part.ts';
import { LibraryPart } from './library-part.ts';
import { ModelsPart } from './models-part.ts';

/** The main window as a person works with it, whichever host serves it. */
export class WorkstationPage {
  readonly page: Page;
  readonly frame: FramePart;
  readonly answer: AnswerPart;
  readonly library: LibraryPart;
  readonly models: ModelsPart;

  constructor(page: Page) {
    this.page = page;
    this.frame = new FramePart(page);
    this.answer = new AnswerPart(page);
    this.library = new LibraryPart(page);
    this.models = new ModelsPart(page);
  }

  /** Loads the window at an address, with its token where the host gave one, and waits for a session's frame. */
  async open(address: string): Promise<void> {
    await this.page.goto(address);
    await this.frame.waitForAny();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.frame.waitForAny();
  }

  /** Waits until questions are taken: index built, model loaded. */
  async waitUntilAskable(): Promise<void> {
    await this.modelChip.and(this.page.locator('[data-phase="ready"]')).waitFor();
    await this.frame.waitForAny();
  }

  /** Steps by keyboard, as a reviewer does, and waits for the frame to be on screen. */
  async step(by: number): Promise<void> {
    const from = await this.frame.index();
    const key = by < 0 ? ',' : '.';
    for (let steps = 0; steps < Math.abs(by); steps += 1) {
      await this.page.keyboard.press(key);
      await this.frame.waitFor(from + Math.sign(by) * (steps + 1));
    }
  }

  /** By the "go to" field: `#120`, `120` or a timecode. */
  async goTo(place: string): Promise<void> {
    await this.page.keyboard.press('g');
    await this.page.getByRole('textbox', { name: 'Frame or time' }).fill(place);
    await this.page.keyboard.press('Enter');
    await this.page.getByRole('dialog').waitFor({ state: 'hidden' });
  }

  async goToFrame(index: number): Promise<void> {
    await this.goTo(`#${index}`);
    await this.frame.waitFor(index);
  }

  /** Types a question and asks it, and gives the keys back to the video; returns once it is being answered. */
  async ask(question: string): Promise<void> {
    await this.page.keyboard.press('q');
    await this.askField.fill(question);
    await this.askField.press('Enter');
    await this.askField.press('Escape');
    await this.answer.panel.getByText(question).waitFor();
  }

  /** Fills the question from a chip, for one tool where it takes one. */
  async useTemplate(chip: string, tool?: string): Promise<void> {
    await this.page
      .getByRole('group', { name: 'Question templates' })
      .getByRole('button', { name: chip })
      .click();
    if (tool) await this.page.getByRole('menuitem', { name: tool }).click();
  }

  /** Waits for the end of the answer on show; returns its status. */
  async waitForAnswer(): Promise<Answer['status']> {
    return this.answer.waitForEnd();
  }

  /** The drawn box as it lies on the picture, in source pixels, measured on screen; null where none is drawn. */
  async boxOnFrame(): Promise<Box | null> {
    return this.frame.box();
  }

  async stop(): Promise<void> {
    await this.page.getByRole('button', { name: /^Stop/ }).click();
  }

  async askAgain(): Promise<void> {
    await this.page.getByRole('button', { name: /^Ask again/ }).click();
  }

  /** Question texts of this session's list, newest first. */
  /** All of the list, newest first: only the rows in sight are in the page, so it is scrolled from end to end. */
  async questions(): Promise<string[]> {
    return this.answerList.evaluate(async (list) => {
      const room = list.parentElement!;
      const before = room.scrollTop;
      const found = new Map<number, string>();
      for (let top = 0; top <= room.scrollHeight; top += Math.max(30, room.clientHeight / 2)) {
        room.scrollTop = top;
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        for (const row of list.querySelectorAll('[aria-posinset]')) {
          const title = row.querySelector('.question')?.getAttribute('title') ?? '';
          found.set(Number(row.getAttribute('aria-posinset')), title);
        }
        const whole = Number(list.querySelector('[aria-setsize]')?.getAttribute('aria-setsize') ?? 0);
        if (found.size >= whole) break;
      }
      room.scrollTop = before;
      return [...found].sort(([one], [other]) => one - other).map(([, title]) => title);
    });
  }

  /** Clicks until it is chosen: where the list moves between press and release, as answers come, the browser makes no click. */
  async selectQuestion(question: string): Promise<void> {
    const row = this.answerRow(question);
    const chosen = row.and(this.page.locator('[aria-current="true"]'));
    for (let clicks = 1; ; clicks += 1) {
      await row.click();
      try {
        return await chosen.waitFor({ timeout: 5_000 });
      } catch (error) {
        if (clicks === 4) throw error;
      }
    }
  }

  async deleteQuestion(question: string): Promise<void> {
    const remove = this.page.getByRole('button', { name: `Delete: ${question}`, exact: true });
    await this.answerRow(question).hover();
    await remove.click();
  }

  async undo(): Promise<void> {
    await this.page.getByRole('button', { name: /^Undo/ }).click();
  }

  async play(): Promise<void> {
    await this.page.getByRole('button', { name: 'Play', exact: true }).click();
  }

  /** Pauses and waits for the exact still. */
  async pause(): Promise<void> {
    await this.page.getByRole('button', { name: 'Pause', exact: true }).click();
    await this.frame.waitForStill();
  }

  answerRow(question: string): Locator {
    return this.answerList
      .getByRole('listitem')
      .filter({ has: this.page.getByTitle(question, { exact: true }) })
      .getByRole('button')
      .first();
  }

  get answerList(): Locator {
    return this.page.getByRole('list', { name: 'Answers of this session' });
  }

  get askField(): Locator {
    return this.page.getByLabel('Question about this frame');
  }

  get modelChip(): Locator {
    return this.page.locator('button[data-phase]');
  }

  /** "trained on synthetic scenes", where the model's domain is. */
  get syntheticNote(): Locator {
    return this.page.getByText('trained on synthetic scenes');
  }

  get notMedical(): Locator {
    return this.page.getByText('Education and research use. Not a medical device.');
  }

  get savedNote(): Locator {
    return this.page.getByText(/All changes saved \d\d:\d\d:\d\d/);
  }

  get errors(): Locator {
    return this.page.getByRole('alert');
  }
}

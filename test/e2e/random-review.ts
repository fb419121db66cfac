import { expect } from 'vitest';
import { Random } from '../store/random.ts';
import type { Debrief } from './debrief.ts';

/** What the window shows of a session, as text: two that are equal look alike to its user. */
export type Seen = string;

/**
 * A person who does anything at all with the answers and marks of a session, through the window's own keys, and takes back
 * and does again as it comes. What was seen before a step must be seen again once it is undone.
 */
export class RandomReview {
  readonly #debrief: Debrief;
  readonly #questions: readonly string[];
  readonly #random: Random;
  /** What was seen before each step that could be undone now, and what is seen now. */
  readonly #past: Seen[] = [];
  readonly #future: Seen[] = [];
  #step = 0;

  constructor(debrief: Debrief, questions: readonly string[], seed: number) {
    this.#debrief = debrief;
    this.#questions = questions;
    this.#random = new Random(seed);
  }

  get undoable(): number {
    return this.#past.length;
  }

  /** What is seen once the window has come to rest: its list is drawn, and two looks one after the other are equal. */
  async seen(): Promise<Seen> {
    const { page } = this.#debrief.window;
    await this.#debrief.tab('Answers').click();
    for (let before = '', looks = 0; ; looks += 1) {
      const now = await this.#look();
      // A session of this review has answers; a list without a row has not been laid out yet.
      if (now === before && !now.startsWith('{"rows":[],')) return now;
      if (looks === 100) throw new Error(`the window does not come to rest: ${before} and ${now}`);
      before = now;
      await page.waitForTimeout(100);
    }
  }

  async #look(): Promise<Seen> {
    return this.#debrief.window.page.evaluate(() => {
      const names = (selector: string) =>
        [...document.querySelectorAll(selector)].map((element) => element.getAttribute('aria-label') ?? '');
      const rows = [
        ...document.querySelectorAll('[role="list"][aria-label="Answers of this session"] [aria-posinset]'),
      ];
      return JSON.stringify({
        rows: rows.map((row) => [
          row.querySelector('.question')?.getAttribute('title'),
          row.querySelector('[data-state]')?.getAttribute('data-state'),
        ]),
        tabs: [...document.querySelectorAll('[role="tab"]')].map((tab) => tab.textContent),
        lanes: names('.track [aria-label]:not([role="slider"])').sort(),
        pseudonym: document.querySelector('header .pseudonym')?.textContent,
      });
    });
  }

  async #press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#debrief.window.page.keyboard.press(key);
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      const roll = this.#random.next();
      if (roll < 0.2 && this.#past.length > 0) await this.undo();
      else if (roll < 0.3 && this.#future.length > 0) await this.redo();
      else await this.#act();
    }
  }

  async undo(): Promise<void> {
    const before = this.#past.pop();
    if (before === undefined) throw new Error('there is nothing to undo');
    this.#future.push(await this.seen());
    await this.#press('Control+z');
    await expect.poll(() => this.seen()).toBe(before);
  }

  async redo(): Promise<void> {
    const after = this.#future.pop();
    if (after === undefined) throw new Error('there is nothing to redo');
    this.#past.push(await this.seen());
    await this.#press('Control+Shift+z');
    await expect.poll(() => this.seen()).toBe(after);
  }

  async #act(): Promise<void> {
    this.#step += 1;
    const acts = [
      () => this.#bookmark(),
      () => this.#segment(),
      () => this.#judge(),
      () => this.#judge(),
      () => this.#rename(),
    ];
    await this.#debrief.window.goToFrame(10 + this.#step);
    const act = acts[this.#random.below(acts.length)]!;
    const before = await act();
    await expect.poll(() => this.seen()).not.toBe(before);
    this.#past.push(before);
    this.#future.length = 0;
  }

  async #bookmark(): Promise<Seen> {
    const before = await this.seen();
    await this.#press('m');
    return before;
  }

  async #segment(): Promise<Seen> {
    await this.#press('i');
    await this.#debrief.window.goToFrame(60 + this.#step);
    const before = await this.seen();
    await this.#press('o', 's');
    const { page } = this.#debrief.window;
    const form = page.getByRole('form', { name: 'New segment' });
    await form.getByLabel('Name').fill(`Part ${this.#step}`);
    await this.#press('Enter');
    await form.waitFor({ state: 'detached' });
    return before;
  }

  /** Judges an answer that is open, and reopens one that is not. */
  async #judge(): Promise<Seen> {
    const { window } = this.#debrief;
    const question = this.#questions[this.#random.below(this.#questions.length)]!;
    await this.#debrief.choose(question);
    await window.waitForAnswer();
    const before = await this.seen();
    const decision = await window.answer.verdict.getAttribute('data-decision');
    if (decision !== 'open') {
      await this.#press('u');
    } else if (this.#random.next() < 0.5) {
      await this.#press('a');
    } else {
      await this.#press('x');
      await window.page.getByRole('menuitem').first().waitFor();
      await this.#press('1');
    }
    return before;
  }

  async #rename(): Promise<Seen> {
    const { page } = this.#debrief.window;
    const before = await this.seen();
    await page.getByTitle('Rename the case').focus();
    await this.#press('Enter');
    await page.getByLabel('Pseudonym of the case').fill(`Case by number ${this.#step}`);
    await this.#press('Enter');
    return before;
  }
}

import type { Locator, Page } from 'playwright-core';
import { AnswerStatus, type Decision } from '../../../preload/contract/index.ts';

/** The answer at the right of the frame. */
export class AnswerPart {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get panel(): Locator {
    return this.#page.getByRole('region', { name: 'Answer', exact: true });
  }

  get label(): Locator {
    return this.panel.locator('[data-part="label"]');
  }

  get reasoning(): Locator {
    return this.panel.locator('[data-part="reasoning"]');
  }

  get reasoningTitle(): Locator {
    return this.panel.getByText("Model's stated reasoning");
  }

  get raw(): Locator {
    return this.panel.locator('[data-part="raw"]');
  }

  get verdict(): Locator {
    return this.#page.getByRole('region', { name: 'Your verdict', exact: true });
  }

  /** Waits until the answer on show is judged so, or is open. */
  async waitForDecision(decision: Decision | 'open'): Promise<void> {
    await this.verdict.and(this.#page.locator(`[data-decision="${decision}"]`)).waitFor();
  }

  async status(): Promise<AnswerStatus> {
    return AnswerStatus.parse(await this.panel.getAttribute('data-status'));
  }

  async waitForEnd(): Promise<AnswerStatus> {
    await this.#page
      .locator('section[data-status]:not([data-status="running"], [data-status="queued"])')
      .waitFor();
    return this.status();
  }

  /**
   * Begins to note the length of the reasoning on screen at each of its changes; call it before asking. The page notes
   * them itself: a short answer is written within a few looks from outside. Returns what reads the lengths seen so far.
   */
  async watchStream(): Promise<() => Promise<number[]>> {
    const lengths = await this.#page.evaluateHandle(() => {
      const seen: number[] = [];
      new MutationObserver(() => {
        const running = document.querySelector('section[data-status="running"] [data-part="reasoning"]');
        const length = running?.textContent?.length ?? 0;
        if (length > (seen.at(-1) ?? 0)) seen.push(length);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
      return seen;
    });
    return () => lengths.jsonValue();
  }

  async openEvidence(): Promise<void> {
    await this.panel.getByText('Evidence and raw output').click();
  }
}

import type { Locator, Page } from 'playwright-core';
import { AnswerStatus } from '../../../preload/contract/index.ts';

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

  async status(): Promise<AnswerStatus> {
    return AnswerStatus.parse(await this.panel.getAttribute('data-status'));
  }

  async waitForEnd(): Promise<AnswerStatus> {
    await this.#page.locator('section[data-status]:not([data-status="running"])').waitFor();
    return this.status();
  }

  /** Lengths of the reasoning on screen, each longer than the one before, until the answer ends. */
  async watchStream(): Promise<number[]> {
    const lengths: number[] = [];
    while ((await this.status()) === 'running') {
      const length = (await this.reasoning.count()) ? ((await this.reasoning.textContent()) ?? '').length : 0;
      if (length > (lengths.at(-1) ?? 0)) lengths.push(length);
      await this.#page.waitForTimeout(15);
    }
    return lengths;
  }

  async openEvidence(): Promise<void> {
    await this.panel.getByText('Evidence and raw output').click();
  }
}

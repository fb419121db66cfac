import type { Locator, Page } from 'playwright-core';
import { goToPlaces } from './folder-dialog.ts';

/** The dialog of models: which there are, which answers, and how others come to be here. */
export class ModelsPart {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get dialog(): Locator {
    return this.#page.getByRole('dialog', { name: /^(Models|Add a model)/ });
  }

  /** One model of the list, by its name. */
  item(name: string): Locator {
    return this.dialog
      .getByRole('list', { name: 'Models' })
      .locator('> li')
      .filter({ has: this.#page.getByTitle(name, { exact: true }) });
  }

  importOf(name: string): Locator {
    return this.dialog.getByRole('region', { name: `Import of ${name}` });
  }

  async open(): Promise<void> {
    await this.#page.locator('button[data-phase]').click();
    await this.#page.getByRole('button', { name: 'Models…' }).click();
    await this.dialog.waitFor();
  }

  /** By the folder browser: names of folders from the places on; the last one looks like a model. */
  async chooseFolder(...names: string[]): Promise<void> {
    await this.dialog.getByRole('button', { name: 'Add a model from a folder…' }).click();
    await this.browseTo(...names);
  }

  async browseTo(...names: string[]): Promise<void> {
    const list = this.#page.getByRole('list', { name: 'Folders' });
    await goToPlaces(this.#page);
    for (const name of names) await list.getByRole('button').filter({ hasText: name }).first().click();
    await list.waitFor({ state: 'hidden' });
  }

  /** Waits until an import has come to a state. */
  async waitForImport(name: string, state: string): Promise<void> {
    await this.importOf(name)
      .and(this.#page.locator(`[data-state="${state}"]`))
      .waitFor();
  }
}

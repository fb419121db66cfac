import type { Locator, Page } from 'playwright-core';
import { goToPlaces } from './folder-dialog.ts';

/** Sessions and recent videos, and the way to open another. */
export class LibraryPart {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get dialog(): Locator {
    return this.#page.getByRole('dialog', { name: 'Library' });
  }

  get sessions(): Locator {
    return this.#page.getByRole('list', { name: 'Sessions' }).locator('> li');
  }

  async open(): Promise<void> {
    await this.#page.getByRole('button', { name: 'Library', exact: true }).click();
    await this.dialog.waitFor();
  }

  async openSession(text: string | RegExp): Promise<void> {
    await this.sessions.getByRole('button', { name: text }).first().click();
    await this.dialog.waitFor({ state: 'hidden' });
  }

  /** By the folder browser: names of folders from the places on, then the file's. */
  async openFile(...names: string[]): Promise<void> {
    await this.#page.getByRole('button', { name: 'Open a video…' }).click();
    const list = this.#page.getByRole('list', { name: 'Folders and videos' });
    await goToPlaces(this.#page);
    for (const name of names) await list.getByRole('button').filter({ hasText: name }).first().click();
    await this.#page.getByRole('dialog').waitFor({ state: 'hidden' });
  }

  /** Drops files on the window, as a file manager does: the page gets their bytes and never their paths. */
  async dropFile(...paths: string[]): Promise<void> {
    const input = await this.#page.evaluateHandle(() => {
      const element = document.createElement('input');
      element.type = 'file';
      element.multiple = true;
      document.body.append(element);
      return element;
    });
    await input.setInputFiles(paths);
    await input.evaluate((element) => {
      const transfer = new DataTransfer();
      for (const file of element.files!) transfer.items.add(file);
      element.remove();
      dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    });
  }

  /** The question before a file is opened. */
  decision(title: string | RegExp): Locator {
    return this.#page.getByRole('dialog', { name: title });
  }
}

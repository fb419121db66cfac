import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClipFolder } from '../video/clips.ts';
import { newHome, removeHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** Files dropped into a browser, which hides where they lie: two recorders name their segments alike. */
const person = newHome();
const home = newHome();
const clips = new ClipFolder();
const videos = join(person, 'Videos');
const elsewhere = join(person, 'recorder', 'usb');
const segment = 'VTS_01_1.mpg';
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

const imports = (): string[] => {
  const folder = join(home, 'imports');
  return existsSync(folder) ? readdirSync(folder) : [];
};
const caseName = (): Promise<string | null> => page.locator('header h1 .pseudonym').textContent();
const fileName = (): Promise<string | null> => page.locator('header .file .name').textContent();
const sessions = async (): Promise<number> => {
  await window.library.open();
  await window.library.sessions.first().waitFor();
  const count = await window.library.sessions.count();
  await page.keyboard.press('Escape');
  return count;
};

beforeAll(async () => {
  mkdirSync(videos);
  mkdirSync(elsewhere, { recursive: true });
  const output = ['-c:v', 'mpeg2video', '-b:v', '800k'];
  const first = await clips.make('first', { frames: 75, extension: 'mpg', output });
  const second = await clips.make('second', { frames: 50, extension: 'mpg', output });
  // Two patients, one name, one size: recorders fill their segments to the same length.
  const size = Math.max(statSync(first).size, statSync(second).size) + 2048;
  const padded = (path: string): Buffer => {
    const bytes = readFileSync(path);
    return Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
  };
  writeFileSync(join(videos, segment), padded(first));
  writeFileSync(join(elsewhere, segment), padded(second));
  opened = await openWindow(home, { reducedMotion: 'reduce' }, { HOME: person, USERPROFILE: person });
  opened.context.setDefaultTimeout(120_000);
  ({ window } = opened);
  ({ page } = window);
});

afterAll(async () => {
  await opened.close();
  removeHome(person);
  clips.remove();
});

describe('a recording that is dropped', () => {
  it('is not the other patient’s of the same name and size: a copy is asked about, with its size', async () => {
    await window.library.dropFile(join(elsewhere, segment));
    const copy = window.library.decision(`Copy ${segment}?`);
    await copy.waitFor();
    await expect.poll(() => copy.textContent()).toMatch(/A copy would take \d+ kB in the data folder/);
    await page.keyboard.press('Escape');
    await copy.waitFor({ state: 'hidden' });
    await expect.poll(() => fileName()).toBe('demo.mp4');
    expect(imports()).toEqual([]);
  });

  it('is opened where it lies when its folder holds the same bytes', async () => {
    await window.library.dropFile(join(videos, segment));
    await expect.poll(fileName).toBe(segment);
    await expect.poll(() => caseName()).toBe('Case 0001');
    expect(imports()).toEqual([]);
  });

  it('is copied when the person says so, which is told afterwards; the other case keeps its file', async () => {
    await window.library.dropFile(join(elsewhere, segment));
    await window.library
      .decision(/^Copy/)
      .getByRole('button', { name: /^Copy \d/ })
      .click();
    await expect.poll(caseName).toBe('Case 0002');
    await page.getByText(/was copied into the data folder/).waitFor();
    await page.locator('header .chip', { hasText: 'copy' }).waitFor();
    expect(imports()).toHaveLength(1);
  });

  it('is known by its bytes under any name: go on there, or open it as a new case', async () => {
    const renamed = join(elsewhere, 'from the archive.mpg');
    copyFileSync(join(videos, segment), renamed);
    await window.library.dropFile(renamed);
    const known = window.library.decision('This recording is known as Case 0001');
    await known.getByRole('button', { name: 'Go on in Case 0001' }).click();
    await expect.poll(caseName).toBe('Case 0001');
    await expect.poll(() => fileName()).toBe(segment);
    expect(imports()).toHaveLength(1);
    // Neither the drop nor going on has made an empty session.
    await expect.poll(() => sessions()).toBe(3);
  });

  it('is seen as its kept picture with the answer’s box while the file is away, and again when it is back', async () => {
    const file = join(videos, segment);
    await window.waitUntilAskable();
    await window.goToFrame(20);
    await window.ask('What organ is being operated?');
    await window.waitForAnswer();
    const picture = page.locator('[data-part="kept-picture"]');
    await expect.poll(() => picture.count()).toBe(0);
    const boxes = page.locator('[data-part="model-box"]');
    await boxes.first().waitFor();
    const box = await boxes.first().getAttribute('data-box');
    renameSync(file, `${file}.away`);
    await page.reload();
    await page
      .locator('[data-part="kept-frame"]', { hasText: 'kept picture of frame 20, compressed' })
      .waitFor();
    await page.getByRole('button', { name: 'Locate the file…' }).waitFor();
    await expect.poll(() => boxes.first().getAttribute('data-box')).toBe(box);
    await expect
      .poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth))
      .toBeGreaterThan(0);
    renameSync(`${file}.away`, file);
    await page.getByRole('button', { name: 'Look again' }).click();
    await picture.waitFor({ state: 'detached' });
    await page.locator('canvas[data-frame-index="20"]').waitFor();
  });

  it('is taken for a case whose own file is gone only if the person says so, and the copy goes otherwise', async () => {
    const archived = join(elsewhere, 'from the archive.mpg');
    rmSync(join(videos, segment));
    await window.library.dropFile(archived);
    await window.library
      .decision(/^Copy/)
      .getByRole('button', { name: /^Copy \d/ })
      .click();
    const known = window.library.decision('This recording is known as Case 0001');
    await expect.poll(() => known.textContent()).toContain('whose own file is not where it was');
    await known.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(imports).toHaveLength(1);
    await expect.poll(() => fileName()).toBe(segment);
  });

  it('that is no video is refused after its copy, which leaves nothing behind', async () => {
    const text = join(elsewhere, 'letter.mp4');
    writeFileSync(text, 'not a video '.repeat(5000));
    await window.library.dropFile(text);
    await window.library
      .decision(/^Copy/)
      .getByRole('button', { name: /^Copy \d/ })
      .click();
    await window.errors.filter({ hasText: 'letter.mp4' }).waitFor();
    expect(imports()).toHaveLength(1);
  });

  it('can be stopped while it is copied', async () => {
    const long = join(elsewhere, 'long.mpg');
    writeFileSync(long, Buffer.alloc(400 * 1024 * 1024));
    await window.library.dropFile(long);
    await window.library
      .decision(/^Copy/)
      .getByRole('button', { name: /^Copy \d/ })
      .click();
    await page.getByRole('button', { name: 'Stop copying' }).click();
    await page.getByText('The copy was stopped; nothing was kept of it.').waitFor();
    await expect.poll(imports, { timeout: 20_000 }).toHaveLength(1);
    rmSync(long);
  });
});

describe('the folder dialog', () => {
  it('begins where the person last was, filters as one types, and lives in an empty folder', async () => {
    mkdirSync(join(person, 'Documents', 'empty'), { recursive: true });
    writeFileSync(join(videos, segment), readFileSync(join(elsewhere, segment)));
    const list = page.getByRole('list', { name: 'Folders and videos' });
    const heading = page.getByRole('dialog').locator('.name strong');
    const open = async (): Promise<void> => {
      await window.library.open();
      await page.getByRole('button', { name: 'Open a video…' }).click();
      await list.waitFor();
    };
    await open();
    await list.getByRole('button', { name: /^Home/ }).click();
    await expect.poll(() => heading.textContent()).toBe('Home');
    await page.keyboard.type('docu');
    await expect.poll(() => list.getByRole('button').count()).toBe(1);
    await page.keyboard.press('Enter');
    await expect.poll(() => heading.textContent()).toBe('Documents');
    await page.keyboard.press('Enter');
    await expect.poll(() => heading.textContent()).toBe('empty');
    await page.keyboard.press('Backspace');
    await expect.poll(() => heading.textContent()).toBe('Documents');
    await page.keyboard.press('Escape');

    await open();
    await expect.poll(() => heading.textContent()).toBe('Documents');
    await page.getByLabel('Part of a name, or a path').fill(join(elsewhere, 'from the archive.mpg'));
    await page.keyboard.press('Enter');
    await window.library.decision(/^This recording is known/).waitFor();
    await page.keyboard.press('Escape');
  });
});

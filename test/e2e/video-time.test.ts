import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallName, CallOutput } from '../../preload/contract/index.ts';
import { makeJoined } from '../video/clock-clips.ts';
import { ClipFolder, readCounter, x264 } from '../video/clips.ts';
import { newHome, passOf, removeHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** A recorder that was paused twice: its clock began anew, then leapt by ten hours. */
const person = newHome();
const clips = new ClipFolder();
/** Three files of one operation, of which the third began a minute after the second had ended. */
const operation = [
  { name: 'op_1', at: 0, frames: 50, extension: 'mp4' },
  { name: 'op_2', at: 2, frames: 60, first: 100, rate: '30', extension: 'mkv' },
  { name: 'op_3', at: 64, frames: 50, first: 200, rate: '50', extension: 'mp4' },
];
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

beforeAll(async () => {
  const parts = [{ frames: 150 }, { frames: 75 }, { frames: 75, at: 36_000 }];
  mkdirSync(join(person, 'Documents'));
  copyFileSync(await makeJoined(clips, 'joined', 'ts', parts), join(person, 'Documents', 'joined.ts'));
  const sizes = [{ frames: 75 }, { frames: 75, width: 384, height: 320, at: 3 }];
  copyFileSync(await makeJoined(clips, 'sizes', 'ts', sizes), join(person, 'Documents', 'sizes.ts'));
  for (const { name, at, ...recipe } of operation) {
    const began = new Date(Date.UTC(2026, 10, 20, 8, 0, at)).toISOString();
    const output = [...x264, '-metadata', `creation_time=${began}`];
    copyFileSync(
      await clips.make(name, { ...recipe, output }),
      join(person, 'Documents', `${name}.${recipe.extension}`),
    );
  }
  opened = await openWindow(newHome(), {}, { HOME: person, USERPROFILE: person });
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  ({ page } = window);
  await window.library.open();
  await window.library.openFile('Documents', 'joined.ts');
  await page.getByText('/ 00:00:12', { exact: true }).waitFor();
  await window.frame.waitFor(0);
});

afterAll(async () => {
  await opened.close();
  clips.remove();
  removeHome(person);
});

describe('a recording whose clock begins anew', () => {
  it('says where it is joined, also to those who cannot see it', async () => {
    const joins = page.getByRole('list', { name: 'Joins in the recording' }).getByRole('listitem');
    await expect
      .poll(() => joins.allTextContents())
      .toEqual([
        expect.stringContaining('00:00:06.000, frame 150') as string,
        expect.stringContaining('00:00:09.000, frame 225') as string,
      ]);
  });

  it('goes to the frame that a time names, before and after the joins', async () => {
    for (const [place, index] of [
      ['0:00.8', 20],
      ['0:06.8', 170],
      ['00:00:09.000', 225],
      ['0:11.96', 299],
    ] as const) {
      await window.goTo(place);
      await window.frame.waitFor(index);
      expect(readCounter(await window.frame.picture())).toBe(index);
      await expect.poll(() => window.frame.readout.textContent()).toContain(`frame ${index} · 00:00:`);
    }
  });

  it('takes a press on the timeline for the time that it shows', async () => {
    const lane = page.locator('.timeline .track');
    const box = (await lane.boundingBox())!;
    await lane.click({ position: { x: box.width * (250.5 / 300), y: box.height - 4 } });
    await page.waitForFunction(() => {
      const index = Number(
        document.querySelector('canvas[data-part="frame"]')?.getAttribute('data-frame-index'),
      );
      return Math.abs(index - 250) <= 1;
    });
  });

  it.each([20, 140, 215])('plays on from frame %i, and stops at the frame on screen', async (start) => {
    await window.goToFrame(start);
    await window.play();
    await window.frame.waitForMotion();
    await page.waitForFunction(
      (from) => {
        const text = document.querySelector('[data-part="frame-readout"]')?.textContent ?? '';
        const seconds = Number(/playing · 00:00:([\d.]+)/.exec(text)?.[1]);
        return seconds > (from + 20) / 25;
      },
      start,
      { polling: 20 },
    );
    await window.pause();
    const index = await window.frame.index();
    expect(index).toBeGreaterThan(start + 19);
    expect(index).toBeLessThan(Math.min(300, start + 75));
    expect(readCounter(await window.frame.picture())).toBe(index);
  });
});

describe('a recording whose picture changes its size and shape', () => {
  it('is played through the change, each part in its own shape', async () => {
    await window.library.open();
    await window.library.openFile('Documents', 'sizes.ts');
    await page.getByText('/ 00:00:06', { exact: true }).waitFor();
    await window.frame.waitFor(0);
    await window.goToFrame(60);
    const before = (await window.frame.canvas.boundingBox())!;
    expect(before.width / before.height).toBeCloseTo(192 / 144, 1);
    await window.play();
    await page.waitForFunction(
      () => {
        const text = document.querySelector('[data-part="frame-readout"]')?.textContent ?? '';
        return Number(/playing · 00:00:([\d.]+)/.exec(text)?.[1]) > 3.4;
      },
      undefined,
      { polling: 20 },
    );
    const after = (await page.locator('.stage video').boundingBox())!;
    expect(after.width / after.height).toBeCloseTo(384 / 320, 1);
    await window.pause();
    const index = await window.frame.index();
    expect(index).toBeGreaterThan(84);
    const picture = await window.frame.picture();
    expect([picture.width, picture.height]).toEqual([384, 320]);
    expect(readCounter(picture)).toBe(index);
  });
});

describe('an operation in three files of different rates', () => {
  /** Calls the workstation as the window does. */
  const call = async <Name extends CallName>(name: Name, input: object): Promise<CallOutput<Name>> => {
    const pass = await passOf(page);
    const answer = await page.evaluate(
      async ([path, body, given]) => {
        const headers = { 'content-type': 'application/json', 'x-workstation-pass': given };
        const response = await fetch(path, { method: 'POST', headers, body });
        return response.text();
      },
      [`/api/${name}`, JSON.stringify(input), pass] as const,
    );
    const result = JSON.parse(answer) as
      { ok: true; value: CallOutput<Name> } | { ok: false; error: unknown };
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    return result.value;
  };
  const readout = (text: string) =>
    expect.poll(() => window.frame.readout.textContent(), { timeout: 30_000 }).toContain(text);
  const now = () => page.locator('.transport .now').textContent();

  beforeAll(async () => {
    await window.library.open();
    await window.library.openFile('Documents', 'op_1.mp4');
    await page.getByText('/ 00:00:02', { exact: true }).waitFor();
    const last = await call('openLastSession', {});
    const caseId = last!.case.id;
    for (const name of ['op_2.mkv', 'op_3.mp4']) {
      const path = join(person, 'Documents', name);
      const { entryId } = await call('browsePath', { path, find: 'videos' });
      await call('addRecording', { caseId, grantId: entryId, sessionId: last!.session.id });
    }
    // The first lasts 2 s, the second 2 s; the third began 64 s after the first.
    await page.getByText('/ 00:01:05', { exact: true }).waitFor();
  });

  it('is one time: stepping, playing and going to a time lead over the joins, each frame that of its own file', async () => {
    await readout('frame 0 · 00:00:00.000');
    await readout('1 of 3: op_1.mp4');
    // No step leads into a file whose frames are still being counted.
    const counted = async () => (await call('openLastSession', {}))!.recordings.map(({ index }) => index);
    await expect.poll(counted).toEqual(['ready', 'ready', 'ready']);
    await window.goTo('0:01.960');
    await readout('frame 49 · 00:00:01.960');
    // That they are counted reaches the window a moment later: the key is pressed again where it led nowhere.
    await expect
      .poll(
        async () => {
          const here = await window.frame.readout.textContent();
          if (here?.startsWith('frame 49')) await page.keyboard.press('.');
          return here;
        },
        { interval: 2_000 },
      )
      .toContain('frame 0 · 00:00:00.000');
    await readout('2 of 3: op_2.mkv');
    await expect.poll(now).toBe('00:00:02.000');
    expect(readCounter(await window.frame.picture())).toBe(100);
    await page.keyboard.press('q');
    await expect
      .poll(() => page.locator('[data-part="ask-target"]').textContent())
      .toContain('frame 0 · 2 of 3: op_2.mkv');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+Comma');
    await readout('frame 40 · 00:00:01.600');
    await window.goTo('1:04.500');
    await readout('frame 25 · 00:00:00.500');
    await readout('3 of 3: op_3.mp4');
    expect(readCounter(await window.frame.picture())).toBe(225);
    // Playing goes on in the next file by itself, over a gap too.
    await window.goTo('0:03.500');
    await readout('frame 45 · 00:00:01.500');
    await window.play();
    await page.waitForFunction(
      () =>
        /playing · .*3 of 3/.test(document.querySelector('[data-part="frame-readout"]')?.textContent ?? ''),
      undefined,
      { polling: 20, timeout: 60_000 },
    );
    await window.pause();
    await readout('3 of 3: op_3.mp4');
    expect(readCounter(await window.frame.picture())).toBe(200 + (await window.frame.index()));
  });

  it('shows joins and the gap; a mark in any file is gone to, and a segment over a join is a part in each', async () => {
    const joins = page.getByRole('list', { name: 'Recordings of the case' }).getByRole('listitem');
    await expect
      .poll(() => joins.allTextContents())
      .toEqual([
        expect.stringContaining('2 of 3: op_2.mkv, from 00:00:02.000') as string,
        expect.stringContaining(
          '3 of 3: op_3.mp4, from 00:01:04.000. Nothing was recorded for 1:00',
        ) as string,
      ]);
    await expect.poll(() => page.locator('.lanes [data-part="gap"]').textContent()).toContain('1:00');
    await window.goTo('0:00.400');
    await readout('frame 10 · ');
    await page.keyboard.press('m');
    await page.keyboard.press('i');
    await window.goTo('0:02.500');
    await readout('2 of 3');
    await page.keyboard.press('o');
    await page.keyboard.press('s');
    const form = page.getByText(/over a join: one part in each of 2 recordings/);
    await form.waitFor();
    await page.keyboard.type('Suture');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('[data-part="segment-bar"]').count()).toBe(2);
    await page.keyboard.press('p');
    await page.keyboard.press('p');
    await page.keyboard.press('p');
    await readout('1 of 3: op_1.mp4');
    await page.keyboard.press('Control+z');
    await expect.poll(() => page.locator('[data-part="segment-bar"]').count()).toBe(0);
  });

  it('is put in another order by hand, which undo takes back', async () => {
    const dialog = page.getByRole('dialog', { name: 'Recordings of this case' });
    const names = () => dialog.locator('.file').allTextContents();
    await page.getByRole('button', { name: /^Recordings of this case/ }).click();
    await dialog.getByRole('button', { name: /^op_3\.mp4/ }).focus();
    await page.keyboard.press('Alt+ArrowUp');
    await expect.poll(names).toEqual(['op_1.mp4', 'op_3.mp4', 'op_2.mkv']);
    await dialog.getByRole('button', { name: 'When op_2.mkv began…' }).click();
    await dialog.getByLabel('Length of the gap before it').fill('0:30');
    await dialog.getByRole('button', { name: 'Keep' }).click();
    await expect
      .poll(() => dialog.locator('[data-part="gap-before"]').allTextContents())
      .toEqual([
        expect.stringContaining('Nothing was recorded for 1:02 before it') as string,
        expect.stringContaining('Nothing was recorded for 0:30 before it, as was stated by hand') as string,
      ]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await page.getByText('/ 00:01:05', { exact: true }).waitFor();
  });

  it('with one file away, its stretch is hatched, the others work, and it is found again', async () => {
    await window.goTo('0:00.400');
    await readout('1 of 3: op_1.mp4');
    renameSync(join(person, 'Documents', 'op_2.mkv'), join(person, 'Documents', 'moved.mkv'));
    await page.reload();
    await expect.poll(() => page.locator('.lanes [data-part="away"]').count(), { timeout: 60_000 }).toBe(1);
    await window.goTo('#49');
    await page.keyboard.press('.');
    await readout('3 of 3: op_3.mp4');
    await window.goTo('0:03.000');
    await page.getByRole('button', { name: 'Locate the file…' }).waitFor();
    await readout('2 of 3: op_2.mkv');
    renameSync(join(person, 'Documents', 'moved.mkv'), join(person, 'Documents', 'op_2.mkv'));
    await page.getByRole('button', { name: 'Look again' }).click();
    await readout('frame 30 · 00:00:01.000');
    expect(readCounter(await window.frame.picture())).toBe(130);
    await expect.poll(() => page.locator('.lanes [data-part="away"]').count()).toBe(0);
  });
});

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ClipFolder } from '../video/clips.ts';
import {
  fullRangeH264,
  largestDifference,
  makePatches,
  orientations,
  plainH264,
  rgbH264,
  withMatrixFile,
  type PatchClip,
  type Rgb,
} from '../video/shown-clips.ts';
import { drawFrame } from '../../main/export/index.ts';
import { openVideo } from '../../main/video/index.ts';
import { newHome, removeHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import { carryCanvas, unpacked } from './pages/pixels.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** What the window draws, plays and exports of files that ask to be shown otherwise than they are stored. */
interface Case extends PatchClip {
  readonly matrix?: readonly number[];
  readonly playback: 'native' | 'transcoded';
}

const tags = (matrix: string, others = matrix) => [
  ...['-colorspace', matrix, '-color_primaries', others, '-color_trc', others],
];
const webm = { extension: 'webm', output: ['-c:v', 'libvpx-vp9', '-b:v', '4M', '-pix_fmt', 'yuv420p'] };
const cases: Record<string, Case> = {
  ...Object.fromEntries(
    Object.entries(orientations).map(([name, matrix]): [string, Case] => [
      name,
      { matrix, pixelAspect: '64/45', playback: name === 'upright' ? 'native' : 'transcoded' },
    ]),
  ),
  'tall pixels': { pixelAspect: '8/9', playback: 'native' },
  'nothing said': { playback: 'native' },
  'nothing said, high': { width: 1280, height: 720, playback: 'native' },
  'nothing said, wide but not high': { width: 1280, height: 544, playback: 'transcoded' },
  'BT.709 said in full': { output: [...plainH264, ...tags('bt709')], playback: 'native' },
  'BT.709 said in part': { output: [...plainH264, '-colorspace', 'bt709'], playback: 'transcoded' },
  'BT.601 said in full, high': {
    ...{ width: 1280, height: 720 },
    ...{ output: [...plainH264, ...tags('smpte170m')], playback: 'native' },
  },
  'BT.470BG and its gamma': {
    output: [...plainH264, '-colorspace', 'bt470bg', '-color_primaries', 'bt470bg', '-color_trc', 'gamma28'],
    playback: 'transcoded',
  },
  'BT.2020': { output: [...plainH264, ...tags('bt2020nc', 'bt709')], playback: 'transcoded' },
  'SMPTE 240M': { output: [...plainH264, ...tags('smpte240m')], playback: 'transcoded' },
  FCC: { output: [...plainH264, ...tags('fcc', 'bt709')], playback: 'transcoded' },
  'full range': { output: fullRangeH264, playback: 'native' },
  'H.264 in RGB': { output: rgbH264, playback: 'transcoded' },
  'VP9 that says nothing': { ...webm, playback: 'native' },
  'VP9 that says nothing, high': { ...webm, width: 1280, height: 720, playback: 'transcoded' },
};

const person = newHome();
const clips = new ClipFolder();
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;
/** No name is a part of another, so that a click on it is on no other. */
const fileOf = (name: string, extension = 'mp4') =>
  `case-${Object.keys(cases).indexOf(name)}-${name.replaceAll(/[^\w°]+/g, '-')}.${extension}`;

beforeAll(async () => {
  const folder = join(person, 'Documents');
  mkdirSync(folder);
  const opening = openWindow(newHome(), {}, { HOME: person, USERPROFILE: person });
  for (const [name, { matrix, ...clip }] of Object.entries(cases)) {
    const made = await makePatches(clips, `made-${fileOf(name)}`, clip);
    const path = matrix ? withMatrixFile(clips, made, fileOf(name), matrix) : made;
    copyFileSync(path, join(folder, fileOf(name, clip.extension)));
  }
  opened = await opening;
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  ({ page } = window);
});

afterAll(async () => {
  await opened.close();
  clips.remove();
  removeHome(person);
});

/** A case that fails leaves no dialog open for the next. */
afterEach(async () => {
  for (let dialogs = 0; dialogs < 3 && (await page.getByRole('dialog').count()) > 0; dialogs++) {
    await page.keyboard.press('Escape');
  }
});

/** What the browser shows of the playing video, in the shape in which it lies on the stage. */
async function playingPicture(): Promise<Rgb & { source: string }> {
  const video = page.locator('.stage video');
  const canvas = await video.evaluateHandle(async (element: HTMLVideoElement) => {
    if (element.readyState < 2) await new Promise((ready) => element.requestVideoFrameCallback(ready));
    const { width, height } = element.getBoundingClientRect();
    const drawn = document.createElement('canvas');
    drawn.width = Math.round(width);
    drawn.height = Math.round(height);
    drawn.getContext('2d')?.drawImage(element, 0, 0, drawn.width, drawn.height);
    return drawn;
  });
  const source = await video.evaluate((element: HTMLVideoElement) => element.currentSrc);
  return { ...unpacked(await canvas.evaluate(carryCanvas)), source };
}

/** The frame as a PNG, read back. */
async function exported(path: string): Promise<Rgb> {
  const video = await openVideo(path);
  await video.buildIndex();
  const picture = await loadImage(await drawFrame(await video.frame(3)));
  video.dispose();
  const canvas = createCanvas(picture.width, picture.height);
  canvas.getContext('2d').drawImage(picture, 0, 0);
  const { data } = canvas.getContext('2d').getImageData(0, 0, picture.width, picture.height);
  return {
    rgb: Uint8Array.from(data).filter((_, at) => at % 4 < 3),
    width: picture.width,
    height: picture.height,
  };
}

it.each(Object.entries(cases))(
  '%s: drawn, played and exported alike',
  async (name, { extension, playback }) => {
    const file = fileOf(name, extension);
    // It is worked out beside the window, which leaves a core to it.
    const saving = exported(join(person, 'Documents', file));
    saving.catch(() => undefined);
    await window.library.open();
    await window.library.openFile('Documents', file);
    await page.locator(`.chip.file[title="${file}"]`).waitFor();
    await page.getByText('/ 00:00:01', { exact: true }).waitFor();
    await window.frame.waitFor(0);
    const goTo = page.getByRole('button', { name: /go to a frame or time/ });
    await expect.poll(() => goTo.isEnabled()).toBe(true);
    await window.goToFrame(3);
    const still = await window.frame.picture();
    const saved = await saving;
    expect([still.width, still.height]).toEqual([saved.width, saved.height]);
    expect(Buffer.compare(still.rgb, saved.rgb)).toBe(0);

    // On the stage the picture has its own shape.
    const shown = (await window.frame.canvas.boundingBox())!;
    expect(shown.width / shown.height).toBeCloseTo(still.width / still.height, 1);

    await window.play();
    await window.frame.waitForMotion();
    const moving = await playingPicture();
    expect(moving.source.includes('/transcoded')).toBe(playback === 'transcoded');
    // Chromium's own conversion without a graphics card cuts blue short by up to 10 levels of BT.709.
    expect(largestDifference(still, moving)).toBeLessThanOrEqual(14);
    await page.keyboard.press('Home');
    await window.frame.waitFor(0);
  },
);

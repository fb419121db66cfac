import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClipFolder, quickH264 } from '../../video/clips.ts';
import { copyPlainCheckpoint } from '../../import/plain-checkpoint.ts';
import { launchChromium } from '../chromium.ts';
import { newHome, removeHome, repository, RunningHost } from '../host.ts';
import { WorkstationPage } from '../pages/workstation-page.ts';
import { newsOf, withHeldNews } from './news.ts';
import { StateSheets } from './sheets.ts';
import { asking } from './states/asking.ts';
import { dialogs } from './states/dialogs.ts';
import { files } from './states/files.ts';
import { marks } from './states/marks.ts';
import { verdicts } from './states/verdicts.ts';
import { takeStates, type Desk } from './walk.ts';

/**
 * Takes a sheet of pictures of every state of the window, from the running workstation with its own model:
 * `node test/e2e/window-states/index.ts [folder] [--whole] [--only=name,name]`. A state that can't be reached is named at the end, with a
 * picture of where it went wrong, and makes the exit code 1; the others are taken all the same.
 */
const { values, positionals } = parseArgs({
  options: { whole: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
  allowPositionals: true,
});
const folder = positionals[0] ?? join(repository, 'docs', 'screenshots');
const chosen = values.only.split(',').filter((name) => name !== '');
const home = newHome();
const person = newHome();
const clips = new ClipFolder();
const videos = join(person, 'Videos');
mkdirSync(videos);
copyPlainCheckpoint(join(person, 'Documents', 'our-first-fine-tuning'));
const browser = await launchChromium();
let host: RunningHost | null = null;

try {
  const output = quickH264();
  const pattern = await clips.make('pattern', {
    ...{ frames: 250, width: 640, height: 512, extension: 'mp4', output },
  });
  const dropped = await clips.make('scope', {
    ...{ frames: 125, width: 480, height: 384, extension: 'mp4', output },
  });
  const recording = join(
    videos,
    'console recording with a rather long name, left eye, 2026-03-14 part 2.mp4',
  );
  copyFileSync(pattern, recording);

  // Last, since its model is loaded from now on, and the first state is that of a model that is not loaded yet.
  host = new RunningHost(home, { HOME: person, USERPROFILE: person });
  const context = await browser.newContext({
    ...{ viewport: { width: 1440, height: 900 }, colorScheme: 'dark', reducedMotion: 'reduce' },
  });
  context.setDefaultTimeout(45_000);
  await withHeldNews(context);
  const page = await context.newPage();
  const window = new WorkstationPage(page);
  const sheets = new StateSheets(page, folder, values.whole);
  const desk: Desk = {
    ...{ page, window, host, recording, dropped },
    keyboard: page.keyboard,
    news: newsOf(page),
    dialog: page.locator('dialog[open]').last(),
    async ask(text, frame) {
      await window.goToFrame(frame);
      await window.ask(text);
      await window.waitForAnswer();
    },
  };
  const states = [...asking, ...verdicts, ...marks, ...dialogs, ...files];
  const failures = await takeStates(states, { desk, sheets, chosen });
  await sheets.writeList(states);
  console.log(`\nFailed: ${failures.length === 0 ? 'none' : ''}`);
  for (const { name, why } of failures) console.log(`- ${name}: ${why}\n`);
  if (failures.length > 0) process.exitCode = 1;
} finally {
  await browser.close();
  await host?.stop();
  removeHome(home);
  removeHome(person);
  clips.remove();
}

import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ClipFolder, quickH264 } from '../../video/clips.ts';
import { copyPlainCheckpoint } from '../../import/plain-checkpoint.ts';
import { launchChromium } from '../chromium.ts';
import { newHome, removeHome, repository, RunningHost } from '../host.ts';
import { WorkstationPage } from '../pages/workstation-page.ts';
import { StateSheets } from './sheets.ts';

/**
 * Takes a sheet of pictures of every state of the window, from the running workstation with its own model:
 * `node test/e2e/window-states/index.ts [folder]`.
 */
const folder = process.argv[2] ?? join(repository, 'docs', 'screenshots', 'states');
const home = newHome();
const person = newHome();
const clips = new ClipFolder();
const videos = join(person, 'Videos');
mkdirSync(videos);
copyPlainCheckpoint(join(person, 'Documents', 'our-first-fine-tuning'));
const host = new RunningHost(home, { HOME: person, USERPROFILE: person });
const browser = await launchChromium();

const question = {
  place: 'Where is monopolar curved scissors located?',
  organ: 'What organ is being operated?',
  state: 'What is the state of monopolar curved scissors?',
  list: 'Which instruments are in view?',
  absent: 'Where is the stapler?',
  untaught: 'Is the patient going to be all right after this bleeding?',
} as const;

try {
  const pattern = await clips.make('pattern', {
    ...{ frames: 250, width: 640, height: 512, extension: 'mp4', output: quickH264() },
  });
  const recording = join(
    videos,
    'console recording with a rather long name, left eye, 2026-03-14 part 2.mp4',
  );
  copyFileSync(pattern, recording);

  const context = await browser.newContext({
    ...{ viewport: { width: 1440, height: 900 }, colorScheme: 'dark', reducedMotion: 'reduce' },
  });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const window = new WorkstationPage(page);
  const sheets = new StateSheets(page, folder);
  const { keyboard } = page;
  const take = (name: string, title: string): Promise<void> => sheets.take(name, title);
  const ask = async (text: string, frame: number): Promise<void> => {
    await window.goToFrame(frame);
    await window.ask(text);
    await window.waitForAnswer();
  };
  const form = page.locator('[data-part="mark-form"]');
  const answersTab = page.getByRole('tab', { name: 'Answers' });

  await page.goto(await host.address());
  await window.waitUntilAskable();
  await take('first-start', 'First start: the demonstration, nothing asked yet');
  await page.getByRole('tab', { name: 'Segments' }).click();
  await take('no-segments', 'No segments yet');
  await answersTab.click();

  await ask(question.organ, 60);
  await ask(question.place, 180);
  await take('answered', 'An answer with its box');
  await ask(question.list, 180);
  await take('several-things', 'An answer that names several things');
  await ask(question.absent, 200);
  await take('not-visible', 'Not visible');
  await ask(question.untaught, 200);
  await take('untaught', 'A question that the model was not taught');
  await ask(question.state, 180);
  await window.answer.openEvidence();
  await take('evidence', 'The evidence of an answer');
  await window.goToFrame(90);
  await take('another-frame', 'An answer about another frame than the one on the screen');

  await window.selectQuestion(question.list);
  await keyboard.press('x');
  await page.getByRole('menu').waitFor();
  await take('rejecting', 'The reasons of a rejection');
  await keyboard.press('2');
  await window.answer.waitForDecision('rejected');
  await take('rejected', 'Rejected, with its reason');
  await keyboard.press('u');
  await window.answer.waitForDecision('open');
  await keyboard.press('e');
  await page.getByRole('combobox', { name: 'Label', exact: true }).waitFor();
  await take('correcting-things', 'A list that is corrected thing by thing');
  await keyboard.press('Escape');
  await window.goToFrame(180);
  await keyboard.press(']');
  await window.selectQuestion(question.absent);
  await keyboard.press('a');
  await window.answer.waitForDecision('accepted');
  await window.goToFrame(180);
  await window.ask('Where is prograsp forceps located?');
  await window.waitForAnswer();
  await keyboard.press('e');
  await page.getByRole('combobox', { name: 'Label', exact: true }).fill('Right-top');
  await take('correcting', 'A correction');
  await keyboard.press('Enter');
  await window.answer.waitForDecision('corrected');
  await take('corrected', 'Corrected: yours beside the model’s');
  await page.getByRole('combobox', { name: /order/i }).first().selectOption({ index: 1 });
  await take('folded', 'The list by time: several answers on a frame are folded');

  await keyboard.press('m');
  await window.goToFrame(120);
  await keyboard.press('Shift+M');
  await take('bookmark-form', 'A bookmark with a note');
  await keyboard.type('Clip on the artery');
  await keyboard.press('Enter');
  await form.waitFor({ state: 'detached' });
  await window.goToFrame(40);
  await keyboard.press('i');
  await window.goToFrame(110);
  await keyboard.press('o');
  await keyboard.press('s');
  await take('segment-form', 'A segment that is named');
  await keyboard.type('Hilar dissection');
  await keyboard.press('Enter');
  await form.waitFor({ state: 'detached' });
  await page.locator('[data-part="segment-bar"]').first().click();
  await take('segments', 'Segments');
  await answersTab.click();

  await keyboard.press('Control+k');
  await page.getByRole('dialog', { name: 'Find', exact: true }).getByRole('combobox').fill('scissors');
  await page.getByRole('option').first().waitFor();
  await take('find', 'Find');
  await page.getByRole('dialog', { name: 'Find', exact: true }).getByRole('combobox').fill('nothing like it');
  await page.getByText('Nothing found.').waitFor();
  await take('nothing-found', 'Nothing found');
  await keyboard.press('Escape');
  await page.locator('body').press('?');
  await page.getByRole('dialog').waitFor();
  await take('keys', 'The sheet of keys');
  await keyboard.press('Escape');
  await page.locator('body').press('Control+,');
  await page.getByRole('dialog').waitFor();
  await take('settings', 'Settings');
  await keyboard.press('Escape');
  await page.locator('body').press('g');
  await page.getByRole('dialog').waitFor();
  await take('go-to', 'Go to a frame or time');
  await keyboard.press('Escape');
  await window.modelChip.click();
  await take('model', 'The model and its device');
  await keyboard.press('Escape');

  const { models } = window;
  await models.open();
  await take('models', 'Models');
  await models.chooseFolder('Documents', 'our-first-fine-tuning');
  await models.dialog.getByRole('button', { name: 'Import', exact: true }).waitFor();
  await take('import', 'A model before it is imported');
  await models.dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await models.waitForImport('our-first-fine-tuning', 'done');
  await take('imported', 'A model that was imported');
  await models.importOf('our-first-fine-tuning').getByRole('button', { name: 'Use it' }).click();
  await keyboard.press('Escape');
  await window.waitUntilAskable();
  await window.selectQuestion(question.organ);
  await take('another-model', 'An answer that was given by another model than the one in use');

  await window.library.open();
  await page.locator('[data-part="library-picture"]').waitFor();
  await take('library', 'The library');
  await page.getByRole('button', { name: /^Delete .*session 1/ }).click();
  await page.getByRole('button', { name: 'Bin (1)' }).click();
  await take('bin', 'The bin');
  await keyboard.press('Escape');
  await take('in-bin', 'A session that lies in the bin');
  await page.locator('[data-part="in-bin"]').getByRole('button', { name: 'Restore' }).click();

  await window.library.open();
  await page.getByRole('button', { name: 'Open a video…' }).click();
  await page.getByRole('list', { name: 'Folders and videos' }).waitFor();
  await take('folders', 'The folder browser');
  await keyboard.press('Escape');
  await keyboard.press('Escape');
  await window.library.dropFile(pattern);
  await page.getByRole('dialog').first().waitFor();
  await take('copy', 'A file whose place the browser hides');
  await keyboard.press('Escape');
  await window.library.dropFile(recording);
  await page.locator('header .file', { hasText: 'console recording' }).waitFor();
  await window.waitUntilAskable();
  await ask(question.organ, 20);
  await take('unlike', 'A picture unlike what the model was taught with');
  renameSync(recording, `${recording}.away`);
  await page.reload();
  await page.getByRole('button', { name: 'Locate the file…' }).waitFor();
  await take('file-missing', 'The file is away: what was kept of it is shown');
  renameSync(`${recording}.away`, recording);
  await host.kill();
  await page.waitForTimeout(3000);
  await take('disconnected', 'The workstation has ended');
  await sheets.writeList();
} finally {
  await browser.close();
  await host.stop();
  removeHome(home);
  removeHome(person);
  clips.remove();
}

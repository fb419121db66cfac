import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium } from './chromium.ts';
import { newHome, removeHome, repository, RunningHost } from './host.ts';
import { writeLargeCheckpoint } from './large-checkpoint.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/**
 * Takes the pictures of docs/screenshots from the running workstation, with its own model and the bundled clip:
 * `node test/e2e/screenshots.ts [folder]`.
 */
const folder = process.argv[2] ?? join(repository, 'docs', 'screenshots');
mkdirSync(folder, { recursive: true });

const home = newHome();
const person = newHome();
const documents = join(person, 'Documents');
mkdirSync(documents);
writeLargeCheckpoint(join(documents, 'surgery-r1-7b'));
const small = join(documents, 'our-first-fine-tuning');
mkdirSync(small);
for (const name of [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
]) {
  cpSync(join(repository, 'models', 'nano', name), join(small, name));
}
const host = new RunningHost(home, { HOME: person, USERPROFILE: person });
const browser = await launchChromium();
try {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    // Nothing is caught in the middle of a change.
    reducedMotion: 'reduce',
  });
  // The bundled model has answered before a picture of its thinking can be taken: news arrives a little apart.
  await context.addInitScript(() => {
    globalThis.EventSource = class extends EventSource {
      #last = Promise.resolve();
      override set onmessage(listener: ((event: MessageEvent) => void) | null) {
        super.onmessage = (event) => {
          this.#last = this.#last
            .then(() => new Promise<void>((later) => setTimeout(later, 60)))
            .then(() => listener?.(event));
        };
      }
    };
  });
  const page = await context.newPage();
  const window = new WorkstationPage(page);
  const shoot = (name: string) =>
    page.screenshot({ path: join(folder, `${name}.jpg`), type: 'jpeg', quality: 88 });

  await page.goto(await host.address());
  await page.waitForTimeout(400);
  await shoot('loading');
  await window.waitUntilAskable();
  await window.goToFrame(180);

  await window.ask('Where is monopolar curved scissors located?');
  await window.answer.reasoning.getByText(/right of the/).waitFor();
  await shoot('thinking');
  await window.waitForAnswer();
  await window.goToFrame(60);
  await window.ask('What organ is being operated?');
  await window.waitForAnswer();
  await window.goToFrame(200);
  await window.ask('Where is the stapler?');
  await window.waitForAnswer();
  await shoot('not-visible');
  await window.goToFrame(180);
  await window.ask('What is the state of monopolar curved scissors?');
  await window.waitForAnswer();
  await page.waitForTimeout(1500);
  await shoot('answered');
  await window.answer.openEvidence();
  await shoot('evidence');

  // Reviewed: one answer rejected, one accepted, and this one corrected.
  await window.selectQuestion('Where is monopolar curved scissors located?');
  await page.keyboard.press('x');
  await page.getByRole('menu').waitFor();
  await shoot('rejecting');
  await page.keyboard.press('2');
  await window.answer.waitForDecision('rejected');
  await window.selectQuestion('What organ is being operated?');
  await page.keyboard.press('a');
  await window.answer.waitForDecision('accepted');
  await window.selectQuestion('What is the state of monopolar curved scissors?');
  await window.frame.waitFor(180);
  for (const step of ['1', '2', '2']) {
    await page.keyboard.press(step);
    await page.waitForTimeout(300);
  }
  await page.keyboard.press('e');
  await page.getByRole('combobox', { name: 'Label', exact: true }).fill('Tissue manipulation');
  await page.getByRole('button', { name: /^Move/ }).click();
  await page.keyboard.press('Tab');
  for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowUp']) await page.keyboard.press(`Shift+${key}`);
  await shoot('correcting');
  await page.keyboard.press('Enter');
  await window.answer.waitForDecision('corrected');
  await page.mouse.move(0, 0);
  await shoot('corrected');

  await window.modelChip.click();
  await shoot('model');
  await page.keyboard.press('Escape');
  const { models } = window;
  await models.open();
  await models.chooseFolder('Documents', 'surgery-r1-7b');
  await models.dialog.getByRole('button', { name: 'Import', exact: true }).waitFor();
  await shoot('import');
  await models.dialog.getByRole('button', { name: 'Back' }).click();
  await models.chooseFolder('Documents', 'our-first-fine-tuning');
  await models.dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await models.waitForImport('our-first-fine-tuning', 'done');
  await models.item('our-first-fine-tuning').waitFor();
  // The pointer lies where the last button was.
  await page.mouse.move(0, 0);
  await shoot('models');
  await models.importOf('our-first-fine-tuning').getByRole('button', { name: 'Not now' }).click();
  await page.keyboard.press('Escape');
  await page.locator('body').press('?');
  await page.getByRole('dialog').waitFor();
  await shoot('shortcuts');
  await page.keyboard.press('Escape');
  await window.library.open();
  await page.locator('[data-part="library-picture"]').waitFor();
  await page.waitForTimeout(400);
  await shoot('library');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^Theme/ }).click();
  // Past the change of colours.
  await page.waitForTimeout(400);
  await shoot('light');
  await page.getByRole('button', { name: /^Theme/ }).click();
  await page.getByRole('button', { name: /^Theme/ }).click();
  await window.play();
  await page.waitForTimeout(1200);
  await shoot('playing');
  await window.pause();
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.waitForTimeout(1200);
  await shoot('small');
} finally {
  await browser.close();
  await host.stop();
  removeHome(home);
  removeHome(person);
}

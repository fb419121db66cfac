import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium } from './chromium.ts';
import { newHome, removeHome, repository, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/**
 * Takes the pictures of docs/screenshots from the running workstation, with its own model and the bundled clip:
 * `node test/e2e/screenshots.ts [folder]`.
 */
const folder = process.argv[2] ?? join(repository, 'docs', 'screenshots');
mkdirSync(folder, { recursive: true });

const home = newHome();
const host = new RunningHost(home);
const browser = await launchChromium();
try {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
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
  await window.answer.reasoning.waitFor();
  await page.waitForTimeout(80);
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

  await page.keyboard.press('Escape');
  await window.modelChip.click();
  await shoot('model');
  await page.keyboard.press('Escape');
  await page.locator('body').press('?');
  await page.getByRole('dialog').waitFor();
  await shoot('shortcuts');
  await page.keyboard.press('Escape');
  await window.library.open();
  await window.library.sessions.first().waitFor();
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
}

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import axe from 'axe-core';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newHome, repository } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/**
 * An answer whose words and box disagree, as a worse model gives them. The bundled model answers a question of the
 * bundled clip; what it wrote is then changed in the data folder, because it cannot be made to write that on request.
 */
const home = newHome();
const question = 'What is the state of monopolar curved scissors?';
let opened: OpenedWindow;
let window: WorkstationPage;

/** Rewrites the one answer. What seals it is taken off the table for that, and put back. */
function tellOtherStory(session: string): void {
  const database = new Database(join(home, 'workstation.db'));
  const seals = database
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'answers'`)
    .all() as { name: string; sql: string }[];
  for (const { name } of seals) database.exec(`DROP TRIGGER ${name}`);
  const { changes } = database
    .prepare(
      `UPDATE answers SET status = 'answered', label = 'Cutting', box = '[400, 300, 520, 420]',
         reasoning = 'The monopolar curved scissors lies in the upper left. This is cutting.' WHERE session_id = ?`,
    )
    .run(session);
  for (const { sql } of seals) database.exec(sql);
  database.close();
  expect(changes).toBe(1);
}

beforeAll(async () => {
  const ask = [
    'main/hosts/cli/index.ts',
    'ask',
    'resources/clip/demo.mp4',
    '--frame',
    '180',
    '--question',
    question,
  ];
  const told = execFileSync(process.execPath, [...ask, '--json', '--home', home], {
    cwd: repository,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { session } = JSON.parse(told.trim().split('\n').at(-1) ?? '') as { session: string };
  tellOtherStory(session);
  opened = await openWindow(home, { reducedMotion: 'reduce' });
  ({ window } = opened);
  await window.waitForAnswer();
  await window.selectQuestion(question);
});

afterAll(() => opened.close());

describe('an answer whose words and box disagree', () => {
  it('is shown with a warning that says how, and marked in the list', async () => {
    const warning = window.answer.panel.getByRole('note', { name: 'Words and answer disagree' });
    await warning.waitFor();
    expect((await warning.textContent())?.trim()).toBe(
      'The words say upper left; the box lies lower right. Check the picture before you use this answer.',
    );
    await expect.poll(() => window.answer.label.textContent()).toBe('Cutting');
    await window.answerRow(question).getByText('words and answer disagree').waitFor({ state: 'attached' });
    await expect.poll(() => window.boxOnFrame()).not.toBeNull();
  });

  it.each(['dark', 'light'] as const)('is readable and without barriers in the %s theme', async (theme) => {
    const { page } = window;
    // Dark comes first, light is the next.
    if (theme === 'light') await page.getByRole('button', { name: /^Theme/ }).click();
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe(theme);
    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => {
      const { axe: engine } = globalThis as unknown as { axe: typeof axe };
      return (await engine.run(document, { resultTypes: ['violations'] })).violations;
    });
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`)).toEqual([]);
    const folder = process.env['SCREENSHOTS'];
    if (folder) await page.screenshot({ path: join(folder, `incoherence-${theme}.png`) });
  });
});

import { execFileSync } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestModels, type TestModels } from '../inference/askable-model.ts';
import { barriersOf } from './barriers.ts';
import { newHome, repository } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/**
 * An answer that names several things, from the engine to the window. The model has random weights, and labels that tell
 * of lists: what it names means nothing, but its answers have the form that such a model is held to.
 */
const home = newHome();
let models: TestModels | undefined;
let opened: OpenedWindow | undefined;
let window: WorkstationPage;

interface Told {
  question: string;
  answers: [
    {
      answer: {
        status: string;
        label: string;
        box: number[] | null;
        items: { label: string; box: number[] }[];
      };
    },
  ];
}
let list: { question: string; label: string; items: { label: string; box: number[] }[] };

beforeAll(async () => {
  models = await makeTestModels();
  const model = join(models.folder, 'listing');
  await cp(models.askable, model, { recursive: true });
  const file = join(model, 'manifest.json');
  const labels = {
    ...{ organ: ['kidney'], state: ['Idle'], location: ['left-top'], grounding: ['suction', 'stapler'] },
    ...{ absent: 'not visible', presence: { yes: 'yes', no: 'no' }, refusals: ['cannot be told'] },
    lists: { names: ['smoke', 'blood'], counts: ['2', '3', '4'], most: 4 },
  };
  const own = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...own, labels, maxNewTokens: 700 }));
  const questions = Array.from({ length: 24 }, (_, i) => `What do you see? ${'Where? '.repeat(i)}`.trim());
  const told = execFileSync(
    process.execPath,
    [
      ...['main/hosts/cli/index.ts', 'ask', 'resources/clip/demo.mp4', '--frame', '180', '--model', model],
      ...questions.flatMap((question) => ['--question', question]),
      ...['--temperature', '1.5', '--seed', '3', '--json', '--home', home],
    ],
    { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const { questions: asked } = JSON.parse(told.trim().split('\n').at(-1) ?? '') as { questions: Told[] };
  const answers = asked.map(({ question, answers: [{ answer }] }) => ({ question, ...answer }));
  for (const { status } of answers) expect(status).not.toBe('malformed');
  const several = answers.filter(({ box, items }) => box === null && items.length > 1);
  expect(several.length).toBeGreaterThan(0);
  list = several.toSorted((a, b) => b.items.length - a.items.length)[0]!;
  opened = await openWindow(home, { reducedMotion: 'reduce' });
  ({ window } = opened);
  // The newest answer comes with its verdict's ways, which move the list: a click hits what lies there then.
  await window.waitForAnswer();
  await window.selectQuestion(list.question);
});

afterAll(async () => {
  await opened?.close();
  await models?.remove();
});

async function seen(name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder) await window.page.screenshot({ path: join(folder, `${name}.png`) });
}

describe('an answer that names several things', () => {
  it('has a box and a name on the frame for each, and a row in the panel', async () => {
    const { page } = window;
    const boxes = page.locator('[data-part="model-box"]');
    await boxes.first().waitFor();
    await expect.poll(() => boxes.count()).toBe(list.items.length);
    const drawn = await boxes.evaluateAll((all) => all.map((box) => box.getAttribute('data-box')));
    expect(drawn).toEqual(list.items.map(({ box }) => box.join(',')));
    const rows = window.answer.panel
      .getByRole('list', { name: 'What the answer names' })
      .getByRole('listitem');
    await expect.poll(() => rows.count()).toBe(list.items.length);
    const names = (await rows.allTextContents()).map((row) => row.trim().toLowerCase());
    list.items.forEach(({ label }, i) => expect(names[i]).toContain(label));
    const headline = (await window.answer.label.textContent())?.toLowerCase();
    expect(headline).toBe(list.label.toLowerCase());
  });

  it('is corrected thing by thing, beside the model’s list', async () => {
    const { page } = window;
    await page.keyboard.press('e');
    const rows = page.getByRole('radiogroup', { name: /in place of the model’s list/ }).getByRole('radio');
    await expect.poll(() => rows.count()).toBe(list.items.length);
    const label = page.getByRole('combobox', { name: 'Label', exact: true });
    await label.fill('gauze');
    await rows.nth(1).click();
    await page.keyboard.press('Delete');
    await expect.poll(() => rows.count()).toBe(list.items.length - 1);
    await seen('several-things-correction');
    await label.press('Enter');
    await seen('several-things-kept');
    await window.answer.waitForDecision('corrected');
    const yours = page.getByRole('list', { name: 'What you say is there' });
    await yours.getByText('Gauze').waitFor();
    await yours.getByText('taken out').waitFor();
    await expect.poll(() => page.locator('[data-part="own-box"]').count()).toBe(list.items.length - 1);
    await expect.poll(() => page.locator('[data-part="model-box"]').count()).toBe(list.items.length);
    await page.keyboard.press('Control+z');
    await window.answer.waitForDecision('open');
    await page.keyboard.press('Control+Shift+z');
    await window.answer.waitForDecision('corrected');
  });

  it('is without barriers', async () => {
    await seen('several-things');
    // Random weights ramble: the reasoning of no real model is so long that it scrolls by itself.
    const barriers = await barriersOf(window.page);
    expect(barriers.filter((barrier) => !barrier.includes('.steps'))).toEqual([]);
  });
});

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { OtherProcess } from '../hosts/other-client.ts';
import { newHome, repository, RunningHost } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/** Two windows of one workstation, and commands on the same data folder in processes of their own. */
const home = newHome();
let opened: OpenedWindow;
let first: WorkstationPage;
let second: WorkstationPage;

beforeAll(async () => {
  opened = await openWindow(home);
  first = opened.window;
  const start = new RunningHost(home);
  const address = await start.address();
  await start.ended();
  const page = await opened.context.newPage();
  // Kept by the page, so that the test can break its stream of events as a lost connection breaks it.
  await page.addInitScript(() => {
    const kept = window as unknown as { streams: EventSource[] };
    kept.streams = [];
    window.EventSource = class extends EventSource {
      constructor(url: string | URL) {
        super(url);
        kept.streams.push(this);
      }
    };
  });
  second = new WorkstationPage(page);
  await second.open(address);
  await Promise.all([first.waitUntilAskable(), second.waitUntilAskable()]);
});
afterAll(() => opened.close());

const name = (window: WorkstationPage) => window.page.getByTitle('Rename the case').locator('.pseudonym');

async function rename(window: WorkstationPage, pseudonym: string): Promise<void> {
  await window.page.getByTitle('Rename the case').click();
  await window.page.getByLabel('Pseudonym of the case').fill(pseudonym);
  await window.page.keyboard.press('Enter');
  await name(window).getByText(pseudonym, { exact: true }).waitFor();
}

/** The connection is gone, and stays so until the way back is given free. */
async function breakStream(page: Page): Promise<() => Promise<void>> {
  const events = '**/api/events*';
  await page.route(events, (route) => route.abort());
  await page.evaluate(() => {
    const stream = (window as unknown as { streams: EventSource[] }).streams.at(-1)!;
    stream.close();
    stream.dispatchEvent(new Event('error'));
  });
  return () => page.unroute(events);
}

const json = async (...args: string[]): Promise<unknown> => {
  const entry = join(repository, 'main/hosts/cli/index.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [entry, ...args, '--home', home, '--json']);
  return JSON.parse(stdout);
};

describe('what is done in one window', () => {
  it('is seen in the other: a name, a question with its answer, a deletion and its undoing', async () => {
    await rename(first, 'Case 42');
    await name(second).getByText('Case 42', { exact: true }).waitFor();

    await first.goToFrame(60);
    await first.ask('What organ is being operated?');
    expect(await first.waitForAnswer()).toBe('answered');
    await expect.poll(() => second.questions()).toEqual(['What organ is being operated?']);
    await second.selectQuestion('What organ is being operated?');
    expect(await second.waitForAnswer()).toBe('answered');
    await expect.poll(() => second.answer.label.textContent()).toBe(await first.answer.label.textContent());

    await first.page.keyboard.press('x');
    await first.page.getByRole('menuitem', { name: /wrong place/ }).waitFor();
    await first.page.keyboard.press('2');
    for (const window of [first, second]) await window.answer.waitForDecision('rejected');
    await second.answerList.locator('[data-state="rejected"]').waitFor();
    const { sessions } = (await json('sessions')) as { sessions: { id: string }[] };
    expect(await json('sessions', 'show', sessions[0]!.id)).toMatchObject({
      entries: [
        { verdicts: [{ judgement: { decision: 'rejected', reason: 'wrong-place' }, marks: [], note: '' }] },
      ],
    });
    await second.page.keyboard.press('Control+z');
    for (const window of [first, second]) await window.answer.waitForDecision('open');

    await second.deleteQuestion('What organ is being operated?');
    await expect.poll(() => first.questions()).toEqual([]);
    await second.undo();
    await expect.poll(() => first.questions()).toEqual(['What organ is being operated?']);
  });

  it('in the middle of an answer, with a stream that is broken, is whole when the stream is back', async () => {
    await first.goToFrame(90);
    const asked = first.ask('Where is bipolar forceps located?');
    await second.answerRow('Where is bipolar forceps located?').waitFor();
    const mend = await breakStream(second.page);
    await asked;
    await first.waitForAnswer();
    await rename(first, 'Case 43');
    await first.ask('What organ is being operated here?');
    await first.waitForAnswer();
    await expect.poll(() => name(second).textContent()).toBe('Case 42');
    await mend();
    await name(second).getByText('Case 43').waitFor();
    await expect.poll(() => second.questions()).toEqual(await first.questions());
    for (const question of await first.questions()) {
      for (const window of [first, second]) await window.selectQuestion(question);
      await expect
        .poll(() => second.answer.panel.getAttribute('data-status'))
        .toBe(await first.answer.panel.getAttribute('data-status'));
      await expect
        .poll(() => second.answer.reasoning.textContent())
        .toBe(await first.answer.reasoning.textContent());
    }
  });
});

describe('what a command does on the same data folder', () => {
  it('is seen in both windows: a question with its answer, and a deletion', async () => {
    const { sessions } = (await json('sessions')) as { sessions: { id: string }[] };
    const clip = join(repository, 'resources/clip/demo.mp4');
    const question = 'Where is suction located?';
    await json('ask', clip, '--frame', '120', '--session', sessions[0]!.id, '--question', question);
    for (const window of [first, second]) {
      await window.answerRow(question).waitFor();
      await window.selectQuestion(question);
      await window.waitForAnswer();
      await expect.poll(() => window.answer.label.textContent()).not.toBe('');
    }

    const other = await OtherProcess.start(home);
    const all = (await json('audit', 'list')) as { changes: { edits: { entity: string; id: string }[] }[] };
    const asked = all.changes.flatMap(({ edits }) => edits).filter(({ entity }) => entity === 'question');
    await other.tell(`delete ${asked.at(-1)!.id}`);
    await other.stop();
    for (const window of [first, second]) await expect.poll(() => window.questions()).not.toContain(question);
  });
});

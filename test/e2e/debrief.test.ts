import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClipFolder } from '../video/clips.ts';
import { Debrief } from './debrief.ts';
import { newHome, removeHome, repository, RunningHost } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import { WorkstationPage } from './pages/workstation-page.ts';
import { RandomReview } from './random-review.ts';

/** A whole debrief of an operation in two files: by mouse, by keys alone, and in two windows at once. */
const person = newHome();
const home = newHome();
const clips = new ClipFolder();
const videos = join(person, 'Videos');
const demo = join(repository, 'resources/clip/demo.mp4');
let opened: OpenedWindow;
let window: WorkstationPage;

const questions = [
  'What organ is being operated?',
  'Where is monopolar curved scissors located?',
  'What is the state of monopolar curved scissors?',
] as const;

beforeAll(async () => {
  mkdirSync(videos);
  for (const name of ['first', 'second']) {
    const at = name === 'first' ? '0' : '6';
    await clips.convert(
      ['-ss', at, '-t', '6', '-i', demo, '-c:v', 'libx264', '-crf', '16', '-pix_fmt', 'yuv420p'],
      `${name}.mp4`,
    );
  }
  opened = await openWindow(home, { reducedMotion: 'reduce' }, { HOME: person, USERPROFILE: person });
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  await window.waitUntilAskable();
});
afterAll(async () => {
  await opened.close();
  removeHome(person);
  clips.remove();
});

describe.each(['mouse', 'keys'] as const)('a debrief by %s', (hand) => {
  it('bookmarks while playing, asks three, corrects one, rejects one, names a segment', async () => {
    const debrief = new Debrief(window, hand);
    await debrief.bookmarkWhilePlaying();
    for (const [at, question] of questions.entries()) await debrief.ask(question, 60 + 60 * at);
    await debrief.choose(questions[1]);
    await debrief.correct('left-top');
    await debrief.choose(questions[2]);
    await debrief.reject();
    await debrief.segment('Hilar dissection', 40, 90);
  });

  it('finds it again after a restart, and undoes across it', async () => {
    await opened.restart();
    await window.waitUntilAskable();
    const debrief = new Debrief(window, hand);
    await window.goToFrame(10);
    await debrief.find('Left-top');
    await window.frame.waitFor(120);
    await window.answer.waitForDecision('corrected');
    await debrief.undo();
    await expect.poll(() => debrief.tab('Segments').textContent()).not.toMatch(/1/);
    await debrief.choose(questions[2]);
    await window.answer.waitForDecision('rejected');
    await debrief.undo();
    await window.answer.waitForDecision('open');
    await debrief.choose(questions[1]);
    await debrief.undo();
    await window.answer.waitForDecision('open');
  });
});

describe('whatever is done by keys', () => {
  it('is taken back step by step, and done again, also after a restart', async () => {
    const seed = Number(process.env['SEED'] ?? 7);
    const review = new RandomReview(new Debrief(window, 'keys'), questions, seed);
    const first = await review.seen();
    await review.run(12);
    const last = await review.seen();
    const steps = review.undoable;
    await opened.restart();
    await window.waitUntilAskable();
    while (review.undoable > 0) await review.undo();
    expect(await review.seen()).toBe(first);
    for (let step = 0; step < steps; step += 1) await review.redo();
    expect(await review.seen()).toBe(last);
  });
});

describe('a debrief in two windows at once', () => {
  it('is one debrief: each sees what the other does, and either takes back what was done last', async () => {
    const page = await opened.context.newPage();
    const other = new WorkstationPage(page);
    const start = new RunningHost(home);
    const address = await start.address();
    await start.ended();
    await other.open(address);
    await other.waitUntilAskable();
    const [one, two] = [new Debrief(window, 'keys'), new Debrief(other, 'mouse')];
    const question = 'Where is prograsp forceps located?';
    await two.ask(question, 30);
    await one.choose(question);
    await one.correct('right-top');
    await two.choose(question);
    await other.answer.waitForDecision('corrected');
    await Promise.all([one.bookmark(35), two.ask('Is there smoke?', 45)]);
    await expect.poll(() => other.questions()).toEqual(await window.questions());
    await expect
      .poll(() => two.tab('Bookmarks').textContent())
      .toBe(await one.tab('Bookmarks').textContent());
    await two.choose('Is there smoke?');
    await two.reject();
    await one.choose('Is there smoke?');
    await window.answer.waitForDecision('rejected');
    await one.undo();
    for (const each of [window, other]) await each.answer.waitForDecision('open');
    await page.close();
  });
});

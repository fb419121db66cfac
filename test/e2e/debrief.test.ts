import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClipFolder, quickH264 } from '../video/clips.ts';
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
/** Four seconds each, at 25 frames a second. */
const parts = ['part 1.mp4', 'part 2.mp4', 'part 9.mp4', 'part 10.mp4'];
let opened: OpenedWindow;
let window: WorkstationPage;

const questions = [
  'What organ is being operated?',
  'Where is monopolar curved scissors located?',
  'What is the state of monopolar curved scissors?',
] as const;

beforeAll(async () => {
  mkdirSync(videos);
  for (const [at, name] of parts.entries()) {
    const cut = ['-ss', String(2 * at), '-t', '4', '-i', demo];
    await clips.convert([...cut, ...quickH264('-crf', '16')], name);
    copyFileSync(clips.file(name), join(videos, name));
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
  it('opens two files as a case, bookmarks while playing, asks three, corrects one, rejects one, names a segment', async () => {
    const debrief = new Debrief(window, hand);
    const [first = '', second = ''] = (hand === 'mouse' ? parts.slice(0, 2) : parts.slice(2)).map((name) =>
      join(videos, name),
    );
    await debrief.openTogether(first, second);
    await debrief.bookmarkWhilePlaying();
    await debrief.askAt(questions[0], '00:00:03', 75);
    // The second file follows the first.
    await debrief.askAt(questions[1], '00:00:06', 50);
    await debrief.askAt(questions[2], '00:00:07', 75);
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
    await window.frame.waitFor(50);
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

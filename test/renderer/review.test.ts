import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  Box,
  WorkstationError,
  type Answer,
  type AnswerId,
  type JobId,
} from '../../preload/contract/index.ts';
import { Announcer } from '../../renderer/state/announcer.svelte.ts';
import { Review } from '../../renderer/state/review.svelte.ts';
import { FakeWorkstation, hashOf, id } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let workstation: FakeWorkstation;
let announcer: Announcer;
let time: number;
let seeds: number[];
const jobId = id<JobId>('job1');
const box = Box.parse([10, 20, 30, 40]);

beforeEach(() => {
  workstation = new FakeWorkstation();
  time = 0;
  seeds = [5, 6, 7, 8];
  announcer = new Announcer(() => time);
});

async function opened(): Promise<Review> {
  const review = new Review(workstation.open(), {
    bridge: workstation.bridge,
    fetchMedia: new FramePixels().fetch,
    announcer,
    drawSeed: () => seeds.shift()!,
  });
  workstation.onEvent((event) => review.handle(event));
  await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
  return review;
}

function emitText(
  answerId: AnswerId,
  section: 'reasoning' | 'answer',
  at: number,
  text: string,
  generatedTokens = 1,
): void {
  workstation.emit({ type: 'answer-text', jobId, answerId, section, at, text, generatedTokens });
}

const finished = (answer: Answer): Answer => ({
  ...answer,
  status: 'answered',
  label: 'Kidney',
  box,
  probability: 0.9,
  reasoning: 'It is brown.',
});

describe('a question about a recording that was taken out of the case', () => {
  test('has no place on the timeline, and selecting it opens its recording', async () => {
    const here = workstation.addEntry('What organ?', 12, { status: 'answered', label: 'Kidney', box });
    const there = workstation.addEntry('Where is it?', 0, { status: 'answered', label: 'Liver', box });
    there.question.videoId = id('video2');
    const wentOver: string[][] = [];
    const review = new Review(workstation.open(), {
      ...{ bridge: workstation.bridge, fetchMedia: new FramePixels().fetch, announcer },
      goOver: async (...to) => void wentOver.push(to.map(String)),
    });
    await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
    expect(review.entries).toHaveLength(2);
    const marked = review.list.here.members.map(({ question }) => question.id);
    expect(marked).toEqual([here.question.id]);
    // It was asked last, and about a frame of the number that the session was left at.
    expect(review.selectedQuestion).toBeNull();
    await review.select(there.question.id);
    expect(wentOver).toEqual([['video2', there.question.id]]);
    await review.show(there.question.id);
    expect([review.answerFrame, review.onAnswersPicture]).toEqual([null, false]);
    review.dispose();
  });
});

describe('asking', () => {
  test('is about the exact frame on screen, and streams until the answer is there', async () => {
    const review = await opened();
    await review.player.showIndex(42);
    expect(await review.ask('  What organ?  ')).toBe(true);
    expect(workstation.logged('ask')).toEqual([
      {
        ...{ sessionId: 'session1', videoId: 'video1' },
        ...{ frameIndex: 42, frameHash: hashOf(42), question: 'What organ?' },
      },
    ]);
    const answer = review.answer!;
    emitText(answer.id, 'reasoning', 0, 'It is ', 1);
    emitText(answer.id, 'reasoning', 6, 'brown.', 2);
    emitText(answer.id, 'answer', 0, 'Kid', 3);
    expect(review.stream(answer)).toEqual({ reasoning: 'It is brown.', answerLength: 3, tokens: 3 });
    workstation.emit({ type: 'answer', answer: finished(answer) });
    expect(review.stoppable).toBeNull();
    expect(review.answer).toMatchObject({ status: 'answered', label: 'Kidney' });
    expect(review.onAnswersFrame).toBe(true);
    expect(announcer.text).toBe('Kidney, probability 0.90, box drawn on the frame');
  });

  test('keeps an answer that ends before the call that asked for it returns', async () => {
    const review = await opened();
    const ask = workstation.calls.ask;
    workstation.calls.ask = async (input, context) => {
      const asked = await ask(input, context);
      emitText(asked.answer.id, 'reasoning', 0, 'Quick.');
      workstation.emit({ type: 'answer', answer: finished(asked.answer) });
      return asked;
    };
    await review.ask('What organ?');
    expect(review.answer?.status).toBe('answered');
    expect(review.stoppable).toBeNull();
  });

  test('says why a question was not taken, and takes the next', async () => {
    const review = await opened();
    workstation.failures.set(
      'ask',
      new WorkstationError('busy', 'The model is answering.', 'Wait or stop it.'),
    );
    expect(await review.ask('What organ?')).toBe(false);
    expect(review.asking.fault).toMatchObject({ code: 'busy', hint: 'Wait or stop it.' });
    expect(review.entries).toEqual([]);
    workstation.failures.clear();
    expect(await review.ask('What organ?')).toBe(true);
    expect(review.asking.fault).toBeNull();
  });

  test('stops the answer on show, or else the one that is being written, and never another', async () => {
    const other = workstation.addEntry('Asked in another window?', 9, { status: 'running' });
    const waiting = workstation.addEntry('And this?', 9, { status: 'queued' });
    const review = await opened();
    await review.select(waiting.question.id);
    await review.stop();
    expect(workstation.logged('stopAnswer')).toEqual([{ answerId: waiting.answers[0]!.id }]);
    await vi.waitFor(() => expect(review.answer?.status).toBe('stopped'));
    await review.stop();
    expect(workstation.logged('stopAnswer')[1]).toEqual({ answerId: other.answers[0]!.id });
    await review.stop();
    expect(workstation.logged('stopAnswer')).toHaveLength(2);
  });

  test('goes on while others are answered, in the order of typing, about the frame of each Enter', async () => {
    const review = await opened();
    const ask = workstation.calls.ask;
    workstation.calls.ask = async (input, context) => {
      // The first call takes longest: those behind it must not overtake it.
      await new Promise((later) => setTimeout(later, 30 - 10 * workstation.logged('ask').length));
      return ask(input, context);
    };
    const first = review.ask('First?');
    await review.player.settled();
    await review.player.showIndex(7);
    const second = review.ask('Second?');
    await review.player.settled();
    await review.player.showIndex(8);
    expect(await Promise.all([first, second, review.ask('Third?')])).toEqual([true, true, true]);
    expect(workstation.logged('ask').map(({ question, frameIndex }) => [question, frameIndex])).toEqual([
      ['First?', 0],
      ['Second?', 7],
      ['Third?', 8],
    ]);
    expect(review.asking.pending).toBe(0);
  });

  test('again keeps the versions before, and shows the newest', async () => {
    workstation.addEntry('What organ?', 42, { status: 'answered', label: 'Kidney', box });
    const review = await opened();
    await review.select(review.entries[0]!.question.id);
    expect(review.player.shown?.location.index).toBe(42);
    await review.askAgain();
    expect(workstation.logged('askAgain')[0]?.settings).toEqual({ temperature: 0.7, seed: 5 });
    expect(review.selected?.answers.map((answer) => answer.status)).toEqual(['answered', 'running']);
    expect(review.answer?.status).toBe('running');
    review.selectVersion(0);
    expect(review.answer?.label).toBe('Kidney');
    review.selectVersion(-5);
    expect(review.answer?.label).toBe('Kidney');
    // One version at a time: a second press does not ask twice.
    expect(await review.askAgain()).toBe(false);
  });

  test('again five times at once is one act with five other seeds, and the version on show stays there', async () => {
    const settings = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 3, maxNewTokens: null };
    workstation.addEntry('What organ?', 42, { status: 'answered', label: 'Kidney', box, settings });
    seeds = [3, 4, 4, 5, 6, 7, 8];
    const review = await opened();
    await review.select(review.entries[0]!.question.id);
    await review.askAgain('anew', 5);
    const asked = workstation.logged('askAgain');
    expect(asked.map((one) => one.settings)).toEqual(
      [4, 5, 6, 7, 8].map((seed) => ({ temperature: 0.7, seed })),
    );
    expect(new Set(asked.map(({ groupId }) => groupId)).size).toBe(1);
    expect(asked[0]?.groupId).toBeTruthy();
    expect(review.selected?.answers).toHaveLength(6);
    expect(review.answer?.label).toBe('Kidney');
  });

  test('again draws with a seed that no version had, at the temperature of before; the same repeats', async () => {
    workstation.addEntry('What organ?', 42, {
      status: 'answered',
      settings: { temperature: 1.2, topK: 0, topP: 1, repetitionPenalty: 1, seed: 5, maxNewTokens: null },
    });
    seeds = [5, 5, 6];
    const review = await opened();
    await review.select(review.entries[0]!.question.id);
    await review.askAgain();
    workstation.end({ ...review.answer!, status: 'answered' });
    review.selectVersion(0);
    await review.askAgain('same');
    expect(workstation.logged('askAgain').map(({ settings }) => settings)).toEqual([
      { temperature: 1.2, seed: 6 },
      { temperature: 1.2, seed: 5 },
    ]);
  });
});

/** As undo in the window does. */
async function takeBack(review: Review): Promise<void> {
  const undone = await workstation.bridge.undo({ sessionId: review.session.id });
  if (undone.ok) await review.follow(undone.value.change);
}

describe('the list', () => {
  test('takes a question out and puts it back where it was', async () => {
    const questions = ['First?', 'Second?', 'Third?'];
    for (const text of questions) workstation.addEntry(text, 10, { status: 'not-visible' });
    const review = await opened();
    const second = review.entries[1]!;
    expect(await review.remove(second.question.id)).toBe(true);
    expect(review.entries.map((entry) => entry.question.text)).toEqual(['First?', 'Third?']);
    await takeBack(review);
    expect(review.entries.map((entry) => entry.question.text)).toEqual(questions);
    expect(review.selected?.question).toEqual(second.question);
  });

  test('is in the order of asking, whatever the clock says, and however a question came back', async () => {
    const questions = ['First?', 'Second?', 'Third?'];
    let time = Date.UTC(2026, 10, 26);
    workstation.clock = () => (time -= 3_600_000);
    for (const text of questions) workstation.addEntry(text, 10, { status: 'not-visible' });
    const [first] = workstation.entries;
    await workstation.bridge.deleteQuestion({ questionId: first!.question.id });
    const review = await opened();
    const texts = () => review.entries.map((entry) => entry.question.text);
    expect(texts()).toEqual(['Second?', 'Third?']);
    // Another window brings back what this one has never known.
    await workstation.bridge.restoreQuestion({ questionId: first!.question.id });
    await vi.waitFor(() => expect(texts()).toEqual(questions));
    const second = review.entries[1]!.question.id;
    await review.remove(second);
    await takeBack(review);
    expect(texts()).toEqual(questions);
    await review.catchUp();
    expect(texts()).toEqual(questions);
  });

  test('brings back what is true now, not what was true when it was taken out', async () => {
    workstation.addEntry('First?', 10, { status: 'running' });
    const review = await opened();
    const entry = review.entries[0]!;
    await review.remove(entry.question.id);
    workstation.end({ ...workstation.deleted[0]!.answers[0]!, status: 'answered', label: 'Kidney' });
    await takeBack(review);
    expect(review.answer).toMatchObject({ status: 'answered', label: 'Kidney' });
  });

  test('follows what another window does in the same session, and nothing of other sessions', async () => {
    const review = await opened();
    const asked = await workstation.elsewhere.ask({
      sessionId: workstation.session.id,
      frameIndex: id2(3),
      frameHash: hashOf(3),
      question: 'Elsewhere?',
    });
    expect(review.entries.map(({ question }) => question.text)).toEqual(['Elsewhere?']);
    // It is theirs: what this window shows stays.
    expect(review.selectedQuestion).toBeNull();
    emitText(asked.answer.id, 'reasoning', 0, 'It is', 1);
    expect(review.stream(review.entries[0]!.newest).reasoning).toBe('It is');
    await workstation.elsewhere.deleteQuestion({ questionId: asked.question.id });
    expect(review.entries).toEqual([]);
    await workstation.elsewhere.restoreQuestion({ questionId: asked.question.id });
    expect(review.entries).toHaveLength(1);
    await workstation.elsewhere.renameCase({ caseId: workstation.case.id, pseudonym: 'Case 7' });
    expect(review.case.pseudonym).toBe('Case 7');
    const entry = review.entries[0]!;
    const foreign = {
      ...entry.question,
      id: id<typeof entry.question.id>('other'),
      sessionId: id<never>('s2'),
    };
    const last = workstation.record.changes.at(-1)!;
    workstation.record.changes.push({ ...last, seq: review.seq + 1, previous: last.hash });
    workstation.emit({
      type: 'changes',
      changes: workstation.record.changes.slice(-1),
      entries: [{ ...workstation.entries[0]!, question: foreign }],
    });
    expect(review.entries).toHaveLength(1);
  });

  test('keeps a question whose deletion fails', async () => {
    workstation.addEntry('First?', 10, { status: 'not-visible' });
    workstation.failures.set(
      'deleteQuestion',
      new WorkstationError('store-full', 'The disk is full.', 'Free some space.'),
    );
    const review = await opened();
    expect(await review.remove(review.entries[0]!.question.id)).toBe(false);
    expect(review.entries).toHaveLength(1);
    expect(review.asking.fault?.code).toBe('store-full');
  });

  test('shows a box only on its own frame', async () => {
    workstation.addEntry('What organ?', 42, { status: 'answered', label: 'Kidney', box });
    const review = await opened();
    await review.select(review.entries[0]!.question.id);
    expect(review.onAnswersFrame).toBe(true);
    await review.player.step(1);
    expect(review.onAnswersFrame).toBe(false);
    await review.goToAnswer();
    expect(review.player.shown?.location.index).toBe(42);
    expect(review.onAnswersFrame).toBe(true);
  });
});

describe('the position', () => {
  const place = { sessionId: 'session1', videoId: 'video1' };

  test('is saved once the stepping rests', async () => {
    const review = await opened();
    vi.useFakeTimers();
    await review.player.showIndex(5);
    await review.player.showIndex(6);
    expect(workstation.logged('savePosition')).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(workstation.logged('savePosition')).toEqual([{ ...place, frameIndex: 6 }]);
    vi.useRealTimers();
  });

  test('is saved at once when the window goes', async () => {
    const review = await opened();
    await review.player.showIndex(7);
    review.dispose();
    expect(workstation.logged('savePosition')).toEqual([{ ...place, frameIndex: 7 }]);
  });
});

test('an index that becomes ready brings the frame where the reviewer last stood', async () => {
  workstation.video = { ...workstation.video, index: 'building', frameCount: null };
  workstation.session = { ...workstation.session, frameIndex: id2(33) };
  const review = new Review(workstation.open(), {
    bridge: workstation.bridge,
    fetchMedia: new FramePixels().fetch,
    announcer,
  });
  expect(review.player.shown).toBeNull();
  review.files.take({ ...workstation.video, index: 'ready', frameCount: 350 });
  await vi.waitFor(() => expect(review.player.shown?.location.index).toBe(33));
});

test('an answer that is chosen while the index is made brings its frame once that is ready', async () => {
  workstation.video = { ...workstation.video, index: 'building', frameCount: null };
  workstation.session = { ...workstation.session, frameIndex: id2(33) };
  const { question } = workstation.addEntry('Of frame 12?', 12, { status: 'not-visible' });
  const review = new Review(workstation.open(), {
    bridge: workstation.bridge,
    fetchMedia: new FramePixels().fetch,
    announcer,
  });
  await review.select(question.id);
  expect(review.player.shown).toBeNull();
  review.files.take({ ...workstation.video, index: 'ready', frameCount: 350 });
  await vi.waitFor(() => expect(review.player.shown?.location.index).toBe(12));
});

test('screen readers hear whole sentences, and not too many', () => {
  time = 10_000;
  announcer.stream('The forceps hold ');
  expect(announcer.text).toBe('');
  announcer.stream('the tissue. They');
  expect(announcer.text).toBe('The forceps hold the tissue.');
  time += 500;
  announcer.stream(' pull it. ');
  expect(announcer.text).toBe('The forceps hold the tissue.');
  time += 5000;
  announcer.stream('It yields.');
  expect(announcer.text).toBe('They pull it. It yields.');
});

const id2 = <T extends number>(value: number): T => value as T;

describe('a question is about the picture that the person sees', () => {
  let pixels: FramePixels;

  async function at(index: number): Promise<Review> {
    pixels = new FramePixels();
    const review = new Review(workstation.open(), {
      bridge: workstation.bridge,
      fetchMedia: pixels.fetch,
      announcer,
    });
    await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
    await review.player.showIndex(index);
    pixels.hold = true;
    return review;
  }

  test.each<[string, (review: Review) => Promise<void>, number]>([
    ['a step', (review) => review.player.step(1), 101],
    ['a jump', (review) => review.player.jump(1), 125],
    ['a click on the timeline', (review) => review.player.seek(9.6), 240],
    ['a place that was named', (review) => review.player.goTo({ timecode: '00:00:04.040' }), 101],
    ['the last frame', (review) => review.player.last(), 349],
  ])('the one that %s brings, however late it comes', async (_, move, index) => {
    const review = await at(100);
    const moved = move(review);
    const asked = review.ask('What organ?');
    await vi.waitFor(() => expect(pixels.asked).toContain(index));
    expect(workstation.logged('ask')).toEqual([]);
    pixels.letGo(index);
    expect(await asked).toBe(true);
    await moved;
    expect(workstation.logged('ask')).toMatchObject([{ frameIndex: index, frameHash: hashOf(index) }]);
    expect(review.player.shown?.location.index).toBe(index);
  });

  test('and is not asked where the person goes on before that picture is there', async () => {
    const review = await at(100);
    void review.player.step(1);
    const asked = review.ask('What organ?');
    await vi.waitFor(() => expect(pixels.asked).toContain(101));
    void review.player.goTo({ index: id2(7) });
    await vi.waitFor(() => expect(pixels.asked).toContain(7));
    pixels.letGo(7);
    expect(await asked).toBe(false);
    expect(review.asking.fault?.message).toContain('Another frame was gone to');
    expect(workstation.logged('ask')).toEqual([]);
  });

  test('and is not asked where that picture cannot be had', async () => {
    const review = await at(100);
    pixels.hold = false;
    const error = { code: 'ffmpeg-failed', message: 'ffmpeg ended early.', hint: 'Step once more.' };
    pixels.failing.set(101, { status: 500, body: { ok: false, error } });
    const moved = review.player.step(1);
    expect(await review.ask('What organ?')).toBe(false);
    await moved;
    expect(workstation.logged('ask')).toEqual([]);
    // The picture of before is on the screen still, and the person who now asks sees it.
    expect(await review.ask('What organ?')).toBe(true);
    expect(workstation.logged('ask')).toMatchObject([{ frameIndex: 100 }]);
  });

  test('and is refused where the frame has become another; then it is drawn anew', async () => {
    const review = await at(100);
    pixels.hold = false;
    workstation.pictures.set(100, hashOf(9999));
    expect(await review.ask('What organ?')).toBe(false);
    expect(review.asking.fault?.code).toBe('frame-mismatch');
    expect(review.entries).toEqual([]);
    pixels.hashes.set(100, hashOf(9999));
    await review.player.refresh();
    expect(await review.ask('What organ?')).toBe(true);
  });

  test('again is asked of the frame that was answered, once it is on the screen', async () => {
    workstation.addEntry('What organ?', 42, { status: 'answered', label: 'Kidney', box });
    const review = await at(100);
    await review.show(review.entries[0]!.question.id);
    const asked = review.askAgain();
    await vi.waitFor(() => expect(pixels.asked).toContain(42));
    expect(workstation.logged('askAgain')).toEqual([]);
    pixels.letGo(42);
    expect(await asked).toBe(true);
    expect(workstation.logged('askAgain')).toMatchObject([{ frameHash: hashOf(42) }]);
    expect(review.player.shown?.location.index).toBe(42);
  });

  test('before there is a frame it waits; a session that closes meanwhile keeps it', async () => {
    const review = new Review(workstation.open(), {
      bridge: workstation.bridge,
      fetchMedia: () => new Promise<Response>(() => undefined),
      announcer,
    });
    const asked = review.ask('What organ?');
    review.dispose();
    expect(await asked).toBe(false);
    expect(review.asking.fault?.message).toContain('no frame on screen');
    expect(workstation.logged('ask')).toEqual([]);
  });
});

test('a box is drawn on the very picture that it was given for, and on no other of its number', async () => {
  workstation.addEntry('What organ?', 42, { status: 'answered', label: 'Kidney', box });
  const pixels = new FramePixels();
  pixels.hashes.set(42, hashOf(9999));
  const review = new Review(workstation.open(), {
    bridge: workstation.bridge,
    fetchMedia: pixels.fetch,
    announcer,
  });
  await review.select(review.entries[0]!.question.id);
  await vi.waitFor(() => expect(review.player.shown?.location.index).toBe(42));
  expect(review.onAnswersFrame).toBe(true);
  expect(review.onAnswersPicture).toBe(false);
  expect(review.pictureChanged).toBe(true);
  pixels.hashes.clear();
  await review.player.refresh();
  expect(review.onAnswersPicture).toBe(true);
  expect(review.pictureChanged).toBe(false);
});

describe('the next answer in the video', () => {
  beforeEach(() => {
    // Asked in another order than they lie in the video.
    for (const index of [200, 40, 120, 40])
      workstation.addEntry(`At ${index}?`, index, { status: 'not-visible' });
  });

  const at = (review: Review) => review.selected?.question.location.index;

  test('is that behind the frame on screen; from a selected one the next in time, each once', async () => {
    const review = await opened();
    await review.player.showIndex(60);
    await review.selectNeighbour(1);
    expect(at(review)).toBe(120);
    await review.selectNeighbour(1);
    expect(at(review)).toBe(200);
    await vi.waitFor(() => expect(review.player.shown?.location.index).toBe(200));
    await review.selectNeighbour(1);
    expect(at(review)).toBe(200);
    expect(announcer.text).toBe('No answer further on');
    const seen = new Set<string>();
    for (let steps = 0; steps < 3; steps += 1) {
      await review.selectNeighbour(-1);
      seen.add(review.selectedQuestion!);
    }
    expect(seen.size).toBe(3);
    expect(at(review)).toBe(40);
  });

  test('before the frame on screen is found from a frame without one', async () => {
    const review = await opened();
    await review.player.showIndex(60);
    await review.selectNeighbour(-1);
    expect(at(review)).toBe(40);
  });
});

import { describe, expect, test, vi } from 'vitest';
import { WorkstationError, type Answer } from '../../preload/contract/index.ts';
import { randomNumbers } from '../../preload/contract/random-numbers.ts';
import type { AnswerText } from '../../renderer/state/answer-stream.ts';
import { Entries } from '../../renderer/state/entries.svelte.ts';
import { FakeWorkstation, id } from './fake-workstation.ts';

/** A sentence that says the opposite where one word is lost. */
const words = [
  'The ',
  'forceps ',
  'is ',
  'not ',
  'holding ',
  'tissue. ',
  'It ',
  'lies ',
  'in ',
  'the upper left.',
];
const whole = words.join('');

interface Scene {
  fake: FakeWorkstation;
  entries: Entries;
  answer: Answer;
  pieces: AnswerText[];
  /** The workstation has written so many of the pieces: what a fetch finds. */
  written: (count: number) => void;
  shown: () => string;
}

function scene(): Scene {
  const fake = new FakeWorkstation();
  const entry = fake.addEntry('Is it holding tissue?', 0, { status: 'running' });
  const answer = entry.answers[0]!;
  const { session, entries: first, video } = fake.open();
  const entries = new Entries({ bridge: fake.bridge, sessionId: session.id, first, size: () => video });
  entries.put(entry);
  let at = 0;
  const pieces = words.map((text, index): AnswerText => {
    const piece = {
      type: 'answer-text' as const,
      jobId: id<AnswerText['jobId']>('job1'),
      answerId: answer.id,
      section: 'reasoning' as const,
      at,
      text,
      generatedTokens: index + 1,
    };
    at += text.length;
    return piece;
  });
  const written = (count: number): void => {
    const reasoning = words.slice(0, count).join('');
    fake.entries = [{ ...entry, answers: [{ ...answer, reasoning }] }];
  };
  return { fake, entries, answer, pieces, written, shown: () => entries.stream(answer).reasoning };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** At no moment may anything be shown that the model has not written in this order from the beginning. */
function expectNoHole({ shown }: Scene): void {
  expect(whole.startsWith(shown())).toBe(true);
}

describe('the text of an answer, while pieces of it', () => {
  test.each(words.map((_, index) => index))('are lost at piece %i, is whole all the same', async (lost) => {
    const all = scene();
    for (const [index, piece] of all.pieces.entries()) {
      all.written(index + 1);
      if (index !== lost) all.entries.text(piece);
      expectNoHole(all);
      await settle();
      expectNoHole(all);
    }
    // The last piece may be the lost one: nothing tells of it until the answer ends or the window reads again.
    if (lost === words.length - 1) await all.entries.readUnderWay();
    expect(all.shown()).toBe(whole);
  });

  test.each(words.map((_, index) => index))(
    'are cut off at piece %i for a while, goes on from where it is',
    async (cut) => {
      const all = scene();
      for (const piece of all.pieces.slice(0, cut)) all.entries.text(piece);
      all.written(words.length - 1);
      // The stream is there again: the window reads what there is, and the last piece comes.
      await all.entries.readUnderWay();
      expectNoHole(all);
      all.written(words.length);
      all.entries.text(all.pieces.at(-1)!);
      await settle();
      expect(all.shown()).toBe(whole);
    },
  );

  test('come twice, each is shown once', () => {
    const all = scene();
    for (const piece of all.pieces) {
      all.entries.text(piece);
      all.entries.text(piece);
    }
    expect(all.shown()).toBe(whole);
    expect(all.fake.logged('getAnswer')).toEqual([]);
  });

  test('change places, is in order', async () => {
    const all = scene();
    all.written(0);
    for (let index = 0; index < words.length; index += 2) {
      all.entries.text(all.pieces[index + 1]!);
      expectNoHole(all);
      all.entries.text(all.pieces[index]!);
      expectNoHole(all);
    }
    expect(all.shown()).toBe(whole);
    await settle();
    expect(all.shown()).toBe(whole);
  });

  test('are dropped, doubled and shuffled at random, never has a hole, and is whole in the end', async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const all = scene();
      const random = randomNumbers(seed);
      for (const [index] of all.pieces.entries()) {
        all.written(index + 1);
        const near = Math.max(0, Math.min(words.length - 1, index + Math.floor(random() * 5) - 2));
        // Nothing comes before it was written.
        if (random() > 0.3) all.entries.text(all.pieces[Math.min(index, near)]!);
        if (random() > 0.3) all.entries.text(all.pieces[index]!);
        expectNoHole(all);
        if (random() > 0.5) await settle();
        expectNoHole(all);
      }
      await all.entries.readUnderWay();
      expect(all.shown()).toBe(whole);
      await vi.waitFor(() => expect(all.shown()).toBe(whole));
    }
  });

  test('are void, as after a device was lost, begins anew', () => {
    const all = scene();
    for (const piece of all.pieces.slice(0, 4)) all.entries.text(piece);
    all.entries.answer({ ...all.answer, reasoning: '' });
    expect(all.shown()).toBe('');
    for (const piece of all.pieces) all.entries.text(piece);
    expect(all.shown()).toBe(whole);
  });

  test('contradict what is shown, since word of a new beginning was lost, is fetched', async () => {
    const all = scene();
    for (const piece of all.pieces.slice(0, 4)) all.entries.text(piece);
    const other = 'The forceps holds tissue.';
    all.fake.entries = [{ ...all.fake.entries[0]!, answers: [{ ...all.answer, reasoning: other }] }];
    all.entries.text({ ...all.pieces[0]!, text: 'The forceps holds ', generatedTokens: 1 });
    await vi.waitFor(() => expect(all.shown()).toBe(other));
  });

  test('are lost and the answer cannot be fetched, is tried again and shows nothing behind the hole', async () => {
    const all = scene();
    all.written(words.length);
    all.fake.failures.set('getAnswer', new WorkstationError('unavailable', 'No.', 'Wait.'));
    for (const piece of all.pieces.filter((_, index) => index !== 3)) all.entries.text(piece);
    await settle();
    expect(all.shown()).toBe('The forceps is ');
    all.fake.failures.clear();
    await vi.waitFor(() => expect(all.shown()).toBe(whole), { timeout: 10_000 });
  });

  test('are lost and the answer has ended meanwhile, is the answer itself', async () => {
    const all = scene();
    for (const piece of all.pieces.slice(0, 2)) all.entries.text(piece);
    all.fake.entries = [
      { ...all.fake.entries[0]!, answers: [{ ...all.answer, status: 'answered', reasoning: whole }] },
    ];
    all.entries.text(all.pieces[6]!);
    await vi.waitFor(() => expect(all.entries.list[0]!.newest).toMatchObject({ status: 'answered' }));
    expect(all.entries.whole(all.answer.questionId)?.answers[0]?.reasoning).toBe(whole);
  });

  test('are of an answer that this window does not know, asks for nothing', async () => {
    const all = scene();
    all.entries.text({ ...all.pieces[5]!, answerId: id<Answer['id']>('elsewhere') });
    await settle();
    expect(all.fake.logged('getAnswer')).toEqual([]);
  });
});

test('an answer that has ended is not written again by older news', () => {
  const all = scene();
  all.entries.answer({ ...all.answer, status: 'answered', label: 'Idle' });
  all.entries.answer({ ...all.answer, status: 'running' });
  all.entries.put({ ...all.fake.entries[0]!, answers: [{ ...all.answer, status: 'queued' }] });
  expect(all.entries.list[0]!.newest).toMatchObject({ status: 'answered', label: 'Idle' });
});

// @vitest-environment happy-dom
import { describe, expect, test, vi } from 'vitest';
import type { Change, ChangeList, Changes, Edit, OpenSession } from '../../preload/contract/index.ts';
import { randomNumbers } from '../../preload/contract/random-numbers.ts';
import { Feed } from '../../renderer/state/feed.svelte.ts';
import { SessionRecord } from '../../renderer/state/session-record.svelte.ts';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { FakeWorkstation, hashOf, now } from './fake-workstation.ts';
import { hashOfPlace } from './fake-record.ts';
import { FramePixels } from './pixels.ts';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** `record`: which of several records it is of. */
const changeOf = (seq: number, record = 'a'): Change =>
  ({ seq, hash: hashOfPlace(seq, record), previous: hashOfPlace(seq - 1, record) }) as Change;
const told = (...seqs: number[]): Changes => ({ changes: seqs.map((seq) => changeOf(seq)), entries: [] });

/** A feed over a record of `length` changes that are only numbers, and what it has applied. */
function feedOver(record: { length: number; answers?: boolean; name?: string }, seq = 0) {
  const applied: number[] = [];
  const asked: number[] = [];
  const since = async (after: number): Promise<ChangeList | null> => {
    asked.push(after);
    const { length, name } = record;
    await settle();
    if (record.answers === false) return null;
    const missing = Array.from({ length: Math.max(0, length - after) }, (_, index) => after + 1 + index);
    // As the workstation does, some at a time.
    const changes = missing.slice(0, 3).map((place) => changeOf(place, name));
    const hash = hashOfPlace(length, name);
    return { changes, entries: [], seq: length, hash, more: missing.length > 3 };
  };
  const onReplaced = vi.fn();
  const apply = ({ changes }: Changes): void => void applied.push(...changes.map((change) => change.seq));
  return {
    feed: new Feed({ seq, hash: seq === 0 ? null : hashOfPlace(seq), since, apply, onReplaced }),
    applied,
    asked,
    onReplaced,
  };
}

describe('a feed', () => {
  test('that comes in order asks for nothing', () => {
    const { feed, applied, asked } = feedOver({ length: 3 });
    for (const seq of [1, 2, 3]) feed.take(told(seq));
    expect(applied).toEqual([1, 2, 3]);
    expect(asked).toEqual([]);
    expect(feed.seq).toBe(3);
  });

  test('passes over what came already, also where something new comes with it', () => {
    const { feed, applied, asked } = feedOver({ length: 4 }, 2);
    for (const seqs of [[1], [2], [1, 2, 3], [3], [3, 4], [4]]) feed.take(told(...seqs));
    expect(applied).toEqual([3, 4]);
    expect(asked).toEqual([]);
  });

  test('puts in order what came before its turn, with what is missing', async () => {
    const { feed, applied } = feedOver({ length: 6 });
    feed.take(told(1));
    feed.take(told(5, 6));
    expect(applied).toEqual([1]);
    await feed.catchUp();
    expect(applied).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('asks again for what was changed while it asked', async () => {
    const record = { length: 2 };
    const { feed, applied } = feedOver(record);
    const first = feed.catchUp();
    record.length = 9;
    await Promise.all([first, feed.catchUp()]);
    expect(applied).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // Called in the very moment in which asking ends, it asks anew.
    record.length = 10;
    await feed.catchUp().then(() => {
      record.length = 11;
      return feed.catchUp();
    });
    expect(feed.seq).toBe(11);
  });

  test('keeps what came too early where nobody answers, until somebody does', async () => {
    const record = { length: 3, answers: false };
    const { feed, applied } = feedOver(record);
    feed.take(told(3));
    await feed.catchUp();
    expect(applied).toEqual([]);
    record.answers = true;
    feed.take(told(1));
    feed.take(told(2));
    expect(applied).toEqual([1, 2, 3]);
  });

  test('of a record that no longer reaches as far says so, once, and takes nothing more', async () => {
    const { feed, applied, onReplaced } = feedOver({ length: 2 }, 7);
    await feed.catchUp();
    await feed.catchUp();
    feed.take(told(8));
    expect(onReplaced).toHaveBeenCalledTimes(1);
    expect(applied).toEqual([]);
  });

  test.each([7, 8, 20])(
    'of another record says so and takes nothing of it, however far that one reaches: %i changes',
    async (length) => {
      const { feed, applied, onReplaced } = feedOver({ length, name: 'b' }, 7);
      await feed.catchUp();
      expect(onReplaced).toHaveBeenCalledTimes(1);
      expect(applied).toEqual([]);
    },
  );

  test('that is told of a change of another record does not take it for the next of its own', () => {
    const { feed, applied, onReplaced } = feedOver({ length: 7 }, 7);
    feed.take({ changes: [changeOf(7, 'b'), changeOf(8, 'b')], entries: [] });
    expect(onReplaced).toHaveBeenCalledTimes(1);
    feed.take(told(8));
    expect(applied).toEqual([]);
  });

  test('that went ahead while it was asked for is not taken for another one', async () => {
    const record = { length: 1 };
    const { feed, onReplaced, applied } = feedOver(record);
    const asking = feed.catchUp();
    record.length = 3;
    for (const seq of [1, 2, 3]) feed.take(told(seq));
    await asking;
    expect(onReplaced).not.toHaveBeenCalled();
    expect(applied).toEqual([1, 2, 3]);
  });
});

/** A window that hears of another one's work by a feed that loses, doubles and shuffles. */
class Hearer {
  readonly record: SessionRecord;
  readonly #late: Changes[] = [];
  readonly #random: () => number;

  constructor(fake: FakeWorkstation, open: OpenSession, random: () => number) {
    this.#random = random;
    this.record = new SessionRecord(open, { bridge: fake.bridge });
    fake.onEvent((event) => {
      if (event.type === 'changes') this.#hear(event);
      else if (event.type === 'answer' && random() > 0.3) this.record.entries.answer(event.answer);
    });
  }

  #hear(event: Changes): void {
    const draw = this.#random();
    if (draw > 0.3) this.#take(event);
    if (draw > 0.8) this.#take(event);
    if (draw > 0.2 && draw < 0.5) this.#late.push(event);
    if (this.#random() > 0.6) for (const late of this.#late.splice(0).reverse()) this.#take(late);
  }

  #take(event: Changes): void {
    this.record.take({ type: 'changes', ...event });
  }
}

describe('what a window shows', () => {
  const act = async (fake: FakeWorkstation, random: () => number): Promise<void> => {
    const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
    const sessionId = fake.session.id;
    const entry = pick(fake.entries);
    const draw = random();
    if (draw < 0.3 || entry === undefined) {
      const frameIndex = Math.floor(random() * 300);
      const { answer } = await fake.elsewhere.ask({
        sessionId,
        ...{ frameIndex: frameIndex as never, frameHash: hashOf(frameIndex) },
        question: `Question ${fake.record.seq}?`,
      });
      if (random() > 0.5) fake.end({ ...answer, status: 'not-visible', endedAt: 1 });
    } else if (draw < 0.45) await fake.elsewhere.deleteQuestion({ questionId: entry.question.id });
    else if (draw < 0.6) {
      const { index } = entry.question.location;
      await fake.elsewhere.askAgain({ questionId: entry.question.id, frameHash: hashOf(index) });
    } else if (draw < 0.7) {
      const answer = entry.answers.find(({ status }) => status === 'running');
      if (answer) fake.end({ ...answer, status: 'stopped', endedAt: 1 });
    } else if (draw < 0.8) {
      await fake.elsewhere.renameCase({ caseId: fake.case.id, pseudonym: `Case ${fake.record.seq}` });
    } else if (draw < 0.92) await fake.elsewhere.undo({ sessionId }).catch(() => undefined);
    else await fake.elsewhere.redo({ sessionId }).catch(() => undefined);
  };

  test.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'is in the end what the workstation has, however the feed came (seed %i)',
    async (seed) => {
      const random = randomNumbers(seed);
      const fake = new FakeWorkstation();
      for (const text of ['One', 'Two', 'Three', 'Four']) {
        fake.addEntry(`${text} before?`, 7, { status: text === 'Two' ? 'running' : 'not-visible' });
      }
      // The rest of them is read in the midst of what happens.
      fake.firstPage = 1;
      const windows = [0, 1].map(() => new Hearer(fake, fake.open(), random));
      for (let step = 0; step < 120; step += 1) {
        await act(fake, random);
        if (random() > 0.7) await settle();
      }
      for (const { record } of windows) {
        await record.catchUp();
        await record.entries.readUnderWay();
        await vi.waitFor(() => expect(record.seq).toBe(fake.record.seq));
        expect(record.case).toEqual(fake.case);
        expect(record.entries.list).toEqual(fake.summaries);
        for (const entry of fake.entries) {
          await record.entries.load(entry.question.id);
          expect(record.entries.whole(entry.question.id)).toEqual(entry);
        }
      }
    },
  );
});

test('a window reads everything anew when another database has taken the place of its own', async () => {
  const fake = new FakeWorkstation();
  fake.addEntry('Of before?', 7, { status: 'not-visible' });
  const connection = { bridge: fake.bridge, onReach: () => () => undefined };
  const window = new Workstation(connection, new FramePixels().fetch, () => now);
  await window.start();
  await fake.elsewhere.renameCase({ caseId: fake.case.id, pseudonym: 'Case of before' });
  expect(window.review?.case.pseudonym).toBe('Case of before');
  // The backup is of a time when there was less: its record ends before that of the window.
  const older = new FakeWorkstation();
  fake.entries = [older.addEntry('Of the backup?', 9, { status: 'not-visible' })];
  fake.case = older.case;
  fake.record.changes.length = 0;
  fake.emit({ type: 'replaced' });
  await vi.waitFor(() =>
    expect(window.review?.entries.map(({ question }) => question.text)).toEqual(['Of the backup?']),
  );
  expect(window.review?.case).toEqual(older.case);
  await fake.elsewhere.renameCase({ caseId: fake.case.id, pseudonym: 'Case of now' });
  expect(window.review?.case.pseudonym).toBe('Case of now');
  window.dispose();
});

test('a session is said to be in the bin, by itself or with its case, as soon as any window put it there, and what it is called', () => {
  const fake = new FakeWorkstation();
  const record = new SessionRecord(fake.open(), { bridge: fake.bridge });
  const { id, caseId, number, createdAt } = fake.session;
  const facts = { id, caseId, number, createdAt };
  const take = (edit: object): void => {
    const change = { ...changeOf(record.seq + 1), edits: [edit as Edit] };
    record.take({ type: 'changes', changes: [change], entries: [] });
  };
  take({ entity: 'session', id, before: facts, after: { ...facts, name: 'Second look' } });
  expect(record.name).toBe('Second look');
  take({ entity: 'session', id, before: facts, after: null });
  expect([record.isSessionInBin, record.isCaseInBin]).toEqual([true, false]);
  take({ entity: 'session', id, before: null, after: facts });
  take({ entity: 'case', id: caseId, before: fake.case, after: null });
  expect([record.isSessionInBin, record.isCaseInBin]).toEqual([false, true]);
  take({ entity: 'case', id: caseId, before: null, after: fake.case });
  expect(record.isCaseInBin).toBe(false);
});

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isUnderWay, type FrameIndex, type OpenSession } from '../../preload/contract/index.ts';
import { OtherProcess } from './other-client.ts';
import { Served, type Heard, type Window } from './served.ts';
import { longLived } from '../workstation/workstations.ts';

/** A real workstation with its real model and server, real sockets, and another process on the same data folder. */
const started = longLived();
let served: Served;
let first: Window;
let second: Window;
let opened: OpenSession;
let home: string;

beforeAll(async () => {
  const workstation = await started();
  served = await Served.start(workstation);
  first = await served.open();
  second = await served.open();
  const last = await first.call('openLastSession', {});
  if (last === null) throw new Error('there is no session');
  opened = last;
  home = (await first.call('getStatus', {})).dataFolder;
  const ready = async () => (await first.call('getVideo', { videoId: opened.video.id })).index;
  await vi.waitFor(async () => expect(await ready()).toBe('ready'), { timeout: 60_000 });
  const model = async () => (await first.call('getModelState', {})).phase;
  await vi.waitFor(async () => expect(await model()).toBe('ready'), { timeout: 60_000 });
});
afterAll(() => served.close());

let count = 0;
let name: string;
beforeEach(() => {
  name = `Case ${(count += 1)}`;
});
const rename = (window: Window) => window.call('renameCase', { caseId: opened.case.id, pseudonym: name });
const changes = (heard: Heard[]) =>
  heard.flatMap(({ event, ...rest }) => (event.type === 'changes' ? [{ ...event, ...rest }] : []));
const frame = async (index: number) => {
  const { media } = await started();
  const { hash } = await media.frame(opened.video.id, index as FrameIndex, new AbortController().signal);
  return { frameIndex: index as FrameIndex, frameHash: hash };
};

describe('a change in one window', () => {
  it('is told to every window, with its place in the record and the window that made it', async () => {
    const streams = await Promise.all([first.listen(), second.listen()]);
    await rename(first);
    for (const { heard, stop } of streams) {
      await expect.poll(() => changes(heard).length).toBe(1);
      const [told] = changes(heard);
      expect(told).toMatchObject({
        id: String(told!.changes[0]!.seq),
        changes: [{ command: 'case.rename', window: first.id, edits: [{ after: { pseudonym: name } }] }],
      });
      stop();
    }
    expect(first.id).not.toBe(second.id);
  });

  it.each(['header', 'address'])(
    'that was made while a window was away is told when it is back, by the last one it names in its %s',
    async (how) => {
      const before = await second.listen();
      await rename(first);
      await expect.poll(() => changes(before.heard).length).toBe(1);
      const last = changes(before.heard)[0]!.id!;
      before.stop();
      const missed = [`${name}, again`, `${name}, and again`];
      for (const pseudonym of missed) await first.call('renameCase', { caseId: opened.case.id, pseudonym });
      const after =
        how === 'header'
          ? await second.listen({ 'last-event-id': last })
          : await second.listen({}, `?since=${last}`);
      await expect.poll(() => changes(after.heard).flatMap((told) => told.changes).length).toBe(2);
      await first.call('renameCase', { caseId: opened.case.id, pseudonym: `${name}, last` });
      await expect.poll(() => changes(after.heard).flatMap((told) => told.changes).length).toBe(3);
      const told = changes(after.heard).flatMap((event) => event.changes);
      expect(told.map(({ seq }) => seq)).toEqual([1, 2, 3].map((later) => Number(last) + later));
      after.stop();
    },
  );

  it.each(['-1', 'x', '1e3', '9'.repeat(40), ''])(
    'names no place by %j: then nothing is told again',
    async (since) => {
      const stream = await second.listen({ 'last-event-id': since });
      await rename(first);
      await expect.poll(() => changes(stream.heard).length).toBe(1);
      expect(changes(stream.heard)[0]!.changes).toHaveLength(1);
      stream.stop();
    },
  );

  it('carries the answers as they are: one who missed all of it knows as much as one who heard it', async () => {
    const { seq } = await second.call('openSession', { sessionId: opened.session.id });
    const asked = await first.call('ask', {
      ...(await frame(21)),
      sessionId: opened.session.id,
      question: 'What organ is being operated?',
    });
    const answer = async () => first.call('getAnswer', { answerId: asked.answer.id });
    await expect.poll(async () => isUnderWay((await answer()).status), { timeout: 60_000 }).toBe(false);
    const stream = await second.listen({}, `?since=${seq}`);
    await expect.poll(() => changes(stream.heard).length).toBe(1);
    const [told] = changes(stream.heard);
    expect(told!.entries).toMatchObject([{ question: asked.question, answers: [await answer()] }]);
    stream.stop();
  });
});

describe('a question whose window goes in the middle of asking', () => {
  it('is asked all the same', async () => {
    const stream = await second.listen();
    const question = `Where is suction located? ${name}`;
    const about = await frame(33);
    await first.callAndLeave('ask', { ...about, sessionId: opened.session.id, question, anyway: true });
    const entries = () => changes(stream.heard).flatMap((event) => event.entries);
    await expect.poll(() => entries().some((entry) => entry.question.text === question)).toBe(true);
    const ended = () =>
      stream.heard.some(({ event }) => event.type === 'answer' && !isUnderWay(event.answer.status));
    await expect.poll(ended, { timeout: 60_000 }).toBe(true);
    stream.stop();
  });
});

describe('a change by another process', () => {
  it('is told to every window within a second or so, and one of a window does not disturb it', async () => {
    const other = await OtherProcess.start(home);
    const streams = await Promise.all([first.listen(), second.listen()]);
    try {
      const at = await other.tell(`rename ${opened.case.id} ${name}`);
      for (const { heard } of streams) {
        // What the other process did at its own start, such as the backup of the day, is told, too.
        const ofIt = () => changes(heard).filter((event) => event.changes.at(-1)?.command === 'case.rename');
        await expect.poll(() => ofIt().length).toBe(1);
        const [told] = ofIt();
        expect(told!.changes.at(-1)).toMatchObject({ edits: [{ after: { pseudonym: name } }] });
        expect(told!.at - at).toBeLessThan(1200);
        // The library's list names the case, too.
        expect(heard.some(({ event }) => event.type === 'sessions')).toBe(true);
      }
      // Both at once: told in the order of the record, without a gap.
      const done = Array.from({ length: 10 }, (_, index) => [
        first.call('renameCase', { caseId: opened.case.id, pseudonym: `${name} w${index}` }),
        other.tell(`rename ${opened.case.id} ${name} o${index}`),
      ]);
      await Promise.all(done.flat());
      for (const { heard, stop } of streams) {
        const seqs = () => changes(heard).flatMap((event) => event.changes.map(({ seq }) => seq));
        await expect.poll(() => seqs().length).toBeGreaterThan(20);
        expect(seqs()).toEqual(seqs().map((_, index) => seqs()[0]! + index));
        stop();
      }
    } finally {
      await other.stop();
    }
  });
});

import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { statement } from '../../main/store/database.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import type { AnswerId } from '../../preload/contract/values.ts';
import { OtherProcess } from '../hosts/other-client.ts';
import { Bench, result, ScriptedEngine, untilStopped } from '../review/helpers.ts';
import { ClipFolder, x264 } from '../video/clips.ts';

const clips = new ClipFolder();
let clip = '';
let engine: ScriptedEngine;
let benches: Bench[] = [];

beforeAll(async () => {
  clip = await clips.make('a', { frames: 10, extension: 'mp4', output: x264 });
});
afterAll(() => clips.remove());
beforeEach(() => {
  engine = new ScriptedEngine();
});
afterEach(async () => {
  for (const bench of benches) await bench.remove();
  benches = [];
});

function begin(folder?: string): Bench {
  const bench = new Bench(engine, { ...(folder !== undefined && { folder }), durable: true });
  benches.push(bench);
  return bench;
}

/** The data folder as a process leaves it that is killed now: nobody has ended anything. */
function killed(bench: Bench): string {
  const folder = mkdtempSync(join(tmpdir(), 'workstation-killed-'));
  cpSync(bench.home, join(folder, 'home'), { recursive: true });
  return folder;
}

/** Asks, and returns once the first of them is being written. */
async function asked(bench: Bench, questions: readonly string[]) {
  const opened = await bench.open(clip);
  engine.answer = untilStopped();
  const written = bench.next('answer-text');
  const ids: AnswerId[] = [];
  for (const [index, question] of questions.entries())
    ids.push((await bench.ask(opened, index, question, { seed: index + 1 })).answer.id);
  await written;
  return { opened, ids };
}

const stored = (bench: Bench): unknown[] =>
  bench.store.database.all(statement('test.stored', 'SELECT status, raw FROM answers ORDER BY rowid'));
const tasks = (bench: Bench): unknown[] =>
  bench.store.tasks.list().map(({ state, attempts }) => ({ state, attempts }));
const jobs = async (bench: Bench): Promise<unknown[]> =>
  (await bench.calls.listJobs({})).filter(({ kind }) => kind === 'answer').map(({ state }) => state);
const find = (bench: Bench, answerId: AnswerId): Promise<Answer> => bench.calls.getAnswer({ answerId });

describe('what a killed workstation left', () => {
  it('waits again at the next start, and is answered once, in order, as it was asked', async () => {
    const { opened, ids } = await asked(begin(), ['first', 'second', 'third']);
    await benches[0]!.calls.pauseAnswer({ answerId: ids[1]! });
    expect(await jobs(benches[0]!)).toEqual(['running', 'paused', 'queued']);
    const later = begin(killed(benches[0]!));
    engine.asked = [];
    engine.answer = async () => result();
    const loading = Promise.withResolvers<void>();
    later.review.takeUp(loading.promise);

    const shown = await later.calls.openSession({ sessionId: opened.session.id });
    expect(shown.entries.list.map(({ newest }) => newest.status)).toEqual(['queued', 'queued', 'queued']);
    expect((await find(later, ids[0]!)).raw).toBe('');
    expect(await jobs(later)).toEqual(['queued', 'paused', 'queued']);
    expect(engine.asked).toEqual([]);

    loading.resolve();
    await expect.poll(() => tasks(later)).toEqual([{ state: 'paused', attempts: 0 }]);
    expect(engine.asked.map(({ question, settings }) => ({ question, settings }))).toEqual([
      { question: 'first', settings: { seed: 1 } },
      { question: 'third', settings: { seed: 3 } },
    ]);
    await later.calls.resumeAnswer({ answerId: ids[1]! });
    await expect.poll(() => tasks(later)).toEqual([]);
    expect(engine.asked.at(-1)).toMatchObject({ question: 'second', settings: { seed: 2 } });
    for (const id of ids) expect(await find(later, id)).toMatchObject({ status: 'answered', notes: [] });
    const ends = later.store.record.since(0).changes.filter(({ command }) => command === 'answer.end');
    expect(ends).toHaveLength(3);
    expect(await later.store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('can be stopped before the model is loaded', async () => {
    const { ids } = await asked(begin(), ['first', 'second']);
    const later = begin(killed(benches[0]!));
    engine.asked = [];
    later.review.takeUp(new Promise(() => undefined));
    for (const answerId of ids) await later.calls.stopAnswer({ answerId });
    await expect.poll(() => tasks(later)).toEqual([]);
    for (const id of ids) expect(await find(later, id)).toMatchObject({ status: 'stopped', error: null });
    expect(engine.asked).toEqual([]);
  });

  it('is given up in words once it was begun three times', async () => {
    await asked(begin(), ['first', 'second']);
    for (let begun = 2; begun <= 3; begun++) {
      const next = begin(killed(benches.at(-1)!));
      const written = next.next('answer-text');
      next.review.takeUp(Promise.resolve());
      await written;
      expect(tasks(next)).toEqual([
        { state: 'running', attempts: begun },
        { state: 'waiting', attempts: 0 },
      ]);
    }
    const last = begin(killed(benches.at(-1)!));
    engine.answer = async () => result();
    last.review.takeUp(Promise.resolve());
    await expect.poll(() => tasks(last)).toEqual([]);
    const [first, second] = (
      await last.entries(await last.calls.openLastSession({}).then((open) => open!))
    ).map(({ answers }) => answers[0]!);
    expect(first).toMatchObject({
      status: 'failed',
      error: { code: 'engine-lost', message: expect.stringContaining('ended 3 times') as string },
    });
    expect(second).toMatchObject({ status: 'answered' });
  });

  it('is left alone by a command on the same folder, and by a window while its owner is heard of', async () => {
    await asked(begin(), ['first', 'second']);
    const folder = killed(benches[0]!);
    const command = new Bench(engine, { folder });
    expect(stored(command)).toMatchObject([{ status: 'running' }, { status: 'queued' }]);
    await command.stop();
    const later = begin(folder);
    expect(tasks(later)).toMatchObject([{ state: 'running' }, { state: 'waiting' }]);
  });
});

describe('a window that is closed', () => {
  it('leaves what waits and what is written to the next one; what a person stopped stays so', async () => {
    const bench = begin();
    const { ids } = await asked(bench, ['first', 'second', 'third']);
    await bench.calls.stopAnswer({ answerId: ids[1]! });
    await bench.restart();
    expect(stored(bench)).toEqual([
      { status: 'queued', raw: '' },
      { status: 'stopped', raw: '' },
      { status: 'queued', raw: '' },
    ]);
    // It did not die of them.
    expect(tasks(bench)).toEqual(Array.from({ length: 2 }, () => ({ state: 'waiting', attempts: 0 })));
    engine.answer = async () => result();
    bench.review.takeUp(Promise.resolve());
    await expect.poll(() => tasks(bench)).toEqual([]);
    const statuses = await Promise.all(ids.map(async (id) => (await find(bench, id)).status));
    expect(statuses).toEqual(['answered', 'stopped', 'answered']);
  });
});

describe('asking that is undone', () => {
  it('stops the answer, whether it is written or waits; done again it is there as it was stopped', async () => {
    const bench = begin();
    const { opened, ids } = await asked(bench, ['first', 'second']);
    const sessionId = opened.session.id;
    await bench.calls.undo({ sessionId });
    await expect.poll(() => tasks(bench)).toEqual([{ state: 'running', attempts: 1 }]);
    await bench.calls.undo({ sessionId });
    await expect.poll(() => tasks(bench)).toEqual([]);
    expect(stored(bench)).toMatchObject([{ status: 'stopped' }, { status: 'stopped', raw: '' }]);
    expect(engine.asked).toHaveLength(1);
    await bench.calls.redo({ sessionId });
    expect(await find(bench, ids[0]!)).toMatchObject({ status: 'stopped', reasoning: 'Half a th' });
    expect(await bench.store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('stops the answer also where another process undid it, and leaves the others alone', async () => {
    const bench = begin();
    const { opened, ids } = await asked(bench, ['first', 'second', 'third']);
    const sessionId = opened.session.id;
    const { actor } = bench.store.record.since(0).changes.at(-1)!;
    const other = await OtherProcess.start(bench.home);
    for (let step = 0; step < 2; step++) await other.tell(`undo ${sessionId} ${actor}`);
    await expect.poll(() => tasks(bench)).toEqual([{ state: 'running', attempts: 1 }]);
    await other.tell(`undo ${sessionId} ${actor}`);
    await expect.poll(() => tasks(bench)).toEqual([]);
    expect(engine.asked).toHaveLength(1);
    await other.stop();
    for (const id of ids) expect(await find(bench, id)).toMatchObject({ status: 'stopped' });
    expect(await bench.store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('is not begun by the next workstation where this one was killed before it could stop it', async () => {
    const bench = begin();
    const { opened } = await asked(bench, ['first', 'second']);
    const { actor } = bench.store.record.since(0).changes.at(-1)!;
    bench.store.record.undo({ actor, window: null }, opened.session.id);
    const later = begin(killed(bench));
    engine.asked = [];
    engine.answer = async () => result();
    later.review.takeUp(Promise.resolve());
    await expect.poll(() => tasks(later)).toEqual([]);
    expect(engine.asked.map(({ question }) => question)).toEqual(['first']);
    expect(stored(later)).toMatchObject([{ status: 'answered' }, { status: 'stopped' }]);
  });

  it('a question that is deleted is not answered any more', async () => {
    const bench = begin();
    const { ids } = await asked(bench, ['first', 'second']);
    const { questionId } = await find(bench, ids[1]!);
    await bench.calls.deleteQuestion({ questionId });
    await expect.poll(() => tasks(bench)).toEqual([{ state: 'running', attempts: 1 }]);
    expect(await find(bench, ids[1]!)).toMatchObject({ status: 'stopped' });
  });
});

it('a question whose model is still being loaded can be put off, and the next one has its turn', async () => {
  const { opened } = await asked(begin(), ['first', 'second']);
  const later = begin(killed(benches[0]!));
  engine.asked = [];
  engine.answer = async () => result();
  const loading = Promise.withResolvers<void>();
  later.review.takeUp(loading.promise);
  const { entries } = await later.calls.openSession({ sessionId: opened.session.id });
  const [first] = entries.list.toSorted((one, other) => one.place - other.place);
  await later.calls.pauseAnswer({ answerId: first!.newest.id });
  expect(await jobs(later)).toEqual(['paused', 'queued']);
  loading.resolve();
  await expect.poll(() => tasks(later)).toEqual([{ state: 'paused', attempts: 1 }]);
  await later.calls.resumeAnswer({ answerId: first!.newest.id });
  await expect.poll(() => tasks(later)).toEqual([]);
  expect(engine.asked.map(({ question }) => question)).toEqual(['second', 'first']);
});

it('a question that is being answered can’t be put off', async () => {
  const bench = begin();
  const { ids } = await asked(bench, ['first']);
  await expect(bench.calls.pauseAnswer({ answerId: ids[0]! })).rejects.toMatchObject({ code: 'busy' });
  await bench.calls.stopAnswer({ answerId: ids[0]! });
});

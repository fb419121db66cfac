import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { isUnderWay, type OpenSession } from '../../preload/contract/index.ts';
import type { LibraryCommand } from '../../preload/contract/commands.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { Bench, ScriptedEngine, untilStopped } from './helpers.ts';

const clips = new ClipFolder();
let path: string;
let bench: Bench;
let engine: ScriptedEngine;
let opened: OpenSession;

beforeAll(async () => {
  path = await clips.make('bin', { frames: 8, extension: 'mp4', output: x264 });
});
afterAll(() => clips.remove());

beforeEach(async () => {
  engine = new ScriptedEngine();
  bench = new Bench(engine);
  opened = await bench.open(path);
});
afterEach(() => bench.remove());

const apply = (command: LibraryCommand) => bench.calls.applyToLibrary({ command, doneIn: opened.session.id });

async function answered(): Promise<void> {
  const ended = bench.ended();
  await bench.ask(opened, 3, 'Where is the stapler?');
  await ended;
}

/** What a person sees of the case anywhere. */
async function seen() {
  const { calls } = bench;
  const found = await calls.find({ query: 'stapler' });
  return {
    cases: (await calls.listCases({})).length,
    summaries: (await calls.listCaseSummaries({})).length,
    sessions: (await calls.listSessions({})).length,
    recent: (await calls.listRecentVideos({})).length,
    found: found.groups.find(({ kind }) => kind === 'answer')?.count ?? 0,
    last: (await calls.openLastSession({}))?.session.id ?? null,
  };
}

it('a case goes with all that it holds, is named in the bin, and comes back whole, over a restart', async () => {
  await answered();
  const before = await seen();
  expect(before).toEqual({
    ...{ cases: 1, summaries: 1, sessions: 1, recent: 1, found: 1, last: opened.session.id },
  });
  const caseId = opened.case.id;
  const { change } = await apply({ name: 'case.delete', caseId });
  expect(change).toMatchObject({ command: 'case.delete', kind: 'do', caseId, sessionId: opened.session.id });
  const none = { cases: 0, summaries: 0, sessions: 0, recent: 0, found: 0, last: null };
  expect(await seen()).toEqual(none);
  expect(await bench.calls.listBin({})).toMatchObject([
    { kind: 'case', caseId, sessions: 1, questions: 1, deletedBy: change?.actor },
  ]);
  await bench.restart();
  expect(await seen()).toEqual(none);
  await apply({ name: 'case.restore', caseId });
  expect(await seen()).toEqual(before);
  expect(await bench.calls.listBin({})).toEqual([]);
  expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
});

it('deleting is undone and done again in the session that it was done in, though that is the one that was deleted', async () => {
  const sessionId = opened.session.id;
  await apply({ name: 'session.delete', sessionId });
  expect(await bench.calls.listSessions({})).toEqual([]);
  expect(await bench.calls.listBin({})).toMatchObject([{ kind: 'session', sessionId, withCase: false }]);
  await bench.calls.undo({ sessionId });
  expect(await bench.calls.listSessions({})).toHaveLength(1);
  await bench.calls.redo({ sessionId });
  expect(await bench.calls.listSessions({})).toEqual([]);
  expect(await apply({ name: 'session.delete', sessionId })).toEqual({ change: null });
});

it('a question that is running stops, and nothing more is done in what lies in the bin', async () => {
  engine.answer = untilStopped();
  const { answer } = await bench.ask(opened, 2);
  await expect.poll(() => engine.asked.length).toBe(1);
  const ended = bench.ended();
  await apply({ name: 'case.delete', caseId: opened.case.id });
  expect(await ended).toMatchObject({ id: answer.id, status: 'stopped' });
  const inBin = { code: 'in-bin' };
  const { id: sessionId } = opened.session;
  const { id: videoId } = opened.video;
  await expect(bench.ask(opened, 2)).rejects.toMatchObject(inBin);
  const bookmark = { name: 'bookmark.add', videoId, frameIndex: 1 as never } as const;
  await expect(bench.calls.apply({ sessionId, command: bookmark })).rejects.toMatchObject(inBin);
  await expect(bench.calls.openSession({ sessionId })).rejects.toMatchObject(inBin);
  await expect(bench.calls.startSession({ videoId })).rejects.toMatchObject(inBin);
  await apply({ name: 'case.restore', caseId: opened.case.id });
  expect(
    (await bench.entries(opened)).flatMap(({ answers }) => answers).some(({ status }) => isUnderWay(status)),
  ).toBe(false);
});

it('a video whose case lies in the bin is not opened in it, but as a new case where that is wanted', async () => {
  await apply({ name: 'case.delete', caseId: opened.case.id });
  const { grantId } = await bench.grants.addFile(path);
  expect(await bench.calls.lookUpVideo({ grantId })).toMatchObject({ caseId: opened.case.id, inBin: true });
  await expect(bench.open(path)).rejects.toMatchObject({ code: 'in-bin', message: /Case 0001/ });
  const anew = await bench.calls.openVideo({ grantId, caseId: null, asNewCase: true });
  expect(anew.case.pseudonym).toBe('Case 0002');
  // What is outside the bin goes before what lies in it.
  expect(await bench.calls.lookUpVideo({ grantId })).toMatchObject({ caseId: anew.case.id, inBin: false });
  expect((await bench.open(path)).case.id).toBe(anew.case.id);
});

it('sessions have names, are counted on behind those in the bin, and bring their case back', async () => {
  const sessionId = opened.session.id;
  await apply({ name: 'session.rename', sessionId, title: '  Second\n look ' });
  expect(await bench.calls.listSessions({})).toMatchObject([{ name: 'Second look' }]);
  expect((await bench.calls.find({ query: 'second look' })).groups).toContainEqual(
    expect.objectContaining({ kind: 'session', count: 1 }),
  );
  await expect(apply({ name: 'session.rename', sessionId, title: 'x'.repeat(121) })).rejects.toMatchObject({
    code: 'invalid-input',
  });
  await apply({ name: 'session.delete', sessionId });
  const next = await bench.calls.startSession({ videoId: opened.video.id });
  expect(next.session).toMatchObject({ number: opened.session.number + 1, name: null });
  await apply({ name: 'case.delete', caseId: opened.case.id });
  expect(await bench.calls.listBin({})).toContainEqual(
    expect.objectContaining({ sessionId, withCase: true }),
  );
  await expect(apply({ name: 'session.rename', sessionId, title: 'x' })).rejects.toMatchObject({
    code: 'invalid-input',
  });
  await apply({ name: 'session.restore', sessionId });
  expect(await bench.calls.listBin({})).toEqual([]);
  expect(await bench.calls.listSessions({})).toHaveLength(2);
});

it('answers that nobody has decided on are counted, and files that are away', async () => {
  await answered();
  expect(await bench.calls.listCaseSummaries({})).toMatchObject([
    { questions: 1, open: 1, recordings: 1, away: 0, sessions: 1 },
  ]);
  const [entry] = await bench.entries(opened);
  const answerId = entry!.answers[0]!.id;
  await bench.calls.apply({
    sessionId: opened.session.id,
    command: { name: 'verdict.accept', answerId },
  });
  expect(await bench.calls.listCaseSummaries({})).toMatchObject([{ questions: 1, open: 0 }]);
});

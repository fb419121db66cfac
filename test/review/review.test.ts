import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../main/store/database.ts';
import { readerQueries } from '../../main/store/reader/index.ts';
import { calls as contract, inContext } from '../../preload/contract/calls.ts';
import { ActorId } from '../../preload/contract/context.ts';
import type { FrameIndex, GrantId } from '../../preload/contract/values.ts';
import { testContext } from '../context.ts';
import { ClipFolder, readCounter, x264 } from '../video/clips.ts';
import { multiplyQuestion } from '../store/long-session.ts';
import { Bench, ScriptedEngine, untilStopped } from './helpers.ts';

const clips = new ClipFolder();
let clip = '';
let otherClip = '';
let engine: ScriptedEngine;
let bench: Bench;

beforeAll(async () => {
  clip = await clips.make('a', { frames: 40, extension: 'mp4', output: x264 });
  otherClip = await clips.make('b', { frames: 30, extension: 'mkv', output: x264 });
});
afterAll(() => clips.remove());
beforeEach(() => {
  engine = new ScriptedEngine();
  bench = new Bench(engine);
});
afterEach(() => bench.remove());

const frame = (index: number): FrameIndex => index as FrameIndex;

describe('a place in a video', () => {
  it('is each person’s own, is no change, and moves no session up in the list', async () => {
    const opened = await bench.open(clip);
    const { id: sessionId } = opened.session;
    const calls = (actor: string) =>
      inContext(bench.review.calls, testContext({ actor: ActorId.parse(actor) }));
    const { seq } = bench.store.record;
    // Windows are told of saving up to a second late, so the time of it is compared and not what was told.
    const { savedAt } = bench.store;
    const before = bench.events.length;
    await calls('anna').savePosition({ sessionId, frameIndex: frame(9) });
    await calls('bert').savePosition({ sessionId, frameIndex: frame(3) });
    await calls('anna').savePosition({ sessionId, frameIndex: frame(10) });
    expect((await calls('anna').openSession({ sessionId })).session.frameIndex).toBe(10);
    expect((await calls('bert').openSession({ sessionId })).session.frameIndex).toBe(3);
    expect((await calls('carl').openSession({ sessionId })).session).toEqual(opened.session);
    expect(bench.store.record.seq).toBe(seq);
    expect(bench.store.savedAt).toBe(savedAt);
    expect(bench.events.slice(before).filter(({ type }) => /changes|sessions/.test(type))).toEqual([]);
  });

  it('names its video with the question, which another case’s may not be', async () => {
    const opened = await bench.open(clip);
    const other = await bench.open(otherClip);
    const ended = bench.ended();
    const { question } = await bench.ask(opened);
    expect(question.videoId).toBe(opened.video.id);
    await ended;
    const asked = {
      ...{ sessionId: opened.session.id, videoId: other.video.id, frameIndex: frame(7) },
      ...{ frameHash: await bench.hash(other.video.id, 7), question: 'What organ?' },
    };
    await expect(bench.calls.ask(asked)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('another case') as string,
    });
    expect(await bench.entries(opened)).toHaveLength(1);
    expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });
});

describe('opening a video', () => {
  it('makes a case with a number for a name, a session, and counts the frames in the background', async () => {
    const ready = bench.next('video', ({ video }) => video.index === 'ready');
    const opened = await bench.open(clip);
    expect(() => contract.openVideo.output.parse(opened)).not.toThrow();
    expect(opened.case).toMatchObject({ pseudonym: 'Case 0001', demonstration: false });
    expect(opened.session).toMatchObject({ number: 1, frameIndex: 0 });
    expect(opened).toMatchObject({ entries: { list: [], next: null, models: [] }, entryCount: 0 });
    expect((await ready).video).toMatchObject({
      frameCount: 40,
      width: 192,
      height: 144,
      codec: 'h264',
      playback: 'native',
      availability: 'available',
      displayName: 'a.mp4',
    });
    expect(JSON.stringify(opened)).not.toContain(clips.path);
  });

  it('reads the kept index the next time, and builds one again from a spoilt file', async () => {
    const { video } = await bench.open(clip);
    await bench.calls.locate({ videoId: video.id, at: { index: frame(0) } });
    const kept = await bench.store.frameIndexes.read(video.fingerprint);
    expect(kept).not.toBeNull();
    await bench.restart();
    const again = await bench.open(clip);
    expect(await bench.review.recording(again.video.id).then((source) => source.indexed())).toMatchObject({
      kept: true,
    });
    await bench.store.frameIndexes.write(video.fingerprint, Buffer.from('spoilt'));
    await bench.restart();
    await bench.open(clip);
    expect(await bench.review.recording(video.id).then((source) => source.indexed())).toMatchObject({
      kept: false,
    });
    await bench.calls.locate({ videoId: video.id, at: { index: frame(39) } });
    expect((await bench.store.frameIndexes.read(video.fingerprint))?.length).toBe(kept?.length);
  });

  it('knows a file again that was moved, and joins its case', async () => {
    const first = join(bench.folder, 'first.mp4');
    copyFileSync(clip, first);
    const before = await bench.open(first);
    const moved = join(bench.folder, 'moved.mp4');
    renameSync(first, moved);
    expect((await bench.calls.getVideo({ videoId: before.video.id })).availability).toBe('missing');
    const after = await bench.open(moved);
    expect(after.video).toMatchObject({
      id: before.video.id,
      displayName: 'moved.mp4',
      availability: 'available',
    });
    expect(after.session.id).toBe(before.session.id);
    expect(after.case.id).toBe(before.case.id);
  });

  it('joins the case that was asked for', async () => {
    const { id } = await bench.calls.createCase({ pseudonym: 'Nephrectomy 12' });
    const opened = await bench.open(clip, id);
    expect(opened.case.id).toBe(id);
    expect((await bench.open(otherClip, id)).session.number).toBe(2);
    expect((await bench.calls.renameCase({ caseId: id, pseudonym: 'N 13' })).pseudonym).toBe('N 13');
    expect((await bench.calls.listSessions({})).map(({ casePseudonym }) => casePseudonym)).toEqual([
      'N 13',
      'N 13',
    ]);
  });

  it('is renamed in a session of its own alone, where that is undone, also after a restart', async () => {
    const { case: own, session } = await bench.open(clip);
    const other = await bench.open(otherClip);
    const elsewhere = { caseId: own.id, pseudonym: 'X', sessionId: other.session.id };
    await expect(bench.calls.renameCase(elsewhere)).rejects.toMatchObject({ code: 'invalid-input' });
    await bench.calls.renameCase({ caseId: own.id, pseudonym: 'N 13', sessionId: session.id });
    await bench.restart();
    const undone = await bench.calls.undo({ sessionId: session.id });
    expect(undone.what).toBe('Rename case: “N 13”');
    const again = await bench.calls.openSession({ sessionId: session.id });
    expect(again.case).toEqual(own);
    expect(again.seq).toBe(undone.change.seq);
    await expect(bench.calls.undo({ sessionId: other.session.id })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('refuses what is no video, and leaves nothing behind', async () => {
    const text = join(bench.folder, 'notes.mp4');
    writeFileSync(text, 'not a video '.repeat(500));
    await expect(bench.open(text)).rejects.toMatchObject({ code: 'video-not-a-video' });
    await expect(bench.grants.addFile(join(bench.folder, 'none.mp4'))).rejects.toMatchObject({
      code: 'file-missing',
    });
    expect(await bench.calls.listCases({})).toEqual([]);
    expect(await bench.calls.listRecentVideos({})).toEqual([]);
    await expect(
      bench.calls.openVideo({ grantId: 'invented' as GrantId, caseId: null }),
    ).rejects.toMatchObject({ code: 'not-found' });
  });

  it('lists recent videos until they are cleared', async () => {
    await bench.open(clip);
    await bench.open(otherClip);
    const recent = await bench.calls.listRecentVideos({});
    expect(recent.map(({ displayName }) => displayName)).toEqual(['b.mkv', 'a.mp4']);
    await bench.calls.clearRecentVideos({});
    expect(await bench.calls.listRecentVideos({})).toEqual([]);
  });

  it('lands in the demonstration case, once', async () => {
    const first = await bench.review.openDemonstration(clip);
    expect(first.case.demonstration).toBe(true);
    await bench.restart();
    const second = await bench.review.openDemonstration(clip);
    expect(second.session.id).toBe(first.session.id);
    expect(await bench.calls.listCases({})).toHaveLength(1);
  });
});

describe('a file that is gone or another', () => {
  it('is said, its answers are there, and it is found again only if it is the same', async () => {
    const path = join(bench.folder, 'x.mp4');
    copyFileSync(clip, path);
    const opened = await bench.open(path);
    const ended = bench.ended();
    await bench.ask(opened);
    await ended;
    await bench.restart();
    const elsewhere = join(bench.folder, 'y.mp4');
    renameSync(path, elsewhere);

    const missing = await bench.calls.openSession({ sessionId: opened.session.id });
    expect(missing.video).toMatchObject({ availability: 'missing', problem: { code: 'file-missing' } });
    expect(missing.entries.list).toHaveLength(1);
    const frameHash = missing.entries.list[0]?.newest.frameHash ?? '';
    const asking = { sessionId: opened.session.id, frameIndex: frame(7), frameHash, question: 'What?' };
    await expect(bench.calls.ask(asking)).rejects.toMatchObject({ code: 'file-missing' });
    expect(await bench.entries(opened)).toHaveLength(1);

    copyFileSync(otherClip, path);
    const other = await bench.calls.openSession({ sessionId: opened.session.id });
    expect(other.video).toMatchObject({ availability: 'changed', problem: { code: 'file-changed' } });
    await expect(bench.review.frame(opened.video.id, frame(0))).rejects.toMatchObject({
      code: 'file-changed',
    });

    const grant = async (file: string) => (await bench.grants.addFile(file)).grantId;
    await expect(
      bench.calls.relinkVideo({ videoId: opened.video.id, grantId: await grant(otherClip) }),
    ).rejects.toMatchObject({ code: 'file-changed' });
    const back = await bench.calls.relinkVideo({ videoId: opened.video.id, grantId: await grant(elsewhere) });
    expect(back).toMatchObject({ availability: 'available', displayName: 'y.mp4' });
    const { changes } = await bench.calls.changesSince({ seq: 0 });
    expect(changes.filter(({ command }) => command.startsWith('video.'))).toMatchObject([
      {
        command: 'video.open',
        kind: 'record',
        actor: 'tester',
        caseId: opened.case.id,
        edits: [{ after: { name: 'x.mp4' } }],
      },
      { command: 'video.relink', kind: 'record', edits: [{ after: { id: opened.video.id, name: 'y.mp4' } }] },
    ]);
    expect(await bench.store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
    expect(readCounter(await bench.review.frame(opened.video.id, frame(21)))).toBe(21);
  });

  it('that vanishes while it is open is told to every window at once, at the first frame that is not there', async () => {
    const path = join(bench.folder, 'vanishing.mp4');
    copyFileSync(clip, path);
    const opened = await bench.open(path);
    await bench.review.frame(opened.video.id, frame(3));
    rmSync(path);
    const told = bench.next('video', ({ video }) => video.availability === 'missing');
    await expect(bench.review.frame(opened.video.id, frame(30))).rejects.toMatchObject({
      code: 'file-missing',
    });
    expect((await told).video).toMatchObject({ id: opened.video.id, problem: { code: 'file-missing' } });
    await expect(bench.ask(opened, 29)).rejects.toMatchObject({ code: 'file-missing' });
    expect(await bench.entries(opened)).toEqual([]);
  });

  it('that changes under an open session is not shown as the old one', async () => {
    const path = join(bench.folder, 'x.mp4');
    copyFileSync(clip, path);
    const opened = await bench.open(path);
    await bench.review.frame(opened.video.id, frame(3));
    copyFileSync(otherClip, path);
    await expect(bench.ask(opened, 30)).rejects.toMatchObject({ code: 'file-changed' });
    const asking = {
      sessionId: opened.session.id,
      frameIndex: frame(30),
      frameHash: '0'.repeat(64),
      question: 'What?',
    };
    await expect(bench.calls.ask(asking)).rejects.toMatchObject({ code: 'file-changed' });
    expect(engine.asked).toEqual([]);
    expect(await bench.entries(opened)).toEqual([]);
    expect((await bench.calls.getVideo({ videoId: opened.video.id })).availability).toBe('changed');
  });

  it('that has only grown is reviewed as it was, also after a restart', async () => {
    const path = join(bench.folder, 'grown.ts');
    copyFileSync(await clips.make('grown', { frames: 40, extension: 'ts', output: x264 }), path);
    const opened = await bench.open(path);
    const before = await bench.hash(opened.video.id, 20);
    appendFileSync(path, readFileSync(path));
    expect(await bench.hash(opened.video.id, 21)).not.toBe(before);
    expect((await bench.calls.getVideo({ videoId: opened.video.id })).availability).toBe('available');
    await bench.restart();
    const again = await bench.calls.openSession({ sessionId: opened.session.id });
    expect(again.video).toMatchObject({ id: opened.video.id, availability: 'available', problem: null });
    expect(await bench.hash(opened.video.id, 20)).toBe(before);
    await expect(bench.hash(opened.video.id, 40)).rejects.toMatchObject({ code: 'frame-out-of-range' });
    // Chosen again, it is the same recording with what came since.
    expect((await bench.open(path)).video.id).toBe(opened.video.id);
    expect(await bench.hash(opened.video.id, 20)).toBe(before);
    // The file was appended to itself, so that its frames come a second time.
    expect(await bench.hash(opened.video.id, 60)).toBe(before);
  });
});

describe('places in a video', () => {
  it('are named by number, seconds or timecode, and refused outside', async () => {
    const { video } = await bench.open(clip);
    const at = (place: Parameters<typeof bench.calls.locate>[0]['at']) =>
      bench.calls.locate({ videoId: video.id, at: place });
    expect(await at({ timecode: '#12' })).toMatchObject({ index: 12, timecode: '00:00:00.480' });
    expect((await at({ timecode: '0:01.200' })).index).toBe(30);
    expect((await at({ seconds: 0.5 })).index).toBe(12);
    await expect(at({ index: frame(40) })).rejects.toMatchObject({ code: 'frame-out-of-range' });
    await expect(at({ timecode: '#40' })).rejects.toMatchObject({ code: 'frame-out-of-range' });
    await expect(at({ timecode: 'noon' })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('folders', () => {
  it('show folders and videos by id, nothing hidden, and lead back up', async () => {
    const videos = join(bench.folder, 'Videos');
    mkdirSync(join(videos, 'case 10'), { recursive: true });
    mkdirSync(join(videos, 'case 9'));
    mkdirSync(join(videos, '.hidden'));
    for (const name of ['b.MP4', 'a.ts', 'notes.txt', '.secret.mp4'])
      writeFileSync(join(videos, name), 'xyz');
    const places = await bench.calls.browseFolder({ folderId: null });
    expect(() => contract.browseFolder.output.parse(places)).not.toThrow();
    expect(places.entries.map(({ name }) => name)).toEqual(['Home', 'Videos']);
    const folder = await bench.calls.browseFolder({ folderId: places.entries[1]?.id as GrantId });
    expect(folder.entries.map(({ name, kind, sizeBytes }) => [name, kind, sizeBytes])).toEqual([
      ['case 9', 'folder', null],
      ['case 10', 'folder', null],
      ['a.ts', 'video', 3],
      ['b.MP4', 'video', 3],
    ]);
    expect(folder.parentId).toBe(places.entries[0]?.id);
    expect(folder.path).toBe(videos);
    rmSync(join(videos, 'case 9'), { recursive: true });
    await expect(
      bench.calls.browseFolder({ folderId: folder.entries[0]?.id as GrantId }),
    ).rejects.toMatchObject({ code: 'file-missing' });
  });
});

it('a large page and what was missed are read in another thread, with what this one wrote before and is writing', async () => {
  const opened = await bench.open(clip);
  const { id: sessionId } = opened.session;
  const ended = bench.ended();
  await bench.ask(opened, 5);
  await ended;
  multiplyQuestion(bench.home, 130);
  const { seq } = bench.store.record;
  const [first] = (await bench.calls.openSession({ sessionId })).entries.list;
  const answerId = first!.newest.id;
  // More changes than are read in place, and none of them is left out.
  for (let time = 0; time < 30; time++) {
    await bench.calls.apply({ sessionId, command: { name: 'verdict.accept', answerId } });
    await bench.calls.undo({ sessionId });
  }
  await bench.calls.apply({ sessionId, command: { name: 'verdict.accept', answerId } });
  engine.answer = untilStopped();
  const started = bench.next('answer', ({ answer }) => answer.status === 'running');
  const { question } = await bench.ask(opened, 9);
  await started;

  const { isSmall } = readerQueries['session.page'];
  const context = { database: bench.store.database as Connection, layout: bench.store.layout };
  expect(isSmall!(context, { sessionId, limit: 500 })).toBe(false);
  expect(readerQueries['record.missed'].isSmall!(context, { seq })).toBe(false);
  const page = await bench.calls.listEntries({ sessionId, limit: 500 });
  expect(page.list).toHaveLength(131);
  expect(page.list[0]).toMatchObject({
    question: { id: question.id },
    newest: { status: 'running', model: 'Scripted model 1' },
  });
  expect(page.list.find(({ newest }) => newest.id === answerId)?.newest.decisions).toMatchObject([
    { decision: 'accepted' },
  ]);
  const missed = await bench.calls.changesSince({ seq });
  expect(missed.changes.map((change) => change.seq)).toEqual(
    Array.from({ length: bench.store.record.seq - seq }, (_, index) => seq + index + 1),
  );
  expect(missed.entries.map((entry) => entry.question.id).sort()).toEqual(
    [question.id, first!.question.id].sort(),
  );
  expect(missed.entries.find((entry) => entry.question.id === question.id)?.answers).toMatchObject([
    { status: 'running', raw: '<think>Half a th' },
  ]);
});

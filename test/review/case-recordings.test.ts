import { renameSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { caseTimeOf, type RecordingStart } from '../../preload/contract/case-time.ts';
import type { OpenSession } from '../../preload/contract/entries.ts';
import type { FrameIndex, VideoId } from '../../preload/contract/values.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { Bench, ScriptedEngine } from './helpers.ts';

const clips = new ClipFolder();
const paths = { first: '', second: '', third: '' };
let bench: Bench;
let opened: OpenSession;
/** In a case of its own. */
let other: OpenSession;
/** Of the opened case, beside the one that it was opened with. */
let b: VideoId;

beforeAll(async () => {
  const make = (name: string, frames: number, recordedAt?: string) => {
    const stated = recordedAt === undefined ? [] : ['-metadata', `creation_time=${recordedAt}`];
    return clips.make(name, { frames, extension: 'mp4', output: [...x264, ...stated] });
  };
  Object.assign(paths, {
    first: await make('a', 12),
    second: await make('b', 10),
    third: await make('c', 8, '2026-11-20T08:30:00Z'),
  });
  bench = new Bench(new ScriptedEngine());
  opened = await bench.open(paths.first);
  other = await bench.open(paths.third);
  b = (await add(paths.second)).id;
});
afterAll(async () => {
  await bench.remove();
  clips.remove();
});
// Each test leaves the case as it was.
afterEach(async () => {
  expect(await list()).toEqual([opened.video.id, b]);
  expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
});

const caseId = () => opened.case.id;
const sessionId = () => opened.session.id;
const list = async () => (await bench.calls.listRecordings({ caseId: caseId() })).map(({ id }) => id);
const add = async (path: string) => {
  const { grantId } = await bench.grants.addFile(path);
  return bench.calls.addRecording({ caseId: caseId(), grantId, sessionId: sessionId() });
};
const remove = (videoId: VideoId) =>
  bench.calls.apply({ sessionId: sessionId(), command: { name: 'recording.remove', videoId } });
const order = (...videoIds: VideoId[]) =>
  bench.calls.apply({ sessionId: sessionId(), command: { name: 'recording.reorder', videoIds } });
const undo = async () => (await bench.calls.undo({ sessionId: sessionId() })).what;
const redo = async () => (await bench.calls.redo({ sessionId: sessionId() })).what;
const refused = (code: string, words: string) => ({
  code,
  message: expect.stringContaining(words) as string,
});

describe('the recordings of a case', () => {
  it('are added, ordered and taken out; each is recorded, told, undone and done again, over a restart', async () => {
    const first = opened.video.id;
    const told = bench.next('changes');
    await order(b, first);
    expect((await told).changes).toMatchObject([{ command: 'recording.reorder', kind: 'do' }]);
    await remove(first);
    expect(await list()).toEqual([b]);
    await bench.restart();
    expect(await list()).toEqual([b]);
    expect([await undo(), await undo(), await undo()]).toEqual([
      'Remove recording',
      'Reorder recordings',
      'Add recording',
    ]);
    expect(await list()).toEqual([first]);
    for (let count = 0; count < 3; count++) await redo();
    expect(await list()).toEqual([b]);
    expect([await undo(), await undo()]).toEqual(['Remove recording', 'Reorder recordings']);
  });

  it('a file is in a case once, and one that went away is not added', async () => {
    const { seq } = bench.store.record;
    await expect(add(paths.second)).rejects.toMatchObject(refused('invalid-input', 'in this case already'));
    await expect(add(paths.first)).rejects.toMatchObject(refused('invalid-input', 'in this case already'));
    const { grantId } = await bench.grants.addFile(paths.third);
    renameSync(paths.third, `${paths.third}.away`);
    await expect(bench.calls.addRecording({ caseId: caseId(), grantId })).rejects.toMatchObject({
      code: 'file-missing',
    });
    renameSync(`${paths.third}.away`, paths.third);
    expect(bench.store.record.seq).toBe(seq);
  });

  it('keep one at least, and know none of another case', async () => {
    await remove(b);
    await expect(remove(opened.video.id)).rejects.toMatchObject(refused('invalid-input', 'only recording'));
    await undo();
    await expect(remove(other.video.id)).rejects.toMatchObject(
      refused('invalid-input', 'not one of the case'),
    );
    const { grantId } = await bench.grants.addFile(paths.third);
    await expect(
      bench.calls.addRecording({ caseId: caseId(), grantId, sessionId: other.session.id }),
    ).rejects.toMatchObject(refused('invalid-input', 'another case'));
  });

  it('are ordered as a whole: none twice, none that went away or is of another case', async () => {
    const first = opened.video.id;
    await expect(order(first, first)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(order(first)).rejects.toMatchObject({ code: 'changed-since' });
    await expect(order(first, b, other.video.id)).rejects.toMatchObject({ code: 'changed-since' });
    await remove(b);
    await expect(order(b, first)).rejects.toMatchObject({ code: 'changed-since' });
    await undo();
    expect((await order(first, b)).change).toBeNull();
  });

  it('begin when a person states it, which is recorded, undone and kept over a restart', async () => {
    const state = (videoId: VideoId, start: RecordingStart | null) =>
      bench.calls.apply({ sessionId: sessionId(), command: { name: 'recording.set-start', videoId, start } });
    const gapOf = async () =>
      caseTimeOf((await open()).recordings).stretches.map(({ from, gap }) => [from, gap.kind]);
    const open = () => bench.calls.openSession({ sessionId: sessionId() });
    const { durationSeconds } = opened.video;
    expect([opened.video.recordedAt, other.video.recordedAt]).toEqual([null, Date.UTC(2026, 10, 20, 8, 30)]);
    expect(await gapOf()).toEqual([
      [0, 'first'],
      [durationSeconds, 'unknown'],
    ]);
    await state(b, { gapSeconds: 90 });
    await bench.restart();
    expect(await gapOf()).toEqual([
      [0, 'first'],
      [durationSeconds! + 90, 'stated'],
    ]);
    expect((await state(b, { gapSeconds: 90 })).change).toBeNull();
    await expect(state(opened.video.id, { gapSeconds: 1 })).rejects.toMatchObject(
      refused('invalid-input', 'first recording'),
    );
    await expect(state(other.video.id, null)).rejects.toMatchObject(
      refused('invalid-input', 'not one of the case'),
    );
    expect(await undo()).toBe('State when a recording began');
    expect((await gapOf())[1]).toEqual([durationSeconds, 'unknown']);
  });

  it('are listed though a file is away', async () => {
    renameSync(paths.second, `${paths.second}.away`);
    const [, away] = await bench.calls.listRecordings({ caseId: caseId() });
    expect(away).toMatchObject({ id: b, availability: 'missing' });
    renameSync(`${paths.second}.away`, paths.second);
  });
});

describe('a session of several recordings', () => {
  const open = (videoId?: VideoId) =>
    bench.calls.openSession({ sessionId: sessionId(), ...(videoId && { videoId }) });

  it('shows each person the one that they saw last, where they stood in it', async () => {
    const first = opened.video.id;
    await bench.calls.savePosition({ sessionId: sessionId(), videoId: first, frameIndex: 9 as FrameIndex });
    const over = await open(b);
    expect([over.video.id, over.session.videoId, over.session.frameIndex]).toEqual([b, b, 0]);
    await bench.calls.savePosition({ sessionId: sessionId(), frameIndex: 4 as FrameIndex });
    const listed = (await bench.calls.listSessions({})).find(({ id }) => id === sessionId());
    expect(listed).toMatchObject({ videoId: b, videoName: over.video.displayName });
    expect((await open(first)).session).toMatchObject({ videoId: first, frameIndex: 9 });
    expect((await open(b)).session.frameIndex).toBe(4);
    expect((await open()).video.id).toBe(b);
  });

  it('holds questions about all of them, each about its own frame', async () => {
    for (const [videoId, index] of [
      [opened.video.id, 7],
      [b, 3],
    ] as const) {
      const ended = bench.ended();
      await bench.ask(await open(videoId), index);
      await ended;
    }
    const entries = await bench.entries(opened);
    expect(entries.map(({ question }) => [question.videoId, question.location.index])).toEqual([
      [opened.video.id, 7],
      [b, 3],
    ]);
    const { fingerprint } = (await bench.calls.listRecordings({ caseId: caseId() }))[1]!;
    expect(entries.map(({ answers }) => answers[0]?.frame?.fingerprint)).toEqual([
      opened.video.fingerprint,
      fingerprint,
    ]);
  });

  it('shows another recording where the one that was on show is taken out, which can’t be asked about', async () => {
    await open(b);
    const frameHash = await bench.hash(b, 3);
    await remove(b);
    const asked = {
      sessionId: sessionId(),
      videoId: b,
      frameIndex: 3 as FrameIndex,
      frameHash,
      question: 'What?',
    };
    await expect(bench.calls.ask(asked)).rejects.toMatchObject(refused('invalid-input', 'taken out'));
    expect((await open()).video.id).toBe(opened.video.id);
    await undo();
    expect((await open()).video.id).toBe(b);
  });

  it('refuses a recording of another case', async () => {
    const { id: videoId } = other.video;
    await expect(open(videoId)).rejects.toMatchObject(refused('invalid-input', 'another case'));
    await expect(
      bench.calls.savePosition({ sessionId: sessionId(), videoId, frameIndex: 1 as FrameIndex }),
    ).rejects.toMatchObject(refused('invalid-input', 'another case'));
  });
});

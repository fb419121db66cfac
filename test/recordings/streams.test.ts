import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { captionOf } from '../../main/export/caption.ts';
import { createVideoMedia } from '../../main/recordings/index.ts';
import { calls as contract } from '../../preload/contract/calls.ts';
import type { FrameIndex } from '../../preload/contract/values.ts';
import { ClipFolder, readCounter, x264 } from '../video/clips.ts';
import { Bench, result, ScriptedEngine } from '../review/helpers.ts';

const clips = new ClipFolder();
let file = '';
let engine: ScriptedEngine;
let bench: Bench;

beforeAll(async () => {
  const room = await clips.make('room', { frames: 40, first: 1000, extension: 'mp4', output: x264 });
  const scope = await clips.make('scope', { frames: 40, extension: 'mp4', output: x264 });
  file = await clips.convert(
    [
      ...['-i', room, '-i', scope, '-map', '0', '-map', '1', '-c', 'copy'],
      ...['-disposition:v:0', '0', '-disposition:v:1', 'default'],
    ],
    'cameras.mkv',
  );
});
afterAll(() => clips.remove());
beforeEach(() => {
  engine = new ScriptedEngine();
  bench = new Bench(engine);
});
afterEach(() => bench.remove());

const number = async (videoId: Parameters<Bench['hash']>[0], index: number): Promise<number> =>
  readCounter(await bench.review.frame(videoId, index as FrameIndex));

describe('a video of several picture streams', () => {
  it('is one recording for each in the same case and session; still, question, answer and picture are of the same one', async () => {
    const scope = await bench.open(file);
    expect(() => contract.openVideo.output.parse(scope)).not.toThrow();
    expect(scope.video).toMatchObject({
      streamIndex: 1,
      streams: [{ index: 0 }, { index: 1, isDefault: true }],
    });
    expect(await number(scope.video.id, 9)).toBe(9);

    const room = await bench.calls.chooseStream({
      sessionId: scope.session.id,
      videoId: scope.video.id,
      streamIndex: 0,
    });
    expect(room.case.id).toBe(scope.case.id);
    expect(room.session.id).toBe(scope.session.id);
    expect((await bench.calls.listSessions({})).length).toBe(1);
    expect((await bench.calls.listRecordings({ caseId: scope.case.id })).map(({ id }) => id)).toEqual([
      scope.video.id,
      room.video.id,
    ]);
    expect(room.video.id).not.toBe(scope.video.id);
    expect(room.video).toMatchObject({ streamIndex: 0, playback: 'transcoded' });
    expect(await number(room.video.id, 9)).toBe(1009);

    let ended = bench.ended();
    await bench.ask(room, 9);
    const inRoom = await ended;
    expect(readCounter(engine.asked[0]?.frame as never)).toBe(1009);
    ended = bench.ended();
    await bench.ask(scope, 9);
    const inScope = await ended;
    expect(readCounter(engine.asked[1]?.frame as never)).toBe(9);
    expect(inRoom.frame?.fingerprint).not.toBe(inScope.frame?.fingerprint);
    expect(inScope.frame?.fingerprint).toMatch(/:1$/);
    expect(readCounter((await bench.review.answeredFrame(inRoom.id)).frame)).toBe(1009);
    expect(readCounter((await bench.review.answeredFrame(inScope.id)).frame)).toBe(9);
    const { entries } = await bench.calls.openSession({ sessionId: scope.session.id });
    expect(entries.list.map(({ question }) => question.videoId)).toEqual([scope.video.id, room.video.id]);
  });

  it('stays in the session when a stream is chosen, also after a restart, and refuses one of another case', async () => {
    const scope = await bench.open(file);
    const room = await bench.calls.chooseStream({
      sessionId: scope.session.id,
      videoId: scope.video.id,
      streamIndex: 0,
    });
    await bench.restart();
    expect(await number(room.video.id, 3)).toBe(1003);
    expect(await number(scope.video.id, 3)).toBe(3);
    const back = await bench.calls.chooseStream({
      sessionId: room.session.id,
      videoId: room.video.id,
      streamIndex: 1,
    });
    expect(back.session.id).toBe(scope.session.id);
    const again = await bench.calls.chooseStream({
      sessionId: scope.session.id,
      videoId: scope.video.id,
      streamIndex: 0,
    });
    expect(again.session.id).toBe(room.session.id);
    await expect(
      bench.calls.chooseStream({ sessionId: scope.session.id, videoId: scope.video.id, streamIndex: 5 }),
    ).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('joins the case that another stream of the file is in, unless it is to be a new one', async () => {
    const { grantId } = await bench.grants.addFile(file);
    const room = await bench.calls.openVideo({ grantId, caseId: null, streamIndex: 0 });
    const scope = await bench.calls.openVideo({ grantId, caseId: null });
    expect(scope.video.streamIndex).toBe(1);
    expect(scope.case.id).toBe(room.case.id);
    const apart = await bench.calls.openVideo({ grantId, caseId: null, asNewCase: true });
    expect(apart.case.id).not.toBe(room.case.id);
    await expect(
      bench.calls.chooseStream({ sessionId: room.session.id, videoId: apart.video.id, streamIndex: 0 }),
    ).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('is known again as a file, whichever stream was reviewed', async () => {
    const { grantId } = await bench.grants.addFile(file);
    const opened = await bench.calls.openVideo({ grantId, caseId: null, streamIndex: 1 });
    expect((await bench.calls.lookUpVideo({ grantId }))?.videoId).toBe(opened.video.id);
  });

  it('that was reviewed before streams could be chosen stays at its first', async () => {
    const { grantId } = await bench.grants.addFile(file);
    const first = await bench.calls.openVideo({ grantId, caseId: null, streamIndex: 0 });
    expect(first.video.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    await bench.restart();
    expect(await number(first.video.id, 5)).toBe(1005);
  });
});

describe('one eye of a stereo recording', () => {
  const left = { layout: 'side-by-side', eye: 'left', squeezed: false } as const;
  const right = { ...left, eye: 'right' } as const;
  let both = '';

  beforeAll(async () => {
    const one = await clips.make('left', { frames: 20, extension: 'mp4', output: x264 });
    const other = await clips.make('right', { frames: 20, first: 1000, extension: 'mp4', output: x264 });
    both = await clips.convert(['-i', one, '-i', other, '-filter_complex', 'hstack', ...x264], 'stereo.mp4');
  });

  it('is its picture everywhere from the choice on, over a restart and until it is undone', async () => {
    const opened = await bench.open(both);
    const { session, video } = opened;
    expect(video).not.toHaveProperty('eye');
    const choose = (eye: typeof left | typeof right | null) =>
      bench.calls.apply({
        sessionId: session.id,
        command: { name: 'recording.choose-eye', videoId: video.id, eye },
      });
    await bench.review.frame(video.id, 0 as FrameIndex);
    let ended = bench.ended();
    await bench.ask(opened, 9);
    const whole = await ended;
    expect(whole.frame).not.toHaveProperty('eye');

    const told = bench.next('video');
    expect((await choose(left)).change?.command).toBe('recording.choose-eye');
    expect((await choose(left)).change).toBeNull();
    expect((await told).video).toMatchObject({ eye: left, width: video.width / 2, height: video.height });
    expect(await number(video.id, 9)).toBe(9);
    const thumbnails = createVideoMedia(bench.review);
    const { signal } = new AbortController();
    const small = async () =>
      Buffer.from((await thumbnails.thumbnail(video.id, 0 as FrameIndex, 64, signal)).jpeg);
    const ofLeft = await small();

    ended = bench.ended();
    await bench.ask(opened, 9);
    const ofEye = await ended;
    expect(readCounter(engine.asked[1]?.frame as never)).toBe(9);
    expect(ofEye.frame).toMatchObject({
      picture: { width: video.width / 2, height: video.height },
      eye: { ...left, region: { x: 0, y: 0, width: video.width / 2, height: video.height } },
    });
    expect(ofEye.frame?.hash).not.toBe(whole.frame?.hash);
    expect((await bench.review.answeredFrame(ofEye.id)).frame.width).toBe(video.width / 2);
    expect((await bench.review.answeredFrame(whole.id)).frame.hash).toBe(whole.frame?.hash);

    await choose(right);
    expect(await number(video.id, 9)).toBe(1009);
    expect((await small()).equals(ofLeft)).toBe(false);
    await bench.restart();
    expect(await number(video.id, 9)).toBe(1009);
    expect(await bench.calls.getVideo({ videoId: video.id })).toMatchObject({
      eye: right,
      playback: 'transcoded',
    });
    const undone: string[] = [];
    for (let step = 0; step < 3; step++)
      undone.push((await bench.calls.undo({ sessionId: session.id })).what);
    expect(undone).toEqual(['Choose eye', expect.stringContaining('Ask'), 'Choose eye']);
    expect((await bench.review.frame(video.id, 9 as FrameIndex)).hash).toBe(whole.frame?.hash);
    await expect
      .poll(async () => bench.calls.getVideo({ videoId: video.id }))
      .toMatchObject({ width: video.width, playback: 'native' });
    expect(await bench.calls.getVideo({ videoId: video.id })).not.toHaveProperty('eye');
    await bench.calls.redo({ sessionId: session.id });
    expect(await number(video.id, 9)).toBe(9);
    expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('stays that of a question, of its region and of a saved picture, whichever eye is reviewed later', async () => {
    const opened = await bench.open(both);
    const { session, video } = opened;
    const choose = (eye: typeof left | typeof right) =>
      bench.calls.apply({
        sessionId: session.id,
        command: { name: 'recording.choose-eye', videoId: video.id, eye },
      });
    await choose(left);
    const width = video.width / 2;
    const frameHash = await bench.hash(video.id, 9);
    const about = {
      sessionId: session.id,
      frameIndex: 9 as FrameIndex,
      frameHash,
      question: 'What is this?',
    };
    await expect(bench.calls.ask({ ...about, region: [0, 0, width + 1, 40] })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(`${width} × ${video.height}`) as string,
    });

    // The second one waits behind the first while another eye is chosen.
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    // The engine gives every box in pixels of the frame, whatever part of it was asked about.
    engine.answer = async () => held.then(() => result({ box: [width - 39, 6, width - 29, 16] }));
    await bench.calls.ask(about);
    const waiting = await bench.calls.ask({ ...about, region: [width - 40, 4, width, 40] });
    await choose(right);
    go();
    const answer = async () => bench.calls.getAnswer({ answerId: waiting.answer.id });
    await expect.poll(async () => (await answer()).endedAt).not.toBeNull();
    expect(await answer()).toMatchObject({
      status: 'answered',
      box: [width - 39, 6, width - 29, 16],
      frame: { hash: frameHash, eye: left, crop: { region: [width - 40, 4, width, 40] } },
    });
    expect(engine.asked[1]?.frame).toMatchObject({ width, height: video.height, hash: frameHash });
    expect(engine.asked[1]?.region).toMatchObject({ width: 40, height: 36 });

    const saved = await bench.review.answeredFrame(waiting.answer.id);
    expect([saved.frame.hash, saved.frame.width]).toEqual([frameHash, width]);
    expect(captionOf(saved).map(({ words }) => words)).toContain(
      'Of this stereo recording: the left eye (side by side)',
    );
    const again = { questionId: waiting.question.id, frameHash: await bench.hash(video.id, 9) };
    await expect(bench.calls.askAgain(again)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('about the left eye (side by side); on show is the right') as string,
    });
  });
});

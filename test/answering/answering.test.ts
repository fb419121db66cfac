import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { drawStill } from '../../main/export/index.ts';
import { EngineLostError } from '../../main/inference/index.ts';
import { statement } from '../../main/store/database.ts';
import { openStore } from '../../main/store/index.ts';
import { isUnderWay } from '../../preload/contract/domain.ts';
import { GroupId } from '../../preload/contract/changes.ts';
import { calls as contract } from '../../preload/contract/calls.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { Box, FrameIndex, JobId } from '../../preload/contract/values.ts';
import { answersIn } from '../store/asked.ts';
import { ClipFolder, readCounter, x264 } from '../video/clips.ts';
import { Bench, result, ScriptedEngine, silent, untilStopped } from '../review/helpers.ts';

const clips = new ClipFolder();
let clip = '';
let otherClip = '';
let engine: ScriptedEngine;
let bench: Bench;

beforeAll(async () => {
  clip = await clips.make('a', { frames: 40, extension: 'mp4', output: x264 });
  otherClip = await clips.make('b', { frames: 41, extension: 'mp4', output: x264 });
});
afterAll(() => clips.remove());
beforeEach(() => {
  engine = new ScriptedEngine();
  bench = new Bench(engine);
});
afterEach(() => bench.remove());

const frame = (index: number): FrameIndex => index as FrameIndex;

describe('asking about a region', () => {
  const asks = async (region: [number, number, number, number]) => {
    const opened = await bench.open(clip);
    const { id: sessionId } = opened.session;
    const frameHash = await bench.hash(opened.video.id, 7);
    const input = { sessionId, frameIndex: frame(7), frameHash, question: 'What is this?', region };
    return { opened, frameHash, ask: () => bench.calls.ask(input) };
  };

  it('gives the model the frame and these pixels, keeps their hash and how the model had them, also when asked again', async () => {
    const box: Box = [1, 2, 11, 12];
    const words = 'The second picture shows a part of it. What is this?';
    const beside = { given: 'beside', input: { width: 112, height: 112 }, words } as const;
    engine.answer = async () => result({ box, region: beside });
    const { opened, frameHash, ask } = await asks([4.6, 6, 35.2, 40]);
    const ended = bench.ended();
    const { question } = await ask();
    const answer = await ended;
    const whole = await bench.review.frame(opened.video.id, frame(7));
    expect(engine.asked[0]!.frame).toMatchObject({
      width: whole.width,
      height: whole.height,
      hash: whole.hash,
    });
    const given = engine.asked[0]!.region!;
    expect([given.width, given.height, given.region]).toEqual([32, 34, [4, 6, 36, 40]]);
    for (const [x, y] of [
      [0, 0],
      [31, 0],
      [0, 33],
      [31, 33],
      [15, 20],
    ] as const) {
      const from = ((y + 6) * whole.width + x + 4) * 3;
      const at = (y * 32 + x) * 3;
      expect([...given.rgb.slice(at, at + 3)]).toEqual([...whole.rgb.slice(from, from + 3)]);
    }
    const crop = { region: [4, 6, 36, 40], hash: given.hash, ...beside };
    expect(answer.frame).toMatchObject({ hash: whole.hash, crop });
    expect(given.hash).not.toBe(whole.hash);
    expect(answer.box).toEqual(box);
    // The box may lie anywhere in the frame; one that does not touch the region is said to.
    expect(answer.notes).toEqual([]);
    engine.answer = async () => result({ box: [40, 40, 60, 60], region: beside });
    await bench.restart();
    const again = bench.ended();
    await bench.calls.askAgain({ questionId: question.id, frameHash });
    const other = await again;
    expect(other.frame?.crop).toEqual(crop);
    expect(other.notes).toEqual([expect.stringMatching(/lies outside of the region/)]);
    expect(engine.asked[1]!.region!.hash).toBe(given.hash);
    expect((await bench.entries(opened))[0]?.answers.map((one) => one.frame?.crop)).toEqual([crop, crop]);
  });

  it('says as soon as the model is known how it has the region, also where no answer came of it', async () => {
    engine.state = { ...engine.state, model: { ...engine.state.model!, regions: 'alone' } };
    engine.answer = async () => {
      throw new WorkstationError('engine-lost', 'It ended.', 'Ask again.');
    };
    const { ask } = await asks([4, 6, 36, 40]);
    const ended = bench.ended();
    await ask();
    expect((await ended).frame?.crop).toMatchObject({ region: [4, 6, 36, 40], given: 'alone' });
  });

  it.each([
    ['outside of the picture', [-1, 0, 40, 40], /reaches out of the frame/],
    ['of one pixel', [10, 10, 11, 11], /16 pixels wide and high at least; this one is 1 × 1/],
    ['turned round', [40, 40, 10, 10], /16 pixels/],
  ] as const)('refuses one %s in words, and writes nothing down', async (_, corners, message) => {
    const { opened, ask } = await asks([...corners]);
    await expect(ask()).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(message) as string,
    });
    expect(await bench.entries(opened)).toEqual([]);
  });
});

describe('asking', () => {
  it('answers on exactly the frame, tells as it goes, and is found again after a restart', async () => {
    engine.answer = async (request) => {
      request.onRaw?.('<think>It looks');
      request.onToken?.({ section: 'reasoning', text: 'It looks', generatedTokens: 2 });
      return result();
    };
    const opened = await bench.open(clip);
    const ended = bench.ended();
    const asked = await bench.ask(opened);
    expect(() => contract.ask.output.parse(asked)).not.toThrow();
    expect(['queued', 'running']).toContain(asked.answer.status);
    const answer = await ended;
    expect(engine.asked.map((request) => readCounter(request.frame))).toEqual([7]);
    const pixels = await bench.review.frame(opened.video.id, frame(7));
    expect(answer).toMatchObject({
      status: 'answered',
      label: 'kidney',
      box: [10, 20, 60, 90],
      frame: { fingerprint: opened.video.fingerprint, index: 7, pts: pixels.pts, hash: pixels.hash },
      model: { id: 'scripted', sha256: 'c'.repeat(64), device: 'CPU', domain: 'synthetic' },
      settings: { repetitionPenalty: 1.05 },
      timings: { visionMilliseconds: 2 },
      error: null,
    });
    expect(answer.timings?.totalMilliseconds).toBeGreaterThan(11);
    const words = bench.events.filter((event) => event.type === 'answer-text');
    expect(words).toMatchObject([{ jobId: asked.jobId, answerId: asked.answer.id, text: 'It looks' }]);
    expect((await bench.calls.listJobs({})).find(({ id }) => id === asked.jobId)?.state).toBe('done');

    await bench.restart();
    const last = await bench.calls.openLastSession({});
    expect(last?.session).toMatchObject({ id: opened.session.id, frameIndex: 7 });
    expect(last?.entries.list).toMatchObject([
      { question: asked.question, versions: 1, newest: { id: answer.id, label: answer.label } },
    ]);
    expect(await bench.entries(opened)).toMatchObject([{ question: asked.question, answers: [answer] }]);
  });

  it('asks as many at a time as the engine answers together, in order, and stops one alone', async () => {
    engine.state = { ...engine.state, model: { ...engine.state.model!, answersTogether: 3 } };
    const held = new Map<string, (label: string) => void>();
    engine.answer = (request) =>
      new Promise((resolve) => {
        held.set(request.question, (label) => resolve(result({ label })));
        request.signal?.addEventListener('abort', () => resolve(result({ status: 'stopped', label: null })));
      });
    const opened = await bench.open(clip);
    const questions = ['one', 'two', 'three', 'four', 'five'];
    const asked = [];
    // Frames far apart, so that reading them takes longer for some than for others.
    for (const [index, question] of questions.entries())
      asked.push(await bench.ask(opened, [39, 0, 20, 3, 31][index], question));
    const until = async (wanted: () => boolean): Promise<void> => {
      while (!wanted()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(() => held.size === 3);
    expect(engine.asked.map(({ question }) => question)).toEqual(['one', 'two', 'three']);
    await bench.calls.cancelJob({ jobId: asked[1]!.jobId });
    await until(() => held.size === 4);
    held.get('three')!('third');
    await until(() => held.size === 5);
    expect(engine.asked.map(({ question }) => question)).toEqual(questions);
    for (const question of ['five', 'four', 'one']) held.get(question)!(question);
    const session = async () => (await bench.entries(opened)).map(({ answers: [a] }) => a!);
    while ((await session()).some(({ status }) => isUnderWay(status)))
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await session()).map(({ status, label }) => label ?? status)).toEqual([
      'one',
      'stopped',
      'third',
      'four',
      'five',
    ]);
  });

  it('answers one question after another, each a job of its own', async () => {
    let running = 0;
    let mostRunning = 0;
    engine.answer = async () => {
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
      return result();
    };
    const opened = await bench.open(clip);
    const jobs = new Set<JobId>();
    for (let index = 0; index < 3; index++) jobs.add((await bench.ask(opened, index)).jobId);
    expect(jobs.size).toBe(3);
    while (
      bench.events.filter((event) => event.type === 'answer' && event.answer.endedAt !== null).length < 3
    ) {
      await bench.next('answer');
    }
    expect(engine.asked.map((request) => readCounter(request.frame))).toEqual([0, 1, 2]);
    expect(mostRunning).toBe(1);
  });

  it('gives the engine only what was set, and keeps what was used', async () => {
    const opened = await bench.open(clip);
    const ended = bench.ended();
    // As the door reads it.
    const { settings } = contract.ask.input.parse({
      ...{ sessionId: opened.session.id, frameIndex: 0, frameHash: '0'.repeat(64), question: 'What?' },
      settings: { seed: 7 },
    });
    await bench.ask(opened, 0, 'What?', settings);
    await ended;
    expect(engine.asked[0]?.settings).toEqual({ seed: 7 });
  });

  it('again keeps every version, on the same frame', async () => {
    const opened = await bench.open(clip);
    let ended = bench.ended();
    const { question } = await bench.ask(opened, 5);
    await ended;
    ended = bench.ended();
    engine.answer = async () => result({ label: 'not visible', box: null, status: 'not-visible' });
    await bench.calls.askAgain({
      questionId: question.id,
      frameHash: await bench.hash(opened.video.id, 5),
      settings: { temperature: 0.8, seed: 3 },
    });
    await ended;
    expect(engine.asked[1]?.settings).toMatchObject({ temperature: 0.8, seed: 3, repetitionPenalty: 1.05 });
    const entries = await bench.entries(opened);
    expect(entries[0]?.answers.map(({ status }) => status)).toEqual(['answered', 'not-visible']);
    expect(entries[0]?.answers[0]?.frame).toEqual(entries[0]?.answers[1]?.frame);
  });

  it('again leaves to the model what it never got to choose', async () => {
    const opened = await bench.open(clip);
    engine.answer = () => Promise.reject(new Error('no memory'));
    let ended = bench.ended();
    const { question } = await bench.ask(opened, 0, 'What?', { temperature: 0.8 });
    expect((await ended).status).toBe('failed');
    engine.answer = async () => result();
    ended = bench.ended();
    await bench.calls.askAgain({
      questionId: question.id,
      frameHash: await bench.hash(opened.video.id, 0),
      settings: { seed: 3 },
    });
    await ended;
    expect(engine.asked[1]?.settings).toEqual({ temperature: 0.8, seed: 3 });
  });

  it('of several questions and answers by one act is undone as one, and done again', async () => {
    const opened = await bench.open(clip);
    const sessionId = opened.session.id;
    const groupId = GroupId.parse('one-act');
    const about = { frameIndex: frame(7), frameHash: await bench.hash(opened.video.id, 7) };
    await bench.ask(opened, 3, 'before');
    for (const question of ['one', 'two']) {
      const asked = await bench.calls.ask({ sessionId, ...about, question, groupId });
      // The end of an answer comes between.
      await expect
        .poll(async () => (await bench.calls.getAnswer({ answerId: asked.answer.id })).status)
        .toBe('answered');
      await bench.calls.askAgain({ questionId: asked.question.id, frameHash: about.frameHash, groupId });
    }
    const texts = async () =>
      (await bench.entries(opened)).map(({ question, answers }) => [question.text, answers.length]);
    expect(await bench.calls.getUndoable({ sessionId })).toEqual({
      undo: 'Ask: “one” and 1 more',
      redo: null,
    });
    await bench.calls.undo({ sessionId });
    expect(await texts()).toEqual([['before', 1]]);
    await bench.calls.redo({ sessionId });
    expect(await texts()).toEqual([
      ['before', 1],
      ['one', 2],
      ['two', 2],
    ]);
  });

  it('outside the video is refused before anything is written down', async () => {
    const opened = await bench.open(clip);
    const asking = {
      sessionId: opened.session.id,
      frameIndex: frame(40),
      frameHash: '0'.repeat(64),
      question: 'What?',
    };
    await expect(bench.calls.ask(asking)).rejects.toMatchObject({ code: 'frame-out-of-range' });
    expect(await bench.entries(opened)).toEqual([]);
  });

  it('about another picture than the frame decodes to is refused, and nothing is written down', async () => {
    const opened = await bench.open(clip);
    const asking = {
      sessionId: opened.session.id,
      frameIndex: frame(7),
      // The picture on the screen was the frame before: the person has not yet seen frame 7.
      frameHash: await bench.hash(opened.video.id, 6),
      question: 'What?',
    };
    const before = bench.store.savedAt;
    await expect(bench.calls.ask(asking)).rejects.toMatchObject({ code: 'frame-mismatch' });
    expect(bench.store.savedAt).toBe(before);
    expect(await bench.entries(opened)).toEqual([]);
    expect(engine.asked).toEqual([]);

    const ended = bench.ended();
    const { question } = await bench.ask(opened, 7);
    await ended;
    const again = { questionId: question.id, frameHash: asking.frameHash };
    await expect(bench.calls.askAgain(again)).rejects.toMatchObject({ code: 'frame-mismatch' });
    const entries = await bench.entries(opened);
    expect(entries[0]?.answers).toHaveLength(1);
  });

  it('waits for its turn, and is not answered about a picture that its frame became meanwhile', async () => {
    const path = join(bench.folder, 'changing.mp4');
    copyFileSync(clip, path);
    const opened = await bench.open(path);
    engine.answer = untilStopped();
    const written = bench.next('answer-text');
    const first = await bench.ask(opened, 0);
    await written;
    const waiting = await bench.ask(opened, 39);
    // Same name, another content: what was decoded of it is forgotten with the source that read it.
    copyFileSync(otherClip, path);
    const ended = bench.next(
      'answer',
      ({ answer }) => answer.id === waiting.answer.id && answer.endedAt !== null,
    );
    engine.answer = async () => result();
    await bench.calls.cancelJob({ jobId: first.jobId });
    const { answer } = await ended;
    expect(answer.status).toBe('failed');
    expect(['file-changed', 'frame-mismatch']).toContain(answer.error?.code);
    expect(engine.asked).toHaveLength(1);
  });

  it('a question is deleted and brought back with its answers', async () => {
    const opened = await bench.open(clip);
    const ended = bench.ended();
    const { question } = await bench.ask(opened);
    await ended;
    await bench.calls.deleteQuestion({ questionId: question.id });
    expect(await bench.entries(opened)).toEqual([]);
    await bench.calls.restoreQuestion({ questionId: question.id });
    expect(await bench.entries(opened)).toHaveLength(1);
  });
});

describe('an answer that does not end by itself', () => {
  it('is stopped with what it had written; one that waits is stopped without', async () => {
    engine.answer = untilStopped();
    const opened = await bench.open(clip);
    const written = bench.next('answer-text');
    const first = await bench.ask(opened, 1);
    const second = await bench.ask(opened, 2);
    await written;
    expect(second.answer.status).toBe('queued');
    let ended = bench.ended();
    await bench.calls.stopAnswer({ answerId: second.answer.id });
    // At once, whatever is still written before it.
    expect(await ended).toMatchObject({ id: second.answer.id, status: 'stopped', raw: '' });
    expect(await bench.calls.getAnswer({ answerId: first.answer.id })).toMatchObject({ status: 'running' });
    ended = bench.ended();
    await bench.calls.stopAnswer({ answerId: first.answer.id });
    expect(await ended).toMatchObject({
      id: first.answer.id,
      status: 'stopped',
      reasoning: 'Half a th',
      error: null,
    });
    expect(engine.asked).toHaveLength(1);
    // What has ended stays as it is, however often it is stopped.
    await bench.calls.stopAnswer({ answerId: first.answer.id });
    expect((await bench.calls.getAnswer({ answerId: first.answer.id })).reasoning).toBe('Half a th');
    const jobs = await bench.calls.listJobs({});
    expect(jobs.filter(({ kind }) => kind === 'answer')).toMatchObject([
      { id: first.jobId, state: 'cancelled' },
      { id: second.jobId, state: 'cancelled' },
    ]);
  });

  it('is saved while it is written', async () => {
    engine.answer = untilStopped();
    const opened = await bench.open(clip);
    const { answer, jobId } = await bench.ask(opened);
    const stored = statement('test.raw', 'SELECT raw, status FROM answers WHERE id = :id');
    await expect
      .poll(() => bench.store.database.get(stored, { id: answer.id }), { timeout: 20_000 })
      .toEqual({ raw: '<think>Half a th', status: 'running' });
    const ended = bench.ended();
    await bench.calls.cancelJob({ jobId });
    await ended;
  });

  it('keeps its text as stopped when the engine is lost, and says so', async () => {
    engine.answer = async (request) => {
      request.onToken?.({ section: 'reasoning', text: 'Ha', generatedTokens: 1 });
      throw new EngineLostError('SIGKILL', {
        raw: '<think>Half',
        reasoning: 'Half',
        label: null,
        generatedTokens: 2,
      });
    };
    const opened = await bench.open(clip);
    const ended = bench.ended();
    await bench.ask(opened);
    expect(await ended).toMatchObject({
      status: 'stopped',
      raw: '<think>Half',
      reasoning: 'Half',
      error: { code: 'engine-lost' },
      model: { id: 'scripted' },
    });
    engine.answer = async () => result();
    const next = bench.ended();
    await bench.ask(opened);
    expect((await next).status).toBe('answered');
  });

  it('fails with its reason for anything else', async () => {
    engine.answer = async () => {
      throw new WorkstationError('prompt-too-long', 'Too long.', 'Ask shorter.');
    };
    const opened = await bench.open(clip);
    const ended = bench.ended();
    const { jobId } = await bench.ask(opened);
    expect(await ended).toMatchObject({ status: 'failed', error: { code: 'prompt-too-long' } });
    expect((await bench.calls.listJobs({})).find(({ id }) => id === jobId)).toMatchObject({
      state: 'failed',
      error: { code: 'prompt-too-long' },
    });
  });

  it('is stopped and kept when the workstation closes', async () => {
    engine.answer = untilStopped();
    const opened = await bench.open(clip);
    const written = bench.next('answer-text');
    const { answer } = await bench.ask(opened);
    await written;
    await bench.restart();
    expect(await bench.calls.getAnswer({ answerId: answer.id })).toMatchObject({
      status: 'stopped',
      reasoning: 'Half a th',
    });
  });

  it('stays in hand while the disk is full, and is saved when there is room', async () => {
    const limit = (pages: number) =>
      bench.store.database.get(statement('p', `PRAGMA max_page_count = ${pages}`));
    const raw = 'x'.repeat(200_000);
    engine.answer = async () => {
      limit(1);
      return result({ raw });
    };
    const opened = await bench.open(clip);
    const ended = bench.ended();
    const { answer } = await bench.ask(opened);
    expect(await ended).toMatchObject({ status: 'answered', raw, error: { code: 'store-full' } });
    expect(await bench.calls.getAnswer({ answerId: answer.id })).toMatchObject({ raw });
    engine.answer = async () => result();
    let refused: unknown = null;
    // What room the last page has left may take a question or two.
    for (let index = 0; index < 8 && refused === null; index++) {
      refused = await bench.ask(opened, index, 'y'.repeat(2000)).then(
        () => null,
        (error: unknown) => error,
      );
    }
    expect(refused).toMatchObject({ code: 'store-full' });
    const saved = bench
      .next('answer', (event) => event.answer.id === answer.id)
      .then((event) => event.answer);
    limit(1_000_000);
    expect(await saved).toMatchObject({ id: answer.id, raw, error: null });
    await bench.restart();
    expect(await bench.calls.getAnswer({ answerId: answer.id })).toMatchObject({ raw, error: null });
  });
});

describe('a question that waits for its turn', () => {
  /** A command that opens the data folder, in a process of its own: it ends what dead processes have left. */
  const openElsewhere = (): void => {
    const child = new URL('../store/child.ts', import.meta.url).pathname;
    const ended = spawnSync(process.execPath, [child, 'look', bench.home], { encoding: 'utf8', input: '' });
    expect(ended.stdout.trim()).toBe('open');
  };

  it('is alive for as long as it waits, whatever command opens the data folder meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      engine.answer = untilStopped();
      const opened = await bench.open(clip);
      // Asked three minutes ago: longer than any process may be silent.
      bench.shiftMilliseconds = -3 * 60 * 1000;
      const written = bench.next('answer-text');
      const first = await bench.ask(opened, 1);
      const second = await bench.ask(opened, 2);
      await written;
      for (; bench.shiftMilliseconds < 0; bench.shiftMilliseconds += 10_000)
        await vi.advanceTimersByTimeAsync(10_000);
      openElsewhere();
      const status = async (id: typeof first.answer.id) =>
        (await bench.calls.getAnswer({ answerId: id })).status;
      const stored = statement('test.status', 'SELECT status FROM answers ORDER BY rowid');
      expect(bench.store.database.all(stored)).toEqual([{ status: 'running' }, { status: 'queued' }]);

      const answered = bench.next(
        'answer',
        ({ answer }) => answer.id === second.answer.id && answer.endedAt !== null,
      );
      engine.answer = async () => result();
      await bench.calls.stopAnswer({ answerId: first.answer.id });
      await answered;
      expect(await status(second.answer.id)).toBe('answered');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not begun where somebody has ended it; the windows are told what is true', async () => {
    engine.answer = untilStopped();
    const opened = await bench.open(clip);
    const written = bench.next('answer-text');
    const first = await bench.ask(opened, 1);
    const second = await bench.ask(opened, 2);
    await written;
    bench.store.database.run(
      statement('test.end', `UPDATE answers SET status = 'stopped', ended_at = 1 WHERE id = :id`),
      { id: second.answer.id },
    );
    const told = bench.next('answer', ({ answer }) => answer.id === second.answer.id);
    await bench.calls.stopAnswer({ answerId: first.answer.id });
    expect((await told).answer).toMatchObject({ status: 'stopped', endedAt: 1 });
    expect(engine.asked).toHaveLength(1);
    expect((await bench.calls.listJobs({})).find(({ id }) => id === second.jobId)?.state).toBe('cancelled');
  });

  it('is stopped in true words by the next start where its workstation was killed', async () => {
    engine.answer = untilStopped();
    const opened = await bench.open(clip);
    const written = bench.next('answer-text');
    await bench.ask(opened, 1);
    const second = await bench.ask(opened, 2);
    await written;
    // As a killed process leaves it: nobody has ended anything.
    const copy = join(bench.folder, 'copy');
    cpSync(bench.home, copy, { recursive: true });
    const later = openStore({ home: copy, now: Date.now, log: silent });
    try {
      const [running, waiting] = answersIn(later.database, opened.session.id);
      expect(running).toMatchObject({
        status: 'stopped',
        notes: [expect.stringContaining('was being written')],
      });
      expect(waiting).toMatchObject({
        id: second.answer.id,
        status: 'stopped',
        notes: [expect.stringContaining('the model had not begun')],
      });
    } finally {
      later.close();
    }
  });

  it('takes the order of asking as its place, and its job names it', async () => {
    engine.answer = untilStopped();
    const opened = await bench.open(clip);
    const asked = [];
    for (const index of [1, 2, 3]) asked.push(await bench.ask(opened, index));
    const jobs = (await bench.calls.listJobs({})).filter(({ kind }) => kind === 'answer');
    expect(jobs.map(({ state, subject }) => [state, subject?.answerId])).toEqual([
      ['running', asked[0]!.answer.id],
      ['queued', asked[1]!.answer.id],
      ['queued', asked[2]!.answer.id],
    ]);
  });

  it('of another question is left alone when one is stopped', async () => {
    engine.state = { ...engine.state, model: { ...engine.state.model!, answersTogether: 3 } };
    engine.answer = untilStopped();
    const opened = await bench.open(clip);
    const asked = [];
    for (const index of [1, 2, 3]) asked.push(await bench.ask(opened, index));
    await vi.waitFor(() => expect(engine.asked).toHaveLength(3));
    const ended = bench.ended();
    await bench.calls.stopAnswer({ answerId: asked[1]!.answer.id });
    expect((await ended).id).toBe(asked[1]!.answer.id);
    const entries = await bench.entries(opened);
    expect(entries.map(({ answers: [answer] }) => answer?.status)).toEqual(['running', 'stopped', 'running']);
  });
});

describe('a question that was deleted', () => {
  it('is not asked again, and one that was asked again gives back the answer of before', async () => {
    const opened = await bench.open(clip);
    const sessionId = opened.session.id;
    const ended = bench.ended();
    const { question, answer } = await bench.ask(opened);
    await ended;
    const frameHash = await bench.hash(opened.video.id, 7);
    const second = bench.ended();
    const again = await bench.calls.askAgain({ questionId: question.id, frameHash });
    await second;
    const versions = async () =>
      (await bench.entries(opened)).map(({ answers }) => answers.map(({ id }) => id));
    expect(await versions()).toEqual([[answer.id, again.answer.id]]);
    expect((await bench.calls.undo({ sessionId })).what).toBe('Ask again');
    expect(await versions()).toEqual([[answer.id]]);
    await bench.calls.redo({ sessionId });
    expect(await versions()).toEqual([[answer.id, again.answer.id]]);
    await bench.calls.deleteQuestion({ questionId: question.id });
    const refused = bench.calls.askAgain({ questionId: question.id, frameHash });
    await expect(refused).rejects.toMatchObject({ code: 'not-found', message: 'This question was deleted.' });
    expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });
});

describe('every window', () => {
  it('hears of questions, deletions, names and sessions, whoever was at it', async () => {
    const opened = await bench.open(clip);
    const ended = bench.ended();
    const { question, answer } = await bench.ask(opened);
    await ended;
    await bench.calls.deleteQuestion({ questionId: question.id });
    const restored = await bench.calls.restoreQuestion({ questionId: question.id });
    await bench.calls.renameCase({ caseId: opened.case.id, pseudonym: 'Case 7' });
    await bench.calls.startSession({ videoId: opened.video.id });
    const told = bench.events.filter((event) => event.type === 'changes');
    expect(told.map(({ changes }) => changes.map(({ command }) => command).join())).toEqual([
      'case.create',
      'recording.add',
      'video.open',
      'session.start',
      'question.ask',
      'answer.end',
      'question.delete',
      'question.restore',
      'case.rename',
      'session.start',
    ]);
    const entries = told.map((event) => event.entries);
    expect(entries.slice(4, 8)).toMatchObject([
      [{ question, answers: [{ id: answer.id, status: 'queued' }] }],
      [{ question, answers: [{ id: answer.id, status: 'answered' }] }],
      [],
      [restored],
    ]);
    expect(told.at(-2)?.changes[0]?.edits).toMatchObject([{ after: { pseudonym: 'Case 7' } }]);
    expect(bench.events.filter(({ type }) => type === 'sessions').length).toBeGreaterThan(2);
    expect(restored).toMatchObject({
      question,
      answers: [await bench.calls.getAnswer({ answerId: answer.id })],
    });
  });

  it('gets the text of an answer with its place, and the whole of it when it asks', async () => {
    const pieces = ['The forceps is ', 'not ', 'holding tissue.'];
    const stop = Promise.withResolvers<void>();
    engine.answer = async (request) => {
      const write = (): void =>
        pieces.forEach((text, index) =>
          request.onToken?.({ section: 'reasoning', text, generatedTokens: index + 1 }),
        );
      write();
      // A device was lost: what was written is void, and is written anew.
      request.onRestart?.();
      write();
      request.onToken?.({ section: 'answer', text: '{', generatedTokens: 4 });
      await stop.promise;
      return result();
    };
    const opened = await bench.open(clip);
    const written = bench.next('answer-text', ({ section }) => section === 'answer');
    const { answer } = await bench.ask(opened);
    await written;
    const texts = bench.events.filter((event) => event.type === 'answer-text');
    expect(texts.map(({ section, at }) => [section, at])).toEqual([
      ['reasoning', 0],
      ['reasoning', 15],
      ['reasoning', 19],
      ['reasoning', 0],
      ['reasoning', 15],
      ['reasoning', 19],
      ['answer', 0],
    ]);
    expect(await bench.calls.getAnswer({ answerId: answer.id })).toMatchObject({
      status: 'running',
      reasoning: pieces.join(''),
    });
    const ended = bench.ended();
    stop.resolve();
    await ended;
  });
});

describe('a still', () => {
  it('is the answer’s frame, and is refused when the frame is another', async () => {
    const opened = await bench.open(clip);
    const ended = bench.ended();
    const { answer } = await bench.ask(opened);
    await ended;
    const found = await bench.review.answeredFrame(answer.id);
    expect(readCounter(found.frame)).toBe(7);
    const png = await drawStill(found);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(480);
    // The answer is closed: only what goes past the database's own guard changes it.
    bench.store.database.run(statement('test.unlock', 'DROP TRIGGER answers_refuse_update_of_sealed'));
    bench.store.database.run(
      statement('test.spoil', `UPDATE answers SET frame = json_set(frame, '$.hash', :hash)`),
      { hash: '0'.repeat(64) },
    );
    await expect(bench.review.answeredFrame(answer.id)).rejects.toMatchObject({ code: 'file-changed' });
  });
});

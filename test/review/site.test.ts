import { afterEach, beforeEach, expect, it, beforeAll, afterAll } from 'vitest';
import type { FrameIndex, OpenSession } from '../../preload/contract/index.ts';
import { inContext } from '../../preload/contract/calls.ts';
import { ActorId } from '../../preload/contract/context.ts';
import { wasKeptBackForPicture } from '../../preload/contract/doubts.ts';
import { headline } from '../../preload/contract/words/statuses.ts';
import { testContext } from '../context.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { Bench, result, ScriptedEngine } from './helpers.ts';

const clips = new ClipFolder();
let path: string;
let bench: Bench;
let engine: ScriptedEngine;
let opened: OpenSession;
let calls: Bench['calls'];

beforeAll(async () => {
  path = await clips.make('site', { frames: 8, extension: 'mp4', output: x264 });
});
afterAll(() => clips.remove());

beforeEach(async () => {
  engine = new ScriptedEngine();
  bench = new Bench(engine);
  opened = await bench.open(path);
  calls = bench.calls;
});
afterEach(() => bench.remove());

const file = (content: object): string =>
  JSON.stringify({ format: 'surgery-r1-site-settings', version: 1, ...content });
const take = (content: object) =>
  calls.importSiteSettings({ text: file(content), dryRun: false, doneIn: opened.session.id });

it('an import says first what it changes, is recorded, undone, redone, and outlives a restart', async () => {
  const empty = await calls.getSiteSettings({});
  expect(empty).toMatchObject({ sha256: null, settings: { labels: [] } });
  const looked = await calls.importSiteSettings({ text: file({ labels: ['Stapler'] }), dryRun: true });
  expect(looked).toMatchObject({
    change: null,
    differences: [{ part: 'label', kind: 'added', what: 'Stapler' }],
  });
  expect(await calls.getSiteSettings({})).toEqual(empty);

  const { change, sha256 } = await take({ labels: ['Stapler'] });
  expect(change).toMatchObject({ command: 'site.import', kind: 'do', sessionId: opened.session.id });
  expect((await take({ labels: ['Stapler'] })).change).toBeNull();
  await take({ labels: ['Suction'] });

  const at = { sessionId: opened.session.id };
  expect((await calls.undo(at)).what).toBe('Import site settings');
  expect(await calls.getSiteSettings({})).toMatchObject({ sha256, settings: { labels: ['Stapler'] } });
  await calls.undo(at);
  expect(await calls.getSiteSettings({})).toEqual(empty);
  await calls.redo(at);
  await bench.restart();
  calls = bench.calls;
  expect(await calls.getSiteSettings({})).toMatchObject({ sha256, settings: { labels: ['Stapler'] } });
  expect(await calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
});

it('what is no such file changes nothing, nor does one that was compared with earlier settings', async () => {
  const { sha256 } = await take({ labels: ['Stapler'] });
  const bad = calls.importSiteSettings({ text: file({ labels: [7] }), dryRun: false });
  await expect(bad).rejects.toMatchObject({ code: 'invalid-input', message: /\$\.labels\[0\]/ });
  const late = calls.importSiteSettings({ text: file({}), dryRun: false, since: null });
  await expect(late).rejects.toMatchObject({ code: 'changed-since' });
  expect(await calls.getSiteSettings({})).toMatchObject({ sha256 });
});

it('another person’s undo never takes an import back that somebody has changed since', async () => {
  await take({ labels: ['Stapler'] });
  const bert = inContext(bench.review.calls, testContext({ actor: ActorId.parse('bert') }));
  await bert.importSiteSettings({
    text: file({ labels: ['Suction'] }),
    dryRun: false,
    doneIn: opened.session.id,
  });
  await expect(calls.undo({ sessionId: opened.session.id })).rejects.toMatchObject({ code: 'changed-since' });
  expect(await calls.getSiteSettings({})).toMatchObject({ settings: { labels: ['Suction'] } });
});

it('a verdict keeps which settings were in force and the site’s words, an answer its threshold', async () => {
  const { sha256 } = await take({ thresholds: { unsureBelow: 0.9 } });
  const evidence = { labelLogProbability: null, boxLogProbability: null, choices: [], entropy: null };
  engine.answer = async () => result({ evidence });
  const ended = bench.ended();
  await bench.ask(opened, 3, 'Where is the stapler?');
  await ended;
  const [entry] = (await calls.listEntries({ sessionId: opened.session.id })).list;
  expect(entry?.newest).toMatchObject({ probability: 0.75, doubts: ['unsure'] });
  const { id: answerId } = entry!.newest;
  const words = '  console  overlay ';
  await calls.apply({
    sessionId: opened.session.id,
    command: { name: 'verdict.reject', answerId, reason: 'wrong-label', words },
  });
  const { verdicts, answers } = await calls.getEntry({ questionId: entry!.question.id });
  expect(verdicts[0]?.judgement).toMatchObject({
    reason: 'wrong-label',
    words: 'console overlay',
    site: sha256,
  });
  expect(answers[0]?.evidence).toMatchObject({ unsureBelow: 0.9 });

  // A later threshold leaves what was answered as it was seen.
  await take({ thresholds: { unsureBelow: 0.1 } });
  const [later] = (await calls.listEntries({ sessionId: opened.session.id })).list;
  expect(later?.newest.doubts).toEqual(['unsure']);
  expect(await calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
});

it('a site that wants no answer on unlike pictures tells the engine so, unless a person wants one anyway', async () => {
  const wanted: (boolean | undefined)[] = [];
  const picture = { distance: 9, threshold: 4 };
  const evidence = {
    labelLogProbability: null,
    boxLogProbability: null,
    choices: [],
    entropy: null,
    picture,
  };
  engine.answer = async ({ onlyLike }) => {
    wanted.push(onlyLike);
    return onlyLike
      ? result({ status: 'refused', label: null, box: null, raw: '', evidence })
      : result({ evidence });
  };
  const ask = async (anyway: boolean): Promise<void> => {
    const ended = bench.ended();
    const at = { sessionId: opened.session.id, videoId: opened.video.id, frameIndex: 3 as FrameIndex };
    const frameHash = await bench.hash(opened.video.id, 3);
    await calls.ask({ ...at, frameHash, question: 'Where is the stapler?', anyway });
    await ended;
  };
  await ask(false);
  await take({ thresholds: { unlikePictures: 'mark' } });
  await ask(false);
  await take({ thresholds: { unlikePictures: 'refuse' } });
  await ask(false);
  await ask(true);
  expect(wanted).toEqual([false, false, true, false]);
  const { list } = await calls.listEntries({ sessionId: opened.session.id });
  const kept = list.map(({ newest }) => newest).filter(wasKeptBackForPicture);
  expect(kept).toHaveLength(1);
  expect(headline(kept[0]!)).toBe('Not a picture like those it was taught with');

  // Asked again, what was kept back is kept back again, and what was answered anyway is answered again.
  wanted.length = 0;
  for (const { question, newest } of list.slice(-2)) {
    const again = bench.ended();
    await calls.askAgain({ questionId: question.id, frameHash: await bench.hash(opened.video.id, 3) });
    await again;
    expect(wanted.pop()).toBe(newest.status === 'refused');
  }
});

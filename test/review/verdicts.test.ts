import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { planVerdict, type JudgedAnswer } from '../../main/review/commands/verdicts.ts';
import { inContext } from '../../preload/contract/calls.ts';
import { VerdictCommand } from '../../preload/contract/commands.ts';
import { ActorId } from '../../preload/contract/context.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import type { OpenSession } from '../../preload/contract/entries.ts';
import { Box, type AnswerId } from '../../preload/contract/values.ts';
import {
  labelOfThings,
  placedThings,
  reasoningSteps,
  type OwnThing,
  type Verdict,
} from '../../preload/contract/verdicts.ts';
import { testContext } from '../context.ts';
import { fullAnswer } from '../store/rows.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { Bench, result, ScriptedEngine, untilStopped } from './helpers.ts';

const reasoning = 'The jaws are open. They touch e.g. fat.\nThis is cutting.';
const anna = ActorId.parse('anna');

const judged = (change: Partial<Answer> = {}, verdict: Verdict | null = null): JudgedAnswer => ({
  answer: { ...fullAnswer('a1', 'q1', 's1'), label: 'Idle', box: [10, 10, 50, 40], reasoning, ...change },
  picture: { width: 640, height: 480 },
  verdict,
  actor: anna,
  site: null,
  now: 5,
});

const command = (rest: object): VerdictCommand => VerdictCommand.parse({ answerId: 'a1', ...rest });
const correct = (label: string, box: number[] | null) => command({ name: 'verdict.correct', label, box });

/** What the verdict is after a command; null where there is none. */
function after(state: JudgedAnswer, given: VerdictCommand): Verdict | null {
  const [edit, ...others] = planVerdict(state, given);
  expect(others).toEqual([]);
  expect(edit).toMatchObject({ entity: 'verdict', id: 'a1:anna', before: state.verdict });
  return edit?.after as Verdict | null;
}

const allAfter = (first: JudgedAnswer, ...given: VerdictCommand[]): Verdict | null =>
  given.reduce<Verdict | null>(
    (verdict, next, index) => after({ ...first, verdict, now: 10 + index }, next),
    first.verdict,
  );

describe('a verdict', () => {
  it('is accepted, rejected with a reason, corrected, and open again without a trace', () => {
    const accepted = after(judged(), command({ name: 'verdict.accept' }));
    expect(accepted).toEqual({
      ...{ answerId: 'a1', questionId: 'q1', actor: 'anna', marks: [], note: '' },
      judgement: { decision: 'accepted', at: 5 },
    });
    const state = judged({}, accepted);
    expect(after(state, command({ name: 'verdict.reject', reason: 'wrong-place' }))?.judgement).toEqual({
      ...{ decision: 'rejected', at: 5, reason: 'wrong-place' },
    });
    expect(after(state, correct('  Tissue\n cutting ', [0, 0, 640, 480]))?.judgement).toEqual({
      ...{ decision: 'corrected', at: 5, label: 'Tissue cutting', box: [0, 0, 640, 480] },
    });
    expect(after(state, command({ name: 'verdict.reopen' }))).toBeNull();
  });

  it('keeps the time at which it was first given, and marks and note when it is opened again', () => {
    const accept = command({ name: 'verdict.accept' });
    expect(allAfter(judged(), accept, accept)?.judgement?.at).toBe(10);
    const mark = command({ name: 'verdict.mark', step: 1, mark: 'wrong' });
    const note = command({ name: 'verdict.note', note: ' The tip is hidden. ' });
    const reopened = allAfter(judged(), accept, mark, note, command({ name: 'verdict.reopen' }));
    expect(reopened).toMatchObject({ judgement: null, note: 'The tip is hidden.' });
    expect(reopened?.marks.map(({ from, to, mark }) => [reasoning.slice(from, to), mark])).toEqual([
      ['They touch e.g. fat.', 'wrong'],
    ]);
  });

  it('marks each step once, in the order of the reasoning, and none where the mark is taken away', () => {
    const mark = (step: number, mark: string | null) => command({ name: 'verdict.mark', step, mark });
    const marks = allAfter(judged(), mark(2, 'right'), mark(0, 'wrong'), mark(0, 'not-visible'))?.marks;
    expect(marks?.map(({ mark }) => mark)).toEqual(['not-visible', 'right']);
    expect(allAfter(judged(), mark(1, 'right'), mark(1, null))).toBeNull();
  });

  it.each([
    ['a label of 201 characters', correct('x'.repeat(201), null), /200 characters at most.*201/],
    ['an empty label', correct(' \n', null), /needs a label/],
    ['a box of one pixel', correct('Idle', [4, 4, 5, 5]), /2 pixels wide and high.*1 × 1/],
    ['a box turned round', correct('Idle', [50, 50, 10, 10]), /2 pixels/],
    ['a box outside', correct('Idle', [600, 0, 641, 20]), /out of the frame, which is 640 × 480/],
    ['a box before the frame', correct('Idle', [-1, 0, 41, 20]), /out of the frame/],
    ['what the model said', correct('Idle', [10, 10, 50, 40]), /nothing to correct/],
    [
      'a step that is not there',
      command({ name: 'verdict.mark', step: 3, mark: 'right' }),
      /3 steps.*step 4/,
    ],
    ['a long note', command({ name: 'verdict.note', note: 'x'.repeat(4001) }), /4000 characters/],
  ])('refuses %s in words', (_, given, message) => {
    expect(() => planVerdict(judged(), given)).toThrow(message);
  });

  it('takes a label of 200 characters and the smallest box', () => {
    expect(after(judged(), correct('x'.repeat(200), [0, 0, 2, 2]))?.judgement).toMatchObject({
      box: [0, 0, 2, 2],
    });
  });

  it('refuses what is not there yet, or has nothing to be accepted', () => {
    const accept = command({ name: 'verdict.accept' });
    expect(() => planVerdict(judged({ status: 'running' }), accept)).toThrow(/still being written/);
    expect(() => planVerdict(judged({ status: 'failed' }), accept)).toThrow(/failed/);
    expect(() => planVerdict(judged({ status: 'stopped' }), accept)).toThrow(/no answer here/);
    expect(
      after(judged({ status: 'stopped', label: null, box: null }), correct('Idle', null)),
    ).not.toBeNull();
    const several = judged({ items: [{ label: 'Stapler', box: null }] });
    expect(() => planVerdict(several, correct('Idle', null))).toThrow(/several things/);
    expect(after(several, accept)).not.toBeNull();
  });
});

describe('a correction of an answer that names several things', () => {
  const items: Answer['items'] = [
    { label: 'Stapler', box: [10, 10, 50, 40] },
    { label: 'Suction', box: [100, 10, 150, 40] },
  ];
  const several = judged({ label: 'Stapler, Suction', box: null, items });
  type Thing = { label: string; box: number[] | null; from: number | null };
  const things = (...given: Thing[]) => command({ name: 'verdict.correct-things', things: given });
  const [stapler, suction] = items.map((item, from) => ({ ...item, from })) as [Thing, Thing];
  const correctedTo = (...given: Thing[]) => after(several, things(...given))?.judgement;

  it('changes a label or a box, adds and takes out, and says all of it in one label', () => {
    expect(correctedTo({ ...stapler, label: ' clip\napplier ' }, suction)).toMatchObject({
      ...{ decision: 'corrected', label: 'clip applier, Suction', box: null },
      things: [{ label: 'clip applier', box: [10, 10, 50, 40], from: 0 }, suction],
    });
    expect(correctedTo(stapler, { ...suction, box: [1, 2, 30, 40] })).toMatchObject({
      things: [stapler, { box: [1, 2, 30, 40] }],
    });
    const smoke = { label: 'smoke', box: null, from: null };
    expect(correctedTo(suction, smoke)).toMatchObject({ label: 'Suction, smoke', things: [suction, smoke] });
    expect(correctedTo()).toMatchObject({ label: 'not visible', things: [] });
    expect(after(several, command({ name: 'verdict.accept' }))).not.toBeNull();
    const thin: Box = [4, 4, 4.5, 30];
    const ofThin = judged({ label: 'Stapler', box: null, items: [{ label: 'Stapler', box: thin }] });
    const relabelled = things({ label: 'gauze', box: thin, from: 0 });
    expect(after(ofThin, relabelled)?.judgement).toMatchObject({ things: [{ label: 'gauze', box: thin }] });
  });

  it('is placed on the picture thing by thing, and its one label stays short', () => {
    const many = Array.from({ length: 50 }, (_, index) => ({
      ...{ label: `${'x'.repeat(30)} ${index}`, box: [index, 0, index + 9, 9], from: null },
    }));
    const judgement = correctedTo(...many);
    if (judgement?.decision !== 'corrected') throw new Error('it is corrected');
    expect(placedThings(judgement)).toHaveLength(50);
    expect(judgement.label).toMatch(/ and 45 more$/);
    expect(labelOfThings([{ label: 'x'.repeat(200) }, { label: 'y' }])).toBe('2 things');
  });

  it.each([
    ['what the model said', things(stapler, suction), /nothing to correct/],
    ['a label of 201 characters', things({ ...stapler, label: 'x'.repeat(201) }), /200 characters.*201/],
    ['no label', things(stapler, { ...suction, label: ' ' }), /label of thing 2 is missing/],
    ['a box of one pixel', things(stapler, { ...suction, box: [4, 4, 5, 5] }), /of thing 2 is 1 × 1/],
    ['a box outside', things({ ...stapler, box: [600, 0, 641, 20] }), /out of the frame, which is 640 × 480/],
    ['one thing twice', things(stapler, stapler), /names 2 things, and each can be corrected once/],
    ['a thing that is not there', things({ ...stapler, from: 2 }), /names 2 things/],
    ['51 things', things(...Array.from({ length: 51 }, () => ({ ...stapler, from: null }))), /50 things.*51/],
  ])('refuses %s in words', (_, given, message) => {
    expect(() => planVerdict(several, given)).toThrow(message);
  });

  it('is refused of an answer of one thing', () => {
    expect(() => planVerdict(judged(), things(stapler))).toThrow(/names one thing/);
  });

  it('names the decision that the same person took meanwhile elsewhere, and puts it aside only when told to', () => {
    const accepted = after(several, command({ name: 'verdict.accept' }));
    const state = { ...several, verdict: accepted, now: 9 };
    const mine = { name: 'verdict.correct-things', things: [suction] };
    expect(() => planVerdict(state, command({ ...mine, since: null }))).toThrow(
      /another window meanwhile: it is accepted now/,
    );
    expect(after(state, command({ ...mine, since: 5 }))?.judgement).toMatchObject({ label: 'Suction' });
    expect(() => planVerdict(several, command({ ...mine, since: 5 }))).toThrow(/it was opened again/);
  });
});

describe('the steps of a reasoning', () => {
  it.each([
    ['', []],
    ['One. Two! Three?', ['One.', 'Two!', 'Three?']],
    ['1. First point\n2. Second point', ['1. First point', '2. Second point']],
    ['At 0.5 of the width, i.e. the middle. Done', ['At 0.5 of the width, i.e. the middle.', 'Done']],
    ['\r\n  Indented \r\n\r\n“Quoted.” Then', ['Indented', '“Quoted.”', 'Then']],
  ])('of %j', (text, steps) => {
    const found = reasoningSteps(text);
    expect(found.map((step) => step.text)).toEqual(steps);
    for (const { from, to, text: step } of found) expect(text.slice(from, to)).toBe(step);
  });
});

describe('a verdict in a session', () => {
  const clips = new ClipFolder();
  let clip = '';
  let engine: ScriptedEngine;
  let bench: Bench;
  beforeAll(async () => {
    clip = await clips.make('a', { frames: 12, extension: 'mp4', output: x264 });
  });
  afterAll(() => clips.remove());
  beforeEach(() => {
    engine = new ScriptedEngine();
    bench = new Bench(engine);
  });
  afterEach(() => bench.remove());

  const as = (actor: string) => inContext(bench.review.calls, testContext({ actor: ActorId.parse(actor) }));

  async function asked(): Promise<{ opened: OpenSession; answer: Answer }> {
    const opened = await bench.open(clip);
    const ended = bench.ended();
    await bench.ask(opened);
    return { opened, answer: await ended };
  }

  it('is told with its question, stands in the list, and is undone and done again over restarts', async () => {
    const { opened, answer } = await asked();
    const { id: sessionId } = opened.session;
    const told = bench.next('changes', ({ changes }) => changes[0]?.command === 'verdict.accept');
    await bench.calls.apply({ sessionId, command: { name: 'verdict.accept', answerId: answer.id } });
    expect((await told).entries[0]?.verdicts).toMatchObject([{ judgement: { decision: 'accepted' } }]);
    const listed = async () =>
      (await bench.calls.listEntries({ sessionId })).list[0]?.newest.decisions.map(
        ({ decision }) => decision,
      );
    expect(await listed()).toEqual(['accepted']);
    const box = [0, 0, 20, 20] as [number, number, number, number];
    const correction = { name: 'verdict.correct', answerId: answer.id, label: 'liver', box } as const;
    await bench.calls.apply({ sessionId, command: correction });
    expect(await bench.calls.apply({ sessionId, command: correction })).toEqual({ change: null });
    await bench.restart();
    expect(await bench.calls.getUndoable({ sessionId })).toEqual({
      undo: 'Correct answer: “liver”',
      redo: null,
    });
    await bench.calls.undo({ sessionId });
    expect(await listed()).toEqual(['accepted']);
    await bench.calls.undo({ sessionId });
    expect(await listed()).toEqual([]);
    await bench.restart();
    for (let step = 0; step < 2; step += 1) await bench.calls.redo({ sessionId });
    expect(await listed()).toEqual(['corrected']);
    expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('is one for each person: two of them judge one answer, and neither takes back the other’s', async () => {
    const { opened, answer } = await asked();
    const { id: sessionId } = opened.session;
    const answerId = answer.id;
    await as('anna').apply({ sessionId, command: { name: 'verdict.accept', answerId } });
    await as('bert').apply({ sessionId, command: { name: 'verdict.reject', answerId, reason: 'both' } });
    await as('anna').apply({
      sessionId,
      command: { name: 'verdict.reject', answerId, reason: 'wrong-label' },
    });
    const said = async () =>
      (await bench.entries(opened))[0]?.verdicts.map(({ actor, judgement }) => [actor, judgement?.decision]);
    expect(await said()).toEqual([
      ['anna', 'rejected'],
      ['bert', 'rejected'],
    ]);
    await as('anna').undo({ sessionId });
    expect(await said()).toEqual([
      ['anna', 'accepted'],
      ['bert', 'rejected'],
    ]);
    await as('anna').undo({ sessionId });
    expect(await said()).toEqual([['bert', 'rejected']]);
    expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('of several things is kept by two people beside one another, found by each thing, and undone by its own', async () => {
    const stapler = { label: 'stapler', box: Box.parse([1, 1, 9, 9]) };
    const suction = { label: 'suction', box: Box.parse([4, 4, 12, 12]) };
    engine.answer = async () => result({ label: 'stapler, suction', box: null, items: [stapler, suction] });
    const { opened, answer } = await asked();
    const { id: sessionId } = opened.session;
    expect(answer.items).toEqual([stapler, suction]);
    const correct = (actor: string, ...things: (OwnThing & { box: Box | null })[]) =>
      as(actor).apply({
        sessionId,
        command: { name: 'verdict.correct-things', answerId: answer.id, things, since: null },
      });
    const gauze: OwnThing = { label: 'gauze', box: [2, 2, 8, 8], from: null };
    await correct('anna', { ...stapler, from: 0 }, gauze);
    await correct('bert', { ...suction, from: 1, label: 'irrigation' });
    await expect(correct('anna', gauze)).rejects.toMatchObject({ code: 'changed-since' });
    const said = async () =>
      (await bench.entries(opened))[0]?.verdicts.map(({ judgement }) =>
        judgement?.decision === 'corrected' ? judgement.label : null,
      );
    expect(await said()).toEqual(['stapler, gauze', 'irrigation']);
    const found = async (text: string) =>
      (await bench.calls.find({ query: text })).groups.flatMap(({ list }) => list).length;
    for (const text of ['label:gauze', 'irrigation']) expect(await found(text)).toBe(1);
    await bench.restart();
    await as('anna').undo({ sessionId });
    expect(await said()).toEqual(['irrigation']);
    expect(await found('gauze')).toBe(0);
    await as('anna').redo({ sessionId });
    expect(await said()).toEqual(['stapler, gauze', 'irrigation']);
    expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('is refused of an answer of another session, one that was deleted, and one that is still written', async () => {
    const { opened, answer } = await asked();
    const { id: sessionId } = opened.session;
    const accept = { name: 'verdict.accept', answerId: answer.id } as const;
    const other = await bench.calls.startSession({ videoId: opened.video.id });
    await expect(bench.calls.apply({ sessionId: other.session.id, command: accept })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('another session') as string,
    });
    await bench.calls.deleteQuestion({ questionId: answer.questionId });
    await expect(bench.calls.apply({ sessionId, command: accept })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(
      bench.calls.apply({ sessionId, command: { ...accept, answerId: 'nobody' as AnswerId } }),
    ).rejects.toMatchObject({ code: 'not-found' });
    engine.answer = untilStopped();
    const running = await bench.ask(opened, 5);
    await vi.waitFor(() => expect(engine.asked).toHaveLength(2));
    await expect(
      bench.calls.apply({ sessionId, command: { name: 'verdict.accept', answerId: running.answer.id } }),
    ).rejects.toMatchObject({ code: 'busy' });
    const ended = bench.ended();
    await bench.calls.stopAnswer({ answerId: running.answer.id });
    await ended;
  });
});

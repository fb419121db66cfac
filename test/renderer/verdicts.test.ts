// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Box, verdictId, type ActorId, type Size } from '../../preload/contract/index.ts';
import AnswerLane from '../../renderer/components/AnswerLane.svelte';
import SidePanel from '../../renderer/components/SidePanel.svelte';
import { tick } from 'svelte';
import Stage from '../../renderer/components/Stage.svelte';
import { Keyboard } from '../../renderer/state/keyboard.ts';
import type { Review } from '../../renderer/state/review.svelte.ts';
import { PanelSizes } from '../../renderer/state/panel-sizes.svelte.ts';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { boxBetween, middleBox, moveBox } from '../../renderer/view/box-editing.ts';
import { keyTable, shortcutGroups } from '../../renderer/view/shortcuts.ts';
import { FakeWorkstation, id, now } from './fake-workstation.ts';
import { withLayout } from './layout.ts';
import { FramePixels } from './pixels.ts';

let fake: FakeWorkstation;
let workstation: Workstation;
let keyboard: Keyboard;
const box = Box.parse([10, 20, 60, 90]);
const ignore = (): void => undefined;

beforeEach(() => {
  withLayout();
  Object.assign(HTMLVideoElement.prototype, {
    requestVideoFrameCallback: () => 0,
    cancelVideoFrameCallback: ignore,
  });
  fake = new FakeWorkstation();
  fake.addEntry('What organ?', 0, {
    ...{ status: 'answered', label: 'Kidney', box },
    reasoning: 'It is red. It is a bean.',
  });
});

afterEach(() => {
  cleanup();
  window.removeEventListener('keydown', keyboard.down);
  workstation.dispose();
});

async function opened(): Promise<Review> {
  const connection = { bridge: fake.bridge, onReach: () => ignore };
  workstation = new Workstation(connection, new FramePixels().fetch, () => now);
  keyboard = new Keyboard(workstation, {
    find: ignore,
    library: ignore,
    settings: ignore,
    shortcuts: ignore,
    goTo: ignore,
    focusAsk: ignore,
  });
  window.addEventListener('keydown', keyboard.down);
  await workstation.start();
  const { review } = workstation;
  if (!review) throw new Error('the fake workstation has no session');
  await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
  await review.select(fake.entries[0]!.question.id);
  await vi.waitFor(() => expect(review.onAnswersPicture).toBe(true));
  const nothing = render(SidePanel, {
    sizes: new PanelSizes(localStorage),
    ...{ workstation, review, onModels: ignore },
    notices: (() => undefined) as never,
  });
  expect(nothing.container).toBeTruthy();
  return review;
}

const press = (key: string) => fireEvent.keyDown(document.body, { key, code: key });
const verdict = () => screen.getByRole('region', { name: 'Your verdict' });
const decided = (decision: string) => vi.waitFor(() => expect(verdict().dataset['decision']).toBe(decision));
const told = (text: RegExp | string) => vi.waitFor(() => expect(workstation.announcer.text).toMatch(text));
const kept = () => fake.entries[0]?.verdicts[0] ?? null;

describe('by keys alone', () => {
  test('another version is not asked while one is still to come, and it is said why', async () => {
    fake.entries = [];
    fake.addEntry('What organ?', 0, { status: 'queued' });
    await opened();
    await vi.waitFor(() => expect(workstation.askObstacle).toBeNull());
    for (const shiftKey of [false, true]) {
      workstation.announcer.say('');
      await fireEvent.keyDown(document.body, { key: 'r', code: 'KeyR', shiftKey });
      await told('An answer to this question is still to come');
    }
    expect(fake.log.filter(({ name }) => name === 'askAgain')).toEqual([]);
  });

  test('an answer is accepted, opened again, and rejected with a reason, each of which is told', async () => {
    await opened();
    await press('a');
    await decided('accepted');
    await told('Accepted');
    await press('u');
    await decided('open');
    await told('Reopened');
    expect(kept()).toBeNull();
    await press('x');
    const menu = await screen.findByRole('menu', { name: 'What is wrong?' });
    await fireEvent.keyDown(menu, { key: '2' });
    await decided('rejected');
    await told('Rejected: wrong place');
    expect(within(verdict()).getByText('Rejected: wrong place')).toBeTruthy();
  });

  test('a step is marked right, wrong, not visible and not at all, and one that is not there is passed over', async () => {
    await opened();
    for (const word of ['right', 'wrong', 'not visible', 'without a mark']) {
      await press('2');
      await told(`Step 2: ${word}`);
    }
    await press('9');
    expect(kept()).toBeNull();
    await fireEvent.click(screen.getByRole('button', { name: 'wrong, step 1' }));
    await vi.waitFor(() => expect(kept()?.marks).toEqual([{ from: 0, to: 10, mark: 'wrong' }]));
    expect(screen.getByRole('button', { name: 'wrong, step 1' }).getAttribute('aria-pressed')).toBe('true');
  });

  test('a box is moved, resized and taken by a corner in source pixels, and kept with the label', async () => {
    const review = await opened();
    review.view.stage = { width: 640, height: 512 };
    render(Stage, { workstation, review });
    await press('e');
    await fireEvent.input(screen.getByRole('combobox', { name: 'Label' }), { target: { value: 'liver' } });
    await press('b');
    const whole = await screen.findByRole('button', { name: /^Your box, 10, 20 to 60, 90 · 50 × 70/ });
    await fireEvent.keyDown(whole, { key: 'ArrowRight', shiftKey: true });
    await fireEvent.keyDown(whole, { key: 'ArrowUp' });
    await fireEvent.keyDown(whole, { key: 'ArrowDown', altKey: true, shiftKey: true });
    expect(review.judging.box).toEqual([20, 19, 70, 99]);
    await fireEvent.keyDown(screen.getByRole('button', { name: /^upper left corner/ }), { key: 'ArrowLeft' });
    expect(review.player.index).toBe(0);
    await fireEvent.keyDown(whole, { key: 'Enter' });
    await decided('corrected');
    expect(kept()?.judgement).toMatchObject({ label: 'liver', box: [19, 19, 70, 99] });
    expect(await screen.findByRole('img', { name: /^Your box: Liver, from 19, 19, 70, 99/ })).toBeTruthy();
    expect(screen.getByRole('img', { name: /^The model’s box: Kidney/ })).toBeTruthy();
  });

  test('what is undone is on show again, and the next open answer is found', async () => {
    fake.addEntry('Is there smoke?', 60, { status: 'not-visible' });
    fake.addEntry('Is there a leak?', 30, { status: 'failed' });
    const review = await opened();
    await press('a');
    await decided('accepted');
    await fireEvent.keyDown(document.body, { key: 'N', code: 'n', shiftKey: true });
    await vi.waitFor(() => expect(review.selected?.question.text).toBe('Is there smoke?'));
    await fireEvent.keyDown(document.body, { key: 'P', code: 'p', shiftKey: true });
    await told('No open answer before this');
    await workstation.steps.undo();
    await vi.waitFor(() => expect(review.selected?.question.text).toBe('What organ?'));
    await decided('open');
    expect(workstation.steps.notice?.text).toBe('Answer accepted: undone');
  });
});

test('goes on to the next open answer after a verdict where a person chose that', async () => {
  fake.addEntry('Is there smoke?', 60, { status: 'not-visible' });
  const review = await opened();
  await fireEvent.click(screen.getByRole('button', { name: 'Go on' }));
  await press('a');
  await vi.waitFor(() => expect(review.selected?.question.text).toBe('Is there smoke?'));
  expect(review.list.counts).toMatchObject({ open: 1, accepted: 1 });
  expect(localStorage.getItem('go-on-after-verdict')).toBe('yes');
  await fireEvent.click(screen.getByRole('button', { name: 'Go on' }));
  expect(localStorage.getItem('go-on-after-verdict')).toBeNull();
});

describe('a correction', () => {
  test('that is refused stays as it was typed, with the reason', async () => {
    const review = await opened();
    await press('e');
    const field = screen.getByRole('combobox', { name: 'Label' });
    await fireEvent.submit(field.closest('form')!);
    expect((await screen.findByRole('alert')).textContent).toMatch(/nothing to correct/);
    await fireEvent.input(field, { target: { value: 'x'.repeat(201) } });
    await fireEvent.submit(field.closest('form')!);
    await vi.waitFor(() => expect(screen.getByRole('alert').textContent).toMatch(/200 characters.*201/));
    expect(review.judging.thing?.label).toHaveLength(201);
    await press('a');
    await told(/correction is under way/);
    expect(kept()).toBeNull();
    await press('Escape');
    await vi.waitFor(() => expect(review.judging.draft).toBeNull());
  });

  test('that is begun while another is being kept goes on from what was kept', async () => {
    const review = await opened();
    await press('e');
    const field = screen.getByRole('combobox', { name: 'Label' });
    await fireEvent.input(field, { target: { value: 'liver' } });
    const keeping = review.judging.keep();
    // Pressed before the workstation has answered.
    review.judging.correct('label');
    expect(await keeping).toBe(true);
    await vi.waitFor(() => expect(review.judging.thing?.label).toBe('liver'));
    expect(kept()?.judgement).toMatchObject({ decision: 'corrected', label: 'liver' });
  });

  test('and a note outlive a look at another answer', async () => {
    fake.addEntry('Is there smoke?', 60, { status: 'not-visible' });
    const review = await opened();
    await review.select(fake.entries[0]!.question.id);
    await press('e');
    review.judging.relabel('liver');
    review.judging.beginNote();
    review.judging.typeNote('Look again');
    await review.select(fake.entries[1]!.question.id);
    expect([review.judging.draft, review.judging.noteDraft]).toEqual([null, null]);
    await review.select(fake.entries[0]!.question.id);
    expect(review.judging.thing?.label).toBe('liver');
    expect(review.judging.noteDraft).toBe('Look again');
    await review.judging.keepNote();
    expect(kept()?.note).toBe('Look again');
  });
});

describe('a region', () => {
  test('is drawn by Shift Q, moved in source pixels, and goes with the next question alone', async () => {
    const review = await opened();
    review.view.stage = { width: 640, height: 512 };
    review.view.picture = { width: 640, height: 512 };
    render(Stage, { workstation, review });
    await fireEvent.keyDown(document.body, { key: 'Q', code: 'KeyQ', shiftKey: true });
    const whole = await screen.findByRole('button', { name: /^Region to ask about, 240, 192 to 400, 320/ });
    await fireEvent.keyDown(whole, { key: 'ArrowLeft', shiftKey: true });
    expect(screen.getByText(/^about region 230, 192 to 390, 320 · 160 × 128 of /)).toBeTruthy();
    await fireEvent.keyDown(whole, { key: 'Enter' });
    expect(document.activeElement?.getAttribute('data-part')).toBe('ask');
    for (const question of ['What is this?', 'And all of it?']) await review.ask(question);
    const asked = fake.log.filter(({ name }) => name === 'ask').map(({ input }) => input);
    expect(asked).toMatchObject([{ region: [230, 192, 390, 320] }, {}]);
    expect(asked[1]).not.toHaveProperty('region');
    review.region.begin();
    await press('Escape');
    expect(review.region.box).toBeNull();
    // Another eye of a stereo recording is another picture.
    review.region.begin();
    review.files.take({
      ...review.video,
      eye: { layout: 'side-by-side', eye: 'left', squeezed: false },
    });
    expect(review.region.box).toBeNull();
  });

  test('says before it is asked about how the model will have it', async () => {
    const review = await opened();
    const model = workstation.model!;
    const said = (): string | undefined =>
      document.querySelector('[data-part="region-way"]')?.textContent ?? undefined;
    review.region.begin();
    await tick();
    expect(said()).toBeUndefined();
    workstation.model = { ...model, model: { ...model.model!, regions: 'beside' } };
    await tick();
    expect(said()).toBe('Asked with a crop of this region beside the frame.');
    expect(document.querySelector('[data-part="ask"]')?.getAttribute('aria-describedby')).toContain(
      'reading',
    );
    workstation.model = { ...model, model: { ...model.model!, regions: 'alone' } };
    await tick();
    expect(said()).toMatch(/^Asked with this region alone/);
    review.region.leave();
    await tick();
    expect(said()).toBeUndefined();
  });

  test('that was asked about is named beside the answer and drawn on the frame', async () => {
    const { question, answers } = fake.entries[0]!;
    const crop = { region: Box.parse([5, 10, 105, 110]), hash: 'e'.repeat(64) };
    const eye = {
      layout: 'side-by-side',
      eye: 'left',
      squeezed: false,
      region: { x: 0, y: 0, width: 640, height: 512 },
    } as const;
    const items = [{ label: 'clip', box: Box.parse([80, 80, 100, 100]) }];
    const answer = { ...answers[0]!, items, frame: { ...answers[0]!.frame!, crop, eye } };
    fake.entries = [{ ...fake.entries[0]!, question, answers: [answer] }];
    const review = await opened();
    review.view.stage = { width: 640, height: 512 };
    render(Stage, { workstation, review });
    expect(
      await screen.findByRole('img', { name: 'The region that was asked about, from 5, 10, 105, 110' }),
    ).toBeTruthy();
    expect(screen.getByText('About the region').closest('p')?.textContent).toMatch(
      /this part of the frame alone/,
    );
    expect(document.querySelector('[data-part="legend"]')?.textContent).toMatch(/region/);
    // Of the region: in the whole frame it lies in the upper left.
    expect(document.querySelector('[data-part="items"]')?.textContent).toMatch(/lower right/);
    await fireEvent.click(screen.getByText('Evidence and raw output'));
    expect(document.querySelector('[data-part="answer-eye"]')?.textContent).toContain(
      'left eye (side by side)',
    );
    expect(document.querySelector('[data-part="given"]')?.textContent).toMatch(
      /the region 5, 10, 105, 110 alone/,
    );
    // The whole picture is on show, in which no box of the left one's could be drawn.
    await press('e');
    await told(
      /is about the left eye .* on show is the whole picture\. To correct it, choose that picture again/,
    );
    expect(review.judging.draft).toBeNull();
  });

  test('that the model had beside the frame is named so, with both sizes and the words; places are those of the frame', async () => {
    const { question, answers } = fake.entries[0]!;
    const region = Box.parse([5, 10, 105, 110]);
    const beside = {
      given: 'beside',
      input: { width: 392, height: 392 },
      words: 'The second picture is',
    } as const;
    const crop = { region, hash: 'e'.repeat(64), ...beside };
    const items = [{ label: 'clip', box: Box.parse([80, 80, 100, 100]) }];
    const modelInput = { width: 336, height: 280 };
    const answer = { ...answers[0]!, items, modelInput, frame: { ...answers[0]!.frame!, crop } };
    fake.entries = [{ ...fake.entries[0]!, question, answers: [answer] }];
    const review = await opened();
    review.view.stage = { width: 640, height: 512 };
    render(Stage, { workstation, review });
    await fireEvent.click(await screen.findByText('Evidence and raw output'));
    const part = (name: string): string | null | undefined =>
      document.querySelector(`[data-part="${name}"]`)?.textContent;
    expect(part('about-region')).toMatch(/the whole frame, and a crop of this part beside it/);
    expect(part('given')).toMatch(/the whole frame, and beside it a crop of the region 5, 10, 105, 110/);
    expect(part('given-words')).toBe('The second picture is');
    expect(part('shown-as')).toBe('336 × 280; the crop 392 × 392');
    expect(part('items')).toMatch(/upper left/);
  });
});

describe('an answer that names several things', () => {
  async function several(): Promise<Review> {
    fake.entries = [];
    fake.addEntry('What do you see?', 0, {
      ...{ status: 'answered', label: 'stapler, suction', box: null, reasoning: 'Two.' },
      items: [
        { label: 'stapler', box },
        { label: 'suction', box: Box.parse([200, 20, 260, 90]) },
      ],
    });
    const review = await opened();
    review.view.stage = { width: 640, height: 512 };
    render(Stage, { workstation, review });
    return review;
  }

  test('is corrected thing by thing: one relabelled, one moved, one added, one taken out', async () => {
    const review = await several();
    await press('e');
    const label = () => screen.getByRole('combobox', { name: 'Label' });
    await fireEvent.input(label(), { target: { value: 'clip applier' } });
    const second = screen.getByRole('radio', { name: /Suction/ });
    await fireEvent.click(second);
    await press('b');
    const whole = await screen.findByRole('button', { name: /^Your box, 200, 20 to 260, 90/ });
    await fireEvent.keyDown(whole, { key: 'ArrowRight', shiftKey: true });
    expect(screen.getByRole('img', { name: /^Your box: Clip applier, from 10, 20/ })).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'Add a thing' }));
    await fireEvent.input(label(), { target: { value: 'gauze' } });
    await fireEvent.submit(label().closest('form')!);
    await decided('corrected');
    expect(kept()?.judgement).toMatchObject({
      label: 'clip applier, suction, gauze',
      things: [
        { label: 'clip applier', box: [10, 20, 60, 90], from: 0 },
        { label: 'suction', box: [210, 20, 270, 90], from: 1 },
        { label: 'gauze', box: null, from: null },
      ],
    });
    const yours = () => screen.getByRole('list', { name: 'What you say is there' }).textContent;
    expect(yours()).toMatch(
      /Clip applier\s+was Stapler\s*Suction\s+box moved, overlap 0\.71\s*Gauze\s+added/,
    );
    expect(screen.getAllByRole('img', { name: /^Your box/ })).toHaveLength(2);
    expect(screen.getAllByRole('img', { name: /^The model’s box/ })).toHaveLength(2);

    await vi.waitFor(() => expect(review.judging.draft).toBeNull());
    await press('e');
    await fireEvent.keyDown(screen.getByRole('radio', { name: /Clip applier/ }), { key: 'Delete' });
    expect(await review.judging.keep()).toBe(true);
    await vi.waitFor(() => expect(yours()).toMatch(/Stapler\s+taken out/));
    expect(kept()?.judgement).toMatchObject({ label: 'suction, gauze' });
    await workstation.steps.undo();
    await vi.waitFor(() => expect(yours()).not.toMatch(/taken out/));
  });

  test('keeps what was typed where the same person decided in another window, names that, and then takes it', async () => {
    const review = await several();
    await press('e');
    await fireEvent.keyDown(screen.getByRole('radio', { name: /Stapler/ }), { key: 'Delete' });
    const { answers, question } = fake.entries[0]!;
    const judgement = { decision: 'accepted', at: now } as const;
    const verdictOf = { answerId: answers[0]!.id, questionId: question.id, actor: id<ActorId>('surgeon') };
    fake.record.note('verdict.accept', [
      {
        ...{ entity: 'verdict', id: verdictId(verdictOf.answerId, verdictOf.actor), before: null },
        after: { ...verdictOf, judgement, marks: [], note: '' },
      },
    ]);
    expect(await review.judging.keep()).toBe(false);
    expect((await screen.findByRole('alert')).textContent).toMatch(
      /another window meanwhile: it is accepted/,
    );
    expect(review.judging.draft?.things).toHaveLength(1);
    expect(await review.judging.keep()).toBe(true);
    expect(kept()?.judgement).toMatchObject({ decision: 'corrected', label: 'suction' });
  });
});

test('another person’s verdict stands beside one’s own and does not close the answer', async () => {
  const review = await opened();
  const { answers, question } = fake.entries[0]!;
  const bert = id<ActorId>('bert');
  const answerId = answers[0]!.id;
  const judgement = { decision: 'accepted', at: now } as const;
  fake.record.note('verdict.accept', [
    {
      ...{ entity: 'verdict', id: verdictId(answerId, bert), before: null },
      after: { answerId, questionId: question.id, actor: bert, judgement, marks: [], note: '' },
    },
  ]);
  await vi.waitFor(() => expect(within(verdict()).getByText('Another person: accepted')).toBeTruthy());
  expect(review.list.counts).toEqual({ open: 1, accepted: 0, corrected: 0, rejected: 0 });
});

test('the list shows what stands in one state, with counts, and the timeline has its sign', async () => {
  fake.addEntry('Is there smoke?', 60, { status: 'not-visible' });
  fake.addEntry('Is there a leak?', 30, { status: 'failed' });
  const review = await opened();
  await review.select(fake.entries[1]!.question.id);
  await press('a');
  await decided('accepted');
  expect(review.list.counts).toEqual({ open: 1, accepted: 1, corrected: 0, rejected: 0 });
  const texts = () => review.list.shown.map(({ question }) => question.text);
  await fireEvent.click(screen.getByRole('button', { name: 'Open 1' }));
  // The one on show stays, so that nothing moves away under the pointer.
  expect(texts()).toEqual(['What organ?', 'Is there smoke?']);
  await review.select(fake.entries[0]!.question.id);
  expect(texts()).toEqual(['What organ?']);
  const { container } = render(AnswerLane, { review });
  expect(container.querySelectorAll('[data-sign="accepted"]')).toHaveLength(1);
  expect(screen.getByRole('button', { name: /Is there smoke\? .*accepted/ })).toBeTruthy();
});

describe('a box', () => {
  const size: Size = { width: 100, height: 80 };

  test.each([
    ['whole', { x: 500, y: -500 }, [60, 0, 100, 30]],
    ['left-top', { x: 500, y: 500 }, [48, 38, 50, 40]],
    ['right-bottom', { x: 500, y: 500 }, [10, 10, 100, 80]],
    ['right-top', { x: -500, y: -500 }, [10, 0, 12, 40]],
    ['left-bottom', { x: -500, y: 1 }, [0, 10, 50, 41]],
  ] as const)('moved by its %s stays within the frame and a box', (part, by, expected) => {
    expect(moveBox([10, 10, 50, 40], part, by, size)).toEqual(expected);
  });

  test('is drawn from any corner, cut at the frame, and none while it is too small', () => {
    expect(boxBetween({ x: 50.4, y: 90 }, { x: -5, y: 10.6 }, size)).toEqual([0, 11, 50, 80]);
    expect(boxBetween({ x: 5, y: 5 }, { x: 6, y: 50 }, size)).toBeNull();
    expect(middleBox(size)).toEqual([38, 30, 63, 50]);
  });
});

test('no key means two things', () => {
  const [first, ...others] = shortcutGroups;
  const clash = { ...first!, shortcuts: [{ action: 'ask', keys: ['A'], text: '', matches: ['a'] }] } as const;
  expect(() => keyTable([clash, ...others])).toThrow(/the key a is claimed by ask and by accept/);
});

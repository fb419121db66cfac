// @vitest-environment happy-dom
import { createRawSnippet } from 'svelte';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  AnswerEvidence,
  Box,
  placedItems,
  WorkstationError,
  type Answer,
} from '../../preload/contract/index.ts';
import AnswerLane from '../../renderer/components/AnswerLane.svelte';
import AnswerPanel from '../../renderer/components/AnswerPanel.svelte';
import AskBox from '../../renderer/components/AskBox.svelte';
import BottomBar from '../../renderer/components/BottomBar.svelte';
import SidePanel from '../../renderer/components/SidePanel.svelte';
import { Keyboard } from '../../renderer/state/keyboard.ts';
import type { Review } from '../../renderer/state/review.svelte.ts';
import { PanelSizes } from '../../renderer/state/panel-sizes.svelte.ts';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { spoken } from '../../renderer/view/statuses.ts';
import { renderList, rowHeight, withLayout } from './layout.ts';
import { FakeWorkstation, id, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let fake: FakeWorkstation;
let workstation: Workstation;
const box = Box.parse([10, 20, 30, 40]);
const ignore = (): void => undefined;

/** What an answer is kept with whose question, or whose picture, is of none that the model was taught. */
const withDoubts = ({ question, picture }: { question?: boolean; picture?: boolean }) =>
  AnswerEvidence.parse({
    labelLogProbability: null,
    boxLogProbability: null,
    choices: [],
    entropy: null,
    ...(question ? { question: { untaughtWords: [], rewrites: [] } } : {}),
    ...(picture ? { picture: { distance: 2, threshold: 1 } } : {}),
  });

beforeEach(() => {
  withLayout();
  fake = new FakeWorkstation();
});

afterEach(() => {
  cleanup();
  workstation.dispose();
});

async function opened(): Promise<{ workstation: Workstation; review: Review }> {
  const connection = { bridge: fake.bridge, onReach: () => () => undefined };
  workstation = new Workstation(connection, new FramePixels().fetch, () => now);
  await workstation.start();
  const { review } = workstation;
  if (!review) throw new Error('the fake workstation has no session');
  if (fake.video.index === 'ready') await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
  return { workstation, review };
}

describe('the answer', () => {
  test('says how far its samples agree, what the others say, and where the version on show is another', async () => {
    const entry = fake.addEntry('What organ?', 0, { status: 'answered', label: 'Liver', box });
    const drawn = (label: string, corners: Box): Answer => ({
      ...fake.answer(entry.question.id, 0, { status: 'answered', label, box: corners }),
      settings: { ...entry.answers[0]!.settings, temperature: 0.7 },
    });
    const moved = Box.parse([10, 20, 30, 30]);
    const answers = [entry.answers[0]!, drawn('Kidney', box), drawn('Kidney', moved), drawn('Spleen', box)];
    fake.entries = [{ ...entry, answers }];
    const { review } = await opened();
    await review.select(entry.question.id);
    render(AnswerPanel, { workstation, review });
    const said = () => document.querySelector('[data-part="samples"]')?.textContent.replace(/\s+/g, ' ');
    await vi.waitFor(() =>
      expect(said()).toMatch(/2 of 3 samples agree on Kidney · Spleen 1 · boxes overlap by 0\.67/),
    );
    expect(said()).toMatch(/This version says otherwise/);
    review.selectVersion(1);
    await vi.waitFor(() => expect(said()).not.toMatch(/otherwise/));
  });

  test('reads question, label, probability, reasoning, in this order', async () => {
    fake.addEntry('What organ?', 0, {
      status: 'answered',
      label: 'Tissue_Manipulation',
      box,
      probability: 0.868,
      reasoning: 'The jaws are open.\nThe tissue is displaced.',
    });
    render(AnswerPanel, await opened());
    const text = screen.getByRole('region', { name: 'Answer' }).textContent ?? '';
    const order = [
      'What organ?',
      'Tissue manipulation',
      '0.87',
      "Model's stated reasoning",
      'The jaws are open.',
    ];
    const places = order.map((part) => text.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test.each([
    ['answered-without-location', 'Retraction', /Answered without location/],
    ['not-visible', null, /not visible in the frame/],
    ['stopped', null, /Stopped before the model had finished/],
    ['malformed', null, /no answer that can be read/],
  ] as const)('says in words that it is %s', async (status, label, words) => {
    fake.addEntry('What organ?', 0, { status, label, raw: '<think>It is' });
    render(AnswerPanel, await opened());
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.getByRole('region', { name: 'Answer' }).dataset['status']).toBe(status);
  });

  test('that is malformed shows its raw output at once; others on request', async () => {
    fake.addEntry('What organ?', 0, { status: 'malformed', raw: '<think>the forceps the forceps' });
    const { container } = render(AnswerPanel, await opened());
    expect(container.querySelector('[data-part="raw"]')?.closest('details')?.open).toBe(true);
    cleanup();
    fake.entries = [];
    fake.addEntry('What organ?', 0, { status: 'answered', label: 'Kidney', box, raw: '<think>' });
    const other = render(AnswerPanel, await opened());
    expect(other.container.querySelector('[data-part="raw"]')?.closest('details')?.open).toBe(false);
  });

  test('that failed gives cause and remedy', async () => {
    const error = { code: 'engine-lost' as const, message: 'The process ended.', hint: 'Ask again.' };
    fake.addEntry('What organ?', 0, { status: 'failed', error });
    render(AnswerPanel, await opened());
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('The process ended.');
    expect(alert.textContent).toContain('Ask again.');
  });

  test('streams with a way to stop it', async () => {
    const { review } = await opened();
    render(AnswerPanel, { workstation, review });
    await review.ask('What organ?');
    const answer = review.stoppable!;
    fake.emit({
      type: 'answer-text',
      jobId: id('job1'),
      answerId: answer.id,
      section: 'reasoning',
      at: 0,
      text: 'It is brown',
      generatedTokens: 7,
    });
    expect(await screen.findByText(/It is brown/)).toBeTruthy();
    expect(screen.getByText('7 tokens')).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: /^Stop/ }));
    expect(fake.logged('stopAnswer')).toEqual([{ answerId: answer.id }]);
    expect(await screen.findByText('Stopped')).toBeTruthy();
  });

  test('of another frame says so and leads there', async () => {
    fake.addEntry('What organ?', 0, { status: 'answered', label: 'Kidney', box });
    const { review } = await opened();
    render(AnswerPanel, { workstation, review });
    expect(screen.queryByText(/not the one on screen/)).toBeNull();
    await review.player.showIndex(9);
    await fireEvent.click(await screen.findByRole('button', { name: 'Go there' }));
    await vi.waitFor(() => expect(review.player.shown?.location.index).toBe(0));
  });

  test('has versions to go through', async () => {
    const entry = fake.addEntry('What organ?', 0, { status: 'answered', label: 'Kidney', box });
    fake.entries = [
      {
        ...entry,
        answers: [
          ...entry.answers,
          fake.answer(entry.question.id, 0, { status: 'answered', label: 'Liver', box }),
        ],
      },
    ];
    render(AnswerPanel, await opened());
    expect(screen.getByText('version 2 of 2')).toBeTruthy();
    expect(screen.getByRole('heading').textContent).toBe('Liver');
    await fireEvent.click(screen.getByRole('button', { name: 'Earlier version' }));
    expect(screen.getByRole('heading').textContent).toBe('Kidney');
  });
});

describe('the ask box', () => {
  const field = (): HTMLTextAreaElement => screen.getByLabelText('Question about this frame');

  test('asks with Enter, not with Shift and Enter, and is empty afterwards', async () => {
    render(AskBox, { ...(await opened()), onModels: ignore });
    await fireEvent.input(field(), { target: { value: 'What organ?' } });
    await fireEvent.keyDown(field(), { key: 'Enter', shiftKey: true });
    expect(fake.logged('ask')).toEqual([]);
    await fireEvent.keyDown(field(), { key: 'Enter' });
    await vi.waitFor(() => expect(field().value).toBe(''));
    expect(fake.logged('ask')).toMatchObject([
      { sessionId: 'session1', frameIndex: 0, question: 'What organ?' },
    ]);
  });

  test('keeps the text of a question that was not taken', async () => {
    fake.failures.set('ask', new WorkstationError('busy', 'The model is answering.', 'Wait.'));
    const { review } = await opened();
    render(AskBox, { workstation, review, onModels: ignore });
    await fireEvent.input(field(), { target: { value: 'What organ?' } });
    await fireEvent.keyDown(field(), { key: 'Enter' });
    await vi.waitFor(() => expect(review.asking.fault?.code).toBe('busy'));
    expect(field().value).toBe('What organ?');
  });

  test('fills in a template for the tool that is chosen', async () => {
    render(AskBox, { ...(await opened()), onModels: ignore });
    await fireEvent.click(screen.getByRole('button', { name: 'where is …' }));
    await fireEvent.click(screen.getByRole('menuitem', { name: 'prograsp forceps' }));
    expect(field().value).toBe('Where is prograsp forceps located?');
    expect(screen.queryByRole('menu')).toBeNull();
  });

  test.each([
    [
      'the index is being built',
      () => (fake.video = { ...fake.video, index: 'building', frameCount: null }),
      /when the frame index is ready/,
    ],
    ['the file is missing', () => (fake.video = { ...fake.video, availability: 'missing' }), /not there/],
    [
      'the file is another',
      () => (fake.video = { ...fake.video, availability: 'changed' }),
      /no longer the one/,
    ],
    [
      'the model failed',
      () => (fake.model = { ...fake.model, phase: 'failed', error: null }),
      /could not be loaded/,
    ],
  ])('takes no question while %s, and says so', async (_, arrange, words) => {
    arrange();
    const connection = { bridge: fake.bridge, onReach: () => () => undefined };
    workstation = new Workstation(connection, new FramePixels().fetch, () => now);
    await workstation.start();
    render(AskBox, { workstation, review: workstation.review!, onModels: ignore });
    expect(screen.getByText(words)).toBeTruthy();
    await fireEvent.input(field(), { target: { value: 'What organ?' } });
    await fireEvent.keyDown(field(), { key: 'Enter' });
    expect(fake.logged('ask')).toEqual([]);
    expect(field()).toHaveProperty('value', 'What organ?');
    const held = () => document.querySelector('[data-part="held-back"]')?.textContent ?? null;
    expect(held()).toMatch(words);
    expect(held()).toMatch(/^Not asked; the question stays here/);
    await fireEvent.input(field(), { target: { value: 'What organ is it?' } });
    expect(held()).toBeNull();
  });

  test.each(['loading', 'restarting'] as const)(
    'a question asked while the model is %s waits for it',
    async (phase) => {
      const ready = fake.model;
      fake.model = { ...ready, phase, activity: 'Checking hashes', progress: 0.42 };
      const parts = await opened();
      render(AskBox, { ...parts, onModels: ignore });
      render(AnswerPanel, parts);
      await fireEvent.input(field(), { target: { value: 'What organ?' } });
      await fireEvent.keyDown(field(), { key: 'Enter' });
      await vi.waitFor(() => expect(screen.getByText('Waits for the model…')).toBeTruthy());
      expect(fake.logged('ask')).toHaveLength(1);
      expect(field()).toHaveProperty('value', '');
      fake.emit({ type: 'model', state: ready });
      await vi.waitFor(() => expect(screen.queryByText('Waits for the model…')).toBeNull());
    },
  );

  test('shows what the model is doing while it loads', async () => {
    const ready = fake.model;
    fake.model = { ...ready, phase: 'loading', activity: 'Checking hashes', progress: 0.42 };
    render(AskBox, { ...(await opened()), onModels: ignore });
    expect(screen.getByText('42 %')).toBeTruthy();
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('42');
    fake.emit({ type: 'model', state: ready });
    await vi.waitFor(() => expect(screen.queryByRole('progressbar')).toBeNull());
    expect(workstation.askObstacle).toBeNull();
  });
});

test.each([
  [0.49, true],
  [0.5, false],
])('an answer that the model itself gave %d is called unsure: %s', async (probability, unsure) => {
  fake.addEntry('What organ?', 0, { status: 'answered', label: 'Spleen', box, probability });
  render(AnswerPanel, await opened());
  expect(screen.queryByText('unsure') !== null).toBe(unsure);
});

test('no picture is offered of a frame whose file is gone', async () => {
  fake.addEntry('What organ?', 0, { status: 'answered', label: 'Spleen', box });
  const { review } = await opened();
  render(AnswerPanel, { workstation, review });
  expect(screen.getByRole('link', { name: /Save picture/ })).toBeTruthy();
  review.files.take({ ...fake.video, availability: 'missing' });
  await vi.waitFor(() => expect(screen.queryByRole('link', { name: /Save picture/ })).toBeNull());
});

describe('a question longer than three lines', () => {
  const long = 'Is the tip of this instrument cutting, or only holding? '.repeat(8).trim();

  test('leaves the answer in sight, and can be read whole', async () => {
    fake.addEntry(long, 0, { status: 'answered', label: 'Cutting', box });
    render(AnswerPanel, await opened());
    const text = screen.getByText(long);
    expect(text.classList.contains('short')).toBe(true);
    await fireEvent.click(screen.getByRole('button', { name: 'Show the whole question' }));
    expect(text.classList.contains('short')).toBe(false);
    await fireEvent.click(screen.getByRole('button', { name: 'Show less' }));
    expect(text.classList.contains('short')).toBe(true);
  });

  test('is the only one that is cut', async () => {
    fake.addEntry('What organ?', 0, { status: 'answered', label: 'Kidney', box });
    render(AnswerPanel, await opened());
    expect(screen.queryByRole('button', { name: 'Show the whole question' })).toBeNull();
  });
});

describe('words and box', () => {
  const told = async (reasoning: string, values: Partial<Answer> = {}): Promise<void> => {
    fake.addEntry('State of scissors?', 0, { status: 'answered', label: 'Idle', box, reasoning, ...values });
    render(AnswerPanel, await opened());
  };
  const agreement = (): HTMLElement | null => screen.queryByText(/Words and box name the same place/);

  test('that name the same place are said to', async () => {
    await told('The scissors lies in the upper left.');
    expect(agreement()).not.toBeNull();
  });

  test('that disagree are warned of instead', async () => {
    await told('The scissors lies in the lower right.');
    expect(agreement()).toBeNull();
    expect(screen.getByRole('note').textContent).toContain('The words say lower right');
  });

  test('of which one names no place are not called in agreement', async () => {
    await told('The jaws are closed.');
    expect(agreement()).toBeNull();
  });

  const choices = (share: number) => ({
    labelLogProbability: -0.1,
    boxLogProbability: -4,
    choices: [
      { label: 'Cutting', probability: 1 - share },
      { label: 'Idle', probability: share },
    ],
    entropy: 0.9,
  });

  test.each<[string, string, Partial<Answer>]>([
    ['the model was unsure', 'The scissors lies in the upper left.', { evidence: choices(0.3) }],
    ['the label alone is a place', 'The jaws are closed.', { label: 'left-top' }],
    ['the words are the remains of a form', 'left-top{"label": "left-top', { label: 'left-top' }],
    [
      'the box lies across the middle',
      'It lies in the lower right.',
      { box: Box.parse([122, 110, 520, 440]) },
    ],
  ])('are not called in agreement where %s', async (_, reasoning, values) => {
    await told(reasoning, values);
    expect(agreement()).toBeNull();
  });

  test('of a sure answer are, whatever else was considered', async () => {
    await told('The scissors lies in the upper left.', { evidence: choices(0.9) });
    expect(agreement()).not.toBeNull();
    expect(screen.getByText('0.90')).toBeTruthy();
  });

  test('are not compared without a box', async () => {
    await told('The scissors lies in the upper left.', { box: null, status: 'answered-without-location' });
    expect(agreement()).toBeNull();
  });
});

test('a model that was refused offers another', async () => {
  const error = { code: 'out-of-memory' as const, message: 'Too large.', hint: 'Choose 4 bits.' };
  fake.model = { ...fake.model, phase: 'failed', error };
  const onModels = vi.fn();
  render(AskBox, { ...(await opened()), onModels });
  await fireEvent.click(screen.getByRole('button', { name: 'Choose another model…' }));
  expect(onModels).toHaveBeenCalledOnce();
});

describe('an answer that names several things', () => {
  const video = { width: 1280, height: 1024 };
  const items = [
    { label: 'bipolar_forceps', box: Box.parse([10, 20, 300, 200]) },
    { label: 'suction', box: Box.parse([900, 700, 1200, 1000]) },
    { label: 'stapler', box: null },
  ];

  test('has its headline, and each thing with its place', async () => {
    fake.video = { ...fake.video, ...video };
    fake.addEntry('How many instruments?', 0, { status: 'answered', label: '3', items });
    render(AnswerPanel, await opened());
    expect(screen.getByRole('heading', { level: 2 }).textContent).toBe('3');
    const list = screen.getByRole('list', { name: 'What the answer names' });
    const rows = within(list)
      .getAllByRole('listitem')
      .map((row) => row.textContent?.replace(/\s+/g, ' ').trim());
    expect(rows).toEqual(['Bipolar forceps upper left', 'Suction lower right', 'Stapler no usable box']);
  });

  test('places each that has a box, and tells a screen reader how many', () => {
    const label = 'bipolar_forceps, suction, stapler';
    const { answers } = fake.addEntry('Which instruments?', 0, { status: 'answered', label, items });
    expect(placedItems(answers[0]!)).toEqual(items.slice(0, 2));
    expect(spoken(answers[0]!, null)).toBe('Bipolar forceps, suction, stapler, 2 boxes drawn on the frame');
    const one = fake.addEntry('What organ?', 0, { status: 'answered', label: 'Kidney', box }).answers[0]!;
    expect(placedItems(one)).toEqual([{ label: 'Kidney', box }]);
    expect(placedItems({ ...one, box: null })).toEqual([]);
  });

  test('yes and no are read as such; a model that declines says by what', async () => {
    fake.addEntry('Is there smoke?', 0, { status: 'answered', label: 'no', box: null });
    const reason = 'cannot be told from this picture';
    fake.addEntry('Will he live?', 0, { status: 'refused', label: reason });
    const { review } = await opened();
    const panel = render(AnswerPanel, { workstation, review });
    await review.select(fake.entries[0]!.question.id);
    await vi.waitFor(() => expect(screen.getByRole('heading', { level: 2 }).textContent).toBe('No'));
    expect(screen.queryByText(/without location/)).toBeNull();
    await review.select(fake.entries[1]!.question.id);
    await vi.waitFor(() =>
      expect(screen.getByRole('heading', { level: 2 }).textContent).toBe('Cannot be told from this picture'),
    );
    expect(screen.getByText(/declines to answer/)).toBeTruthy();
    panel.unmount();
    await renderList({ workstation, review });
    const rows = screen.getAllByRole('listitem').map((row) => row.textContent);
    expect(rows.join()).toMatch(/Cannot be told from this picture.*No/s);
  });
});

test('only a question that the model was kept from can be asked anyway: one that it declined was asked', async () => {
  const evidence = withDoubts({ question: true });
  fake.addEntry('Will he live?', 0, {
    status: 'refused',
    label: 'cannot be told from this picture',
    evidence,
  });
  fake.addEntry('Is it red?', 0, { status: 'refused', evidence });
  const { review } = await opened();
  render(AnswerPanel, { workstation, review });
  await review.select(fake.entries[1]!.question.id);
  await screen.findByRole('button', { name: 'Answer anyway' });
  // Nothing was drawn, so there is nothing to draw anew, by button or by key.
  const again = () => screen.queryAllByRole('button', { name: /^(Ask again|5 samples)/ });
  expect(again()).toEqual([]);
  const keyboard = new Keyboard(workstation, { focusAsk: () => undefined } as never);
  expect(keyboard.obstacleTo('ask-samples')).toMatch(/kept from this question/);
  await review.select(fake.entries[0]!.question.id);
  await screen.findByText(/declines to answer/);
  expect(screen.queryByRole('button', { name: 'Answer anyway' })).toBeNull();
  expect(again()).toHaveLength(2);
  // What it does know is said all the same.
  expect(screen.getByRole('group', { name: 'What the model can be asked' })).toBeTruthy();
});

test('a picture that the site wants no answer on says so in panel and list, and can be asked about anyway', async () => {
  fake.addEntry('Is it red?', 0, { status: 'refused', evidence: withDoubts({ picture: true }) });
  const { review } = await opened();
  const panel = render(AnswerPanel, { workstation, review });
  await review.select(fake.entries[0]!.question.id);
  await screen.findByRole('button', { name: 'Answer anyway' });
  expect(screen.getByRole('heading', { level: 2 }).textContent).toMatch(/^Not a picture like those/);
  expect(screen.queryByRole('group', { name: 'What the model can be asked' })).toBeNull();
  expect(screen.queryAllByRole('button', { name: /^(Ask again|5 samples)/ })).toEqual([]);
  panel.unmount();
  await renderList({ workstation, review });
  expect(
    screen
      .getAllByRole('listitem')
      .map((row) => row.textContent)
      .join(),
  ).toMatch(/unlike picture/);
});

test('a question near nothing that was taught gets what can be asked, and no rewrite of it', async () => {
  const question = { untaughtWords: ['survive'], rewrites: [], askable: ['Describe the frame.'] };
  const evidence = AnswerEvidence.parse({ ...withDoubts({}), question });
  fake.addEntry('Will he survive?', 0, { status: 'refused', evidence });
  const { review } = await opened();
  render(AnswerPanel, { workstation, review });
  const group = await screen.findByRole('group', { name: 'What the model can be asked' });
  expect(group.textContent).toContain('Nothing near this was taught');
  expect(within(group).getByRole('button', { name: 'Describe the frame.' })).toBeTruthy();
});

describe('the list', () => {
  test('has the newest first, with time, question and what came of it', async () => {
    fake.addEntry('What organ?', 42, { status: 'answered', label: 'Kidney', box });
    fake.addEntry('Is the stapler in view?', 100, { status: 'not-visible' });
    await renderList(await opened());
    const rows = screen.getAllByRole('listitem').map((row) => row.textContent?.replace(/\s+/g, ' ').trim());
    expect(rows[0]).toMatch(/^0:04 open Is the stapler in view\? not visible/);
    expect(rows[1]).toMatch(/^0:01 open What organ\? Kidney answered/);
  });

  test('says that older answers can’t be read, asks for them ever less often, and at once when told to', async () => {
    for (let index = 0; index < 300; index += 1)
      fake.addEntry(`Question ${index}?`, index, { status: 'not-visible' });
    fake.failures.set(
      'listEntries',
      new WorkstationError('store-corrupt', 'A page can’t be read.', 'See the backups.'),
    );
    vi.useFakeTimers();
    try {
      const { review } = await opened();
      const asked = () => fake.logged('listEntries').length;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(asked()).toBeGreaterThan(3);
      expect(asked()).toBeLessThan(9);
      expect(review.older.isReading).toBe(true);
      const notices = createRawSnippet(() => ({ render: () => '<span></span>' }));
      render(SidePanel, {
        workstation,
        review,
        sizes: new PanelSizes(localStorage),
        onModels: ignore,
        notices,
      });
      expect(
        screen.getByText(/older answers of this session can’t be read: A page can’t be read/),
      ).toBeTruthy();
      const before = asked();
      fake.failures.delete('listEntries');
      await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
      await vi.advanceTimersByTimeAsync(100);
      expect(asked()).toBeGreaterThan(before);
      expect(review.entries).toHaveLength(300);
      expect(review.older.isReading).toBe(false);
      expect(screen.queryByText(/older answers of this session/)).toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });

  test('has in the page only what is in sight of a long one, and shows the chosen one, wherever it lies', async () => {
    for (let index = 0; index < 2000; index += 1)
      fake.addEntry(`Question ${index}?`, index % 350, { status: 'not-visible' });
    const { review } = await opened();
    await vi.waitFor(() => expect(review.older.isReading).toBe(false));
    expect(review.entries).toHaveLength(2000);
    expect(fake.logged('listEntries').length).toBeGreaterThan(2);
    await renderList({ workstation, review });
    const rows = () => screen.getAllByRole('listitem');
    expect(rows().length).toBeLessThan(120);
    expect(rows()[0]!.getAttribute('aria-setsize')).toBe('2000');
    const room = screen.getByRole('list', { name: 'Answers of this session' }).parentElement!;
    const scrolled = vi.spyOn(room, 'scrollTo');
    await review.select(fake.entries[7]!.question.id);
    await vi.waitFor(() => expect(scrolled).toHaveBeenCalled());
    const [{ top }] = scrolled.mock.calls.at(-1) as unknown as [{ top: number }];
    expect(top).toBeGreaterThan(1900 * rowHeight);
    expect(review.answer?.status).toBe('not-visible');
  });

  test.each<[string, Partial<Answer>, string]>([
    ['unsure', { probability: 0.31 }, 'unsure'],
    ['its question was not taught', { evidence: withDoubts({ question: true }) }, 'question not taught'],
    ['its picture is unlike', { evidence: withDoubts({ picture: true }) }, 'unlike picture'],
    [
      'both',
      { evidence: withDoubts({ question: true, picture: true }) },
      'question not taught, unlike picture',
    ],
  ])('tells of an answer to doubt, in words and by its mark: %s', async (_what, change, words) => {
    fake.addEntry('What organ?', 42, {
      status: 'answered',
      label: 'Kidney',
      box,
      probability: 0.93,
      ...change,
    });
    fake.addEntry('Which organ?', 42, { status: 'answered', label: 'Kidney', box, probability: 0.93 });
    fake.addEntry('Is it red?', 42, { status: 'refused', evidence: withDoubts({ question: true }) });
    const { review } = await opened();
    const list = await renderList({ workstation, review });
    const [refused, certain, doubted] = screen.getAllByRole('listitem');
    expect(within(doubted!).getByText(words)).toBeTruthy();
    const drawn = (row: HTMLElement): string => row.querySelector('.outcome > svg')!.innerHTML;
    expect(drawn(doubted!)).not.toBe(drawn(certain!));
    // Its status says it already, once.
    expect(refused!.querySelector('.outcome')!.textContent?.match(/not taught/g)).toHaveLength(1);
    expect(drawn(refused!)).toBe(drawn(doubted!));
    const said = spoken(fake.entries[0]!.answers[0]!, null);
    expect(said).toMatch(new RegExp(`^Kidney, (probability 0\\.31, )?${words}, box drawn`));
    expect(said.includes('probability')).toBe(words === 'unsure');
    list.unmount();
    render(AnswerLane, { review });
    expect(
      screen.getByRole('button', { name: new RegExp(`What organ\\? Kidney, ${words} · Which`) }),
    ).toBeTruthy();
  });

  test('marks an answer that the model was unsure of, in words and on the timeline', async () => {
    fake.addEntry('What organ?', 42, { status: 'answered', label: 'Kidney', box, probability: 0.31 });
    fake.addEntry('asdf qwer', 42, { status: 'answered', label: 'Kidney', box, probability: 0.93 });
    const { review } = await opened();
    await renderList({ workstation, review });
    const rows = screen.getAllByRole('listitem').map((row) => row.textContent ?? '');
    expect(rows[0]).toContain('asdf qwer');
    expect(rows[0]).not.toContain('unsure');
    expect(rows[1]).toContain('unsure');
    render(AnswerLane, { review });
    const mark = screen.getByRole('button', {
      name: /2 questions: What organ\? Kidney, unsure · asdf qwer Kidney/,
    });
    expect(mark.textContent?.trim()).toBe('2');
    await fireEvent.click(mark);
    await vi.waitFor(() => expect(review.selected?.question.text).toBe('asdf qwer'));
    await fireEvent.click(mark);
    await vi.waitFor(() => expect(review.selected?.question.text).toBe('What organ?'));
    await fireEvent.click(mark);
    await vi.waitFor(() => expect(review.selected?.question.text).toBe('asdf qwer'));
  });

  test('deletes with a way back', async () => {
    fake.addEntry('What organ?', 42, { status: 'answered', label: 'Kidney', box });
    const { review } = await opened();
    await renderList({ workstation, review });
    await fireEvent.click(screen.getByRole('button', { name: 'Delete: What organ?' }));
    expect(await screen.findByText(/^No questions in this session yet\. Q asks/)).toBeTruthy();
    await vi.waitFor(() =>
      expect(workstation.steps.notice).toMatchObject({ text: 'Question deleted', offers: 'undo' }),
    );
    await workstation.steps.undo();
    const list = screen.getByRole('list', { name: 'Answers of this session' });
    expect(await within(list).findByText('What organ?')).toBeTruthy();
    expect(review.selected?.question.text).toBe('What organ?');
  });
});

const jobOf = (answer: Answer, state: 'queued' | 'running') => ({
  id: id<never>(`job-${answer.id}`),
  kind: 'answer' as const,
  title: 'Answer',
  subject: { sessionId: answer.sessionId, questionId: answer.questionId, answerId: answer.id },
  done: 0,
  total: null,
  state,
  error: null,
});

describe('a question among others', () => {
  const job = jobOf;

  test('that waits says how many go before it, and is withdrawn', async () => {
    const first = fake.addEntry('First?', 0, { status: 'running' }).answers[0]!;
    const second = fake.addEntry('Second?', 0, { status: 'queued' }).answers[0]!;
    const third = fake.addEntry('Third?', 0, { status: 'queued' }).answers[0]!;
    fake.jobs = [job(first, 'running'), job(second, 'queued'), job(third, 'queued')];
    const { review } = await opened();
    await review.select(third.questionId);
    render(AnswerPanel, { workstation, review });
    expect(screen.getByRole('heading').textContent).toBe('Waiting for 2 questions before it…');
    fake.emit({ type: 'job', job: { ...job(first, 'running'), state: 'done' } as never });
    fake.emit({ type: 'job', job: job(second, 'running') });
    await vi.waitFor(() =>
      expect(screen.getByRole('heading').textContent).toBe('Waiting for 1 question before it…'),
    );
    await fireEvent.click(screen.getByRole('button', { name: /^Withdraw/ }));
    expect(fake.logged('stopAnswer')).toEqual([{ answerId: third.id }]);
    expect(await screen.findByText(/before the model had begun/)).toBeTruthy();
  });
});

describe('questions that wait', () => {
  test('are paused and resumed together where they are counted, and one by one where one is looked at', async () => {
    const [first, second, third] = ['First?', 'Second?', 'Third?'].map(
      (question, index) =>
        fake.addEntry(question, 0, { status: index === 0 ? 'running' : 'queued' }).answers[0]!,
    ) as [Answer, Answer, Answer];
    fake.jobs = [jobOf(first, 'running'), jobOf(second, 'queued'), jobOf(third, 'queued')];
    const { review } = await opened();
    await review.select(third.questionId);
    render(AnswerPanel, { workstation, review });
    render(BottomBar, { workstation, onModels: () => undefined });
    const queue = () => within(screen.getByRole('group', { name: 'Questions that wait' }));
    expect(queue().getByText('2 waiting')).toBeTruthy();
    await fireEvent.click(queue().getByRole('button', { name: 'Pause the questions that wait' }));
    expect(await queue().findByText('2 paused')).toBeTruthy();
    expect(queue().queryByText(/waiting/)).toBeNull();
    expect(workstation.announcer.text).toBe('2 questions paused');
    await vi.waitFor(() => expect(screen.getByRole('heading').textContent).toMatch(/^Paused/));
    await fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
    expect(await queue().findByText('1 waiting')).toBeTruthy();
    expect(queue().getByText('1 paused')).toBeTruthy();
    // The paused one before it does not keep it waiting.
    expect(screen.getByRole('heading').textContent).toBe('Waiting for 1 question before it…');
    await fireEvent.click(queue().getByRole('button', { name: 'Resume the paused questions' }));
    expect(await queue().findByText('2 waiting')).toBeTruthy();
    expect(fake.logged('pauseAnswer')).toEqual([{ answerId: second.id }, { answerId: third.id }]);
    expect(fake.logged('resumeAnswer')).toEqual([{ answerId: third.id }, { answerId: second.id }]);
  });
});

describe('whose an answer is', () => {
  const origin = (): string => screen.getByText(/CPU · /).textContent?.replaceAll('\u00a0', ' ') ?? '';

  test('stands under it: model, device, how it was drawn, how long it took and when', async () => {
    const settings = {
      temperature: 0.7,
      topK: 0,
      topP: 1,
      repetitionPenalty: 1,
      seed: 61335,
      maxNewTokens: null,
    };
    fake.addEntry('What organ?', 0, { status: 'answered', label: 'Kidney', box, settings });
    render(AnswerPanel, await opened());
    expect(origin()).toMatch(
      /^Surgery-R1 nano 0\.1\.0 · CPU · drawn at 0\.7, seed 61335 · 1\.2 s · today \d\d:\d\d$/,
    );
  });

  test('is a warning where another model is in use, told apart where both have one name and version', async () => {
    fake.addEntry('What organ?', 0, { status: 'answered', label: 'Kidney', box });
    fake.model = { ...fake.model, sha256: 'f'.repeat(64) };
    render(AnswerPanel, await opened());
    expect(origin()).toMatch(
      /^Surgery-R1 nano 0\.1\.0 #01234567 \(not the model in use now\) · CPU · greedy · /,
    );
    expect(screen.getByText(/CPU · /).classList.contains('other')).toBe(true);
  });
});

// @vitest-environment happy-dom
import { createRawSnippet, tick } from 'svelte';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Box, type ActorId, type Answer } from '../../preload/contract/index.ts';
import AnswerPanel from '../../renderer/components/AnswerPanel.svelte';
import ListFilter from '../../renderer/components/ListFilter.svelte';
import SidePanel from '../../renderer/components/SidePanel.svelte';
import Timeline from '../../renderer/components/Timeline.svelte';
import { PanelSizes } from '../../renderer/state/panel-sizes.svelte.ts';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { facetsOf, foldedRows, inListOrder, isFold, matching } from '../../renderer/view/answer-list.ts';
import { renderList, withLayout } from './layout.ts';
import { FakeWorkstation, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let fake: FakeWorkstation;
let workstation: Workstation;
const box = Box.parse([10, 20, 30, 40]);

const nothing = createRawSnippet(() => ({ render: () => '<i></i>' }));

const add = (text: string, frame: number, change: Partial<Answer> = {}) =>
  fake.addEntry(text, frame, { status: 'answered', label: 'Idle', box, probability: 0.9, ...change });

beforeEach(() => {
  withLayout();
  fake = new FakeWorkstation();
  workstation = new Workstation(
    { bridge: fake.bridge, onReach: () => () => undefined },
    new FramePixels().fetch,
    () => now,
  );
});
afterEach(() => {
  cleanup();
  workstation.dispose();
});

async function opened() {
  await workstation.start();
  const review = workstation.review!;
  await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
  const list = await renderList({ workstation, review });
  render(ListFilter, { review, goOn: workstation.goOn });
  return { review, list };
}

const rows = () =>
  screen.getAllByRole('listitem').map((row) => row.querySelector('.question, .fold')?.textContent?.trim());
const choose = (name: string, value: string) =>
  fireEvent.change(screen.getByRole('combobox', { name }), { target: { value } });

const optionOf = (name: string): string => screen.getByRole<HTMLOptionElement>('option', { name }).value;

describe('the list of answers', () => {
  test('keeps the focus on the row that has it, whatever comes, goes or changes places around it', async () => {
    for (let index = 0; index < 60; index += 1) add(`question ${index}`, index);
    const { review } = await opened();
    const button = (text: string): HTMLElement =>
      screen.getByTitle(text, { exact: true }).closest<HTMLElement>('button')!;
    button('question 58').focus();
    await tick();
    const row = button('question 58').closest('[aria-posinset]')!;
    const at = row.getAttribute('aria-posinset');
    // Asked in another window: one more above it.
    review.list.order = 'label';
    await tick();
    review.list.order = 'time';
    await vi.waitFor(() => expect(row.isConnected && row.getAttribute('aria-posinset')).not.toBe(at));
    expect(document.activeElement).toBe(button('question 58'));
  });

  test('is in the order of asking, of time, of probability or of labels', async () => {
    add('late', 300, { label: 'Suction', probability: 0.4 });
    add('early', 3, { label: 'Retraction', probability: null });
    add('middle', 90, { label: 'Idle', probability: 0.95 });
    const { review } = await opened();
    expect(rows()).toEqual(['middle', 'early', 'late']);
    for (const [order, expected] of [
      ['time', ['early', 'middle', 'late']],
      ['probability', ['late', 'middle', 'early']],
      ['label', ['middle', 'early', 'late']],
      ['asked', ['middle', 'early', 'late']],
    ] as const) {
      await choose('Order of the list', order);
      await vi.waitFor(() => expect(rows()).toEqual(expected));
    }
    // What a screen reader is told of places is that of the order.
    await choose('Order of the list', 'time');
    await vi.waitFor(() => expect(rows()[0]).toBe('early'));
    expect(screen.getAllByRole('listitem')[2]!.getAttribute('aria-posinset')).toBe('3');
    await review.select(fake.entries[0]!.question.id);
    await vi.waitFor(() => expect(document.querySelector('.selected .question')?.textContent).toBe('late'));
  });

  test('by time folds several answers on a frame, shows the selected one of them, and unfolds', async () => {
    for (const name of ['one', 'two', 'three', 'four']) add(name, 42);
    add('pair', 60);
    add('pair too', 60);
    const { review } = await opened();
    await choose('Order of the list', 'time');
    await vi.waitFor(() => expect(rows()).toEqual(['four', '3 more on this frame', 'pair too', 'pair']));
    await review.select(fake.entries[1]!.question.id);
    await vi.waitFor(() => expect(rows()[0]).toBe('two'));
    const fold = screen.getByRole('button', { name: '3 more on this frame' });
    expect(fold.getAttribute('aria-expanded')).toBe('false');
    await fireEvent.click(fold);
    await vi.waitFor(() =>
      expect(rows()).toEqual(['two', '3 more on this frame', 'four', 'three', 'one', 'pair too', 'pair']),
    );
  });

  test('is filtered by unsure and by label or model, says when nothing is left, and shows all again', async () => {
    const other = { ...fake.answer(add('x', 1).question.id, 1, { status: 'answered' }).model! };
    fake.entries = [];
    add('sure', 10);
    add('unsure', 20, { probability: 0.3, label: 'Suction' });
    add('old', 30, { model: { ...other, name: 'Older', version: '1' } });
    const { review } = await opened();
    await fireEvent.click(screen.getByRole('button', { name: 'Unsure 1' }));
    await vi.waitFor(() => expect(rows()).toEqual(['unsure']));
    await choose('Label or model', optionOf('Older 1'));
    await screen.findByText(/There is nothing here that the model was unsure of and is of “Older 1”\./);
    await fireEvent.click(screen.getByRole('button', { name: 'Show all' }));
    await vi.waitFor(() => expect(rows()).toHaveLength(3));
    await choose('Label or model', optionOf('Suction'));
    await vi.waitFor(() => expect(rows()).toEqual(['unsure']));
    expect(review.list.shown).toHaveLength(1);
    // There is nothing that disagrees, so that is not offered.
    expect(screen.queryByRole('button', { name: /^Disagree/ })).toBeNull();
  });

  test('has its filters in one stop of Tab, gone through by arrows', async () => {
    add('one', 10);
    await opened();
    const bar = screen.getByRole('toolbar', { name: 'Show answers' });
    const buttons = within(bar).getAllByRole('button');
    expect(buttons.filter((button) => button.tabIndex === 0)).toHaveLength(1);
    buttons[0]!.focus();
    await fireEvent.keyDown(buttons[0]!, { key: 'ArrowRight' });
    expect(document.activeElement).toBe(buttons[1]);
    await fireEvent.keyDown(buttons[1]!, { key: 'ArrowLeft' });
    await fireEvent.keyDown(buttons[0]!, { key: 'ArrowLeft' });
    expect(document.activeElement).toBe(buttons.at(-1));
  });
});

describe('a list of many', () => {
  test('leaves nothing out and nothing twice, whatever its order and filter', () => {
    const labels = ['Idle', 'Suction', null, 'Retraction'];
    for (let at = 0; at < 400; at += 1)
      add(`q${at}`, (at * 7) % 23, { label: labels[at % 4]!, probability: at % 3 === 0 ? null : at / 400 });
    const entries = fake.summaries;
    const labelOf = (entry: (typeof entries)[number]) => entry.newest.label;
    const orderOf = ({ question }: (typeof entries)[number]) => question.location.index;
    for (const order of ['asked', 'time', 'probability', 'label'] as const) {
      const sorted = inListOrder(entries, order, { labelOf, orderOf });
      expect(new Set(sorted).size).toBe(400);
      expect(sorted).toHaveLength(400);
    }
    const inTime = inListOrder(entries, 'time', { labelOf, orderOf });
    const folded = foldedRows(inTime, { open: new Set(), selected: null });
    const counted = folded.reduce((sum, row) => sum + (isFold(row) ? row.more : 1), 0);
    expect([counted, folded.length]).toEqual([400, 46]);
    const open = new Set(folded.flatMap((row) => (isFold(row) ? [row.frame] : [])));
    expect(foldedRows(inTime, { open, selected: null })).toHaveLength(423);
    expect(facetsOf(entries).labels).toEqual(['Idle', 'Retraction', 'Suction']);
    const all = { filter: 'all', narrowing: null, actor: null } as const;
    expect(matching(entries, all)).toBe(entries);
    expect(matching(entries, { ...all, narrowing: { by: 'label', value: 'Suction' } })).toHaveLength(100);
    expect(matching([], { ...all, filter: 'open' })).toEqual([]);
  });
});

describe('notes on answers', () => {
  test('stand among the bookmarks and in a lane of their own, are found by their words, and lead to their answer', async () => {
    const entry = add('What organ?', 42);
    add('Without a note', 50);
    const of = { answerId: entry.answers[0]!.id, questionId: entry.question.id };
    const actor = 'anna' as ActorId;
    const noted = { ...entry, verdicts: [{ ...of, actor, judgement: null, marks: [], note: 'Ask Dr Berg' }] };
    fake.entries = fake.entries.map((other) => (other === entry ? noted : other));
    await workstation.start();
    const review = workstation.review!;
    await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
    render(SidePanel, {
      workstation,
      review,
      sizes: new PanelSizes(localStorage),
      onModels: () => undefined,
      notices: nothing,
    });
    await fireEvent.click(screen.getByRole('tab', { name: 'Bookmarks, notes 1' }));
    const row = await screen.findByRole('button', { name: /Ask Dr Berg/ });
    const { unmount } = render(Timeline, { review });
    const mark = screen.getByRole('button', { name: 'Note “Ask Dr Berg”, 00:00:01.680' });
    await fireEvent.click(row);
    await vi.waitFor(() => expect(review.selected?.question.text).toBe('What organ?'));
    await vi.waitFor(() => expect(mark.classList.contains('chosen')).toBe(true));
    unmount();
    await fireEvent.input(screen.getByRole('searchbox', { name: 'Filter bookmarks' }), {
      target: { value: 'BERG' },
    });
    expect(screen.getByText('1 of 1')).toBeTruthy();
    await fireEvent.input(screen.getByRole('searchbox', { name: 'Filter bookmarks' }), {
      target: { value: 'nobody' },
    });
    await screen.findByText('Nothing here fits the filter.');
  });

  test('have no lane while there are none', async () => {
    add('What organ?', 42);
    await workstation.start();
    render(Timeline, { review: workstation.review! });
    expect(screen.queryByText('Notes')).toBeNull();
  });
});

describe('versions of an answer', () => {
  test('are seen side by side from their count, two that a person chooses, with what differs said in words', async () => {
    const entry = add('What organ?', 42, { label: 'Kidney', probability: 0.9, reasoning: 'Round and red.' });
    const settings = { ...entry.answers[0]!.settings, temperature: 0.7, seed: 5 };
    fake.entries = [
      {
        ...entry,
        answers: [
          entry.answers[0]!,
          fake.answer(entry.question.id, 42, {
            ...{ status: 'answered', label: 'Liver', settings, reasoning: 'Large and brown.' },
            ...{ box: Box.parse([20, 20, 40, 40]), probability: 0.5 },
          }),
          fake.answer(entry.question.id, 42, { status: 'not-visible', label: null, box: null, settings }),
          fake.answer(entry.question.id, 42, {
            ...{ status: 'answered', label: 'scissors, suction', box: null, settings },
            items: [
              { label: 'scissors', box: Box.parse([20, 20, 40, 40]) },
              { label: 'suction', box: Box.parse([50, 50, 60, 70]) },
            ],
          }),
        ],
      },
    ];
    await workstation.start();
    const review = workstation.review!;
    await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
    await review.select(entry.question.id);
    await vi.waitFor(() => expect(review.selected?.answers).toHaveLength(4));
    render(AnswerPanel, { workstation, review });
    await fireEvent.click(screen.getByRole('button', { name: 'version 4 of 4' }));
    const dialog = screen.getByRole('dialog', { name: 'Versions side by side' });
    const row = (name: string) =>
      within(dialog)
        .getByRole('rowheader', { name: new RegExp(`^${name}`) })
        .closest('tr')!;
    const values = (name: string) =>
      within(row(name))
        .getAllByRole('cell')
        .map((cell) => cell.textContent);
    await fireEvent.change(within(dialog).getByRole('combobox', { name: 'Left version' }), {
      target: { value: '2' },
    });
    await vi.waitFor(() => expect(values('Answer')[0]).toBe('not visible'));
    // What names several things has a box of each.
    expect(dialog.querySelectorAll('rect:not(.under)')).toHaveLength(2);
    await fireEvent.change(within(dialog).getByRole('combobox', { name: 'Left version' }), {
      target: { value: '0' },
    });
    await fireEvent.change(within(dialog).getByRole('combobox', { name: 'Right version' }), {
      target: { value: '1' },
    });
    await vi.waitFor(() => expect(values('Answer')).toEqual(['Kidney', 'Liver']));
    expect(values('Drawn')).toEqual(['greedy', 'drawn at 0.7, seed 5']);
    expect(values('Reasoning')).toEqual(['Round and red.', 'Large and brown.']);
    expect(within(row('Answer')).getByText('differs')).toBeTruthy();
    expect(within(row('Model')).queryByText('differs')).toBeNull();
    expect(within(dialog).getByText('The boxes overlap by 0.33 (IoU).')).toBeTruthy();
    // One line is whole and one dashed: they are told apart without their colours.
    const lines = [...dialog.querySelectorAll('rect:not(.under)')];
    expect(lines.map((line) => line.hasAttribute('stroke-dasharray'))).toEqual([false, true]);
  });
});

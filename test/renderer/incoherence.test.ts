// @vitest-environment happy-dom
import { cleanup, render, screen, within } from '@testing-library/svelte';
import { beforeEach, afterEach, expect, test, vi } from 'vitest';
import { Box, type Answer } from '../../preload/contract/index.ts';
import AnswerPanel from '../../renderer/components/AnswerPanel.svelte';
import type { Review } from '../../renderer/state/review.svelte.ts';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { renderList, withLayout } from './layout.ts';
import { FakeWorkstation, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let workstation: Workstation;

afterEach(() => {
  cleanup();
  workstation.dispose();
});

// The picture of the fake workstation is 640 x 512: the box lies in its lower right.
const told = {
  status: 'answered',
  label: 'Idle',
  box: Box.parse([400, 300, 500, 400]),
  reasoning: 'The suction lies in the upper left. Its closed jaws touch nothing.',
} as const satisfies Partial<Answer>;
const warning =
  'The words say upper left; the box lies lower right. Check the picture before you use this answer.';

async function opened(fake: FakeWorkstation): Promise<{ workstation: Workstation; review: Review }> {
  const connection = { bridge: fake.bridge, onReach: () => () => undefined };
  workstation = new Workstation(connection, new FramePixels().fetch, () => now);
  await workstation.start();
  const { review } = workstation;
  if (!review) throw new Error('the fake workstation has no session');
  await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
  return { workstation, review };
}

beforeEach(withLayout);

test('an answer whose words and box disagree carries a warning, in the panel and in the list', async () => {
  const fake = new FakeWorkstation();
  fake.addEntry('What is the state of suction?', 0, told);
  const parts = await opened(fake);
  render(AnswerPanel, parts);
  const note = screen.getByRole('note', { name: 'Words and answer disagree' });
  expect(note.textContent?.trim()).toBe(warning);
  expect(note.querySelector('svg')).not.toBeNull();
  await renderList(parts);
  const row = screen.getByRole('list', { name: 'Answers of this session' });
  expect(within(row).getByText('words and answer disagree')).toBeTruthy();
  expect(within(row).getByTitle(warning)).toBeTruthy();
});

test('an answer that tells one story carries none', async () => {
  const fake = new FakeWorkstation();
  fake.addEntry('What is the state of suction?', 0, { ...told, box: Box.parse([40, 30, 140, 130]) });
  const parts = await opened(fake);
  render(AnswerPanel, parts);
  await renderList(parts);
  expect(screen.queryByRole('note')).toBeNull();
  expect(screen.queryByText('words and answer disagree')).toBeNull();
});

test('a screen reader hears the warning with the answer, once it is complete', async () => {
  const fake = new FakeWorkstation();
  const entry = fake.addEntry('What is the state of suction?', 0, { ...told, status: 'running' });
  const parts = await opened(fake);
  render(AnswerPanel, parts);
  expect(screen.queryByRole('note')).toBeNull();
  fake.emit({ type: 'answer', answer: { ...entry.answers[0]!, ...told } });
  expect(workstation.announcer.text).toBe(`Idle, box drawn on the frame. ${warning}`);
  expect((await screen.findByRole('note')).textContent?.trim()).toBe(warning);
});

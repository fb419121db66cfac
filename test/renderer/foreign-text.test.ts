// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AnswerEvidence, Box, calls, type Bridge, type CallName } from '../../preload/contract/index.ts';
import App from '../../renderer/App.svelte';
import { embeddedModel, importedModel } from './fake-models.ts';
import { FakeWorkstation, id } from './fake-workstation.ts';
import { withLayout } from './layout.ts';
import { FramePixels } from './pixels.ts';

/** What people, files and models write is shown as it is: nothing in it hides, turns letters round or commands. */
const hidden = '\u202e\u200b\u0007\u{e0041}';
const evil = (text: string): string => `${text} ${hidden}`;
const commands = (text: string): boolean => [...hidden].some((character) => text.includes(character));

// happy-dom plays nothing, so it has no frames to tell of.
Object.assign(HTMLVideoElement.prototype, {
  requestVideoFrameCallback: () => 0,
  cancelVideoFrameCallback: () => undefined,
});

let fake: FakeWorkstation;

/** Everything that comes through the door is parsed there, as the real one does. */
function throughTheDoor(bridge: Bridge): Bridge {
  const parsed = Object.entries(bridge).map(([name, call]) => {
    if (!(name in calls)) return [name, call] as const;
    const { output } = calls[name as CallName];
    const made = async (input: never): Promise<unknown> => {
      const result = await (call as (input: never) => Promise<{ ok: boolean; value?: unknown }>)(input);
      return result.ok ? { ok: true, value: output.parse(result.value) } : result;
    };
    return [name, made] as const;
  });
  return Object.fromEntries(parsed);
}

/** Everything that a person may read or hear in the window, with where it stands. */
function everyText(): string[] {
  const texts: string[] = [];
  const walk = document.createTreeWalker(
    document.documentElement,
    NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT,
  );
  for (let node: Node | null = walk.currentNode; node; node = walk.nextNode()) {
    if (node instanceof Element) {
      for (const { name, value } of node.attributes) texts.push(`${node.tagName} ${name}: ${value}`);
    } else texts.push(`${node.parentElement?.tagName ?? ''}: ${node.textContent ?? ''}`);
  }
  return texts;
}

const hiding = (): string[] => everyText().filter((text) => commands(text));

beforeEach(() => {
  withLayout();
  vi.stubGlobal('fetch', new FramePixels().fetch);
  fake = new FakeWorkstation();
  fake.case = { ...fake.case, pseudonym: evil('Case 7') };
  fake.video = { ...fake.video, displayName: evil('scan.mp4') };
  fake.model = {
    ...fake.model,
    model: {
      ...fake.model.model!,
      name: evil('nano'),
      version: evil('1'),
      licence: evil('MIT'),
      domainNote: evil('x'),
    },
  };
  const named = {
    name: evil('surgery'),
    version: evil('2'),
    licence: evil('MIT'),
    domainNote: evil('Not stated.'),
  };
  fake.models = [embeddedModel, { ...importedModel, ...named, source: evil('/models/s') }];
  const stamp = { id: id<never>('m'), sha256: null, domain: 'unknown' as const };
  const answered = {
    label: evil('Kid_ney'),
    box: Box.parse([10, 20, 30, 40]),
    reasoning: evil('It lies in the lower right.'),
    raw: evil('<answer>'),
    probability: 0.8,
    notes: [evil('A note.')],
    model: { ...stamp, name: evil('nano'), version: evil('1'), device: evil('CPU') },
  };
  fake.addEntry(evil('What organ?'), 0, { ...answered, status: 'answered' });
  const evidence = AnswerEvidence.parse({
    ...{ labelLogProbability: null, boxLogProbability: null, choices: [], entropy: null },
    question: { untaughtWords: [evil('bleeding')], rewrites: [evil('What organ is it?')] },
  });
  fake.addEntry(evil('Is there bleeding?'), 0, { status: 'refused', evidence });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test('nothing in the window hides or turns round what somebody wrote', async () => {
  const bridge = { ...throughTheDoor(fake.bridge), onEvent: fake.onEvent };
  render(App, { connection: { bridge, onReach: () => () => undefined } });
  await screen.findByText(/^bleeding \\u/);
  // The refused question is shown first; its words and what it knows.
  expect(hiding()).toEqual([]);
  const [, first] = await screen.findAllByRole('button', { name: /^0:00/ });
  await fireEvent.click(first!);
  await screen.findAllByText(/Kid ney/);
  await fireEvent.click(screen.getByText('Evidence and raw output'));
  await screen.findAllByText(/<answer>/);
  expect(hiding()).toEqual([]);
  const dialogSays = (words: RegExp): Promise<void> =>
    vi.waitFor(() => {
      expect(document.querySelector('dialog, [role="dialog"]')?.textContent).toMatch(words);
      expect(hiding()).toEqual([]);
    });
  await fireEvent.click(screen.getByRole('button', { name: /^Library/ }));
  await dialogSays(/scan\.mp4 \\u202e/);
  await fireEvent.click(screen.getByRole('button', { name: 'Close' }));
  await fireEvent.click(screen.getByRole('button', { name: /^nano/ }));
  await dialogSays(/MIT \\u202e/);
  await fireEvent.click(screen.getByRole('button', { name: 'Models…' }));
  await dialogSays(/surgery \\u202e/);
  // It was all there to be seen.
  expect(everyText().filter((text) => text.includes('\\u202e')).length).toBeGreaterThan(10);
});

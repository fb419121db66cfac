// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Folder, GrantId, KnownVideo } from '../../preload/contract/index.ts';
import DecisionDialog from '../../renderer/components/DecisionDialog.svelte';
import FolderDialog from '../../renderer/components/FolderDialog.svelte';
import OpeningCard from '../../renderer/components/OpeningCard.svelte';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { FakeWorkstation, id, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let fake: FakeWorkstation;
let workstation: Workstation;

beforeEach(async () => {
  fake = new FakeWorkstation();
  workstation = new Workstation(
    { bridge: fake.bridge, onReach: () => () => undefined },
    new FramePixels().fetch,
    () => now,
  );
  await workstation.start();
});
afterEach(() => {
  cleanup();
  workstation.dispose();
});

const known: KnownVideo = {
  videoId: id('video1'),
  displayName: 'demo.mp4',
  caseId: id('case1'),
  casePseudonym: 'Case 0002',
  availability: 'available',
  here: false,
  inBin: false,
  grown: false,
};
const file = (): File => new File(['x'.repeat(2_000_000)], 'REC.mp4');

/** The question that the window asks next, answered with one of its ways. */
async function decide(value: string | null): Promise<string> {
  await vi.waitFor(() => expect(workstation.opener.decision).not.toBeNull());
  const { title, text, answer } = workstation.opener.decision!;
  answer(value);
  return [title, ...text].join(' ');
}

describe('a file that a browser drops', () => {
  beforeEach(() => (fake.dropped = { ...fake.dropped, exact: false, freeBytes: 50_000_000_000 }));

  test('that is found and known nowhere is opened where it lies', async () => {
    await workstation.opener.openDropped(file());
    expect(fake.logged('openVideo')).toEqual([{ grantId: 'grant2', caseId: null }]);
    expect(workstation.opener.notice).toBeNull();
  });

  test('that two files match is never chosen: the person says which', async () => {
    fake.dropped = {
      ...fake.dropped,
      found: ['/a', '/b'].map((folder) => ({ grantId: id(`in ${folder}`), name: 'REC.mp4', folder })),
    };
    const opening = workstation.opener.openDropped(file());
    await vi.waitFor(() => expect(workstation.opener.decision?.ways[1]?.label).toBe('/b · REC.mp4'));
    await decide('1');
    await opening;
    expect(fake.logged('openVideo')).toEqual([{ grantId: 'in /b', caseId: null }]);
    const leaving = workstation.opener.openDropped(file());
    await decide(null);
    await leaving;
    expect(fake.logged('openVideo')).toHaveLength(1);
  });

  test('that lies nowhere is copied only when the person says so, and told afterwards', async () => {
    fake.dropped = { ...fake.dropped, found: [] };
    const copies = vi.spyOn(fake, 'copy');
    const leaving = workstation.opener.openDropped(file());
    expect(await decide(null)).toContain('2.0 MB in the data folder. 50 GB are free there');
    await leaving;
    expect(copies).not.toHaveBeenCalled();
    expect(fake.logged('openVideo')).toEqual([]);

    const choosing = workstation.opener.openDropped(file());
    await decide('choose');
    await choosing;
    expect(workstation.browsing).toBe('open');
    expect(copies).not.toHaveBeenCalled();

    const copying = workstation.opener.openDropped(file());
    await decide('copy');
    await copying;
    expect(fake.logged('openVideo')).toEqual([{ grantId: 'copy1', caseId: null }]);
    expect(workstation.opener.notice).toBe(
      'REC.mp4 was copied into the data folder (2.0 MB). The review reads the copy.',
    );
  });

  test('whose case is in the bin is opened once that is restored, or as a new case', async () => {
    fake.known = { ...known, here: true, inBin: true };
    const restore = vi.spyOn(fake.calls, 'applyToLibrary').mockImplementation(async () => {
      fake.known = { ...known, here: true };
      return { change: null };
    });
    const opening = workstation.opener.openGrant(id('grant2'), 'REC.mp4');
    expect(await decide('restore')).toContain('Case 0002 is in the bin');
    await opening;
    expect(restore).toHaveBeenCalledOnce();
    expect(fake.logged('openVideo')).toEqual([{ grantId: 'grant2', caseId: null }]);
    fake.known = { ...known, inBin: true };
    const anew = workstation.opener.openGrant(id('grant2'), 'REC.mp4');
    await decide('new');
    await anew;
    expect(fake.logged('openVideo').at(-1)).toEqual({ grantId: 'grant2', caseId: null, asNewCase: true });
  });

  test('is not copied where there is no room', async () => {
    fake.dropped = { ...fake.dropped, found: [], freeBytes: 1_000_000 };
    const opening = workstation.opener.openDropped(file());
    await vi.waitFor(() => expect(workstation.opener.decision).not.toBeNull());
    render(DecisionDialog, { decision: workstation.opener.decision! });
    expect(screen.getByRole('button', { name: 'Copy 2.0 MB' })).toHaveProperty('disabled', true);
    expect(screen.getByText(/not enough/)).toBeDefined();
    await fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    await opening;
  });

  test('can be stopped while it is copied; nothing is opened, and another drop has to wait', async () => {
    fake.dropped = { ...fake.dropped, found: [] };
    fake.copy = (_file, onProgress, signal) =>
      new Promise((resolve) => {
        onProgress({ done: 500_000, total: 2_000_000 });
        signal.addEventListener('abort', () =>
          resolve({
            ok: false,
            error: { code: 'cancelled', message: 'The copy was stopped; nothing was kept of it.', hint: '' },
          }),
        );
      });
    const opening = workstation.opener.openDropped(file());
    await decide('copy');
    await vi.waitFor(() => expect(workstation.opener.opening?.progress?.done).toBe(500_000));
    await workstation.opener.openDropped(file());
    expect(workstation.faults).toMatchObject([{ code: 'busy' }]);
    render(OpeningCard, {
      opening: workstation.opener.opening!,
      onStop: () => workstation.opener.stop(),
    });
    expect(screen.getByText(/500 kB of 2\.0 MB/)).toBeDefined();
    await fireEvent.click(screen.getByRole('button', { name: 'Stop copying' }));
    await opening;
    expect(workstation.opener.notice).toBe('The copy was stopped; nothing was kept of it.');
    expect(fake.logged('openVideo')).toEqual([]);
    expect(workstation.opener.opening).toBeNull();
  });
});

describe('a file that the system or a command gives to the program', () => {
  const given = { grantId: id<GrantId>('given1'), name: 'from the archive.mp4' };

  test('is opened by the window that starts, and asked about where its recording is known elsewhere', async () => {
    fake.filesToOpen = [given];
    fake.known = known;
    const starting = new Workstation(
      { bridge: fake.bridge, onReach: () => () => undefined },
      new FramePixels().fetch,
      () => now,
    );
    await starting.start();
    await vi.waitFor(() => expect(starting.opener.decision?.title).toContain('known as Case 0002'));
    expect(fake.logged('openVideo')).toEqual([]);
    starting.opener.decision!.answer('new');
    await vi.waitFor(() => expect(fake.logged('openVideo')).toHaveLength(1));
    expect(fake.logged('openVideo')[0]).toEqual({ grantId: 'given1', caseId: null, asNewCase: true });
    starting.dispose();
  });

  test('is opened by a window that is there, and several one after another', async () => {
    fake.filesToOpen = [given, { ...given, grantId: id('given2') }];
    fake.emit({ type: 'file-to-open' });
    await vi.waitFor(() => expect(fake.logged('openVideo')).toHaveLength(2));
    expect(fake.logged('openVideo').map(({ grantId }) => grantId)).toEqual(['given1', 'given2']);
    expect(fake.logged('takeFilesToOpen')).toEqual([{ starting: true }, { starting: false }]);
  });

  test('leaves alone what was asked before it: one question at a time', async () => {
    fake.known = known;
    const first = workstation.opener.openGrant(id('grant1'), 'a.mp4');
    await vi.waitFor(() => expect(workstation.opener.decision).not.toBeNull());
    const second = workstation.opener.openGrant(id('grant2'), 'b.mp4');
    await first;
    await decide(null);
    await second;
    expect(fake.logged('openVideo')).toEqual([]);
  });
});

describe('a recording that is known', () => {
  test('and has grown where it lies is opened, and the person is told', async () => {
    fake.known = { ...known, here: true, grown: true };
    await workstation.opener.openGrant(id('grant1'), 'REC.ts');
    expect(fake.logged('openVideo')).toHaveLength(1);
    expect(workstation.opener.decision).toBeNull();
    expect(workstation.opener.notice).toMatch(/REC\.ts has grown .*Case 0002.*sessions and answers are kept/);
  });

  test('is opened at once where the case has it, by a host that knows the path', async () => {
    fake.known = { ...known, here: true };
    await workstation.opener.openGrant(id<GrantId>('grant1'), 'demo.mp4');
    expect(fake.logged('openVideo')).toEqual([{ grantId: 'grant1', caseId: null }]);
  });

  test('and lies elsewhere: the person goes on there, and the case keeps its file', async () => {
    fake.known = known;
    const opening = workstation.opener.openGrant(id<GrantId>('grant1'), 'copy.mp4');
    expect(await decide('go-on')).toContain('This recording is known as Case 0002');
    await opening;
    expect(fake.logged('openVideo')).toEqual([]);
    expect(fake.logged('relinkVideo')).toEqual([]);
    expect(fake.logged('openSession')).toEqual([{ sessionId: 'session1' }]);
    expect(fake.logged('discardCopy')).toEqual([{ grantId: 'grant1' }]);
  });

  test('and whose own file is gone: the case reads this one only if the person says so', async () => {
    fake.known = { ...known, availability: 'missing' };
    const opening = workstation.opener.openGrant(id<GrantId>('grant1'), 'copy.mp4');
    expect(await decide('go-on')).toContain('whose own file is not where it was');
    await opening;
    expect(fake.logged('relinkVideo')).toEqual([{ videoId: 'video1', grantId: 'grant1' }]);
    expect(fake.logged('discardCopy')).toEqual([]);
  });

  test('is opened as a new case, or not at all', async () => {
    fake.known = known;
    const fresh = workstation.opener.openGrant(id<GrantId>('grant1'), 'copy.mp4');
    await decide('new');
    await fresh;
    expect(fake.logged('openVideo')).toEqual([{ grantId: 'grant1', caseId: null, asNewCase: true }]);
    const left = workstation.opener.openGrant(id<GrantId>('grant1'), 'copy.mp4');
    await decide(null);
    await left;
    expect(fake.logged('openVideo')).toHaveLength(1);
  });
});

describe('the folder dialog', () => {
  const field = (): HTMLInputElement => screen.getByLabelText('Part of a name, or a path');
  const names = (): (string | null)[] =>
    [...document.querySelectorAll('li .entry')].map((entry) => entry.textContent);

  async function open(): Promise<void> {
    render(FolderDialog, { workstation, purpose: 'open', onClose: () => undefined });
    await vi.waitFor(() => expect(names()).not.toEqual([]));
  }

  test('begins where something was last looked for', async () => {
    await open();
    expect(fake.logged('browseFolder')).toEqual([{ folderId: null, find: 'videos', last: true }]);
  });

  test('shows what is called so; Enter takes the first', async () => {
    fake.calls.browseFolder = async () => ({
      ...(await fake.elsewhere.browsePath({ path: '/x', find: 'videos' })).folder,
    });
    await open();
    await fireEvent.input(field(), { target: { value: '0002' } });
    expect(names()).toEqual(['REC_0002.mp4']);
    await fireEvent.input(field(), { target: { value: 'nothing' } });
    expect(screen.getByText('Nothing here is called so.')).toBeDefined();
    await fireEvent.input(field(), { target: { value: 'rec' } });
    await fireEvent.submit(field().closest('form')!);
    await vi.waitFor(() => expect(fake.logged('openVideo')).toEqual([{ grantId: 'grant1', caseId: null }]));
  });

  test('opens the file of a path that was pasted', async () => {
    await open();
    await fireEvent.input(field(), { target: { value: '"/home/me/Videos/REC_0001.mp4"' } });
    await fireEvent.submit(field().closest('form')!);
    await vi.waitFor(() => expect(fake.logged('openVideo')).toEqual([{ grantId: 'grant1', caseId: null }]));
    expect(fake.logged('browsePath')).toEqual([{ path: '"/home/me/Videos/REC_0001.mp4"', find: 'videos' }]);
  });

  test('keeps the keyboard alive in an empty folder: Backspace leads out of it', async () => {
    const empty: Folder = { id: id('empty'), name: 'Empty', parentId: id('home'), path: '/e', entries: [] };
    fake.calls.browseFolder = async () => empty;
    render(FolderDialog, { workstation, purpose: 'open', onClose: () => undefined });
    await vi.waitFor(() => expect(screen.getByText(/^No folders or videos here\./)).toBeDefined());
    await vi.waitFor(() => expect(document.activeElement).toBe(field()));
    await fireEvent.keyDown(field(), { key: 'Backspace' });
    await vi.waitFor(() => expect(fake.logged('browseFolder').at(-1)).toMatchObject({ folderId: 'home' }));
  });
});

// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WorkstationError } from '../../preload/contract/index.ts';
import App from '../../renderer/App.svelte';
import { FakeWorkstation, now } from './fake-workstation.ts';

let fake: FakeWorkstation;

const name = 'workstation-000004-20261121T100000Z.db';
const lost = {
  code: 'store-lost',
  message: 'The database was empty.',
  hint: 'Look at the backups.',
} as const;

beforeEach(() => {
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no pixels here')));
  fake = new FakeWorkstation();
  // The stage draws by means that only a browser has.
  fake.calls.openLastSession = () => Promise.resolve(null);
  fake.status = { ...fake.status, notices: [lost], restoreOffered: true };
  fake.backups = {
    present: { cases: 0, sessions: 0, questions: 0, answers: 0, changedAt: null },
    keptPictures: { count: 12, bytes: 1_200_000 },
    backups: [
      {
        name,
        writtenAt: now - 86_400_000,
        content: { cases: 21, sessions: 24, questions: 8, answers: 9, changedAt: now - 90_000_000 },
        holdsMore: true,
      },
      {
        name: 'workstation-20260101T000000Z.db',
        writtenAt: 1_767_225_600_000,
        content: null,
        holdsMore: false,
      },
    ],
  };
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const open = () => render(App, { connection: { bridge: fake.bridge, onReach: () => () => undefined } });

test('a lost database is said at the start, with what each backup holds; one that can’t be read can’t be restored', async () => {
  open();
  const dialog = await screen.findByRole('dialog', { name: 'Backups of the database' });
  const [first, second] = await screen.findAllByRole('listitem');
  expect(dialog.contains(first!)).toBe(true);
  expect(first!.textContent).toContain('21 cases, 24 sessions, 8 questions and 9 answers');
  expect(first!.textContent).toContain('Holds what the database does not hold');
  expect(second!.textContent).toContain('can’t be read');
  expect(second!.querySelector('button')!.disabled).toBe(true);
  expect(dialog.textContent).toMatch(/pictures of 12 frames that were asked about\s+\(1\.2 MB\)/);
  expect(screen.getByText(lost.message)).toBeTruthy();
});

test('restoring says what stands in its way, and shows the window anew once it is done', async () => {
  const reload = vi.fn();
  vi.stubGlobal('location', { ...window.location, reload });
  fake.failures.set('restoreBackup', new WorkstationError('busy', 'Something is still running.', 'Wait.'));
  open();
  const [restore] = (await screen.findAllByRole('button', { name: /^Restore the backup/ })) as [HTMLElement];
  await fireEvent.click(restore);
  await screen.findByText('Something is still running.');
  expect(reload).not.toHaveBeenCalled();
  fake.failures.delete('restoreBackup');
  await fireEvent.click(restore);
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(1));
  expect(fake.logged('restoreBackup')).toEqual([{ name }, { name }]);
});

test('keeping what is here ends the notice', async () => {
  open();
  await fireEvent.click(await screen.findByRole('button', { name: 'Keep what is here' }));
  await vi.waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(screen.queryByText(lost.message)).toBeNull();
  expect(fake.logged('keepDatabase')).toEqual([{}]);
});

test('a dialog that was closed opens again from the notice, and news of the database is shown when it comes', async () => {
  open();
  await screen.findByRole('dialog');
  await fireEvent.click(screen.getAllByRole('button', { name: 'Close' })[0]!);
  await vi.waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  await fireEvent.click(screen.getByRole('button', { name: 'See the backups…' }));
  await screen.findByRole('dialog');
  const notice = {
    code: 'store-corrupt',
    message: '1 answer can’t be read.',
    hint: 'See the backups.',
  } as const;
  fake.emit({ type: 'notices', notices: [lost, notice] });
  await screen.findByText(notice.message);
});

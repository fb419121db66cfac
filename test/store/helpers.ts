import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { openStore, type Log, type Store } from '../../main/store/index.ts';
import { noon, silent } from './rows.ts';

const folders: string[] = [];
const stores: Store[] = [];

afterEach(() => {
  for (const store of stores.splice(0)) {
    try {
      store.close();
    } catch {
      // Closed by the test itself.
    }
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'workstation-store-'));
  folders.push(folder);
  return folder;
}

export function open(home: string, options: { at?: number; exclusive?: boolean; log?: Log } = {}): Store {
  const store = openStore({
    home,
    now: () => options.at ?? noon,
    log: options.log ?? silent,
    exclusive: options.exclusive ?? false,
  });
  stores.push(store);
  return store;
}

/** What a work is refused with; anything else that it throws is thrown on. */
export function refusal(work: () => unknown): WorkstationError {
  try {
    work();
  } catch (error) {
    if (error instanceof WorkstationError) return error;
    throw error;
  }
  return expect.unreachable();
}

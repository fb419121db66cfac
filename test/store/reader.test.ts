import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { homeLayout } from '../../main/store/home.ts';
import type { Connection } from '../../main/store/database.ts';
import type { Store } from '../../main/store/index.ts';
import { readerQueries } from '../../main/store/reader/index.ts';
import { runAtOnce } from '../../main/store/reader/query.ts';
import { StoreReader } from '../../main/store/reader/reader.ts';
import { addAnswer, addReview, sessionOf } from './filled.ts';
import { open, temporaryFolder } from './helpers.ts';
import { trialQueries } from './reader-queries.ts';
import { day, noon, silent } from './rows.ts';

let home: string;
let store: Store;
let reader: StoreReader<typeof trialQueries>;

beforeEach(() => {
  home = temporaryFolder();
  const first = open(home);
  addReview(first, 'a', 5);
  first.close();
  // With a backup of the day before.
  store = open(home, { at: noon + day });
  reader = new StoreReader({
    queries: trialQueries,
    context: { database: store.database as Connection, layout: homeLayout(home) },
    log: silent,
    onDamage: () => undefined,
    onUnreadable: () => undefined,
    thread: new URL('./reader-thread.ts', import.meta.url),
  });
});

afterEach(() => reader.close());

const threads = (): number => readdirSync(home).filter((name) => name.startsWith('thread-')).length;
const sessionId = sessionOf('a');
const begun = () => vi.waitFor(() => expect(existsSync(join(home, 'begun'))).toBe(true), 30_000);

describe('the reader', () => {
  it('reads in its thread what is read in place, word for word', async () => {
    const context = { database: store.database as Connection, layout: homeLayout(home) };
    const inputs = {
      'record.check': { sinceLast: false },
      'record.list': { after: 0 },
      'record.missed': { seq: 0 },
      'sessions.list': { actor: store.record.actors()[0]!.id },
      'session.entries': { sessionId },
      'session.page': { sessionId, limit: 3 },
      'backups.list': null,
    };
    const large = Object.fromEntries(
      Object.entries(readerQueries).map(([name, { run }]) => [name, { run }]),
    ) as unknown as typeof readerQueries;
    const inThread = new StoreReader({
      ...{ queries: large, context, log: silent, onDamage: () => undefined, onUnreadable: () => undefined },
    });
    for (const name of Object.keys(inputs) as (keyof typeof inputs)[]) {
      const query = readerQueries[name];
      const inPlace: unknown = runAtOnce(
        query.run(context, inputs[name] as never) as Generator<null, unknown>,
      );
      expect(await inThread.query(name, inputs[name] as never), name).toEqual(inPlace);
    }
    expect(await inThread.query('session.entries', { sessionId })).toHaveLength(5);
    await inThread.close();
  });

  it('starts no thread for what is small, and sees the database as it was at the start of a query', async () => {
    expect(await reader.query('session.entries', { sessionId })).toHaveLength(5);
    expect(threads()).toBe(0);
    const watching = reader.query('watch', { sessionId, until: 'enough' });
    await begun();
    addAnswer(store, 'a', 5);
    // Another query has its turns meanwhile, and sees what was written before it.
    expect(await reader.query('where', null)).toBe('thread');
    writeFileSync(join(home, 'enough'), '');
    expect(await watching).toEqual([5]);
    expect(await reader.query('watch', { sessionId, until: 'enough' })).toEqual([6]);
    expect(threads()).toBe(1);
  });

  it('ends a query that nobody waits for any more, and none of the others', async () => {
    const stop = new AbortController();
    const watching = reader.query('watch', { sessionId, until: 'never' }, stop.signal);
    const other = reader.query('watch', { sessionId, until: 'enough' });
    await begun();
    stop.abort();
    await expect(watching).rejects.toMatchObject({ code: 'cancelled' });
    writeFileSync(join(home, 'enough'), '');
    expect(await other).toEqual([5]);
    await expect(reader.query('where', null, stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(await reader.query('where', null)).toBe('thread');
  });

  it('goes on in a new thread after a crash, and gives up a query that crashes that one too', async () => {
    expect(await reader.query('crash', { always: false })).toBe('read');
    expect(threads()).toBe(2);
    await expect(reader.query('crash', { always: true })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await reader.query('where', null)).toBe('thread');
  });

  it('reads in place where no thread can be started', async () => {
    writeFileSync(join(home, 'no-thread'), '');
    expect(await reader.query('where', null)).toBe('place');
    expect(await reader.query('where', null)).toBe('place');
  });

  it('can’t write', async () => {
    await expect(reader.query('write', null)).rejects.toMatchObject({ code: 'store-unwritable' });
    expect(await reader.query('session.entries', { sessionId })).toHaveLength(5);
  });

  it('lets go of the database for as long as something needs it alone, and goes on then', async () => {
    const watching = reader.query('watch', { sessionId, until: 'enough' });
    await begun();
    const [backup] = store.backups();
    expect(() => store.restore(backup!.name)).toThrow(expect.objectContaining({ code: 'busy' }));
    await reader.pausedFor(() => store.restore(backup!.name));
    writeFileSync(join(home, 'enough'), '');
    expect(await watching).toEqual([5]);
  });

  it('ends with the workstation, and what was asked says so', async () => {
    const watching = reader.query('watch', { sessionId, until: 'never' });
    const refused = expect(watching).rejects.toMatchObject({ code: 'cancelled' });
    await begun();
    await reader.close();
    await refused;
    await expect(reader.query('where', null)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

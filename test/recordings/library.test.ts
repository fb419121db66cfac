import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testContext } from '../context.ts';
import { JobRegistry } from '../../main/jobs/index.ts';
import type { OpenRecordingOptions, Recording } from '../../main/recordings/index.ts';
import { VideoLibrary } from '../../main/recordings/library.ts';
import { openStore, type Store } from '../../main/store/index.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import { silent } from '../review/helpers.ts';

/** A file whose frames are counted when the test says so, or until it is closed. */
class SlowFile implements Recording {
  readonly facts: Recording['facts'];
  readonly signal: AbortSignal;
  closed = false;
  readonly #index = Promise.withResolvers<Awaited<ReturnType<Recording['indexed']>>>();

  constructor(fingerprint: string, { signal, onProgress }: OpenRecordingOptions) {
    this.signal = signal;
    this.facts = {
      fingerprint,
      streams: [],
      streamIndex: 0,
      incomplete: null,
      sizeBytes: 1,
      container: 'mp4',
      codec: 'h264',
      width: 64,
      height: 48,
      boxAsDisplayed: null,
      timeBase: [1, 25],
      durationSeconds: 0.08,
      recordedAt: null,
      playback: 'native',
      decoder: 'ffmpeg',
    };
    this.#index.promise.catch(() => undefined);
    signal.addEventListener('abort', () => this.#cancel());
    onProgress(1, 2);
  }

  count(): void {
    const times = { timeBase: [1, 25] as [number, number], ticks: [0, 1], endTicks: 2 };
    this.#index.resolve({
      times,
      variableFrameRate: false,
      playback: 'native',
      incomplete: null,
      streams: [],
      kept: false,
      encode: () => new Uint8Array(1),
    });
  }

  useEye() {
    return false;
  }

  indexed() {
    return this.#index.promise;
  }

  frame(): Promise<never> {
    return Promise.reject(new Error('no pixels here'));
  }

  keyFrameBefore(): never {
    throw new Error('no pixels here');
  }

  byteRange(): Promise<never> {
    return Promise.reject(new Error('no bytes here'));
  }

  transcodedStream(): Promise<never> {
    return Promise.reject(new Error('no pixels here'));
  }

  sound() {
    return 'none' as const;
  }

  dispose(): Promise<void> {
    this.closed = true;
    this.#cancel();
    return Promise.resolve();
  }

  #cancel(): void {
    this.#index.reject(new WorkstationError('cancelled', 'It was closed.', 'Open it again.'));
  }
}

let folder: string;
let file: string;
let store: Store;
let jobs: JobRegistry;
let library: VideoLibrary;
let files: SlowFile[];
let events: WorkstationEvent[];
let fingerprint: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workstation-library-'));
  file = join(folder, 'a.mp4');
  writeFileSync(file, 'x');
  store = openStore({ home: join(folder, 'home'), now: Date.now, log: silent });
  files = [];
  events = [];
  fingerprint = 'one';
  let ids = 0;
  const newId = (): string => `id-${ids++}`;
  jobs = new JobRegistry({ newId, now: Date.now, onChange: () => undefined });
  library = new VideoLibrary({
    store,
    jobs,
    emit: (event) => events.push(event),
    now: Date.now,
    newId,
    log: silent,
    isCopy: () => false,
    openVideo: async (_path, options) => {
      const opened = new SlowFile(fingerprint, options);
      files.push(opened);
      return opened;
    },
  });
});
afterEach(async () => {
  await library.close();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const states = (): string[] => jobs.list().map(({ state }) => state);

describe('a file opened again while its frames are counted', () => {
  it('goes on counting once, and whoever waits gets the index', async () => {
    const first = await library.open(file, { caseId: null }, testContext());
    const waiting = library.index(first.id);
    const again = await library.open(file, { caseId: null }, testContext());
    expect(again.id).toBe(first.id);
    expect(files.map(({ closed }) => closed)).toEqual([false, true]);
    files[0]?.count();
    expect((await waiting).times.ticks).toHaveLength(2);
    expect((await library.index(first.id)).times.ticks).toHaveLength(2);
    expect(library.find(first.id)).toMatchObject({ index: 'ready', frameCount: 2, problem: null });
    await expect.poll(states).toEqual(['done', 'cancelled']);
  });

  it('is the new one when the first was counted', async () => {
    const { id } = await library.open(file, { caseId: null }, testContext());
    files[0]?.count();
    await library.index(id);
    await library.open(file, { caseId: null }, testContext());
    expect(files.map(({ closed }) => closed)).toEqual([true, false]);
    expect(await library.recording(id)).toBe(files[1]);
  });
});

describe('what is not taken', () => {
  it('is closed, and its job ends: another file at the new place', async () => {
    const { id } = await library.open(file, { caseId: null }, testContext());
    fingerprint = 'other';
    await expect(library.relink(id, file)).rejects.toMatchObject({ code: 'file-changed' });
    expect(files.map(({ closed }) => closed)).toEqual([false, true]);
    await expect.poll(states).toEqual(['running', 'cancelled']);
  });

  it('is closed, and its job ends: a file that cannot be written down', async () => {
    store.close();
    await expect(library.open(file, { caseId: null }, testContext())).rejects.toThrow();
    expect(files.map(({ closed }) => closed)).toEqual([true]);
    await expect.poll(states).toEqual(['cancelled']);
  });
});

describe('counting', () => {
  it('that a person stops is said as a problem of the video, and tried again when it is asked for', async () => {
    const { id } = await library.open(file, { caseId: null }, testContext());
    const waiting = library.index(id);
    const job = jobs.list()[0];
    jobs.cancel(job!.id);
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(library.find(id)).toMatchObject({ index: 'failed', problem: { code: 'cancelled' } });
    const retried = library.index(id);
    await expect.poll(() => files.length).toBe(2);
    files[1]?.count();
    expect((await retried).times.ticks).toHaveLength(2);
    expect(library.find(id)).toMatchObject({ index: 'ready', problem: null });
  });

  it('ends with the library, and no video is blamed for it', async () => {
    const { id } = await library.open(file, { caseId: null }, testContext());
    await library.close();
    expect(files[0]?.signal.aborted).toBe(true);
    expect(library.find(id)).toMatchObject({ index: 'building', problem: null });
  });
});

it('keeps no listener for each file that was ever opened', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on('warning', onWarning);
  for (let count = 0; count < 15; count++) {
    fingerprint = `file ${count}`;
    const { id } = await library.open(file, { caseId: null }, testContext());
    files.at(-1)?.count();
    await library.index(id);
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
  expect(getEventListeners(files[0]!.signal, 'abort')).toHaveLength(1);
});

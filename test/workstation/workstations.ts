import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { decoderWarning, findMediaTools } from '../../main/video/index.ts';
import { createWorkstation, type Workstation, type WorkstationOptions } from '../../main/workstation.ts';
import {
  isUnderWay,
  type Answer,
  type ErrorReport,
  type FrameIndex,
  type OpenSession,
} from '../../preload/contract/index.ts';
import { asItsPerson, type OpenedWorkstation } from '../context.ts';

export { asItsPerson, type OpenedWorkstation };

/** What a workstation says by itself on this machine: of an ffmpeg with known holes that it has, and where that has none, nothing. */
export async function noticesOfDecoder(): Promise<ErrorReport[]> {
  const warning = decoderWarning(await findMediaTools());
  return warning ? [warning.toReport()] : [];
}

/** The workstations of one test file. */
export interface Workstations {
  /** A folder for the file's data folders and whatever else it makes; removed at its end. */
  readonly root: string;
  /** Opens one on the data folder of this name in `root`; it is closed after the test, if not before. */
  readonly start: (home: string, options?: Partial<WorkstationOptions>) => Promise<OpenedWorkstation>;
  readonly close: (workstation: OpenedWorkstation) => Promise<void>;
}

/** To be called at the top of a test file: it adds the hooks that close and remove everything. */
export function workstations(): Workstations {
  const root = mkdtempSync(join(tmpdir(), 'surgery-r1-workstation-'));
  const open = new Set<OpenedWorkstation>();
  const close = async (workstation: OpenedWorkstation): Promise<void> => {
    open.delete(workstation);
    await workstation.dispose();
  };
  afterEach(async () => {
    for (const workstation of [...open]) await close(workstation);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  return {
    root,
    close,
    async start(home, options = {}) {
      const workstation = asItsPerson(
        await createWorkstation({
          home: join(root, home),
          host: 'web',
          hostReason: 'a test',
          log: () => undefined,
          exclusive: true,
          ...options,
        }),
      );
      open.add(workstation);
      return workstation;
    },
  };
}

/** To be called at the top of a test file: what starts one workstation for all of its tests. */
export function longLived(): () => Promise<Workstation> {
  const root = mkdtempSync(join(tmpdir(), 'surgery-r1-workstation-'));
  let workstation: Workstation | null = null;
  afterAll(async () => {
    await workstation?.dispose();
    await rm(root, { recursive: true, force: true });
  });
  return async () =>
    (workstation ??= await createWorkstation({
      home: root,
      host: 'web',
      hostReason: 'a test',
      log: () => undefined,
      exclusive: true,
    }));
}

/** Asks, and waits for the end of the answer. */
export async function askAndWait(
  workstation: Pick<OpenedWorkstation, 'calls' | 'onEvent' | 'media'>,
  { session }: Pick<OpenSession, 'session'>,
  index: number,
  question: string,
): Promise<Answer> {
  const ended = Promise.withResolvers<Answer>();
  const stop = workstation.onEvent((event) => {
    if (event.type === 'answer' && !isUnderWay(event.answer.status)) ended.resolve(event.answer);
  });
  const frameIndex = index as FrameIndex;
  const { hash } = await workstation.media.frame(session.videoId, frameIndex, new AbortController().signal);
  await workstation.calls.ask({ sessionId: session.id, frameIndex, frameHash: hash, question });
  return ended.promise.finally(stop);
}

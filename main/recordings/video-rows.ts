import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { VideoId } from '../../preload/contract/values.ts';
import {
  caseRecordings,
  moveBoxesToDisplayed,
  videos,
  type ChangeContext,
  type Store,
  type StoredVideo,
} from '../store/index.ts';
import { addition, inCaseAlready, takenOut } from './case-order.ts';
import { createNumberedCase } from './cases.ts';
import type { OpenWishes, VideoFacts } from './ports.ts';
import { columnsOf } from './video-columns.ts';

/** Writes the rows of videos, and their places among the recordings of their case. */
export class VideoRows {
  readonly #context: { store: Store; now: () => number; newId: () => string };
  /** Videos whose answers' boxes are known to lie on the displayed picture. */
  readonly #displayed = new Set<VideoId>();

  constructor(context: { store: Store; now: () => number; newId: () => string }) {
    this.#context = context;
  }

  /**
   * Writes the row of a file that was opened. It updates the row of the same content seen before (`known`), or of the same
   * recording while it was shorter (`grown`), or else adds one.
   */
  write(
    facts: VideoFacts,
    whole: string,
    {
      caseId,
      known,
      grown,
      adding,
      by,
    }: Pick<OpenWishes, 'caseId' | 'adding'> & {
      /** Asked within the transaction, so that no other process adds the same meanwhile. */
      known: () => StoredVideo | null;
      grown: StoredVideo | null;
      by: ChangeContext;
    },
  ): StoredVideo {
    const { store, now, newId } = this.#context;
    return store.database.transaction(() => {
      const seen = {
        path: whole,
        displayName: basename(whole),
        openedAt: now(),
        recent: true,
        problem: null,
      };
      const seenBefore = known();
      if (seenBefore !== null) {
        const again: StoredVideo = { ...seenBefore, ...columnsOf(facts), ...seen };
        this.putInCase(again, adding, by);
        videos.updateVideo(store.database, again);
        return again;
      }
      const uncounted = {
        variableFrameRate: false,
        joins: [],
        frameCount: null,
        index: 'building' as const,
      };
      if (grown !== null) {
        const longer: StoredVideo = { ...grown, ...columnsOf(facts), ...uncounted, ...seen };
        this.putInCase(longer, adding, by);
        videos.updateVideo(store.database, longer);
        return longer;
      }
      const added: StoredVideo = {
        id: VideoId.parse(newId()),
        caseId: caseId ?? createNumberedCase(this.#context, by).id,
        ...columnsOf(facts),
        ...uncounted,
        addedAt: now(),
        ...seen,
      };
      videos.insertVideo(store.database, added);
      this.putInCase(added, adding, by);
      return added;
    });
  }

  /**
   * Makes a video the last recording of its case unless it is one already. What a person adds on purpose they can undo. A
   * file that was only opened stays in its case, since its questions would otherwise be in none.
   */
  putInCase(
    { id: videoId, caseId, displayName }: StoredVideo,
    adding: OpenWishes['adding'],
    by: ChangeContext,
  ): void {
    const { database, record } = this.#context.store;
    if (caseRecordings.findCaseRecording(database, videoId) !== null) {
      if (adding !== undefined) throw inCaseAlready(displayName);
      return;
    }
    const place = caseRecordings.nextPlaceInCase(database, caseId);
    const kind = adding === undefined ? 'record' : 'do';
    const command = { name: 'recording.add', kind, caseId, sessionId: adding?.sessionId ?? null } as const;
    record.commit(by, command, addition({ videoId, caseId, place }));
  }

  /** Refuses a video that was taken out of its case. */
  mustBeInCase({ id, displayName }: StoredVideo): void {
    if (caseRecordings.findCaseRecording(this.#context.store.database, id) === null)
      throw takenOut(displayName);
  }

  /**
   * Converts the size and the boxes that earlier versions stored in pixels of the coded picture, once for each video, and
   * seals their answers, which had stayed open for that. Boxes stay as they are if both pictures are the same.
   */
  takeDisplay(id: VideoId, { width, height, boxAsDisplayed }: VideoFacts): void {
    if (this.#displayed.has(id)) return;
    this.#displayed.add(id);
    if (boxAsDisplayed !== null) this.change(id, { width, height });
    moveBoxesToDisplayed(this.#context.store, id, { width, height }, boxAsDisplayed ?? ((box) => box));
  }

  /** Changes a row if it exists and the change makes a difference. */
  change(id: VideoId, change: Partial<StoredVideo>): void {
    const { store } = this.#context;
    const before = videos.findVideo(store.database, id);
    if (before === null) return;
    const after = { ...before, ...change };
    if (!isDeepStrictEqual(before, after)) videos.updateVideo(store.database, after);
  }
}

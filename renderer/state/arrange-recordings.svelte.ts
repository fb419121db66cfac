import type {
  Bridge,
  CaseId,
  Command,
  ErrorReport,
  GrantId,
  RecordingStart,
  SessionId,
  VideoId,
} from '../../preload/contract/index.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Recordings } from './recordings.svelte.ts';

interface Parts {
  readonly bridge: Pick<Bridge, 'apply' | 'addRecording'>;
  readonly announcer: Announcer;
  readonly recordings: Recordings;
  readonly session: { readonly id: SessionId; readonly caseId: CaseId };
  /** Resolves when what was changed is on show. */
  readonly catchUp: () => Promise<void>;
}

/** How a person arranges the recordings of the case: their order, and when each began. All of it is recorded and undone. */
export class ArrangeRecordings {
  /** Why the last command was not carried out. */
  fault = $state.raw<ErrorReport | null>(null);
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Puts a file before or behind others; `to` is its new place among the files, counted from 0. */
  async move(id: VideoId, to: number): Promise<boolean> {
    const { recordings } = this.#parts;
    const from = recordings.numberOf(id) - 1;
    const place = Math.min(recordings.files.length - 1, Math.max(0, to));
    if (from < 0 || place === from) return false;
    const contents = recordings.files.map(({ content }) => content);
    const [moved] = contents.splice(from, 1);
    if (moved === undefined) return false;
    contents.splice(place, 0, moved);
    // Streams of one file go together.
    const videoIds = contents.flatMap((content) =>
      recordings.time.stretches
        .filter((stretch) => stretch.content === content && recordings.isInCase(stretch.id))
        .map((stretch) => stretch.id),
    );
    const done = await this.#apply({ name: 'recording.reorder', videoIds });
    if (done) this.#parts.announcer.say(`${recordings.find(id)?.displayName} is now ${place + 1}`);
    return done;
  }

  /** Adds a file as the last recording of the case. Returns why it could not be, in words; null where it was. */
  async add(grantId: GrantId): Promise<ErrorReport | null> {
    const { bridge, announcer, recordings, session, catchUp } = this.#parts;
    const added = await bridge.addRecording({ caseId: session.caseId, grantId, sessionId: session.id });
    if (!added.ok) return added.error;
    await catchUp();
    await recordings.readAgain();
    const { displayName } = added.value;
    announcer.say(`${displayName} is recording ${recordings.files.length} of this case`);
    return null;
  }

  /** States when a recording began; null for what the files say. */
  async setStart(id: VideoId, start: RecordingStart | null): Promise<boolean> {
    return this.#apply({ name: 'recording.set-start', videoId: id, start });
  }

  async #apply(command: Command): Promise<boolean> {
    const { bridge, announcer, recordings, session, catchUp } = this.#parts;
    const done = await bridge.apply({ sessionId: session.id, command });
    this.fault = done.ok ? null : done.error;
    if (!done.ok) announcer.say(`${done.error.message} ${done.error.hint}`);
    await catchUp();
    await recordings.readAgain();
    return done.ok;
  }
}

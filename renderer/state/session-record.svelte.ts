import type {
  Bridge,
  Case,
  Changes,
  Edit,
  ErrorReport,
  OpenSession,
  QuestionId,
  SessionId,
  Size,
  WorkstationEvent,
} from '../../preload/contract/index.ts';
import { Entries } from './entries.svelte.ts';
import { RecordedMarks } from './recorded-marks.svelte.ts';
import { Feed } from './feed.svelte.ts';

/** How a session's window hears of changes. */
export interface ChangeSource {
  bridge: Bridge;
  /** The newest change that the window was told of before the session was opened; 0, for none, by default. */
  newest?: number;
  /** Called when another database has taken the place of the one that the session is of. */
  onReplaced?: () => void;
  /** Size of the video's picture, as it is now. */
  size?: () => Size;
  /** Called with the edits of every change. */
  onEdits?: (edits: readonly Edit[]) => void;
  /** The question that is on show. */
  selected?: () => QuestionId | null;
}

/** What is recorded of a session: its case's name, its questions and answers, as whoever changed them left them. */
export class SessionRecord {
  case = $state.raw<Case>() as Case;
  /** The name that the session has beside its number. */
  name = $state<string | null>(null);
  /** Whether the session was moved to the bin, and whether its case was: it is on show all the same. */
  isSessionInBin = $state(false);
  isCaseInBin = $state(false);
  readonly entries: Entries;
  readonly marks: RecordedMarks;
  readonly #sessionId: SessionId;
  readonly #bridge: Bridge;
  readonly #feed: Feed;
  readonly #onEdits: (edits: readonly Edit[]) => void;

  constructor(
    open: OpenSession,
    {
      bridge,
      newest = 0,
      onReplaced = () => undefined,
      onEdits = () => undefined,
      selected,
      size,
    }: ChangeSource,
  ) {
    this.case = open.case;
    this.name = open.session.name;
    this.entries = new Entries({
      ...{ bridge, sessionId: open.session.id, first: open.entries },
      size: size ?? (() => open.video),
      selected: selected ?? (() => null),
    });
    this.marks = new RecordedMarks(open.session.id, open.marks);
    this.#sessionId = open.session.id;
    this.#bridge = bridge;
    this.#onEdits = onEdits;
    this.#feed = new Feed({
      seq: open.seq,
      hash: open.hash,
      since: async (seq) => {
        const missed = await bridge.changesSince({ seq });
        return missed.ok ? missed.value : null;
      },
      apply: (changes) => this.#apply(changes),
      onReplaced,
    });
    // What was done between the reading of the session and now has been told already.
    if (newest > open.seq) void this.#feed.catchUp();
  }

  /** The newest change that is on show. */
  get seq(): number {
    return this.#feed.seq;
  }

  take(changes: Extract<WorkstationEvent, { type: 'changes' }>): void {
    this.#feed.take(changes);
  }

  /** Resolves when everything is on show that was changed before the call, or the workstation does not answer. */
  catchUp(): Promise<void> {
    return this.#feed.catchUp();
  }

  /** Gives the case another name; why that failed, where it did. */
  async rename(pseudonym: string): Promise<ErrorReport | null> {
    const { id: caseId } = this.case;
    const result = await this.#bridge.renameCase({ caseId, sessionId: this.#sessionId, pseudonym });
    if (!result.ok) return result.error;
    await this.catchUp();
    return null;
  }

  end(): void {
    this.entries.end();
    this.#feed.end();
  }

  #apply({ changes, entries }: Changes): void {
    const edits = changes.flatMap((change) => change.edits ?? []);
    this.marks.take(edits);
    this.#onEdits(edits);
    for (const edit of edits) {
      if (edit.entity === 'case' && edit.id === this.case.id) {
        this.isCaseInBin = edit.after === null;
        if (edit.after !== null) this.case = edit.after;
      }
      if (edit.entity === 'session' && edit.id === this.#sessionId) {
        this.isSessionInBin = edit.after === null;
        if (edit.after?.name !== undefined) this.name = edit.after.name;
      }
      if (edit.entity !== 'question' || edit.after !== null) continue;
      if (!entries.some(({ question: { id } }) => id === edit.id)) this.entries.remove(edit.before?.id);
    }
    for (const entry of entries) {
      if (entry.question.sessionId === this.#sessionId) this.entries.put(entry);
    }
  }
}

import {
  unwrap,
  toErrorReport,
  type Actor,
  type BinItem,
  type Bridge,
  type CaseId,
  type CaseSummary,
  type Entry,
  type EntrySummary,
  type ErrorReport,
  type LibraryCommand,
  type QuestionId,
  type SessionId,
} from '../../preload/contract/index.ts';

interface Parts {
  bridge: Bridge;
  /** The session that is open in the window, where undo takes back what is done here; null while none is. */
  doneIn: () => SessionId | null;
  /** Something was moved to the bin, or restored. */
  onDone: (text: string, command: LibraryCommand) => void;
}

/** What is deleted, renamed or restored, and what is said of it when it is done. */
export interface LibraryAct {
  readonly command: LibraryCommand;
  readonly said: string;
}

/** Moving to the bin, and what is said of it. */
export const binned = (command: LibraryCommand, what: string): LibraryAct => ({
  command,
  said: `${what} is in the bin`,
});

/** What takes a command back; null where it moved nothing to the bin. */
export function backOf(command: LibraryCommand): LibraryAct | null {
  if (command.name === 'case.delete') {
    return { command: { name: 'case.restore', caseId: command.caseId }, said: 'The case is back' };
  }
  if (command.name !== 'session.delete') return null;
  return {
    command: { name: 'session.restore', sessionId: command.sessionId },
    said: 'The session is back',
  };
}

/** The library as it is on show: the cases, the answers of the session that is unfolded, and the bin. */
export class LibraryPageState {
  cases = $state.raw<readonly CaseSummary[]>([]);
  bin = $state.raw<readonly BinItem[]>([]);
  actors = $state.raw<readonly Actor[]>([]);
  /** Null: the sessions of all cases are shown. */
  chosenCase = $state<CaseId | null>(null);
  /** The session whose answers are shown. */
  unfolded = $state<SessionId | null>(null);
  answers = $state.raw<readonly EntrySummary[]>([]);
  /** Whether there are more answers than are shown. */
  hasMore = $state(false);
  chosen = $state<QuestionId | null>(null);
  /** All that is known of the chosen answer. */
  entry = $state.raw<Entry | null>(null);
  fault = $state.raw<ErrorReport | null>(null);
  isRead = $state(false);
  readonly #parts: Parts;
  /** Only what was asked last is shown, in whatever order it comes. */
  #turn = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads it as it is now. */
  async read(): Promise<void> {
    const { bridge } = this.#parts;
    await this.#try(async () => {
      const [cases, bin, actors] = await Promise.all([
        bridge.listCaseSummaries({}),
        bridge.listBin({}),
        bridge.listActors({}),
      ]);
      this.cases = unwrap(cases);
      this.bin = unwrap(bin);
      this.actors = unwrap(actors);
      this.isRead = true;
      if (!this.cases.some(({ id }) => id === this.chosenCase)) this.chosenCase = null;
    });
    if (this.unfolded !== null) await this.#readAnswers(this.unfolded);
  }

  /** Shows the answers of a session, or folds them away again. */
  async unfold(sessionId: SessionId): Promise<void> {
    const wasUnfolded = this.unfolded === sessionId;
    this.#fold();
    if (wasUnfolded) return;
    this.unfolded = sessionId;
    await this.#readAnswers(sessionId);
  }

  /** Lays open the session under review, so that its answers and a picture of them are seen at once. */
  async begin(sessionId: SessionId): Promise<void> {
    await this.unfold(sessionId);
    const [first] = this.answers;
    if (first === undefined) this.#fold();
    else if (this.chosen === null) await this.choose(first.question.id);
  }

  async choose(questionId: QuestionId): Promise<void> {
    this.chosen = questionId;
    this.entry = null;
    const turn = ++this.#turn;
    await this.#try(async () => {
      const entry = unwrap(await this.#parts.bridge.getEntry({ questionId }));
      if (turn === this.#turn) this.entry = entry;
    });
  }

  async act({ command, said }: LibraryAct): Promise<boolean> {
    const { bridge, doneIn, onDone } = this.#parts;
    const session = doneIn();
    return this.#try(async () => {
      unwrap(await bridge.applyToLibrary({ command, ...(session !== null && { doneIn: session }) }));
      onDone(said, command);
      // The answers of what is in the bin are no longer on show.
      if (backOf(command) !== null) this.#fold();
      await this.read();
    });
  }

  async renameCase(caseId: CaseId, pseudonym: string): Promise<boolean> {
    return this.#try(async () => {
      unwrap(await this.#parts.bridge.renameCase({ caseId, pseudonym }));
      await this.read();
    });
  }

  #fold(): void {
    this.unfolded = null;
    this.chosen = null;
    this.entry = null;
    this.answers = [];
    this.#turn += 1;
  }

  async #readAnswers(sessionId: SessionId): Promise<void> {
    await this.#try(async () => {
      const page = unwrap(await this.#parts.bridge.listEntries({ sessionId, limit: 200 }));
      if (this.unfolded !== sessionId) return;
      this.answers = page.list;
      this.hasMore = page.next !== null;
    });
  }

  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.fault = null;
      return true;
    } catch (error) {
      this.fault = toErrorReport(error);
      return false;
    }
  }
}

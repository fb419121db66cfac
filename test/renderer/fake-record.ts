import {
  ActorId,
  commandInWords,
  WorkstationError,
  type CallContext,
  type Change,
  type Changes,
  type Edit,
  type Entry,
  type SessionId,
  type Undone,
  type WorkstationCalls,
} from '../../preload/contract/index.ts';

type RecordCalls = Pick<
  WorkstationCalls,
  'undo' | 'redo' | 'getUndoable' | 'changesSince' | 'listActors' | 'checkRecord'
>;

/** The record of a fake workstation, in memory: it undoes and does again as the real one does, for one session. */
export class FakeRecord {
  readonly changes: Change[] = [];
  #done: Change[] = [];
  #undone: Change[] = [];
  readonly #apply: (edits: readonly Edit[]) => void;
  readonly #entries: () => readonly Entry[];
  readonly #tell: (changes: Changes) => void;

  /** @param entries what is there after all that was applied */
  constructor(
    apply: (edits: readonly Edit[]) => void,
    entries: () => readonly Entry[],
    tell: (changes: Changes) => void,
  ) {
    this.#apply = apply;
    this.#entries = entries;
    this.#tell = tell;
  }

  get seq(): number {
    return this.changes.length;
  }

  get hash(): string | null {
    return this.changes.at(-1)?.hash ?? null;
  }

  commit(by: CallContext, command: string, sessionId: SessionId, edits: Edit[]): Change {
    const change = this.#write(by, { command, sessionId, edits, kind: 'do', target: null });
    this.#done.push(change);
    this.#undone = [];
    return change;
  }

  /** What is recorded only, as the end of an answer is. */
  note(command: string, edits: Edit[]): void {
    this.#write(null, { command, sessionId: null, edits, kind: 'record', target: null });
  }

  readonly calls: RecordCalls = {
    undo: async (_input, by) => this.#turn(by, 'undo', this.#done, this.#undone),
    redo: async (_input, by) => this.#turn(by, 'redo', this.#undone, this.#done),
    getUndoable: async () => ({
      undo: this.#inWords(this.#done.at(-1)),
      redo: this.#inWords(this.#undone.at(-1)),
    }),
    changesSince: async ({ seq }) => ({
      ...this.#withEntries(this.changes.slice(seq)),
      seq: this.seq,
      hash: this.hash,
      more: false,
    }),
    listActors: async () => [],
    checkRecord: async () => ({ ok: true, changes: this.seq, broken: null, reason: null, head: null }),
  };

  #turn(by: CallContext, kind: 'undo' | 'redo', from: Change[], to: Change[]): Undone {
    const target = from.pop();
    if (target === undefined) {
      throw new WorkstationError('not-found', `There is nothing to ${kind}.`, 'Do something first.');
    }
    const { command, sessionId, edits } = target;
    const turned = (edits ?? [])
      .map((edit) => ({ ...edit, before: edit.after, after: edit.before }) as Edit)
      .reverse();
    const change = this.#write(by, { command, sessionId, edits: turned, kind, target: target.seq });
    to.push(change);
    return { what: this.#inWords(kind === 'undo' ? target : change) ?? '', change };
  }

  #inWords(change: Change | undefined): string | null {
    return change === undefined ? null : commandInWords(change);
  }

  #withEntries(changes: Change[]): Changes {
    const touched = changes.flatMap(({ edits }) => edits ?? []).flatMap(questionsOf);
    return { changes, entries: this.#entries().filter(({ question }) => touched.includes(question.id)) };

    function questionsOf({ before, after }: Edit): string[] {
      const value = (after ?? before) as { id?: string; questionId?: string } | null;
      return [value?.questionId, value?.id].filter((found) => found !== undefined);
    }
  }

  #write(
    by: CallContext | null,
    made: Pick<Change, 'command' | 'sessionId' | 'edits' | 'kind' | 'target'>,
  ): Change {
    const change = {
      ...made,
      seq: this.seq + 1,
      at: 0,
      actor: by?.actor ?? ActorId.parse('workstation'),
      window: by?.window ?? null,
      caseId: null,
      groupId: null,
      hash: hashOfPlace(this.seq + 1),
      previous: hashOfPlace(this.seq),
    };
    this.changes.push(change);
    this.#apply(change.edits ?? []);
    this.#tell(this.#withEntries([change]));
    return change;
  }
}

/** Stands for the hash of a change; `record` is another letter for another record. */
export const hashOfPlace = (seq: number, record = 'a'): string => `${record}${seq}`.padStart(64, '0');

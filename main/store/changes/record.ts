import { commandInWords } from '../../../preload/contract/words/changes.ts';
import type { Change, Edit, Mention, Undoable, Undone } from '../../../preload/contract/changes.ts';
import type { Actor, ActorId } from '../../../preload/contract/context.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { CaseId, SessionId } from '../../../preload/contract/values.ts';
import type { WritableDatabase } from '../database.ts';
import { addActor, listActors, workstationActor } from './actors.ts';
import { canonicalText } from './chain.ts';
import { writeChange, type ChangeContext, type Command } from './commit.ts';
import { changesSince, findHead, lastHead, type RecordedChanges } from './log.ts';
import {
  editsOfStep,
  findTops,
  nothingTo,
  refusedCommands,
  reversed,
  stepInWords,
  type Tops,
} from './undo.ts';

const PAGE = 500;

/** The context of what the workstation does by itself. */
export const byItself: ChangeContext = { actor: workstationActor.id, window: null };

/** Whether an edit has an effect. Additions and removals always have one, so that their texts need not be compared. */
const changesSomething = ({ before, after }: Edit): boolean =>
  (before === null) !== (after === null) || canonicalText(before) !== canonicalText(after);

const itself = (change: Change): Change => change;
const changeIn = ({ change }: Undone): Change => change;

/** A command as it is planned. Its kind is `do` unless it can't be undone. */
export type NewCommand = Omit<Command, 'kind'> & { readonly kind?: 'do' | 'record' };

/**
 * The record of everything that a person, a model or the workstation did, and the only way to change recorded things. Each
 * change is written in one transaction with the rows that it affects, and listeners are told after the commit.
 */
export class ChangeRecord {
  readonly #database: WritableDatabase;
  readonly #now: () => number;
  readonly #listeners = new Set<(change: Change) => void>();

  /** @param now gives milliseconds since the Unix epoch */
  constructor(database: WritableDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** Calls the listener after every commit with the change; returns how to stop that. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds an actor, which must come before its first change. */
  addActor(actor: Actor): void {
    addActor(this.#database, actor, this.#now());
  }

  actors(): Actor[] {
    return listActors(this.#database);
  }

  /**
   * Applies the edits of a command and records it. Inside a transaction of the database it is part of that, and listeners are
   * told when that is committed. Returns null, and records nothing, if the edits change nothing.
   *
   * @throws WorkstationError `changed-since` if a thing is not as `before` says, `invalid-input` if the edits are too large
   */
  commit(context: ChangeContext, command: NewCommand, edits: readonly Edit[]): Change | null {
    const kind = command.kind ?? 'do';
    const real = edits.filter(changesSomething);
    if (real.length === 0 && kind === 'do') return null;
    return this.#write(() => {
      const tops = this.#tops(context.actor, command.sessionId);
      const joined = joins(tops, command, kind);
      return writeChange(
        this.#database,
        {
          context,
          command: { ...command, kind },
          place: {
            target: null,
            under: kind === 'record' ? null : joined === null ? tops.undo : joined.under,
            step: joined?.step ?? null,
          },
          at: this.#now(),
        },
        real,
      );
    }, itself);
  }

  /** Applies and records what the workstation does by itself, which is never undone. */
  note(command: Omit<NewCommand, 'kind' | 'sessionId'>, edits: readonly Edit[]): Change | null {
    return this.commit(byItself, { ...command, kind: 'record', sessionId: null }, edits);
  }

  /** Records that something was done with a thing that is not in the record itself, such as a model. It is never undone. */
  mention(context: ChangeContext, name: string, mention: Mention, caseId: CaseId | null = null): void {
    const id = `${mention.what}:${mention.id}`;
    this.commit(context, { name, kind: 'record', caseId, sessionId: null }, [
      {
        entity: 'mention',
        id,
        before: null,
        after: { ...mention, name: mention.name?.slice(0, 300) ?? null },
      },
    ]);
  }

  /**
   * Undoes what the actor did last in a session; a group of changes is undone as one. A step that can't be undone stays as it
   * is and is skipped from then on, so that it does not block the steps before it.
   *
   * @throws WorkstationError `changed-since` if somebody has changed it since then, `not-found` if there is nothing to undo
   */
  undo(context: ChangeContext, sessionId: SessionId): Undone {
    return this.#turn('undo', context, sessionId);
  }

  /** Redoes what the actor undid last in a session. Throws as `undo` does. */
  redo(context: ChangeContext, sessionId: SessionId): Undone {
    return this.#turn('redo', context, sessionId);
  }

  /** What undo and redo would do next, in words for a person. */
  undoable(actor: ActorId, sessionId: SessionId): Undoable {
    const { undo, redo } = findTops(this.#database, actor, sessionId);
    return {
      undo: undo === null ? null : stepInWords(this.#database, undo),
      redo: redo === null ? null : stepInWords(this.#database, redo),
    };
  }

  /** The changes after a place in the record, at most `limit` at a time. */
  since(seq: number, limit = PAGE): RecordedChanges {
    return changesSince(this.#database, seq, limit);
  }

  /** The place of the newest change; 0 while there is none. */
  get seq(): number {
    return lastHead(this.#database)?.seq ?? 0;
  }

  /** Place and hash of the newest change, which prove everything before it; null while there is none. */
  get head(): { seq: number; hash: string } | null {
    const last = lastHead(this.#database);
    return last === null ? null : { seq: last.seq, hash: last.hash };
  }

  /** The hash of one change; null if there is none at that place. */
  hashAt(seq: number): string | null {
    return findHead(this.#database, seq)?.hash ?? null;
  }

  #turn(kind: Turn, context: ChangeContext, sessionId: SessionId): Undone {
    let refused: number | null = null;
    try {
      return this.#write(() => {
        const tops = findTops(this.#database, context.actor, sessionId);
        const top = tops[kind];
        if (top === null) throw nothingTo(kind);
        refused = top;
        const { head, first, edits } = editsOfStep(this.#database, top);
        const back = reversed(edits);
        const change = writeChange(
          this.#database,
          {
            context,
            command: commandOf(first, kind),
            place: { target: head.seq, under: tops[other[kind]], step: null },
            at: this.#now(),
          },
          back,
        );
        return {
          what: commandInWords({ command: first.command, edits: kind === 'undo' ? edits : back }),
          change,
        };
      }, changeIn);
    } catch (error) {
      if (refused === null || !isRefusal(error)) throw error;
      this.#passOver(kind, refused, { context, sessionId });
      const { code, message, hint } = error;
      throw new WorkstationError(code, message, `${hint} The next ${kind} passes over it.`);
    }
  }

  /** Records that a step could not be undone, or redone, which takes it off its stack. */
  #passOver(
    kind: Turn,
    refused: number,
    { context, sessionId }: { context: ChangeContext; sessionId: SessionId },
  ): void {
    this.#write(() => {
      const tops = findTops(this.#database, context.actor, sessionId);
      const caseId = findHead(this.#database, refused)?.caseId ?? null;
      return writeChange(
        this.#database,
        {
          context,
          command: { name: refusedCommands[kind], kind, caseId: caseId as CaseId | null, sessionId },
          place: { target: refused, under: tops[other[kind]], step: null },
          at: this.#now(),
        },
        [],
      );
    }, itself);
  }

  #tops(actor: ActorId, sessionId: SessionId | null): Tops {
    return sessionId === null
      ? { last: null, undo: null, redo: null }
      : findTops(this.#database, actor, sessionId);
  }

  /** Does all of `work` or nothing, and tells listeners of the change once it is committed. */
  #write<Written>(work: () => Written, changeOf: (written: Written) => Change): Written {
    return this.#database.transaction(() => {
      const written = work();
      const change = changeOf(written);
      for (const listener of this.#listeners) this.#database.afterCommit(() => listener(change));
      return written;
    });
  }
}

type Turn = 'undo' | 'redo';
const other = { undo: 'redo', redo: 'undo' } as const;

/** Whether an error means that a step can never be undone: it was changed since, or its edits were erased. */
const isRefusal = (error: unknown): error is WorkstationError =>
  error instanceof WorkstationError && (error.code === 'changed-since' || error.code === 'not-found');

/** The step that a command continues, which is that of the last change if both belong to the same group. */
function joins({ last }: Tops, { groupId }: NewCommand, kind: 'do' | 'record'): Tops['last'] {
  const same = groupId !== undefined && groupId !== null && last?.groupId === groupId;
  return same && kind === 'do' && last?.kind === 'do' ? last : null;
}

const commandOf = ({ command, caseId, sessionId }: Change, kind: 'undo' | 'redo'): Command => ({
  name: command,
  kind,
  caseId,
  sessionId,
});

/** Refuses a session that belongs to another case. */
export function mustBelong(session: { caseId: string }, caseId: string): void {
  if (session.caseId === caseId) return;
  throw new WorkstationError(
    'invalid-input',
    'This session belongs to another case.',
    'Open a session of the case that you want to change.',
  );
}

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

/** For what nobody asked the workstation to do. */
export const byItself: ChangeContext = { actor: workstationActor.id, window: null };

/** What is added or removed needs no look at what it says. */
const changesSomething = ({ before, after }: Edit): boolean =>
  (before === null) !== (after === null) || canonicalText(before) !== canonicalText(after);

const itself = (change: Change): Change => change;
const changeIn = ({ change }: Undone): Change => change;

/** A command as a plan gives it: `do` unless it is something that can't be undone. */
export type NewCommand = Omit<Command, 'kind'> & { readonly kind?: 'do' | 'record' };

/**
 * The record of everything that a person, a model or the workstation did, and the only way to change what it holds. Each
 * change is written in one transaction with the rows that it changes; who listens is told after the commit.
 */
export class ChangeRecord {
  readonly #database: WritableDatabase;
  readonly #now: () => number;
  readonly #listeners = new Set<(change: Change) => void>();

  /** @param now Milliseconds since the Unix epoch. */
  constructor(database: WritableDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** Calls the listener after every commit with the change; returns how to stop that. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes an actor known, which must be before its first change. */
  addActor(actor: Actor): void {
    addActor(this.#database, actor, this.#now());
  }

  actors(): Actor[] {
    return listActors(this.#database);
  }

  /**
   * Writes the edits of a command and records it. Inside a transaction of the database it is a part of that, and is told
   * when that is committed. Null where the edits change nothing: then nothing is recorded.
   *
   * @throws WorkstationError `changed-since` where a thing is not as `before` says, `invalid-input` where the edits are too
   * large
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

  /** The same for what the workstation does by itself; it is never undone. */
  note(command: Omit<NewCommand, 'kind' | 'sessionId'>, edits: readonly Edit[]): Change | null {
    return this.commit(byItself, { ...command, kind: 'record', sessionId: null }, edits);
  }

  /** Writes down that something was done with what the record does not hold itself; it is never undone. */
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
   * Takes back what the actor did last in a session, a group of changes as one. A step that can't be taken back stays as it is
   * and is passed over from then on, so that it does not block what was done before it.
   *
   * @throws WorkstationError `changed-since` where somebody has changed it since then, `not-found` where there is nothing
   */
  undo(context: ChangeContext, sessionId: SessionId): Undone {
    return this.#turn('undo', context, sessionId);
  }

  /** Does again what the actor undid last in a session. Throws as `undo` does. */
  redo(context: ChangeContext, sessionId: SessionId): Undone {
    return this.#turn('redo', context, sessionId);
  }

  /** What undo and redo would do next, in words. */
  undoable(actor: ActorId, sessionId: SessionId): Undoable {
    const { undo, redo } = findTops(this.#database, actor, sessionId);
    return {
      undo: undo === null ? null : stepInWords(this.#database, undo),
      redo: redo === null ? null : stepInWords(this.#database, redo),
    };
  }

  /** Changes after a place in the record, some at a time. */
  since(seq: number, limit = PAGE): RecordedChanges {
    return changesSince(this.#database, seq, limit);
  }

  /** The newest change's place; 0 while there is none. */
  get seq(): number {
    return lastHead(this.#database)?.seq ?? 0;
  }

  /** The newest change's place and hash, which vouch for all before it; null while there is none. */
  get head(): { seq: number; hash: string } | null {
    const last = lastHead(this.#database);
    return last === null ? null : { seq: last.seq, hash: last.hash };
  }

  /** The hash of one change; null where there is none of that place. */
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

  /** Writes down that a step could not be taken back, or done again: it is on no stack any more. */
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

  /** All or nothing; whoever listens is told of the change once it is committed. */
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

/** Whether a step can't be taken back as it is, now or later: it was changed since, or its edits were erased. */
const isRefusal = (error: unknown): error is WorkstationError =>
  error instanceof WorkstationError && (error.code === 'changed-since' || error.code === 'not-found');

/** The step that a command goes on with: that of the last change, where both are of one group. */
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

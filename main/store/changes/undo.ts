import { commandInWords } from '../../../preload/contract/words/changes.ts';
import type { Change, Edit } from '../../../preload/contract/changes.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { SessionId } from '../../../preload/contract/values.ts';
import type { ReadableDatabase } from '../database.ts';
import { canonicalText } from './chain.ts';
import { changedSince } from './commit.ts';
import { changesOfStep, findHead, lastHeadOfActor, type StoredHead } from './log.ts';

/** The changes that undo and redo would take next; null if there is none. */
export interface Tops {
  last: StoredHead | null;
  undo: number | null;
  redo: number | null;
}

/** The commands of changes that only record that their target could not be undone, or redone. */
export const refusedCommands = { undo: 'undo.refused', redo: 'redo.refused' } as const;

/**
 * Finds what an actor can undo and redo in a session. Every change names the one under it on its stack: the stack of undo
 * for what was done or redone, the stack of redo for what was undone. So the last change and its target tell the tops of
 * both stacks. A refusal takes its target off its stack, and names the top of the other one.
 */
export function findTops(database: ReadableDatabase, actor: ActorId, sessionId: SessionId): Tops {
  const last = lastHeadOfActor(database, actor, sessionId);
  if (last === null) return { last, undo: null, redo: null };
  const target = last.target === null ? null : findHead(database, last.target);
  if (last.command === refusedCommands.undo) return { last, undo: target?.under ?? null, redo: last.under };
  if (last.command === refusedCommands.redo) return { last, undo: last.under, redo: target?.under ?? null };
  switch (last.kind) {
    case 'undo':
      return { last, undo: target?.under ?? null, redo: last.seq };
    case 'redo':
      return { last, undo: last.seq, redo: target?.under ?? null };
    default:
      return { last, undo: last.seq, redo: null };
  }
}

/** The net edits of a whole step, of which the given change may be one of several. Throws if its edits were erased. */
export function editsOfStep(
  database: ReadableDatabase,
  seq: number,
): { head: StoredHead; first: Change; edits: Edit[] } {
  const { head, changes } = findStep(database, seq);
  return { head, first: changes[0], edits: compose(changes) };
}

/** What was done in a step, in a person's words, whether or not it was undone since. */
export function stepInWords(database: ReadableDatabase, seq: number): string {
  const { changes } = findStep(database, seq);
  const { command, kind } = changes[0];
  const edits = changes.flatMap((change) => change.edits ?? []);
  return commandInWords({ command, edits: kind === 'undo' ? reversed(edits) : edits });
}

function findStep(
  database: ReadableDatabase,
  seq: number,
): { head: StoredHead; changes: [Change, ...Change[]] } {
  const head = findHead(database, seq);
  const [first, ...others] = head === null ? [] : changesOfStep(database, head.step);
  if (head === null || first === undefined) throw new Error(`change ${seq} is not in the record`);
  return { head, changes: [first, ...others] };
}

/** Combines several changes into one, from each thing's state before the first of them to its state after the last. */
function compose(changes: readonly Change[]): Edit[] {
  const net = new Map<string, Edit>();
  for (const { edits } of changes) {
    if (edits === null) throw erased();
    for (const edit of edits) {
      const key = `${edit.entity} ${edit.id}`;
      const earlier = net.get(key);
      if (earlier !== undefined && canonicalText(earlier.after) !== canonicalText(edit.before)) {
        throw changedSince(edit, edit.before);
      }
      net.set(key, earlier === undefined ? edit : ({ ...edit, before: earlier.before } as Edit));
    }
  }
  return [...net.values()].filter(({ before, after }) => canonicalText(before) !== canonicalText(after));
}

/** The edits that undo others: in reverse order, each with before and after exchanged. */
export const reversed = (edits: readonly Edit[]): Edit[] =>
  edits.map((edit) => ({ ...edit, before: edit.after, after: edit.before }) as Edit).reverse();

const erased = (): WorkstationError =>
  new WorkstationError(
    'not-found',
    'What was changed there was erased from the record, so it can’t be undone.',
    'Change it by hand.',
  );

export const nothingTo = (what: 'undo' | 'redo'): WorkstationError =>
  new WorkstationError(
    'not-found',
    what === 'undo'
      ? 'There is nothing of yours to undo in this session.'
      : 'There is nothing to do again in this session.',
    what === 'undo'
      ? 'What others did can be undone by them alone.'
      : 'Only what was undone last can be done again.',
  );

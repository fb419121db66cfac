import { Edit, type Change, type ChangeKind, type GroupId } from '../../../preload/contract/changes.ts';
import { entityInWords } from '../../../preload/contract/words/changes.ts';
import type { ActorId, WindowId } from '../../../preload/contract/context.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { CaseId, SessionId } from '../../../preload/contract/values.ts';
import type { ReadableDatabase, WritableDatabase } from '../database.ts';
import { keepSearchable } from '../search/fill.ts';
import { introduce } from './actors.ts';
import { canonicalText, chainStart, hashOf, sha256, wellFormed, type ChangeHead } from './chain.ts';
import { isAsRecorded, isInRecordAlone, readEntity, writeEntity, type Removal } from './entities.ts';
import { addChange, lastHead, toChange } from './log.ts';

/** The most bytes of one change's edits. Anything larger belongs in a file, and only its digest in the record. */
export const MOST_BODY_BYTES = 1024 * 1024;

/** Who makes a change, and from which window; null for what the workstation does by itself. */
export interface ChangeContext {
  readonly actor: ActorId;
  readonly window: WindowId | null;
}

/** What is done, and to which case and session it belongs. */
export interface Command {
  readonly name: string;
  readonly kind: ChangeKind;
  readonly caseId: CaseId | null;
  /** The session in which it is done, and whose undo takes it back. */
  readonly sessionId: SessionId | null;
  readonly groupId?: GroupId | null;
}

/** The place of a change on the stacks of undo and redo. */
export interface Place {
  readonly target: number | null;
  readonly under: number | null;
  /** The first change of its step; null if it begins one itself. */
  readonly step: number | null;
}

/**
 * Writes every row that a change affects, and the record of the change. It must run inside a transaction, so that neither is
 * written alone.
 *
 * @throws WorkstationError `changed-since` if a thing is not as `before` says, `invalid-input` if the edits are too large
 */
export function writeChange(
  database: WritableDatabase,
  { context, command, place, at }: { context: ChangeContext; command: Command; place: Place; at: number },
  given: readonly Edit[],
): Change {
  const edits = wellFormed(given).map((edit) => Edit.parse(edit));
  const body = canonicalText(edits);
  const bytes = Buffer.byteLength(body);
  if (bytes > MOST_BODY_BYTES) throw tooLarge(bytes);
  refuseDoubles(edits);
  for (const edit of edits) checkBefore(database, edit);
  for (const edit of edits) apply(database, edit, { at, actor: context.actor });
  keepSearchable(database, edits);

  introduce(database, context.actor, at);
  const last = lastHead(database);
  const seq = (last?.seq ?? 0) + 1;
  const head: ChangeHead = {
    seq,
    at,
    actor: context.actor,
    window: context.window,
    caseId: command.caseId,
    sessionId: command.sessionId,
    command: command.name,
    kind: command.kind,
    target: place.target,
    groupId: command.groupId ?? null,
    step: place.step ?? seq,
    under: place.under,
    bodySha256: sha256(body),
    previous: last?.hash ?? chainStart,
  };
  const hash = hashOf(head);
  addChange(database, head, { hash, edits: body });
  return toChange({ ...head, hash }, edits);
}

function checkBefore(database: ReadableDatabase, edit: Edit): void {
  const present = readEntity(database, edit.entity, edit.id);
  if (!isAsRecorded(edit.entity, edit.before, present)) throw changedSince(edit, present);
}

/** Applies an edit and reads it back, so that nothing is written at all if tables and record would differ. */
function apply(database: WritableDatabase, edit: Edit, by: Removal): void {
  writeEntity(database, edit.entity, { id: edit.id, value: edit.after, ...by });
  if (isInRecordAlone(edit.entity)) return;
  const present = readEntity(database, edit.entity, edit.id);
  if (!isAsRecorded(edit.entity, edit.after, present)) {
    throw new Error(`what was written of ${edit.entity} is not what is read of it`);
  }
}

function refuseDoubles(edits: readonly Edit[]): void {
  const seen = new Set<string>();
  for (const { entity, id } of edits) {
    const key = `${entity} ${id}`;
    if (seen.has(key)) throw new Error(`a change names ${entity} twice`);
    seen.add(key);
  }
}

/** The error that tells a person which thing has changed since, and how. */
export function changedSince(edit: Edit, present: unknown): WorkstationError {
  const now = present ?? edit.before;
  const what = entityInWords({ ...edit, before: now, after: now } as Edit);
  const how =
    present === null
      ? 'was deleted'
      : edit.before === null
        ? 'is there already'
        : `was changed${fieldsInWords(edit.before, present)}`;
  return new WorkstationError(
    'changed-since',
    `${what.replace(/^./, (letter) => letter.toUpperCase())} ${how} since then, so nothing was done.`,
    'Look at it as it is now, and change it by hand if you want the earlier one. Somebody else, or another window, was there in between.',
  );
}

const words: Readonly<Record<string, string>> = { pseudonym: 'name', text: 'wording', location: 'place' };

function fieldsInWords(before: object, present: unknown): string {
  const now = present as Readonly<Record<string, unknown>>;
  const fields = Object.entries(before)
    .filter(([name, value]) => canonicalText(value ?? null) !== canonicalText(now[name] ?? null))
    .map(([name]) => words[name] ?? name);
  return fields.length === 0 ? '' : ` (${fields.join(', ')})`;
}

const tooLarge = (bytes: number): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    `This is too large to be recorded as one change: ${Math.ceil(bytes / 1024)} KiB, where ${MOST_BODY_BYTES / 1024} KiB are the most.`,
    'Do it in smaller parts. Nothing was changed.',
  );

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ActorId, type Actor } from '../../preload/contract/context.ts';
import { FrameIdentity, type Answer } from '../../preload/contract/domain.ts';
import { AnswerId, Box, CaseId, SessionId, type Size, type VideoId } from '../../preload/contract/values.ts';
import { writeEnd } from './answers.ts';
import { workstationActor } from './changes/actors.ts';
import type { ChangeRecord } from './changes/record.ts';
import { presentSeal } from './changes/sealed-answers.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { isAlive } from '../platform/process-alive.ts';
import { json, Json, parseRow, parseRows } from './rows.ts';
import { isLost, LEASE_MILLISECONDS, type Tasks } from './tasks.ts';

/** Matches answers that another process stopped because their writer was silent. It may still wake up and end them itself. */
const provisional = `status = 'stopped' AND ended_at IS NOT NULL AND seal IS NULL`;

export const statements = {
  caseOf: statement(
    'answers.caseOf',
    `SELECT case_id, session_id FROM answers JOIN sessions ON sessions.id = session_id WHERE answers.id = :id`,
  ),
  underWay: statement(
    'answers.underWay',
    `SELECT answers.id, answers.process_id, status, coalesce(lease_until, alive_at + ${LEASE_MILLISECONDS}) AS lease_until
     FROM answers LEFT JOIN tasks ON kind = 'answer' AND subject = answers.id
     WHERE ended_at IS NULL AND status IN ('queued', 'running')
       AND coalesce(outlives_owner, 0) = 0 AND coalesce(owner, '') <> :owner`,
  ),
  provisional: statement(
    'answers.provisional',
    `SELECT answers.id, answers.process_id, status, alive_at AS lease_until
     FROM answers LEFT JOIN tasks ON kind = 'answer' AND subject = answers.id
     WHERE ${provisional} AND coalesce(owner, '') <> :owner`,
  ),
  stopOrphan: statement(
    'answers.stopOrphan',
    `UPDATE answers SET status = 'stopped', ended_at = :at, notes = json_insert(notes, '$[#]', :note)
     WHERE id = :id AND status = :status`,
  ),
  beforeDisplay: statement(
    'answers.beforeDisplay',
    `SELECT a.id, a.box, a.frame, a.ended_at FROM answers a JOIN questions q ON q.id = a.question_id
     WHERE q.video_id = :videoId AND a.seal IS NULL AND a.frame IS NOT NULL AND json_valid(a.frame)
       AND json_extract(a.frame, '$.picture') IS NULL`,
  ),
  moveBox: statement('answers.moveBox', 'UPDATE answers SET box = :box, frame = :frame WHERE id = :id'),
};

interface Recorded {
  database: WritableDatabase;
  record: ChangeRecord;
}

interface Ending extends Recorded {
  tasks: Tasks;
}

/**
 * Stores how an answer ended and seals it: the record then holds a digest of all that it says. An answer that has ended
 * already is left alone, except one that another process stopped because it took the writer for dead, as after a machine's
 * sleep. Then the writer's own result counts, unless the other process has taken the question over. Returns whether it was
 * stored.
 */
export function endAnswer(
  { database, record, tasks }: Ending,
  answer: Answer,
  processId: number = process.pid,
): boolean {
  return database.transaction(() => {
    if (!tasks.isNotOfOthers(answer.id) || !writeEnd(database, answer, processId)) return false;
    close({ database, record }, answer.id, { actor: actorOf(answer), command: 'answer.end' });
    tasks.remove(answer.id);
    return true;
  });
}

/** The model that answered, identified by its weights, or the workstation itself if no model did. */
function actorOf({ model }: Answer): Actor {
  if (model === null) return workstationActor;
  const which = JSON.stringify([model.id, model.version, model.sha256]);
  const digest = createHash('sha256').update(which).digest('hex').slice(0, 32);
  const name = model.version === null ? model.name : `${model.name} ${model.version}`;
  return { id: ActorId.parse(`model-${digest}`), kind: 'model', name };
}

const CaseRow = z
  .object({ case_id: CaseId, session_id: SessionId })
  .transform((row) => ({ caseId: row.case_id, sessionId: row.session_id }));

/** Seals an answer that has ended: the record gets the digest of its row, and the database refuses further changes to it. */
function close(
  { database, record }: Recorded,
  id: AnswerId,
  { actor, command }: { actor: Actor; command: 'answer.end' | 'answer.seal' },
): void {
  const sealed = presentSeal(database, id);
  if (sealed === null) return;
  const place = parseRow(CaseRow, database.get(statements.caseOf, { id }), 'sessions');
  record.addActor(actor);
  record.commit({ actor: actor.id, window: null }, { name: command, kind: 'record', ...place }, [
    { entity: 'seal', id, before: null, after: sealed },
  ]);
}

const BeforeDisplayRow = z.object({
  id: AnswerId,
  box: Json.pipe(Box.nullable()),
  frame: Json.pipe(FrameIdentity),
  ended_at: z.int().nullable(),
});

/**
 * Converts boxes that earlier versions stored in pixels of the coded picture to the displayed one, and seals their answers,
 * which had stayed open for that. An answer is converted once: its frame then holds the size of the picture of its box.
 */
export function moveBoxesToDisplayed(
  { database, record }: Recorded,
  videoId: VideoId,
  picture: Size,
  boxAsDisplayed: (box: Box) => Box,
): void {
  if (database.all(statements.beforeDisplay, { videoId }).length === 0) return;
  database.transaction(() => {
    const rows = parseRows(
      database,
      BeforeDisplayRow,
      database.all(statements.beforeDisplay, { videoId }),
      'answers',
    );
    for (const { id, box, frame } of rows) {
      database.run(statements.moveBox, {
        id,
        box: json(box && boxAsDisplayed(box)),
        frame: json({ ...frame, picture }),
      });
    }
    for (const { id, ended_at: endedAt } of rows) {
      if (endedAt !== null)
        close({ database, record }, id, { actor: workstationActor, command: 'answer.seal' });
    }
  });
}

const WriterRow = z.object({
  id: AnswerId,
  process_id: z.int(),
  lease_until: z.int(),
  status: z.enum(['queued', 'running', 'stopped']),
});

const orphanNotes = {
  queued: 'The workstation ended before the turn of this question came: the model had not begun.',
  running: 'The workstation ended while this was being written; the text up to then was kept.',
} as const;

/**
 * Ends the answers that a command, or an earlier version, left waiting or running when it died, and keeps their text so far.
 * What a window asked is spared, because the next window continues it. An answer whose process is only silent is stopped but
 * not sealed, since that process may wake up and store how it really ended. It is sealed once that process is dead, which is
 * checked only at a `start` because it reads every answer. Returns how many were stopped.
 */
export function stopOrphans(
  { database, record, tasks }: Ending,
  { now, start }: { now: number; start: boolean },
): number {
  const { owner } = tasks;
  const isDead = (processId: number): boolean => processId === process.pid || !isAlive(processId);
  const left = writers(database, statements.underWay, owner).filter((writer) => isLost(writer, now));
  const stopped = start
    ? writers(database, statements.provisional, owner).filter(({ process_id: id }) => isDead(id))
    : [];
  if (left.length === 0 && stopped.length === 0) return 0;
  return database.transaction(() => {
    let count = 0;
    const ended = stopped.map(({ id }) => id);
    for (const { id, status, process_id: processId } of left) {
      if (status === 'stopped') continue;
      const written = database.run(statements.stopOrphan, { id, status, at: now, note: orphanNotes[status] });
      count += written;
      if (written > 0 && isDead(processId)) ended.push(id);
    }
    for (const id of ended) {
      close({ database, record }, id, { actor: workstationActor, command: 'answer.end' });
      tasks.remove(id);
    }
    return count;
  });
}

const writers = (
  database: ReadableDatabase,
  which: typeof statements.underWay,
  owner: string,
): z.infer<typeof WriterRow>[] => parseRows(database, WriterRow, database.all(which, { owner }), 'answers');

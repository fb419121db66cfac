import { z } from 'zod';
import { GivenSettings } from '../../preload/contract/domain.ts';
import { AnswerId } from '../../preload/contract/values.ts';
import { statement, type WritableDatabase } from './database.ts';
import { isAlive } from '../platform/process-alive.ts';
import { Json, parseRows } from './rows.ts';

/** What the asker chose besides question and frame. */
export const TaskInput = z.object({
  /** Settings that a person chose; the model decides the others. */
  settings: GivenSettings,
  /** Whether an answer is wanted even if the model was not taught the question. */
  anyway: z.boolean(),
});
export type TaskInput = z.infer<typeof TaskInput>;

/** A question that is to be answered. */
export interface Task {
  readonly answerId: AnswerId;
  readonly state: 'waiting' | 'paused' | 'running';
  readonly input: TaskInput;
  /** How often it was begun. A task that was begun too often is given up, since it seems to crash every process. */
  readonly attempts: number;
}

/** A run of the program, which owns its tasks as long as it shows signs of life. */
export interface TaskOwner {
  /** A random id, because the system uses process numbers again. */
  readonly id: string;
  readonly processId: number;
}

/** What a person waits for comes before all work that nobody waits for. */
export const priorityOfQuestion = 100;

/** How often a task may be begun before it is given up. */
export const MOST_ATTEMPTS = 3;

/** How long an owner may be silent before others take over its tasks. */
export const LEASE_MILLISECONDS = 2 * 60 * 1000;

const Row = z
  .object({
    subject: AnswerId,
    state: z.enum(['waiting', 'paused', 'running']),
    input: Json.pipe(TaskInput),
    attempts: z.int().min(0),
  })
  .transform(({ subject: answerId, ...rest }): Task => ({ answerId, ...rest }));

const OwnerRow = z.object({ owner: z.string(), process_id: z.int(), lease_until: z.int() });
type Held = z.infer<typeof OwnerRow>;

const columns = 'subject, state, input, attempts';

export const statements = {
  add: statement(
    'tasks.add',
    `INSERT INTO tasks (kind, subject, priority, state, input, outlives_owner, owner, process_id, lease_until)
     VALUES ('answer', :answerId, :priority, 'waiting', :input, :outlivesOwner, :owner, :processId, :leaseUntil)`,
  ),
  ownerOf: statement(
    'tasks.ownerOf',
    `SELECT owner, process_id, lease_until FROM tasks WHERE kind = 'answer' AND subject = :answerId`,
  ),
  list: statement('tasks.list', `SELECT ${columns} FROM tasks ORDER BY priority DESC, sequence`),
  /** Does not begin an answer that was ended elsewhere, or whose asking was undone. */
  begin: statement(
    'tasks.begin',
    `UPDATE tasks SET state = 'running', attempts = attempts + 1, lease_until = :leaseUntil
     WHERE kind = 'answer' AND subject = :answerId AND state = 'waiting' AND owner = :owner
       AND EXISTS (SELECT 1 FROM answers WHERE id = :answerId AND status = 'queued' AND hidden_at IS NULL)`,
  ),
  beginAnswer: statement(
    'tasks.beginAnswer',
    `UPDATE answers SET status = 'running' WHERE id = :answerId AND status = 'queued'`,
  ),
  remove: statement('tasks.remove', `DELETE FROM tasks WHERE kind = 'answer' AND subject = :answerId`),
  turn: statement(
    'tasks.turn',
    `UPDATE tasks SET state = :to
     WHERE kind = 'answer' AND subject = :answerId AND state = :from AND owner = :owner`,
  ),
  renew: statement('tasks.renew', 'UPDATE tasks SET lease_until = :leaseUntil WHERE owner = :owner'),
  others: statement(
    'tasks.others',
    `SELECT ${columns}, owner, process_id, lease_until FROM tasks
     WHERE outlives_owner = 1 AND owner <> :owner ORDER BY priority DESC, sequence`,
  ),
  take: statement(
    'tasks.take',
    `UPDATE tasks SET owner = :owner, process_id = :processId, lease_until = :leaseUntil,
       state = iif(state = 'paused', 'paused', 'waiting')
     WHERE kind = 'answer' AND subject = :answerId AND owner = :before`,
  ),
  release: statement(
    'tasks.release',
    `UPDATE tasks SET lease_until = 0, attempts = attempts - (state = 'running'),
       state = iif(state = 'paused', 'paused', 'waiting')
     WHERE owner = :owner AND outlives_owner = 1`,
  ),
  /** Drops the text of unfinished answers, because they are written again from the beginning. */
  waitAgain: statement(
    'tasks.waitAgain',
    `UPDATE answers SET status = 'queued', raw = '', reasoning = ''
     WHERE status = 'running' AND id IN (
       SELECT subject FROM tasks
       WHERE kind = 'answer' AND owner = :owner AND state = 'waiting' AND outlives_owner = 1 AND attempts < ${MOST_ATTEMPTS}
     )`,
  ),
};

/**
 * The questions that are to be answered, by whichever process lives to do it. A process owns the tasks that it added, and
 * those that it took over from a dead or silent process. Only the owner of a task may begin or end it.
 */
export class Tasks {
  readonly #database: WritableDatabase;
  readonly #owner: TaskOwner;

  constructor(database: WritableDatabase, owner: TaskOwner) {
    this.#database = database;
    this.#owner = owner;
  }

  /** The run of the program whose view of the tasks this is. */
  get owner(): string {
    return this.#owner.id;
  }

  /** Adds a task, within the transaction that stores its answer. `now` is in milliseconds since the Unix epoch. */
  add(
    { answerId, input }: Pick<Task, 'answerId' | 'input'>,
    { outlivesOwner, now }: { outlivesOwner: boolean; now: number },
  ): void {
    this.#database.run(statements.add, {
      answerId,
      priority: priorityOfQuestion,
      input: JSON.stringify(input),
      outlivesOwner: Number(outlivesOwner),
      owner: this.#owner.id,
      processId: this.#owner.processId,
      leaseUntil: now + LEASE_MILLISECONDS,
    });
  }

  /** Lists the tasks of all processes in the order in which they are to be done. */
  list(): Task[] {
    return parseRows(this.#database, Row, this.#database.all(statements.list), 'tasks');
  }

  /** Begins a task. Returns false if it no longer waits, or another process owns it by now: then it must not be begun. */
  begin(answerId: AnswerId, now: number): boolean {
    return this.#database.transaction(() => {
      const leaseUntil = now + LEASE_MILLISECONDS;
      if (this.#database.run(statements.begin, { answerId, owner: this.#owner.id, leaseUntil }) === 0) {
        return false;
      }
      return this.#database.run(statements.beginAnswer, { answerId }) > 0;
    });
  }

  /** Whether no other process owns an answer's task. Answers of earlier versions have no task, and so no owner. */
  isNotOfOthers(answerId: AnswerId): boolean {
    return (this.#heldBy(answerId)?.owner ?? this.#owner.id) === this.#owner.id;
  }

  /** Removes a task that is done, or that nobody wants any more. */
  remove(answerId: AnswerId): void {
    this.#database.run(statements.remove, { answerId });
  }

  /** Keeps a task from being begun until it is resumed, even after a restart. Returns false if it does not wait here. */
  pause(answerId: AnswerId): boolean {
    return this.#turn(answerId, 'waiting', 'paused');
  }

  /** Lets a paused task wait for its turn again. Returns false if it is not paused here. */
  resume(answerId: AnswerId): boolean {
    return this.#turn(answerId, 'paused', 'waiting');
  }

  /** Shows that this process lives, so that no other one takes over its tasks. */
  renew(now: number): void {
    this.#database.run(statements.renew, { owner: this.#owner.id, leaseUntil: now + LEASE_MILLISECONDS });
  }

  /**
   * Takes over tasks that outlive their owner, if it has died or was silent for longer than its lease, and returns them in the
   * order in which they are to be done. An owner that was only silent, as after a machine's sleep, can then neither begin nor
   * end them. The answers wait again and lose their text, except one that is to be given up.
   */
  takeOver(now: number): Task[] {
    const owner = this.#owner.id;
    if (this.#database.all(statements.others, { owner }).length === 0) return [];
    return this.#database.transaction(() => {
      const others = parseRows(
        this.#database,
        z.intersection(OwnerRow, Row),
        this.#database.all(statements.others, { owner }),
        'tasks',
      );
      const lost = others.filter((task) => isLost(task, now));
      const { processId } = this.#owner;
      const leaseUntil = now + LEASE_MILLISECONDS;
      for (const { answerId, owner: before } of lost) {
        this.#database.run(statements.take, { answerId, before, owner, processId, leaseUntil });
      }
      this.#database.run(statements.waitAgain, { owner });
      return lost.map(({ answerId, attempts, input, state }): Task => {
        return { answerId, attempts, input, state: state === 'paused' ? state : 'waiting' };
      });
    });
  }

  /** Gives up the tasks that outlive this process when it ends in good order, so that the next one continues at once. */
  release(): void {
    this.#database.transaction(() => {
      this.#database.run(statements.release, { owner: this.#owner.id });
      this.#database.run(statements.waitAgain, { owner: this.#owner.id });
    });
  }

  #heldBy(answerId: AnswerId): Held | undefined {
    const row = this.#database.get(statements.ownerOf, { answerId });
    return row === undefined ? undefined : OwnerRow.parse(row);
  }

  #turn(answerId: AnswerId, from: Task['state'], to: Task['state']): boolean {
    return this.#database.run(statements.turn, { answerId, from, to, owner: this.#owner.id }) > 0;
  }
}

/** Whether a task's owner is gone. One with this process's own number is gone too, since it was an earlier process. */
export const isLost = (
  { process_id: processId, lease_until: leaseUntil }: Pick<Held, 'process_id' | 'lease_until'>,
  now: number,
): boolean => processId === process.pid || !isAlive(processId) || leaseUntil < now;

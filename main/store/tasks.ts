import { z } from 'zod';
import { GivenSettings } from '../../preload/contract/domain.ts';
import { AnswerId } from '../../preload/contract/values.ts';
import { statement, type WritableDatabase } from './database.ts';
import { isAlive } from '../platform/process-alive.ts';
import { Json, parseRows } from './rows.ts';

/** What the asker gave beyond question and frame. */
export const TaskInput = z.object({
  /** Settings that a person chose; the model's own stand for the rest. */
  settings: GivenSettings,
  /** Whether an answer is wanted, too, to a question that the model was not taught. */
  anyway: z.boolean(),
});
export type TaskInput = z.infer<typeof TaskInput>;

/** A question that is to be answered. */
export interface Task {
  readonly answerId: AnswerId;
  readonly state: 'waiting' | 'paused' | 'running';
  readonly input: TaskInput;
  /** How often it was begun. One that was begun too often is given up: what it does ends whoever does it. */
  readonly attempts: number;
}

/** A run of the program, which has its tasks for as long as it is heard of. */
export interface TaskOwner {
  /** A random id: the number of a process comes back, this does not. */
  readonly id: string;
  readonly processId: number;
}

/** What a person waits for goes before everything that nobody waits for. */
export const priorityOfQuestion = 100;

/** So often may a task be begun. */
export const MOST_ATTEMPTS = 3;

/** How long an owner need not be heard of. */
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
  /** An answer that somebody else has ended, or that was taken back, is not begun. */
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
  /** What was written of them is void, since it is written anew. */
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
 * What is to be answered, whichever process lives to do it. A process has what it added, and what it took over of one that was
 * not heard of any more; only who has a task may begin or end it.
 */
export class Tasks {
  readonly #database: WritableDatabase;
  readonly #owner: TaskOwner;

  constructor(database: WritableDatabase, owner: TaskOwner) {
    this.#database = database;
    this.#owner = owner;
  }

  /** The run of the program that these are seen from. */
  get owner(): string {
    return this.#owner.id;
  }

  /** Writes a task down; to be called in the transaction of what it is about. `now`: milliseconds since the Unix epoch. */
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

  /** All there are, of every process, in the order in which they are to be done. */
  list(): Task[] {
    return parseRows(this.#database, Row, this.#database.all(statements.list), 'tasks');
  }

  /** Its turn has come. False where it does not wait any more, or is another's by now: then it must not be begun. */
  begin(answerId: AnswerId, now: number): boolean {
    return this.#database.transaction(() => {
      const leaseUntil = now + LEASE_MILLISECONDS;
      if (this.#database.run(statements.begin, { answerId, owner: this.#owner.id, leaseUntil }) === 0) {
        return false;
      }
      return this.#database.run(statements.beginAnswer, { answerId }) > 0;
    });
  }

  /** Whether nobody else has it; what has no task, as answers of earlier versions, is nobody's. */
  isNotOfOthers(answerId: AnswerId): boolean {
    return (this.#heldBy(answerId)?.owner ?? this.#owner.id) === this.#owner.id;
  }

  /** Takes a task off the list: it is done, or nobody wants it any more. */
  remove(answerId: AnswerId): void {
    this.#database.run(statements.remove, { answerId });
  }

  /** Keeps a task from being begun, over restarts, until it is resumed. False where it does not wait here. */
  pause(answerId: AnswerId): boolean {
    return this.#turn(answerId, 'waiting', 'paused');
  }

  /** False where it is not paused here. */
  resume(answerId: AnswerId): boolean {
    return this.#turn(answerId, 'paused', 'waiting');
  }

  /** A sign of life: nobody takes over what this process has. */
  renew(now: number): void {
    this.#database.run(statements.renew, { owner: this.#owner.id, leaseUntil: now + LEASE_MILLISECONDS });
  }

  /**
   * Takes over what outlives its owner, where that has died or was not heard of for longer than its lease, and returns it in
   * the order in which it is to be done. Nobody else has it then: an owner that was only silent, as after a machine's sleep,
   * can neither begin nor end it any more. Its answers wait again; of one that is to be given up the text stays.
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

  /** Lets go of what outlives this process, which ends in good order: the next one goes on with it at once. */
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

/** Whether nobody can be expected to do it. A process of the own number is an earlier one that had it. */
export const isLost = (
  { process_id: processId, lease_until: leaseUntil }: Pick<Held, 'process_id' | 'lease_until'>,
  now: number,
): boolean => processId === process.pid || !isAlive(processId) || leaseUntil < now;

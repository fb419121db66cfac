import { toErrorReport, WorkstationError } from '../../preload/contract/errors.ts';
import type { Job } from '../../preload/contract/domain.ts';
import { JobId, type AnswerId } from '../../preload/contract/values.ts';

const KEPT_ENDED = 50;
const PROGRESS_MILLISECONDS = 100;

/** A piece of long work as seen by the code that does it: the signal to stop, and ways to report progress and end. */
export interface RunningJob {
  readonly id: JobId;
  readonly signal: AbortSignal;
  /** Reports that it waits no longer but runs. */
  begin(): void;
  /** Reports that a person has put it off, or lets it have its turn again. This has no effect once it runs. */
  pause(): void;
  resume(): void;
  progress(done: number, total: number | null): void;
  finish(): void;
  fail(error: unknown): void;
  /** Reports that a person, or the workstation's closing, has ended it. */
  cancelled(): void;
}

export type NewJob = Partial<Pick<Job, 'total' | 'subject'>> & { waits?: boolean };

/** Whether a job has not ended: it waits, is paused, or runs. */
export const isUnderWay = ({ state }: Pick<Job, 'state'>): boolean =>
  state === 'queued' || state === 'paused' || state === 'running';

export interface JobOptions {
  newId: () => string;
  /** Milliseconds that never go back: a wall clock that is set back would silence the progress until it has caught up. */
  now: () => number;
  onChange: (job: Job) => void;
}

export class JobRegistry {
  readonly #options: JobOptions;
  /** In the order in which they were started. */
  readonly #jobs = new Map<JobId, { job: Job; controller: AbortController }>();

  constructor(options: JobOptions) {
    this.#options = options;
  }

  /** Registers a job. One that `waits` is queued behind other work, and reports by `begin` when it runs. */
  start(
    kind: Job['kind'],
    title: string,
    { total = null, subject = null, waits = false }: NewJob = {},
  ): RunningJob {
    const id = JobId.parse(this.#options.newId());
    const controller = new AbortController();
    this.#jobs.set(id, {
      job: { id, kind, title, subject, done: 0, total, state: waits ? 'queued' : 'running', error: null },
      controller,
    });
    this.#say(id);
    let toldAt = this.#options.now();
    const end = (change: Pick<Job, 'state' | 'error'>): void => {
      if (!this.#underWay(id)) return;
      this.#change(id, change);
      this.#say(id);
      this.#forgetOld();
    };
    const turn = (from: Job['state'], to: Job['state']): void => {
      if (this.#jobs.get(id)?.job.state !== from) return;
      this.#change(id, { state: to });
      this.#say(id);
    };
    return {
      id,
      signal: controller.signal,
      begin: () => turn('queued', 'running'),
      pause: () => turn('queued', 'paused'),
      resume: () => turn('paused', 'queued'),
      progress: (done, newTotal) => {
        if (this.#jobs.get(id)?.job.state !== 'running') return;
        this.#change(id, { done, total: newTotal });
        if (this.#options.now() - toldAt < PROGRESS_MILLISECONDS) return;
        toldAt = this.#options.now();
        this.#say(id);
      },
      finish: () => {
        const total = this.#jobs.get(id)?.job.total ?? null;
        if (total !== null) this.#change(id, { done: total });
        end({ state: 'done', error: null });
      },
      fail: (error) => end({ state: 'failed', error: toErrorReport(error) }),
      cancelled: () => end({ state: 'cancelled', error: null }),
    };
  }

  /** Runs `work` as a job. If it fails, the job shows the error, which is also thrown. */
  async run<T>(kind: Job['kind'], title: string, work: (job: RunningJob) => Promise<T>): Promise<T> {
    const job = this.start(kind, title);
    try {
      const result = await work(job);
      job.finish();
      return result;
    } catch (error) {
      if (job.signal.aborted) job.cancelled();
      else job.fail(error);
      throw error;
    }
  }

  /** Asks a job to stop. It ends when its work has reacted; a job that has ended stays as it is. */
  cancel(id: JobId): void {
    const entry = this.#jobs.get(id);
    if (entry === undefined) {
      throw new WorkstationError(
        'not-found',
        'There is no such work any more.',
        'It has ended; nothing needs to be done.',
      );
    }
    if (isUnderWay(entry.job)) entry.controller.abort();
  }

  cancelAll(): void {
    for (const { job, controller } of this.#jobs.values()) {
      if (isUnderWay(job)) controller.abort();
    }
  }

  /** The job that an answer waits for or is written by; null if there is none, or it has ended. */
  ofAnswer(answerId: AnswerId): Job | null {
    return this.list().find((job) => job.subject?.answerId === answerId && isUnderWay(job)) ?? null;
  }

  /** Jobs that wait or run, and those that ended lately, in the order in which they were started. */
  list(): Job[] {
    return [...this.#jobs.values()].map(({ job }) => job);
  }

  #underWay(id: JobId): boolean {
    const entry = this.#jobs.get(id);
    return entry !== undefined && isUnderWay(entry.job);
  }

  #change(id: JobId, change: Partial<Job>): void {
    const entry = this.#jobs.get(id);
    if (entry !== undefined) entry.job = { ...entry.job, ...change };
  }

  #say(id: JobId): void {
    const entry = this.#jobs.get(id);
    if (entry !== undefined) this.#options.onChange(entry.job);
  }

  #forgetOld(): void {
    const ended = [...this.#jobs.values()].filter(({ job }) => !isUnderWay(job));
    for (const { job } of ended.slice(0, Math.max(0, ended.length - KEPT_ENDED))) this.#jobs.delete(job.id);
  }
}

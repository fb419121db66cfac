import { isUnderWay, type Answer, type Question } from '../../preload/contract/domain.ts';
import { stackOf, toErrorReport } from '../../preload/contract/errors.ts';
import { TaskQueue } from '../../preload/contract/task-queue.ts';
import type { AnswerId, JobId } from '../../preload/contract/values.ts';
import {
  answers,
  endAnswer,
  MOST_ATTEMPTS,
  mustExist,
  priorityOfQuestion,
  questions,
  sessions,
  type ReadableDatabase,
  type Task,
} from '../store/index.ts';
import { askModel, keepText, type AskedWork } from './asking-model.ts';
import type { AnsweringContext } from './context.ts';
import { AnswerInProgress } from './answer-in-progress.ts';
import { begunAlready, elsewhere, givenUp } from './refusals.ts';
import { SaveLater } from './save-later.ts';
import { definedOnly, type GivenSettings } from './settings.ts';

/** How often this process shows that it lives, so that no other one mistakes a long queue or prefill for its end. */
const ALIVE_MILLISECONDS = 10_000;

/** An answer that waits or is being written. */
interface Work extends AskedWork {
  /** What it waits for besides its turn, such as a model that is still being loaded. */
  readonly loaded: Promise<unknown>;
  /** Takes it out of the queue. Returns false if it has begun. */
  withdraw: () => boolean;
  /** Whether a person has stopped it. */
  unwanted: boolean;
}

/** Passes waiting questions to the model as it can take them, and saves the text of each answer while it is written. */
export class AnswerQueue {
  readonly #context: AnsweringContext;
  readonly #later: SaveLater;
  readonly #queue: TaskQueue;
  /** Answers that wait or are being written, as they are now. */
  readonly #underWay = new Map<AnswerId, Work>();
  readonly #endListening: () => void;
  #signsOfLife: NodeJS.Timeout | undefined;
  #lookout: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(context: AnsweringContext) {
    this.#context = context;
    this.#queue = new TaskQueue({
      most: () => context.engine.state.model?.answersTogether ?? 1,
      handingOn: true,
    });
    this.#later = new SaveLater({
      save: (answer) => void endAnswer(context.store, answer),
      onSaved: (answer) => context.emit({ type: 'answer', answer }),
      log: context.log,
    });
    const { record, onOtherProcess } = context.store;
    const stops = [
      record.onChange(({ edits }) => {
        // Deferred until everybody was told of this change, because stopping an answer is a change of its own.
        if (edits?.some(({ after }) => after === null)) queueMicrotask(() => this.#stopTakenBack());
      }),
      onOtherProcess(() => this.#stopTakenBack()),
    ];
    this.#endListening = () => {
      for (const stop of stops) stop();
    };
  }

  /**
   * Continues what an earlier workstation left waiting or half written, once the model is loaded; these answers can be seen
   * and stopped at once. From then on it regularly takes over the answers of processes that have died.
   */
  takeUp(loaded: Promise<unknown> = Promise.resolve()): void {
    this.#takeUpLost(loaded);
    this.#lookout ??= setInterval(() => this.#takeUpLost(loaded), ALIVE_MILLISECONDS).unref();
  }

  /**
   * Stores that an answer is to be given, within the transaction that stores its question, so that neither is there alone.
   * Once that is committed, {@link start} queues the answer.
   */
  writeDown(answer: Answer, input: Task['input']): void {
    const { store, now, durable = false } = this.#context;
    answers.startAnswer(store.database, answer, process.pid);
    store.tasks.add({ answerId: answer.id, input }, { outlivesOwner: durable, now: now() });
  }

  /** Queues an answer that {@link writeDown} has stored. */
  start(
    question: Question,
    draft: AnswerInProgress,
    given: GivenSettings,
    { loaded = Promise.resolve(), paused = false }: { loaded?: Promise<unknown>; paused?: boolean } = {},
  ): { jobId: JobId; answer: Answer } {
    const { jobs } = this.#context;
    const { sessionId, id: questionId } = question;
    const { answer } = draft;
    this.#signsOfLife ??= setInterval(() => this.#signLife(), ALIVE_MILLISECONDS);
    const job = jobs.start('answer', question.text, {
      subject: { sessionId, questionId, answerId: answer.id },
      waits: true,
    });
    const work: Work = { question, draft, given, job, loaded, withdraw: () => true, unwanted: false };
    this.#underWay.set(answer.id, work);
    if (paused) job.pause();
    else this.#enqueue(work);
    const onStop = (): void => {
      work.unwanted = !this.#closed;
      if (work.withdraw()) this.#end({ ...draft.answer, status: 'stopped' }, work);
    };
    if (this.#closed) onStop();
    else job.signal.addEventListener('abort', onStop, { once: true });
    return { jobId: job.id, answer: draft.answer };
  }

  /** The newest state of an answer, which may be ahead of the stored one: while it is written, or if the disk refused it. */
  current(answer: Answer): Answer {
    if (!isUnderWay(answer.status)) return answer;
    return this.#underWay.get(answer.id)?.draft.answer ?? this.#later.unsaved(answer.id) ?? answer;
  }

  /**
   * Stops an answer that waits or is being written, and leaves one that has ended as it is. Throws `not-found` if another
   * process is writing it.
   */
  stop(answer: Answer): void {
    const { jobs } = this.#context;
    const job = jobs.ofAnswer(answer.id);
    if (job !== null) jobs.cancel(job.id);
    else if (isUnderWay(this.current(answer).status)) throw elsewhere('Stop it there.');
  }

  /** Keeps a question from being asked until it is resumed, even after a restart. Throws `busy` if it is being answered. */
  pause(answer: Answer): void {
    const work = this.#workOf(answer);
    if (!work.withdraw()) throw begunAlready();
    let paused = false;
    try {
      paused = this.#context.store.tasks.pause(answer.id);
    } finally {
      if (paused) {
        work.withdraw = () => true;
        work.job.pause();
      } else this.#enqueue(work);
    }
  }

  /** Lets a question have its turn again; one that was not paused stays as it is. */
  resume(answer: Answer): void {
    const work = this.#workOf(answer);
    if (!this.#context.store.tasks.resume(answer.id)) return;
    work.job.resume();
    this.#enqueue(work);
  }

  /**
   * Waits for the answers under way, whose jobs the caller must ask to stop after this call. A window leaves those that no
   * person had stopped before for the next workstation to continue.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#endListening();
    clearInterval(this.#lookout);
    await this.#queue.onIdle();
    this.#later.close();
    const { store, log } = this.#context;
    try {
      store.tasks.release();
    } catch (error) {
      // The next workstation takes them over all the same, as it does after a crash.
      log.warn('what waits was not let go of', { code: toErrorReport(error).code });
    }
  }

  #workOf(answer: Answer): Work {
    const work = this.#underWay.get(answer.id);
    if (work === undefined) throw elsewhere('What has ended, or is written elsewhere, can’t be put off.');
    return work;
  }

  #takeUpLost(loaded: Promise<unknown>): void {
    const { store, now, log } = this.#context;
    try {
      store.endAbandoned();
      for (const task of store.tasks.takeOver(now())) {
        try {
          this.#goOn(task, loaded);
        } catch (error) {
          // A question that can't be read any more is reported where a person looks at it.
          log.warn('a question that waited was not taken up', { code: toErrorReport(error).code });
        }
      }
    } catch (error) {
      log.warn('what was left waiting could not be taken up', { code: toErrorReport(error).code });
    }
  }

  #goOn({ answerId, attempts, input, state }: Task, loaded: Promise<unknown>): void {
    const { store, emit, now } = this.#context;
    const { database } = store;
    const answer = answers.findAnswer(database, answerId);
    if (answer === null || !isUnderWay(answer.status)) {
      store.tasks.remove(answerId);
      return;
    }
    const end = (how: Pick<Answer, 'status' | 'error'>): void =>
      emit({ type: 'answer', answer: this.#later.save({ ...answer, ...how, endedAt: now() }) });
    const question = questions.findPresentQuestion(database, answer.questionId);
    if (question === null || !isWanted(database, answer)) {
      end({ status: 'stopped', error: null });
    } else if (attempts >= MOST_ATTEMPTS) {
      end({ status: 'failed', error: givenUp(attempts).toReport() });
    } else {
      const { settings, anyway } = input;
      this.start(question, new AnswerInProgress(answer, anyway), definedOnly(settings), {
        loaded,
        paused: state === 'paused',
      });
    }
  }

  /** Stops the answers to questions that were undone or deleted, in this process or another one. */
  #stopTakenBack(): void {
    const { store, jobs, log } = this.#context;
    for (const { draft, job } of [...this.#underWay.values()]) {
      try {
        if (!isWanted(store.database, draft.answer)) jobs.cancel(job.id);
      } catch (error) {
        log.warn('whether an answer is still wanted could not be read', { code: toErrorReport(error).code });
      }
    }
  }

  #enqueue(work: Work): void {
    const withdrawn = new AbortController();
    let hasBegun = false;
    const leave = this.#queue.add(
      async (begun) => {
        await unlessAborted(work.loaded, withdrawn.signal);
        await unlessAborted(this.#context.engine.loading ?? Promise.resolve(), withdrawn.signal);
        if (withdrawn.signal.aborted) return;
        hasBegun = true;
        await this.#run(work, begun);
      },
      { priority: priorityOfQuestion },
    );
    // An answer whose turn has come can still be withdrawn while it waits for the model to be loaded.
    work.withdraw = () => {
      if (!leave() && hasBegun) return false;
      withdrawn.abort();
      return true;
    };
  }

  /** Begins an answer whose turn has come. Returns false, and tells everybody, if it was ended elsewhere meanwhile. */
  #begin(work: Work): boolean {
    const { store, emit, now, log } = this.#context;
    const { draft, job } = work;
    const { id } = draft.answer;
    job.begin();
    try {
      if (!store.tasks.begin(id, now())) {
        this.#notBegun(work);
        return false;
      }
    } catch (error) {
      // A full disk must not prevent an answer: once it has ended, saving it is tried again until that works.
      log.warn('the beginning of an answer was not saved', { code: toErrorReport(error).code });
    }
    draft.answer = { ...draft.answer, status: 'running' };
    emit({ type: 'answer', answer: draft.answer });
    return true;
  }

  #notBegun(work: Work): void {
    const { store, emit } = this.#context;
    const { id } = work.draft.answer;
    const answer = mustExist(answers.findAnswer(store.database, id), 'answer');
    const isOurs = store.tasks.isNotOfOthers(id);
    // It is ours and still waits, yet may not begin: so its question was taken back.
    if (isOurs && isUnderWay(answer.status)) {
      this.#end({ ...work.draft.answer, status: 'stopped' }, work);
      return;
    }
    if (isOurs) store.tasks.remove(id);
    this.#forget(id);
    work.job.cancelled();
    emit({ type: 'answer', answer });
  }

  #end(ended: Answer, { job, unwanted }: Work): void {
    const { durable = false, emit, now } = this.#context;
    if (ended.status === 'stopped') job.cancelled();
    else job.finish();
    const isLeft = durable && this.#closed && job.signal.aborted && !unwanted && ended.status === 'stopped';
    if (isLeft) {
      this.#forget(ended.id);
      return;
    }
    const saved = this.#later.save({ ...ended, endedAt: now() });
    this.#forget(ended.id);
    emit({ type: 'answer', answer: saved });
  }

  #forget(id: AnswerId): void {
    this.#underWay.delete(id);
    if (this.#underWay.size > 0) return;
    clearInterval(this.#signsOfLife);
    this.#signsOfLife = undefined;
  }

  #signLife(): void {
    const { store, now, log } = this.#context;
    try {
      store.tasks.renew(now());
    } catch (error) {
      log.warn('a sign of life was not saved', { code: toErrorReport(error).code });
    }
  }

  /** Has one question answered. It never rejects, because the answer itself says how it ended. */
  async #run(work: Work, begun: () => void): Promise<void> {
    const { draft, job } = work;
    if (!this.#begin(work)) return;
    const endKeeping = keepText(this.#context, draft);
    let ended: Answer;
    try {
      ended = await askModel(this.#context, work, begun);
    } catch (error) {
      const report = toErrorReport(error);
      const stopped = job.signal.aborted;
      const kept = stopped || report.code === 'engine-lost';
      ended = { ...draft.left(error), status: kept ? 'stopped' : 'failed', error: stopped ? null : report };
      if (!stopped) job.fail(error);
      this.#context.log.warn('an answer did not end', {
        answer: draft.answer.id,
        code: report.code,
        ...(report.code === 'internal' ? { stack: stackOf(error) } : {}),
      });
    } finally {
      endKeeping();
    }
    this.#end(ended, work);
  }
}

/** Whether an answer is still wanted: its question and its asking were not undone, and its session is not in the bin. */
const isWanted = (database: ReadableDatabase, { id, questionId, sessionId }: Answer): boolean =>
  !sessions.isInBin(database, sessionId) &&
  questions.findPresentQuestion(database, questionId) !== null &&
  answers.findAnswerFacts(database, id) !== null;

/** Waits until the work has succeeded or failed, but no longer than until the signal aborts. */
async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([work.catch(() => undefined), aborted]);
  signal.removeEventListener('abort', stop);
}

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

/** Signs of life, of what waits and of what is written: nobody may take a long queue or a long prefill for a dead process. */
const ALIVE_MILLISECONDS = 10_000;

/** An answer that waits or is being written. */
interface Work extends AskedWork {
  /** What it waits for besides its turn. */
  readonly loaded: Promise<unknown>;
  /** Takes it out of the queue; false where it has begun. */
  withdraw: () => boolean;
  /** Whether a person has stopped it. */
  unwanted: boolean;
}

/** Gives the model one question after another as it takes them, and writes down what it says while it says it. */
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
        // Only once everybody was told of the change, since stopping is one of its own.
        if (edits?.some(({ after }) => after === null)) queueMicrotask(() => this.#stopTakenBack());
      }),
      onOtherProcess(() => this.#stopTakenBack()),
    ];
    this.#endListening = () => {
      for (const stop of stops) stop();
    };
  }

  /**
   * Goes on with what an earlier workstation left waiting or half written, once the model is loaded; it is told and can be
   * stopped from now on. From then on it looks now and then for what others left that are not heard of any more.
   */
  takeUp(loaded: Promise<unknown> = Promise.resolve()): void {
    this.#takeUpLost(loaded);
    this.#lookout ??= setInterval(() => this.#takeUpLost(loaded), ALIVE_MILLISECONDS).unref();
  }

  /**
   * In the transaction of a question: writes down that its answer is to be given. Once that is committed, {@link start} queues it.
   */
  writeDown(answer: Answer, input: Task['input']): void {
    const { store, now, durable = false } = this.#context;
    answers.startAnswer(store.database, answer, process.pid);
    store.tasks.add({ answerId: answer.id, input }, { outlivesOwner: durable, now: now() });
  }

  /** Queues what is written down. */
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

  /** What is known of an answer: its text up to now while it is written, and also where the disk would not take it. */
  current(answer: Answer): Answer {
    if (!isUnderWay(answer.status)) return answer;
    return this.#underWay.get(answer.id)?.draft.answer ?? this.#later.unsaved(answer.id) ?? answer;
  }

  /** Ends an answer that waits or is written; one that has ended stays as it is. */
  stop(answer: Answer): void {
    const { jobs } = this.#context;
    const job = jobs.ofAnswer(answer.id);
    if (job !== null) jobs.cancel(job.id);
    else if (isUnderWay(this.current(answer).status)) throw elsewhere('Stop it there.');
  }

  /** Keeps a question from being asked until it is resumed, also after a restart. Throws `busy` where it is being answered. */
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
   * Waits for what is under way, whose jobs are to be asked to stop after the call: what a person had not stopped before is
   * left to the next workstation, where it outlives this one.
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
      // The next one takes them over all the same, as of one that died.
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
          // The question can't be read any more, which is said where it is looked at.
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

  /** What was undone or deleted, in this process or another one, is not to be answered any more. */
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
    // The first one waits for the model in its turn, and can be taken out of it for as long.
    work.withdraw = () => {
      if (!leave() && hasBegun) return false;
      withdrawn.abort();
      return true;
    };
  }

  /** Its turn has come. False where it is not to be begun, as somebody else has ended it meanwhile: that is told. */
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
      // A full disk keeps nobody from an answer: its end is tried again until it is saved.
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
    // It waits and is ours: the question was taken back.
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

  /** Never rejects: however it ends, the answer says so. */
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

/** Whether neither the question nor the asking of this answer was taken back, and its session is not in the bin. */
const isWanted = (database: ReadableDatabase, { id, questionId, sessionId }: Answer): boolean =>
  !sessions.isInBin(database, sessionId) &&
  questions.findPresentQuestion(database, questionId) !== null &&
  answers.findAnswerFacts(database, id) !== null;

/** Waits for something whatever comes of it, but no longer than until the signal. */
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

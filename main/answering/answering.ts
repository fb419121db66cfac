import type { Edit } from '../../preload/contract/changes.ts';
import {
  AnswerSettings,
  isUnderWay,
  type Answer,
  type FrameIdentity,
  type Question,
} from '../../preload/contract/domain.ts';
import type { Entry } from '../../preload/contract/entries.ts';
import { stackOf, toErrorReport, WorkstationError } from '../../preload/contract/errors.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import { TaskQueue } from '../../preload/contract/task-queue.ts';
import { locationOf, type FrameLocation } from '../../preload/contract/places.ts';
import {
  AnswerId,
  QuestionId,
  type FrameIndex,
  type JobId,
  type SessionId,
  type VideoId,
} from '../../preload/contract/values.ts';
import type { AskRequest, Engine } from '../inference/index.ts';
import {
  answers,
  endAnswer,
  mustExist,
  questions,
  sessions,
  verdicts,
  type ChangeContext,
  type Log,
  type Store,
} from '../store/index.ts';
import { Draft } from './draft.ts';
import type { JobRegistry, RunningJob } from '../jobs/index.ts';
import type { DecodedFrame, FrameRequest, VideoLibrary } from '../recordings/index.ts';
import { SaveLater } from './save-later.ts';

const SAVE_MILLISECONDS = 500;
/** Signs of life, of what waits and of what is written: nobody may take a long queue or a long prefill for a dead process. */
const ALIVE_MILLISECONDS = 10_000;

/** The engine as it is asked here: it answers one question after another, and says what model it runs. */
export type AnswerEngine = Pick<Engine, 'ask' | 'state'>;

export interface AnsweringContext {
  store: Store;
  library: VideoLibrary;
  engine: AnswerEngine;
  jobs: JobRegistry;
  emit: (event: WorkstationEvent) => void;
  now: () => number;
  newId: () => string;
  log: Log;
}

/** What a person may set; what is left out is the model's own choice. */
type SettingsInput = { [K in keyof AnswerSettings]?: AnswerSettings[K] | undefined } | undefined;
type GivenSettings = NonNullable<AskRequest['settings']>;

/** Asks the model, question by question as it takes them, and writes down what it says while it says it. */
export class Answering {
  readonly #context: AnsweringContext;
  readonly #later: SaveLater;
  readonly #queue: TaskQueue;
  /** Answers that wait or are being written, as they are now. */
  readonly #underWay = new Map<AnswerId, Draft>();
  #signsOfLife: NodeJS.Timeout | undefined;
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
  }

  /**
   * Writes the question down, queues its answer and returns. The rest is told by events. Throws `frame-mismatch`, and
   * writes nothing, where the frame is not the picture of `frameHash`.
   */
  async ask(
    input: {
      sessionId: SessionId;
      videoId?: VideoId;
      frameIndex: FrameIndex;
      frameHash: string;
      question: string;
      anyway?: boolean;
      settings?: SettingsInput;
    },
    by: ChangeContext,
  ): Promise<{ jobId: JobId; question: Question; answer: Answer }> {
    const { store, library, newId, now } = this.#context;
    const session = mustExist(sessions.findSession(store.database, input.sessionId), 'session');
    const { id: videoId, caseId } = library.find(input.videoId ?? session.videoId);
    if (caseId !== session.caseId) throw ofAnotherCase();
    const { location, identity } = await this.#look(videoId, input.frameIndex, {
      expected: input.frameHash,
      priority: 'interaction',
    });
    const question: Question = {
      id: QuestionId.parse(newId()),
      sessionId: session.id,
      text: input.question,
      videoId,
      location,
      createdAt: now(),
    };
    const given = definedOnly(input.settings);
    const answer = this.#newAnswer(question, identity, given);
    store.database.transaction(() => {
      const command = { name: 'question.ask', caseId: session.caseId, sessionId: session.id };
      store.record.commit(by, command, [asked(question), wanted(answer, 1)]);
      answers.startAnswer(store.database, answer, process.pid);
      sessions.touchSession(store.database, session.id, now());
      const position = { actor: by.actor, frameIndex: location.index };
      sessions.savePosition(store.database, session.id, position, now());
    });
    const draft = new Draft(answer, input.anyway ?? false);
    return { ...this.#start(question, draft, given), question };
  }

  /** Another version, with the last one's settings but for what is given. Throws `frame-mismatch` as `ask` does. */
  async askAgain(
    input: {
      questionId: QuestionId;
      frameHash: string;
      anyway?: boolean;
      settings?: SettingsInput;
    },
    by: ChangeContext,
  ): Promise<{ jobId: JobId; answer: Answer }> {
    const { store, now } = this.#context;
    const question = mustExist(questions.findQuestion(store.database, input.questionId), 'question');
    const session = mustExist(sessions.findSession(store.database, question.sessionId), 'session');
    const { identity } = await this.#look(question.videoId ?? session.videoId, question.location.index, {
      expected: input.frameHash,
      priority: 'interaction',
    });
    const versions = answers.listAnswers(store.database, question.id);
    const before = versions.at(-1);
    const given = { ...(before && settingsOf(before)), ...definedOnly(input.settings) };
    const answer = this.#newAnswer(question, identity, given);
    store.database.transaction(() => {
      if (questions.findPresentQuestion(store.database, question.id) === null) throw deleted();
      const command = { name: 'answer.ask-again', caseId: session.caseId, sessionId: session.id };
      const version = answers.nextAnswerVersion(store.database, question.id);
      store.record.commit(by, command, [wanted(answer, version)]);
      answers.startAnswer(store.database, answer, process.pid);
      sessions.touchSession(store.database, question.sessionId, now());
    });
    const draft = new Draft(answer, input.anyway ?? (before !== undefined && wasAnsweredAnyway(before)));
    return this.#start(question, draft, given);
  }

  /** What is known of an answer: its text up to now while it is written, and also where the disk would not take it. */
  current(answer: Answer): Answer {
    if (!isUnderWay(answer.status)) return answer;
    return this.#underWay.get(answer.id)?.answer ?? this.#later.unsaved(answer.id) ?? answer;
  }

  /** A question as it is now, with every version of its answer. */
  entry(question: Question): Entry {
    const { database } = this.#context.store;
    const versions = answers.listAnswers(database, question.id);
    const place = questions.placeOfQuestion(database, question.id);
    return {
      question,
      place,
      answers: versions.map((answer) => this.current(answer)),
      verdicts: verdicts.listVerdicts(database, [question.id]),
    };
  }

  /** Ends an answer that waits or is written; one that has ended stays as it is. */
  stop(answer: Answer): void {
    const { jobs } = this.#context;
    const job = jobs.ofAnswer(answer.id);
    if (job !== null) jobs.cancel(job.id);
    else if (isUnderWay(this.current(answer).status)) {
      throw new WorkstationError(
        'not-found',
        'This answer is written by another workstation or command.',
        'Stop it there.',
      );
    }
  }

  /** Waits for what is under way; its jobs should have been asked to stop. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.onIdle();
    this.#later.close();
  }

  /** The exact frame, its name for good and its place. `expected` is the hash of the picture that is asked about. */
  async #look(
    videoId: VideoId,
    index: FrameIndex,
    { expected, ...request }: FrameRequest & { expected: string },
  ): Promise<{ frame: DecodedFrame; identity: FrameIdentity; location: FrameLocation }> {
    const { frame, times, facts } = await this.#context.library.frame(videoId, index, request);
    if (frame.hash !== expected) throw frameMismatch(index);
    const identity: FrameIdentity = {
      fingerprint: facts.fingerprint,
      index: frame.index,
      pts: frame.pts,
      timeBase: times.timeBase,
      hash: frame.hash,
      decoder: facts.decoder,
      picture: { width: frame.width, height: frame.height },
      isDamaged: frame.isDamaged,
    };
    const location = locationOf(times, index);
    return { frame, identity, location };
  }

  #newAnswer(question: Question, frame: FrameIdentity, given: GivenSettings): Answer {
    const { newId, now } = this.#context;
    return {
      id: AnswerId.parse(newId()),
      questionId: question.id,
      sessionId: question.sessionId,
      status: 'queued',
      label: null,
      box: null,
      items: [],
      reasoning: '',
      raw: '',
      probability: null,
      evidence: null,
      notes: [],
      frame,
      model: null,
      settings: AnswerSettings.parse(given),
      modelInput: null,
      tokens: null,
      timings: null,
      error: null,
      createdAt: now(),
      endedAt: null,
    };
  }

  /** Queues what was just written down. */
  #start(question: Question, draft: Draft, given: GivenSettings): { jobId: JobId; answer: Answer } {
    const { jobs } = this.#context;
    const { sessionId, id: questionId } = question;
    const { answer } = draft;
    this.#underWay.set(answer.id, draft);
    this.#signsOfLife ??= setInterval(() => this.#signLife(), ALIVE_MILLISECONDS);
    const job = jobs.start('answer', question.text, {
      subject: { sessionId, questionId, answerId: answer.id },
      waits: true,
    });
    const withdraw = this.#queue.add((begun) => this.#run(question, draft, given, job, begun));
    const onStop = (): void => {
      if (withdraw()) this.#end({ ...draft.answer, status: 'stopped' }, job);
    };
    if (this.#closed) onStop();
    else job.signal.addEventListener('abort', onStop, { once: true });
    return { jobId: job.id, answer: draft.answer };
  }

  /** Its turn has come. False where somebody else has ended it meanwhile: that is told, and it is not begun. */
  #begin(draft: Draft, job: RunningJob): boolean {
    const { store, emit, now, log } = this.#context;
    const { id } = draft.answer;
    job.begin();
    try {
      if (!answers.beginAnswer(store.database, id, now())) {
        this.#forget(id);
        job.cancelled();
        emit({ type: 'answer', answer: mustExist(answers.findAnswer(store.database, id), 'answer') });
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

  #end(ended: Answer, job: RunningJob): void {
    if (ended.status === 'stopped') job.cancelled();
    else job.finish();
    const saved = this.#later.save({ ...ended, endedAt: this.#context.now() });
    this.#forget(ended.id);
    this.#context.emit({ type: 'answer', answer: saved });
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
      answers.keepAnswersAlive(store.database, [...this.#underWay.keys()], now());
    } catch (error) {
      log.warn('a sign of life was not saved', { code: toErrorReport(error).code });
    }
  }

  /** Never rejects: however it ends, the answer says so. */
  async #run(
    question: Question,
    draft: Draft,
    given: GivenSettings,
    job: RunningJob,
    begun: () => void,
  ): Promise<void> {
    if (!this.#begin(draft, job)) return;
    const keeping = this.#keepWhileRunning(draft);
    let ended: Answer;
    try {
      ended = await this.#answer(question, draft, given, job, begun);
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
      clearInterval(keeping);
    }
    this.#end(ended, job);
  }

  async #answer(
    question: Question,
    draft: Draft,
    given: GivenSettings,
    job: RunningJob,
    begun: () => void,
  ): Promise<Answer> {
    const { store, engine, emit } = this.#context;
    job.signal.throwIfAborted();
    const startedAt = performance.now();
    const session = mustExist(sessions.findSession(store.database, question.sessionId), 'session');
    // The file may have changed while the question waited: the model gets the picture that was asked about, or none.
    const { frame } = await this.#look(question.videoId ?? session.videoId, question.location.index, {
      expected: draft.answer.frame?.hash ?? '',
      signal: job.signal,
      priority: 'work',
    });
    const decodeFrameMilliseconds = performance.now() - startedAt;

    draft.stamp(engine.state.model);
    const asked = engine.ask({
      frame,
      question: question.text,
      settings: given,
      onlyTaught: !draft.anyway,
      signal: job.signal,
      onRaw: (raw) => draft.write(raw),
      onToken: (text) => {
        draft.stamp(engine.state.model);
        const at = draft.add(text);
        job.progress(text.generatedTokens, null);
        emit({ type: 'answer-text', jobId: job.id, answerId: draft.answer.id, at, ...text });
      },
      onRestart: () => {
        draft.clear();
        emit({ type: 'answer', answer: draft.answer });
      },
    });
    // The engine keeps the order in which it is asked.
    begun();
    const result = await asked;
    draft.stamp(engine.state.model);
    const { timings, frameSeenBefore: _seen, ...said } = result;
    return {
      ...draft.answer,
      ...said,
      timings: {
        ...timings,
        decodeFrameMilliseconds,
        totalMilliseconds: timings.totalMilliseconds + decodeFrameMilliseconds,
      },
    };
  }

  #keepWhileRunning(draft: Draft): NodeJS.Timeout {
    const { store, log } = this.#context;
    return setInterval(() => {
      if (!draft.changed) return;
      try {
        const { id, raw, reasoning } = draft.answer;
        answers.savePartialAnswer(store.database, id, { raw, reasoning }, this.#context.now());
        draft.changed = false;
      } catch (error) {
        // Tried again in half a second, and at the end; the text is not lost while the process lives.
        log.warn('a partial answer was not saved', { code: toErrorReport(error).code });
      }
    }, SAVE_MILLISECONDS);
  }
}

const asked = (question: Question): Edit => ({
  entity: 'question',
  id: question.id,
  before: null,
  after: question,
});

const wanted = ({ id, questionId, sessionId, createdAt }: Answer, version: number): Edit => ({
  entity: 'answer',
  id,
  before: null,
  after: { id, questionId, sessionId, version, createdAt },
});

const deleted = (): WorkstationError =>
  new WorkstationError(
    'not-found',
    'This question was deleted.',
    'Bring it back first: undo that it was deleted, then ask again.',
  );

const ofAnotherCase = (): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    'This video belongs to another case than the session.',
    'Ask in a session of its own case. Nothing was asked.',
  );

const frameMismatch = (index: FrameIndex): WorkstationError =>
  new WorkstationError(
    'frame-mismatch',
    `Frame ${index} is not the picture that the question is about: it decodes to another one now.`,
    'Nothing was asked. Look at the frame as it is shown now, then ask again; the question is kept.',
  );

/** Whether a person wanted an answer to a question that the model was not taught. */
const wasAnsweredAnyway = ({ status, evidence }: Answer): boolean =>
  evidence?.question !== undefined && status !== 'refused';

/**
 * The settings that an answer was written with. Where the model never began (no prompt was counted), what is not
 * a person's choice stands at the contract's default, which need not be the model's own: that is left out.
 */
function settingsOf({ settings, tokens }: Answer): GivenSettings {
  if (tokens !== null && tokens.prompt > 0) return settings;
  const defaults = new Map<string, unknown>(Object.entries(AnswerSettings.parse({})));
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => defaults.get(name) !== value));
}

function definedOnly(settings: SettingsInput): GivenSettings {
  if (settings === undefined) return {};
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

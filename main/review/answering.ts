import {
  AnswerSettings,
  type Answer,
  type FrameIdentity,
  type FrameLocation,
  type ModelStamp,
  type Question,
} from '../../preload/contract/domain.ts';
import { stackOf, toErrorReport, WorkstationError } from '../../preload/contract/errors.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import {
  AnswerId,
  QuestionId,
  type FrameIndex,
  type JobId,
  type SessionId,
  type VideoId,
} from '../../preload/contract/values.ts';
import {
  deviceNames,
  EngineLostError,
  type AskRequest,
  type EngineText,
  type ModelInfo,
} from '../inference/index.ts';
import { checkFrameIndex } from '../../preload/contract/frames.ts';
import { answers, questions, sessions, type Log, type Store } from '../store/index.ts';
import { AnswerQueue } from './answer-queue.ts';
import type { JobRegistry, RunningJob } from './jobs.ts';
import { mustExist } from './lookup.ts';
import type { AnswerEngine, DecodedFrame, FrameRequest, VideoSource } from './ports.ts';
import { SaveLater } from './save-later.ts';
import { locationOf, type VideoLibrary } from './videos.ts';

const SAVE_MILLISECONDS = 500;
/** Also with no new text, so that nobody takes a long prefill for a dead process. */
const ALIVE_MILLISECONDS = 10_000;

export interface AnsweringContext<Source extends VideoSource> {
  store: Store;
  library: VideoLibrary<Source>;
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
export class Answering<Source extends VideoSource> {
  readonly #context: AnsweringContext<Source>;
  readonly #later: SaveLater;
  readonly #queue: AnswerQueue;

  constructor(context: AnsweringContext<Source>) {
    this.#context = context;
    this.#queue = new AnswerQueue(() => context.engine.state.model?.answersTogether ?? 1);
    this.#later = new SaveLater({
      save: (answer) => answers.updateAnswer(context.store.database, answer),
      onSaved: (answer) => context.emit({ type: 'answer', answer }),
      log: context.log,
    });
  }

  /**
   * Writes the question down, queues its answer and returns. The rest is told by events. Throws `frame-mismatch`, and
   * writes nothing, where the frame is not the picture of `frameHash`.
   */
  async ask(input: {
    sessionId: SessionId;
    frameIndex: FrameIndex;
    frameHash: string;
    question: string;
    settings?: SettingsInput;
  }): Promise<{ jobId: JobId; question: Question; answer: Answer }> {
    const { store, newId, now } = this.#context;
    const session = mustExist(sessions.findSession(store.database, input.sessionId), 'session');
    const { location, identity } = await this.#look(session.videoId, input.frameIndex, {
      expected: input.frameHash,
      priority: 'interaction',
    });
    const question: Question = {
      id: QuestionId.parse(newId()),
      sessionId: session.id,
      text: input.question,
      location,
      createdAt: now(),
    };
    const given = definedOnly(input.settings);
    const answer = this.#newAnswer(question, identity, given);
    store.database.transaction(() => {
      questions.insertQuestion(store.database, question);
      answers.insertAnswer(store.database, answer, process.pid);
      sessions.savePosition(store.database, session.id, location.index, now());
    });
    return { jobId: this.#start(question, answer, given), question, answer };
  }

  /** Another version, with the last one's settings but for what is given. Throws `frame-mismatch` as `ask` does. */
  async askAgain(input: {
    questionId: QuestionId;
    frameHash: string;
    settings?: SettingsInput;
  }): Promise<{ jobId: JobId; answer: Answer }> {
    const { store, now } = this.#context;
    const question = mustExist(questions.findQuestion(store.database, input.questionId), 'question');
    const session = mustExist(sessions.findSession(store.database, question.sessionId), 'session');
    const { identity } = await this.#look(session.videoId, question.location.index, {
      expected: input.frameHash,
      priority: 'interaction',
    });
    const before = answers.listAnswers(store.database, question.id).at(-1);
    const given = { ...(before && settingsOf(before)), ...definedOnly(input.settings) };
    const answer = this.#newAnswer(question, identity, given);
    store.database.transaction(() => {
      answers.insertAnswer(store.database, answer, process.pid);
      sessions.touchSession(store.database, question.sessionId, now());
    });
    return { jobId: this.#start(question, answer, given), answer };
  }

  /** What is known of an answer, where the disk would not take it too. */
  current(answer: Answer): Answer {
    return this.#later.unsaved(answer.id) ?? answer;
  }

  /** Waits for what is under way; its jobs should have been asked to stop. */
  async close(): Promise<void> {
    await this.#queue.idle();
    this.#later.close();
  }

  /** The exact frame, its name for good and its place. `expected` is the hash of the picture that is asked about. */
  async #look(
    videoId: VideoId,
    index: FrameIndex,
    { expected, ...request }: FrameRequest & { expected: string },
  ): Promise<{ frame: DecodedFrame; identity: FrameIdentity; location: FrameLocation }> {
    const { library } = this.#context;
    const source = await library.source(videoId);
    const { times } = await library.index(videoId);
    const location = locationOf(times, checkFrameIndex(index, times.ticks.length));
    const frame = await source.frame(location.index, request);
    if (frame.hash !== expected) throw frameMismatch(location.index);
    const identity: FrameIdentity = {
      fingerprint: source.facts.fingerprint,
      index: frame.index,
      pts: frame.pts,
      timeBase: times.timeBase,
      hash: frame.hash,
      decoder: source.facts.decoder,
    };
    return { frame, identity, location };
  }

  #newAnswer(question: Question, frame: FrameIdentity, given: GivenSettings): Answer {
    const { newId, now } = this.#context;
    return {
      id: AnswerId.parse(newId()),
      questionId: question.id,
      sessionId: question.sessionId,
      status: 'running',
      label: null,
      box: null,
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

  #start(question: Question, answer: Answer, given: GivenSettings): JobId {
    const job = this.#context.jobs.start('answer', question.text);
    this.#queue.add((begun) => this.#run(question, answer, given, job, begun));
    return job.id;
  }

  /** Never rejects: however it ends, the answer says so. */
  async #run(
    question: Question,
    started: Answer,
    given: GivenSettings,
    job: RunningJob,
    begun: () => void,
  ): Promise<void> {
    const draft = new Draft(started);
    const keeping = this.#keepWhileRunning(draft);
    let ended: Answer;
    try {
      ended = await this.#answer(question, draft, given, job, begun);
      if (ended.status === 'stopped') job.cancelled();
      else job.finish();
    } catch (error) {
      const report = toErrorReport(error);
      const stopped = job.signal.aborted;
      const kept = stopped || report.code === 'engine-lost';
      ended = { ...draft.left(error), status: kept ? 'stopped' : 'failed', error: stopped ? null : report };
      if (stopped) job.cancelled();
      else job.fail(error);
      this.#context.log.warn('an answer did not end', {
        answer: started.id,
        code: report.code,
        ...(report.code === 'internal' ? { stack: stackOf(error) } : {}),
      });
    } finally {
      clearInterval(keeping);
    }
    const saved = this.#later.save({ ...ended, endedAt: this.#context.now() });
    this.#context.emit({ type: 'answer', answer: saved });
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
    const { frame } = await this.#look(session.videoId, question.location.index, {
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
      signal: job.signal,
      onRaw: (raw) => draft.write(raw),
      onToken: (text) => {
        draft.stamp(engine.state.model);
        draft.add(text);
        job.progress(text.generatedTokens, null);
        emit({ type: 'answer-text', jobId: job.id, answerId: draft.answer.id, ...text });
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
    let saidAt = performance.now();
    return setInterval(() => {
      if (!draft.changed && performance.now() - saidAt < ALIVE_MILLISECONDS) return;
      saidAt = performance.now();
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

/** The answer so far, as its text comes in. */
class Draft {
  answer: Answer;
  /** Whether there is text that has not been saved. */
  changed = false;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  /** The model that answers; the last one known stays when the engine has none at the moment. */
  stamp(model: ModelInfo | null): void {
    if (model === null) return;
    const { id, name, sha256, domain } = model;
    this.answer = {
      ...this.answer,
      model: { id, name, sha256, domain, device: deviceName(model) } satisfies ModelStamp,
    };
  }

  write(raw: string): void {
    this.answer = { ...this.answer, raw };
    this.changed = true;
  }

  /** What was written is void. */
  clear(): void {
    this.answer = { ...this.answer, raw: '', reasoning: '' };
    this.changed = true;
  }

  add({ section, text }: EngineText): void {
    if (section !== 'reasoning') return;
    this.answer = { ...this.answer, reasoning: this.answer.reasoning + text };
    this.changed = true;
  }

  /** As it was left: with what a lost engine had written, where it says so. */
  left(error: unknown): Answer {
    if (!(error instanceof EngineLostError)) return this.answer;
    const { raw, reasoning, label } = error.partial;
    return { ...this.answer, raw, reasoning, label };
  }
}

const frameMismatch = (index: FrameIndex): WorkstationError =>
  new WorkstationError(
    'frame-mismatch',
    `Frame ${index} is not the picture that the question is about: it decodes to another one now.`,
    'Nothing was asked. Look at the frame as it is shown now, then ask again; the question is kept.',
  );

/** As people write it. */
export function deviceName({ device, server }: Pick<ModelInfo, 'device' | 'server'>): string {
  if (device === 'server') return `Server ${server ?? ''}`.trimEnd();
  return deviceNames[device];
}

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

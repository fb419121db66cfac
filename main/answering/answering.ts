import type { Edit, GroupId } from '../../preload/contract/changes.ts';
import {
  AnswerSettings,
  frameOf,
  type Answer,
  type FrameIdentity,
  type Question,
} from '../../preload/contract/domain.ts';
import type { Entry } from '../../preload/contract/entries.ts';
import {
  AnswerId,
  QuestionId,
  type FrameIndex,
  type JobId,
  type SessionId,
  type VideoId,
} from '../../preload/contract/values.ts';
import { mustBeRecordingOf } from '../recordings/index.ts';
import {
  answers,
  mustExist,
  presentSession,
  questions,
  sessions,
  sessionViews,
  verdicts,
  type ChangeContext,
} from '../store/index.ts';
import { AnswerQueue } from './answer-queue.ts';
import type { AnsweringContext } from './context.ts';
import { AnswerInProgress } from './answer-in-progress.ts';
import { readAskedFrame } from './asked-frame.ts';
import { deleted } from './refusals.ts';
import { checkedRegion, cropFact, regionAgain } from './region.ts';
import {
  definedOnly,
  settingsOf,
  wasAnsweredAnyway,
  type GivenSettings,
  type SettingsInput,
} from './settings.ts';

/** Stores questions, and has them answered. */
export class Answering {
  /** The answers that wait or are being written. */
  readonly queue: AnswerQueue;
  readonly #context: AnsweringContext;

  constructor(context: AnsweringContext) {
    this.#context = context;
    this.queue = new AnswerQueue(context);
  }

  /**
   * Stores a question, queues its answer and returns without waiting for it; events tell the rest. Throws `frame-mismatch`,
   * and stores nothing, if the frame does not decode to the picture of `frameHash`.
   */
  async ask(
    input: {
      sessionId: SessionId;
      videoId?: VideoId;
      frameIndex: FrameIndex;
      frameHash: string;
      question: string;
      region?: readonly [number, number, number, number];
      anyway?: boolean;
      settings?: SettingsInput;
      groupId?: GroupId;
    },
    by: ChangeContext,
  ): Promise<{ jobId: JobId; question: Question; answer: Answer }> {
    const { store, library, newId, now } = this.#context;
    const session = presentSession(store.database, input.sessionId);
    const { videoId: shown } = sessions.asSeenBy(store.database, by.actor, session);
    const video = library.find(input.videoId ?? shown);
    mustBeRecordingOf(session, video);
    library.mustBeInCase(video);
    const { id: videoId } = video;
    const { frame, location, identity } = await readAskedFrame(library, {
      videoId,
      index: input.frameIndex,
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
    const anyway = input.anyway ?? false;
    const region = input.region === undefined ? null : checkedRegion(input.region, frame);
    const answer = this.#newAnswer(question, { ...identity, ...cropFact(frame, region) }, given);
    store.database.transaction(() => {
      // It may have been moved to the bin while the frame was decoded.
      presentSession(store.database, session.id);
      const { groupId = null } = input;
      const command = { name: 'question.ask', caseId: session.caseId, sessionId: session.id, groupId };
      store.record.commit(by, command, [asked(question), wanted(answer, 1)]);
      this.queue.writeDown(answer, { settings: given, anyway });
      sessions.touchSession(store.database, session.id, now());
      const view = { actor: by.actor, videoId, frameIndex: location.index };
      sessionViews.saveView(store.database, session.id, view, now());
    });
    this.#context.pictures.keep(frame);
    return { ...this.queue.start(question, new AnswerInProgress(answer, anyway), given), question };
  }

  /** Queues another version of an answer, with the settings of the last one except those given. Throws as `ask` does. */
  async askAgain(
    input: {
      questionId: QuestionId;
      frameHash: string;
      anyway?: boolean;
      settings?: SettingsInput;
      groupId?: GroupId;
    },
    by: ChangeContext,
  ): Promise<{ jobId: JobId; answer: Answer }> {
    const { store, library, now } = this.#context;
    const question = mustExist(questions.findQuestion(store.database, input.questionId), 'question');
    const session = presentSession(store.database, question.sessionId);
    const { frame, identity } = await readAskedFrame(library, {
      ...frameOf(question),
      expected: input.frameHash,
      priority: 'interaction',
    });
    const versions = answers.listAnswers(store.database, question.id);
    const before = versions.at(-1);
    const given = { ...(before && settingsOf(before)), ...definedOnly(input.settings) };
    const anyway = input.anyway ?? (before !== undefined && wasAnsweredAnyway(before));
    const region = regionAgain(before, frame);
    const answer = this.#newAnswer(question, { ...identity, ...cropFact(frame, region) }, given);
    store.database.transaction(() => {
      presentSession(store.database, session.id);
      if (questions.findPresentQuestion(store.database, question.id) === null) throw deleted();
      const { groupId = null } = input;
      const command = { name: 'answer.ask-again', caseId: session.caseId, sessionId: session.id, groupId };
      const version = answers.nextAnswerVersion(store.database, question.id);
      store.record.commit(by, command, [wanted(answer, version)]);
      this.queue.writeDown(answer, { settings: given, anyway });
      sessions.touchSession(store.database, question.sessionId, now());
    });
    this.#context.pictures.keep(frame);
    return this.queue.start(question, new AnswerInProgress(answer, anyway), given);
  }

  /** A question as it is now, with every version of its answer. */
  entry(question: Question): Entry {
    const { database } = this.#context.store;
    const versions = answers.listAnswers(database, question.id);
    const place = questions.placeOfQuestion(database, question.id);
    return {
      question,
      place,
      answers: versions.map((answer) => this.queue.current(answer)),
      verdicts: verdicts.listVerdicts(database, [question.id]),
    };
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

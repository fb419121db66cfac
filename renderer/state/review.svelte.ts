import {
  answerWarning,
  frameOf,
  isUnderWay,
  type Answer,
  type Bridge,
  type Case,
  type CaseTime,
  type Change,
  type Entry,
  type EntrySummary,
  type ErrorReport,
  type FrameRef,
  type ModelStamp,
  type OpenSession,
  type QuestionId,
  type Session,
  type Video,
  type WorkstationEvent,
} from '../../preload/contract/index.ts';
import { spoken } from '../view/statuses.ts';
import { answerKey } from '../view/markers.ts';
import { MarksOfReview } from './marks.svelte.ts';
import { goToNeighbour, type Which } from './neighbours.ts';
import { isAbout } from '../view/timeline.ts';
import type { AnswerStream } from './answer-stream.ts';
import type { Announcer } from './announcer.svelte.ts';
import { ArrangeRecordings } from './arrange-recordings.svelte.ts';
import { PendingQuestions } from './pending-questions.svelte.ts';
import type { Entries } from './entries.svelte.ts';
import { askVersions, QuestionsTogether } from './questions-together.ts';
import { broughtBack } from './brought-back.ts';
import { frameToAsk } from './frame-to-ask.ts';
import { Judging } from './judging.svelte.ts';
import { Player } from './player.svelte.ts';
import { Position } from './position.ts';
import { Recordings } from './recordings.svelte.ts';
import { Region } from './region.svelte.ts';
import type { ReviewParts } from './review-parts.ts';
import { ReviewList } from './review-list.svelte.ts';
import { drawnAnew, randomSeed, repeated } from './seeds.ts';
import { InLibrary } from './in-library.svelte.ts';
import { SessionRecord } from './session-record.svelte.ts';
import { TimeView } from './time-view.svelte.ts';
import { TracksOfReview } from './tracks.svelte.ts';
import { VideoFiles } from './video-files.svelte.ts';
import { View } from './view.svelte.ts';

/** One open session: the recordings of its case, its questions and answers. */
export class Review {
  session = $state.raw<Session>() as Session;
  selectedQuestion = $state<QuestionId | null>(null);
  /** Version of the selected question's answer; null: the newest. */
  selectedVersion = $state<number | null>(null);
  readonly player: Player;
  readonly recordings: Recordings;
  readonly files: VideoFiles;
  readonly arrange: ArrangeRecordings;
  readonly view = new View((zoom) => this.#announcer.settle(zoom));
  readonly time = new TimeView(this, (range) => this.#announcer.settle(range));

  readonly #bridge: Bridge;
  readonly #announcer: Announcer;
  readonly #entries: Entries;
  readonly #record: SessionRecord;
  /** Its name, and whether it lies in the bin. */
  readonly inLibrary: InLibrary;
  readonly #position: Position;
  /** The recording on show last, by which a join is noticed. */
  #was: Video['id'];
  readonly #goOver: NonNullable<ReviewParts['goOver']>;
  readonly #drawSeed: () => number;
  readonly #modelIsComing: () => boolean;
  readonly asking = new PendingQuestions(() => void this.player.refresh());
  readonly judging: Judging;
  readonly marks: MarksOfReview;
  readonly tracks: TracksOfReview;
  /** The part of the frame that the next question is about. */
  readonly region = new Region(this, (words) => this.#announcer.say(words));
  readonly list: ReviewList;

  /** The selected question with all of its answers; null for the moment until they are here. */
  readonly selected: Entry | null = $derived.by(() => this.#entries.whole(this.selectedQuestion));

  /** What the list says of the selected question. */
  readonly listed: EntrySummary | null = $derived.by(() => this.#entries.find(this.selectedQuestion));

  readonly answer: Answer | null = $derived.by(() => {
    const answers = this.selected?.answers ?? [];
    return answers[this.selectedVersion ?? answers.length - 1] ?? answers.at(-1) ?? null;
  });

  /** The frame that the selected answer speaks of; null where its recording was taken out of the case. */
  readonly answerFrame: FrameRef | null = $derived.by(() => {
    const frame = this.listed && frameOf(this.listed.question);
    return frame && this.recordings.find(frame.videoId) ? frame : null;
  });

  readonly onAnswersFrame: boolean = $derived.by(() => {
    const { shown } = this.player;
    const frame = this.answerFrame;
    return frame !== null && shown?.videoId === frame.videoId && shown.location.index === frame.index;
  });

  /**
   * The picture on the screen is the very one that the selected answer was given for, pixel by pixel: only then is
   * its box drawn. The frame's number alone does not prove it, since a file may change under its name.
   */
  readonly onAnswersPicture: boolean = $derived.by(
    () => this.onAnswersFrame && this.player.shown?.hash === this.answer?.frame?.hash,
  );

  /** The selected answer's frame is on the screen, and it is another picture than the one that was answered. */
  readonly pictureChanged: boolean = $derived.by(
    () => this.onAnswersFrame && this.answer?.frame != null && !this.onAnswersPicture,
  );

  /** What Stop stops: the answer on show where it is under way, else the one that is being written. */
  readonly stoppable: Pick<Answer, 'id' | 'status'> | null = $derived.by(() => {
    const underWay = this.#entries.underWay;
    const shown = underWay.find(({ id }) => id === this.answer?.id);
    return shown ?? underWay.find(({ status }) => status === 'running') ?? underWay.at(0) ?? null;
  });

  constructor(open: OpenSession, parts: ReviewParts) {
    this.#bridge = parts.bridge;
    this.#announcer = parts.announcer;
    this.session = open.session;
    this.recordings = new Recordings(open, parts.bridge);
    const { session, recordings, view } = this;
    this.files = new VideoFiles({ ...parts, recordings, view, session, player: () => this.player });
    this.#was = open.video.id;
    this.#record = new SessionRecord(open, {
      ...parts,
      size: () => this.video,
      selected: () => this.selectedQuestion,
      onEdits: (edits) => void this.recordings.follow(edits),
    });
    this.#entries = this.#record.entries;
    this.inLibrary = new InLibrary(this.#record, parts.bridge, open.session.id);
    this.#goOver = parts.goOver ?? (async () => undefined);
    this.#drawSeed = parts.drawSeed ?? randomSeed;
    this.#modelIsComing = parts.modelIsComing ?? (() => false);
    const actor = parts.actor ?? (() => null);
    this.list = new ReviewList(this, actor);
    const catchUp = (): Promise<void> => this.#record.catchUp();
    this.arrange = new ArrangeRecordings({ ...parts, recordings, catchUp, session: open.session });
    this.judging = new Judging(this, { ...parts, actor, catchUp });
    this.marks = new MarksOfReview(this, { ...parts, recorded: this.#record.marks, catchUp });
    this.tracks = new TracksOfReview(this, { ...parts, recorded: this.#record.marks, catchUp });
    this.view.picture = { width: open.video.width, height: open.video.height };
    const { videoId, frameIndex } = open.session;
    this.#position = new Position({ videoId, frameIndex }, async (place) => {
      await parts.bridge.savePosition({ sessionId: this.session.id, ...place });
    });
    this.player = new Player({
      ...{ ...parts, recordings },
      onShown: (index) => {
        this.files.takePicture();
        this.#position.keep({ videoId: this.video.id, frameIndex: index });
        this.#tellPlace();
      },
      onFault: (id) => void this.files.lookAgain(id),
      onCounted: (id) => this.#announcer.say(recordings.countingInWords(id)),
      onPicture: (seconds) => this.marks.loop.picture(seconds),
      onEnded: () => this.marks.loop.ended(),
    });
    const [last] = open.entries.list;
    if (last && isAbout(last.question, open.session)) void this.show(last.question.id);
    if (this.player.ready) void this.player.showIndex(open.session.frameIndex);
  }

  /** What to know before using an answer whose words and box disagree; null where they agree. */
  warning(question: string, answer: Answer): string | null {
    return answerWarning(answer, question, answer.frame?.picture ?? this.video);
  }

  /** Newest last, as they were asked. */
  get entries(): readonly EntrySummary[] {
    return this.#entries.list;
  }

  /** The older answers: whether they are still to come, why not where they can't be read, and how to ask at once. */
  get older(): Pick<Entries, 'isReading' | 'fault' | 'readOn'> {
    return this.#entries;
  }

  /** The models that are known to have answered in this session. */
  get models(): readonly ModelStamp[] {
    return this.#entries.models;
  }

  /** The recording on show. */
  get video(): Video {
    return this.recordings.shown;
  }

  /** The one time of the case's recordings. */
  get caseTime(): CaseTime {
    return this.recordings.time;
  }

  get case(): Case {
    return this.#record.case;
  }

  /** The newest change that is on show. */
  get seq(): number {
    return this.#record.seq;
  }

  /** What has come of an answer's text while it is written. */
  stream(answer: Pick<Answer, 'id'>): AnswerStream {
    return this.#entries.stream(answer);
  }

  /** Whether nothing of an answer can be written yet, because the model is still being loaded. */
  waitsForModel(answer: Pick<Answer, 'id' | 'status'>): boolean {
    return isUnderWay(answer.status) && this.stream(answer).tokens === 0 && this.#modelIsComing();
  }

  /** Selects a question; goes to its frame unless that is on screen, in whichever recording. */
  async select(questionId: QuestionId): Promise<void> {
    this.asking.fault = null;
    const about = this.#entries.find(questionId)?.question.videoId ?? this.video.id;
    if (this.recordings.find(about) === null) return this.#goOver(about, questionId);
    await Promise.all([this.show(questionId), this.goToAnswer()]);
  }

  /** Puts a question's newest answer on show, whatever frame is on the screen. Resolves when all of it is there. */
  async show(questionId: QuestionId): Promise<void> {
    this.selectedQuestion = questionId;
    this.selectedVersion = null;
    this.marks.at = answerKey(questionId);
    await this.#entries.load(questionId);
  }

  /** The next question of the case in time, or the one before; see {@link goToNeighbour}. */
  selectNeighbour(direction: -1 | 1, which: Which = 'any'): Promise<void> {
    return goToNeighbour(this, this.#announcer, { direction, which });
  }

  /** Shows the frame of the answer on show; where the video's index is still made, as soon as that is there. */
  async goToAnswer(): Promise<void> {
    const frame = this.answerFrame;
    if (frame === null) return;
    const isElsewhere = frame.videoId !== this.video.id;
    if (!this.player.ready && !isElsewhere) this.files.goOnceReady = frame.index;
    else if (!this.onAnswersFrame || this.player.motion.moving) {
      await this.player.goToFrame(frame);
      if (!this.player.ready) this.files.goOnceReady = frame.index;
    }
  }

  selectVersion(version: number): void {
    const count = this.selected?.answers.length ?? 0;
    this.selectedVersion = Math.max(0, Math.min(count - 1, version));
  }

  /**
   * Asks about the frame on the screen, waiting for the one that is on its way; returns whether the question was
   * taken. The call names the picture by its hash, so that no other can be answered in its place.
   */
  async ask(text: string): Promise<boolean> {
    const question = text.trim();
    return question !== '' && (await this.askAll([question])).length === 0;
  }

  /** Asks several questions about the frame on the screen by one act, which is undone as one. Returns those not asked. */
  async askAll(questions: readonly string[]): Promise<readonly string[]> {
    const video = { sessionId: this.session.id, videoId: this.video.id, ...this.region.asked };
    const together = new QuestionsTogether(this.#bridge, video, questions);
    await this.asking.take(frameToAsk(this.player), async (frame) => {
      const first = await together.ask(frame);
      await this.#record.catchUp();
      if (first !== null) await this.show(first);
    });
    return this.region.asAsked(together.left);
  }

  /**
   * Another version of the answer on show: drawn anew with another seed, at the temperature of before or, where that
   * was greedy, at the one that samples are drawn at. `same` repeats its settings, which another model or a changed
   * file may answer otherwise. Several samples are one act, and leave the version on show there.
   */
  async askAgain(how: 'anew' | 'same' | 'anyway' = 'anew', times = 1): Promise<boolean> {
    if (this.selectedQuestion !== null) await this.#entries.load(this.selectedQuestion);
    const { selected: entry, answer } = this;
    if (!entry || !answer || entry.answers.some(({ status }) => isUnderWay(status))) return false;
    const draw = this.#drawSeed;
    const each = how === 'anew' ? drawnAnew(entry.answers, answer, { times, draw }) : [repeated(answer)];
    // The person sees what is asked about, before it is asked.
    const frame = this.goToAnswer().then(() => frameToAsk(this.player));
    return this.asking.take(frame, async ({ hash: frameHash }) => {
      if (times > 1) this.selectedVersion = entry.answers.indexOf(answer);
      const again = { questionId: entry.question.id, frameHash, ...(how === 'anyway' && { anyway: true }) };
      await askVersions(this.#bridge, again, each);
      await this.#record.catchUp();
      if (times === 1) this.selectedVersion = null;
    });
  }

  /** Stops what `stoppable` names; what there is of it is kept. */
  async stop(): Promise<void> {
    const answer = this.stoppable;
    if (!answer) return;
    const result = await this.#bridge.stopAnswer({ answerId: answer.id });
    if (!result.ok) this.asking.fault = result.error;
  }

  /** Takes a question out of the list; returns whether that succeeded. */
  async remove(questionId: QuestionId): Promise<boolean> {
    const result = await this.#bridge.deleteQuestion({ questionId });
    if (!result.ok) this.asking.fault = result.error;
    return result.ok;
  }

  /** Shows what a step of undo or redo has brought back. */
  async follow({ edits }: Change): Promise<void> {
    await this.#record.catchUp();
    if (this.tracks.follow(edits ?? []) || this.marks.follow(edits ?? [])) return;
    const touched = broughtBack(edits ?? []);
    if (touched === null || this.#entries.find(touched.questionId) === null) return;
    if (touched.answerId === null) return this.show(touched.questionId);
    await this.select(touched.questionId);
    const versions = this.selected?.answers ?? [];
    this.selectVersion(versions.findIndex(({ id }) => id === touched.answerId));
  }

  rename(pseudonym: string): Promise<ErrorReport | null> {
    return this.#record.rename(pseudonym);
  }

  handle(event: WorkstationEvent): void {
    if (event.type === 'answer-text') {
      if (this.#entries.text(event) && event.section === 'reasoning') this.#announcer.stream(event.text);
    } else if (event.type === 'answer' && event.answer.sessionId === this.session.id)
      this.#onAnswer(event.answer);
    else if (event.type === 'changes') this.#takeChanges(event);
    else if (event.type === 'video') this.files.take(event.video);
  }

  /** After events may have been missed: asks for what could have changed. */
  async catchUp(): Promise<void> {
    await Promise.all([this.files.lookAgain(), this.recordings.readAgain()]);
    await this.#record.catchUp();
    await this.#entries.readUnderWay();
    await this.files.showSaved();
  }

  /** Writes the position down now; for when the window or the session goes. */
  readonly flushPosition = (): Promise<void> => this.#position.flush();

  dispose(): void {
    void this.flushPosition();
    this.#record.end();
    this.marks.dispose();
    this.player.dispose();
  }

  #takeChanges(event: Extract<WorkstationEvent, { type: 'changes' }>): void {
    this.#record.take(event);
    if (this.listed === null && !this.#entries.isReading) this.selectedQuestion = null;
  }

  #onAnswer(answer: Answer): void {
    const question = this.#entries.answer(answer);
    // Of a question that was deleted, or that was missed.
    if (question === null) void this.#record.catchUp();
    if (answer.status === 'queued') return;
    if (answer.status === 'running') {
      this.#announcer.say(this.waitsForModel(answer) ? 'Waits for the model' : 'Thinking');
    } else this.#announcer.say(spoken(answer, question === null ? null : this.warning(question, answer)));
  }

  /** After a step or a jump; not while an answer is read out as it is written. */
  #tellPlace(): void {
    const at = this.player.shown?.location;
    const over = this.#was === this.video.id ? '' : `Recording ${this.recordings.nameOf(this.video.id)}. `;
    this.#was = this.video.id;
    if (!at || this.stoppable !== null) return;
    const time = this.recordings.timecodeOf(this.video.id, at.seconds);
    this.#announcer.settle(`${over}Frame ${at.index}, ${time}`);
  }
}

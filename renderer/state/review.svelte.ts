import {
  answerWarning,
  isSameEye,
  isUnderWay,
  type Answer,
  type Bookmark,
  type Bridge,
  type Case,
  type Change,
  type Entry,
  type EntrySummary,
  type ErrorReport,
  type FrameIndex,
  type GrantId,
  type ModelStamp,
  type OpenSession,
  type QuestionId,
  type Segment,
  type Session,
  type Video,
  type VideoId,
  type WorkstationEvent,
} from '../../preload/contract/index.ts';
import { spoken } from '../view/statuses.ts';
import { answerKey } from '../view/markers.ts';
import { MarksOfReview } from './marks.svelte.ts';
import { goToNeighbour, type Which } from './neighbours.ts';
import { indexIn, isAbout } from '../view/timeline.ts';
import type { AnswerStream } from './answer-stream.ts';
import type { Announcer } from './announcer.svelte.ts';
import { PendingQuestions } from './pending-questions.svelte.ts';
import type { Entries } from './entries.svelte.ts';
import { askVersions, QuestionsTogether } from './questions-together.ts';
import { broughtBack } from './brought-back.ts';
import { frameToAsk } from './frame-to-ask.ts';
import { Judging } from './judging.svelte.ts';
import { Player } from './player.svelte.ts';
import { Position } from './position.ts';
import { Region } from './region.svelte.ts';
import type { ReviewParts } from './review-parts.ts';
import { ReviewList } from './review-list.svelte.ts';
import { drawnAnew, randomSeed, repeated } from './seeds.ts';
import { InLibrary } from './in-library.svelte.ts';
import { SessionRecord } from './session-record.svelte.ts';
import { TimeView } from './time-view.svelte.ts';
import { View } from './view.svelte.ts';

/** One open session: its video on screen, its questions and answers. */
export class Review {
  video = $state.raw<Video>() as Video;
  session = $state.raw<Session>() as Session;
  selectedQuestion = $state<QuestionId | null>(null);
  /** Version of the selected question's answer; null: the newest. */
  selectedVersion = $state<number | null>(null);
  /** Why the file that was named as the missing one is not taken. */
  relinkFault = $state.raw<ErrorReport | null>(null);
  readonly player: Player;
  readonly view = new View((zoom) => this.#announcer.settle(zoom));
  readonly time = new TimeView(this, (range) => this.#announcer.settle(range));

  readonly #bridge: Bridge;
  readonly #announcer: Announcer;
  readonly #entries: Entries;
  readonly #record: SessionRecord;
  /** Its name, and whether it lies in the bin. */
  readonly inLibrary: InLibrary;
  /** The frame of the answer that was chosen while no frame could be shown yet. */
  #goOnceReady: FrameIndex | null = null;
  readonly #position: Position;
  readonly #goOver: (videoId: VideoId, to: QuestionId | Bookmark | Segment) => Promise<void>;
  readonly #drawSeed: () => number;
  readonly #modelIsComing: () => boolean;
  readonly asking = new PendingQuestions(() => void this.player.refresh());
  readonly judging: Judging;
  readonly marks: MarksOfReview;
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

  /** The frame that the selected answer speaks of; null where it is one of another recording than that on show. */
  readonly answerIndex: FrameIndex | null = $derived.by(() => indexIn(this.video, this.listed?.question));

  readonly onAnswersFrame: boolean = $derived.by(
    () => this.answerIndex !== null && this.player.shown?.location.index === this.answerIndex,
  );

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
    this.video = open.video;
    this.session = open.session;
    const shown = { size: () => this.video, selected: () => this.selectedQuestion };
    this.#record = new SessionRecord(open, { ...parts, ...shown });
    this.#entries = this.#record.entries;
    this.inLibrary = new InLibrary(this.#record, parts.bridge, open.session.id);
    this.#goOver = parts.goOver ?? (async () => undefined);
    this.#drawSeed = parts.drawSeed ?? randomSeed;
    this.#modelIsComing = parts.modelIsComing ?? (() => false);
    const actor = parts.actor ?? (() => null);
    this.list = new ReviewList(this, actor);
    const catchUp = (): Promise<void> => this.#record.catchUp();
    this.judging = new Judging(this, { ...parts, actor, catchUp });
    this.marks = new MarksOfReview(this, { ...parts, recorded: this.#record.marks, catchUp });
    this.view.picture = { width: open.video.width, height: open.video.height };
    this.#position = new Position(open.session.frameIndex, async (frameIndex) => {
      await parts.bridge.savePosition({ sessionId: this.session.id, videoId: this.video.id, frameIndex });
    });
    this.player = new Player({
      ...parts,
      video: () => this.video,
      onShown: (index) => {
        this.#takePicture();
        this.#position.keep(index);
        this.#tellPlace();
      },
      onFault: () => void this.lookAgain(),
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

  /** Selects a question; goes to its frame unless that is on screen, over to its recording where that is not on show. */
  async select(questionId: QuestionId): Promise<void> {
    this.asking.fault = null;
    const about = this.#entries.find(questionId)?.question.videoId ?? this.video.id;
    if (about !== this.video.id) return this.#goOver(about, questionId);
    await Promise.all([this.show(questionId), this.goToAnswer()]);
  }

  /** Puts a question's newest answer on show, whatever frame is on the screen. Resolves when all of it is there. */
  async show(questionId: QuestionId): Promise<void> {
    this.selectedQuestion = questionId;
    this.selectedVersion = null;
    this.marks.at = answerKey(questionId);
    await this.#entries.load(questionId);
  }

  /** The next question of the video in time, or the one before; see {@link goToNeighbour}. */
  selectNeighbour(direction: -1 | 1, which: Which = 'any'): Promise<void> {
    return goToNeighbour(this, this.#announcer, { direction, which });
  }

  /** Shows the frame of the answer on show; where the video's index is still made, as soon as that is there. */
  async goToAnswer(): Promise<void> {
    const index = this.answerIndex;
    if (!this.player.ready) this.#goOnceReady = index;
    else if (index !== null && (!this.onAnswersFrame || this.player.motion.moving))
      await this.player.goTo({ index });
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
    if (this.marks.follow(edits ?? [])) return;
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
    else if (event.type === 'video' && event.video.id === this.video.id) this.takeVideo(event.video);
  }

  /** A recording may change its size on the way, and boxes are in pixels of their own frame. */
  #takePicture(): void {
    const { width, height } = this.player.shown ?? this.video;
    const before = this.view.picture;
    if (before?.width !== width || before.height !== height) this.view.picture = { width, height };
  }

  takeVideo(video: Video): void {
    const [before, was] = [this.video.availability, this.player.ready];
    // Another eye of a stereo recording: what moves stops, and the frame is fetched anew.
    if (!isSameEye(this.video.eye, video.eye)) void this.player.pause().then(() => this.player.refresh());
    this.video = video;
    this.#takePicture();
    if (video.availability === 'available' && before !== 'available') {
      this.relinkFault = null;
      this.player.fault = null;
      this.player.motion.fault = null;
    }
    if (was || !this.player.ready || this.player.motion.moving) return;
    const chosen = this.#goOnceReady;
    this.#goOnceReady = null;
    const seconds = this.player.motion.visible && chosen === null ? this.player.motion.seconds : null;
    const index = chosen ?? this.player.shown?.location.index ?? this.session.frameIndex;
    void (seconds === null ? this.player.showIndex(index) : this.player.show({ seconds }));
  }

  /** Whether the file is there, as far as the workstation knows now. */
  async lookAgain(): Promise<void> {
    const video = await this.#bridge.getVideo({ videoId: this.video.id });
    if (video.ok) this.takeVideo(video.value);
  }

  /** Says where the missing file lies now. */
  async relink(grantId: GrantId): Promise<void> {
    const video = await this.#bridge.relinkVideo({ videoId: this.video.id, grantId });
    this.relinkFault = video.ok ? null : video.error;
    if (video.ok) this.takeVideo(video.value);
  }

  /** After events may have been missed: asks for what could have changed. */
  async catchUp(): Promise<void> {
    await this.lookAgain();
    await this.#record.catchUp();
    await this.#entries.readUnderWay();
    if (!this.player.shown && this.player.ready) await this.player.showIndex(this.session.frameIndex);
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
    if (at && this.stoppable === null) this.#announcer.settle(`Frame ${at.index}, ${at.timecode}`);
  }
}

import { SvelteMap } from 'svelte/reactivity';
import {
  answerWarning,
  unwrap,
  toErrorReport,
  type Answer,
  type AnswerId,
  type Bridge,
  type Case,
  type Entry,
  type ErrorReport,
  type FrameIndex,
  type JobId,
  type OpenSession,
  type QuestionId,
  type Session,
  type Video,
  type WorkstationEvent,
} from '../../preload/contract/index.ts';
import { spoken } from '../view/statuses.ts';
import { neighbour } from '../view/timeline.ts';
import type { Announcer } from './announcer.svelte.ts';
import { frameToAsk } from './frame-to-ask.ts';
import { Player } from './player.svelte.ts';
import { Position } from './position.ts';
import { View } from './view.svelte.ts';

/** What a model has written so far, while it writes. */
export interface Stream {
  readonly jobId: JobId | null;
  readonly reasoning: string;
  readonly answer: string;
  readonly tokens: number;
}

const silent: Stream = { jobId: null, reasoning: '', answer: '', tokens: 0 };

/** One open session: its video on screen, its questions and answers. */
export class Review {
  case = $state.raw<Case>() as Case;
  video = $state.raw<Video>() as Video;
  session = $state.raw<Session>() as Session;
  /** Newest last, as they were asked. */
  entries = $state.raw<readonly Entry[]>([]);
  selectedQuestion = $state<QuestionId | null>(null);
  /** Version of the selected question's answer; null: the newest. */
  selectedVersion = $state<number | null>(null);
  /** What the last question met that kept it from being asked. */
  askFault = $state.raw<ErrorReport | null>(null);
  asking = $state(false);
  readonly streams = new SvelteMap<AnswerId, Stream>();
  readonly player: Player;
  readonly view = new View();

  readonly #bridge: Bridge;
  readonly #announcer: Announcer;
  /** Answers that ended before the call that asked for them returned. */
  readonly #early = new SvelteMap<AnswerId, Answer>();
  readonly #position: Position;

  readonly selected: Entry | null = $derived(
    this.entries.find((entry) => entry.question.id === this.selectedQuestion) ?? null,
  );

  readonly answer: Answer | null = $derived.by(() => {
    const answers = this.selected?.answers ?? [];
    return answers[this.selectedVersion ?? answers.length - 1] ?? answers.at(-1) ?? null;
  });

  /** The frame that the selected answer speaks of. */
  readonly answerIndex: FrameIndex | null = $derived(
    this.answer?.frame?.index ?? this.selected?.question.location.index ?? null,
  );

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

  readonly runningAnswer: Answer | null = $derived.by(() => {
    for (const entry of this.entries) {
      const running = entry.answers.find((answer) => answer.status === 'running');
      if (running) return running;
    }
    return null;
  });

  constructor(
    open: OpenSession,
    parts: {
      bridge: Bridge;
      fetchPixels: typeof fetch;
      announcer: Announcer;
      readOnly: () => boolean;
    },
  ) {
    this.#bridge = parts.bridge;
    this.#announcer = parts.announcer;
    this.case = open.case;
    this.video = open.video;
    this.session = open.session;
    this.entries = open.entries;
    this.view.picture = { width: open.video.width, height: open.video.height };
    this.#position = new Position(open.session.frameIndex, async (frameIndex) => {
      if (!parts.readOnly()) await parts.bridge.savePosition({ sessionId: this.session.id, frameIndex });
    });
    this.player = new Player({
      bridge: parts.bridge,
      fetchPixels: parts.fetchPixels,
      video: () => this.video,
      onShown: (index) => this.#position.keep(index),
    });
    const last = open.entries.at(-1);
    if (last && last.question.location.index === open.session.frameIndex) {
      this.selectedQuestion = last.question.id;
    }
    if (this.player.ready) void this.player.showIndex(open.session.frameIndex);
  }

  /** What to know before using an answer whose words and box disagree; null where they agree. */
  warning(entry: Entry, answer: Answer): string | null {
    return answerWarning(answer, entry.question.text, this.video);
  }

  stream(answer: Answer): Stream {
    return this.streams.get(answer.id) ?? silent;
  }

  /** Selects a question; goes to its frame unless that is on screen. */
  async select(questionId: QuestionId): Promise<void> {
    this.selectedQuestion = questionId;
    this.selectedVersion = null;
    this.askFault = null;
    await this.goToAnswer();
  }

  /** The next question of the video in time, or the one before: from the selected one, else from the frame on screen. */
  async selectNeighbour(direction: -1 | 1): Promise<void> {
    const from = this.onAnswersFrame && this.selected ? this.selected : this.player.index;
    const next = neighbour(this.entries, from, direction);
    if (next) await this.select(next.question.id);
    else this.#announcer.say(direction > 0 ? 'No answer further on' : 'No answer before this');
  }

  async goToAnswer(): Promise<void> {
    if (this.answerIndex === null || !this.player.ready) return;
    if (this.onAnswersFrame && !this.player.motion.moving) return;
    await this.player.goTo({ index: this.answerIndex });
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
    if (!question || this.asking) return false;
    return this.#started(async () => {
      const frame = await frameToAsk(this.player);
      const asked = unwrap(
        await this.#bridge.ask({
          sessionId: this.session.id,
          frameIndex: frame.location.index,
          frameHash: frame.hash,
          question,
        }),
      );
      this.#begin(asked.answer.id, asked.jobId);
      this.entries = [...this.entries, { question: asked.question, answers: [this.#latest(asked.answer)] }];
      this.selectedQuestion = asked.question.id;
      this.selectedVersion = null;
    });
  }

  async askAgain(): Promise<boolean> {
    const entry = this.selected;
    if (!entry || this.asking || this.runningAnswer) return false;
    return this.#started(async () => {
      // The person sees what is asked about, before it is asked.
      await this.goToAnswer();
      const frame = await frameToAsk(this.player);
      const asked = unwrap(
        await this.#bridge.askAgain({ questionId: entry.question.id, frameHash: frame.hash }),
      );
      this.#begin(asked.answer.id, asked.jobId);
      this.#put(this.#latest(asked.answer));
      this.selectedVersion = null;
    });
  }

  /** Stops the answer that is being written; what there is of it is kept. */
  async stop(): Promise<void> {
    const running = this.runningAnswer;
    if (!running) return;
    const jobId = this.stream(running).jobId ?? (await this.#jobOf());
    if (!jobId) return;
    const result = await this.#bridge.cancelJob({ jobId });
    if (!result.ok) this.askFault = result.error;
  }

  /** Takes a question out of the list; returns the way to bring it back, or null where it failed. */
  async remove(questionId: QuestionId): Promise<boolean> {
    const result = await this.#bridge.deleteQuestion({ questionId });
    if (!result.ok) {
      this.askFault = result.error;
      return false;
    }
    if (this.selectedQuestion === questionId) this.selectedQuestion = null;
    this.entries = this.entries.filter((entry) => entry.question.id !== questionId);
    return true;
  }

  async restore(entry: Entry): Promise<void> {
    const result = await this.#bridge.restoreQuestion({ questionId: entry.question.id });
    if (!result.ok) {
      this.askFault = result.error;
      return;
    }
    this.entries = [...this.entries, entry].sort((a, b) => a.question.createdAt - b.question.createdAt);
    this.selectedQuestion = entry.question.id;
  }

  async rename(pseudonym: string): Promise<ErrorReport | null> {
    const result = await this.#bridge.renameCase({ caseId: this.case.id, pseudonym });
    if (!result.ok) return result.error;
    this.case = result.value;
    return null;
  }

  handle(event: WorkstationEvent): void {
    if (event.type === 'answer-text') this.#onText(event);
    else if (event.type === 'answer' && event.answer.sessionId === this.session.id) {
      this.#onAnswer(event.answer);
    } else if (event.type === 'video' && event.video.id === this.video.id) this.takeVideo(event.video);
  }

  takeVideo(video: Video): void {
    const was = this.player.ready;
    this.video = video;
    this.view.picture = { width: video.width, height: video.height };
    if (was || !this.player.ready) return;
    const seconds = this.player.motion.visible ? this.player.motion.seconds : null;
    if (this.player.motion.moving) return;
    void (seconds === null ? this.player.showIndex(this.session.frameIndex) : this.player.show({ seconds }));
  }

  /** After events may have been missed: asks for what could have changed. */
  async catchUp(): Promise<void> {
    const video = await this.#bridge.getVideo({ videoId: this.video.id });
    if (video.ok) this.takeVideo(video.value);
    const running = this.entries.flatMap((entry) =>
      entry.answers.filter((answer) => answer.status === 'running'),
    );
    for (const answer of running) {
      const now = await this.#bridge.getAnswer({ answerId: answer.id });
      if (now.ok) this.#onAnswer(now.value);
    }
    if (!this.player.shown && this.player.ready) await this.player.showIndex(this.session.frameIndex);
  }

  /** Writes the position down now; for when the window or the session goes. */
  flushPosition(): Promise<void> {
    return this.#position.flush();
  }

  dispose(): void {
    void this.flushPosition();
    this.player.dispose();
  }

  async #started(start: () => Promise<void>): Promise<boolean> {
    this.asking = true;
    this.askFault = null;
    try {
      await start();
      return true;
    } catch (error) {
      this.askFault = toErrorReport(error);
      // The picture on the screen is one of before: the person is shown what there is now.
      if (this.askFault.code === 'frame-mismatch') void this.player.refresh();
      return false;
    } finally {
      this.asking = false;
    }
  }

  #begin(answerId: AnswerId, jobId: JobId): void {
    this.streams.set(answerId, { ...(this.streams.get(answerId) ?? silent), jobId });
    this.#announcer.say('Thinking');
  }

  /** A window opened while an answer was already on its way doesn't know its job; only one runs at a time. */
  async #jobOf(): Promise<JobId | null> {
    const jobs = await this.#bridge.listJobs({});
    if (!jobs.ok) return null;
    return jobs.value.find((job) => job.kind === 'answer' && job.state === 'running')?.id ?? null;
  }

  #latest(answer: Answer): Answer {
    const early = this.#early.get(answer.id);
    this.#early.delete(answer.id);
    return early ?? answer;
  }

  #onText(event: Extract<WorkstationEvent, { type: 'answer-text' }>): void {
    const before = this.streams.get(event.answerId) ?? silent;
    this.streams.set(event.answerId, {
      jobId: event.jobId,
      reasoning: before.reasoning + (event.section === 'reasoning' ? event.text : ''),
      answer: before.answer + (event.section === 'answer' ? event.text : ''),
      tokens: event.generatedTokens,
    });
    if (event.section === 'reasoning') this.#announcer.stream(event.text);
  }

  #onAnswer(answer: Answer): void {
    const known = this.#put(answer);
    if (!known) this.#early.set(answer.id, answer);
    if (answer.status === 'running') return;
    this.streams.delete(answer.id);
    const entry = this.entries.find(({ question }) => question.id === answer.questionId);
    this.#announcer.say(spoken(answer, entry ? this.warning(entry, answer) : null));
  }

  /** Puts an answer in its place among its question's versions; false where the question isn't listed. */
  #put(answer: Answer): boolean {
    let found = false;
    this.entries = this.entries.map((entry) => {
      if (entry.question.id !== answer.questionId) return entry;
      found = true;
      const known = entry.answers.some((version) => version.id === answer.id);
      const answers = known
        ? entry.answers.map((version) => (version.id === answer.id ? answer : version))
        : [...entry.answers, answer];
      return { ...entry, answers };
    });
    return found;
  }
}

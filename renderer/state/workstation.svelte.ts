import {
  type Actor,
  type AnswerId,
  type Bookmark,
  type Bridge,
  type ErrorReport,
  type GrantId,
  type Job,
  type ModelState,
  type OpenSession,
  type QuestionId,
  type QuestionTemplate,
  type RecentVideo,
  type Segment,
  type SessionSummary,
  type Status,
  type VideoId,
  type WorkstationEvent,
} from '../../preload/contract/index.ts';
import type { Connection, Reach } from '../bridge/connection.ts';
import { Announcer } from './announcer.svelte.ts';
import { windowName } from '../bridge/pass.ts';
import { presentingChannel } from '../presenting/presented.ts';
import { Presenter } from '../presenting/presenter.svelte.ts';
import { askObstacle } from './ask-obstacle.ts';
import { FullScreen } from './full-screen.svelte.ts';
import { GoOn } from './go-on.svelte.ts';
import { Models } from './models.svelte.ts';
import { Opener } from './opener.svelte.ts';
import { Preferences } from './preferences.svelte.ts';
import { Review } from './review.svelte.ts';
import { Site } from './site.svelte.ts';
import { neverBack, withJob } from './told.ts';
import { Tour } from './tour.svelte.ts';
import { UndoSteps } from './undo-steps.svelte.ts';
import { WaitingQuestions } from './waiting-questions.svelte.ts';

/** What a file or folder is chosen for. */
export type Purpose = 'open' | 'add' | 'relink' | 'model' | 'base';

/** The window's whole state: what the workstation says of itself, and the session that is open. */
export class Workstation {
  status = $state.raw<Status | null>(null);
  model = $state.raw<ModelState | null>(null);
  jobs = $state.raw<readonly Job[]>([]);
  templates = $state.raw<readonly QuestionTemplate[]>([]);
  sessions = $state.raw<readonly SessionSummary[]>([]);
  recent = $state.raw<readonly RecentVideo[]>([]);
  /** Everyone whom a verdict can name, once somebody else's was met. */
  actors = $state.raw<readonly Actor[]>([]);
  /** False until sessions and recent videos were read once: until then nobody can say that there are none. */
  libraryRead = $state(false);
  savedAt = $state<number | null>(null);
  reach = $state<Reach>('connected');
  review = $state.raw<Review | null>(null);
  /** False until it is known whether there is a session to go back to. */
  started = $state(false);
  /** Failures of opening and of the library, newest last. */
  faults = $state.raw<readonly ErrorReport[]>([]);
  /** Whether sound is heard while a recording plays. It is off at every start of the window, since recordings hold voices. */
  soundOn = $state(false);
  /** The folder browser is open: which purpose. */
  browsing = $state<Purpose | null>(null);
  readonly models: Models;
  readonly opener: Opener;
  readonly steps: UndoSteps;
  readonly announcer: Announcer;
  readonly preferences: Preferences;
  readonly site: Site;
  readonly waiting: WaitingQuestions;
  readonly goOn = new GoOn(localStorage);
  readonly tour = new Tour(this);
  readonly fullScreen = new FullScreen(document);
  readonly presenter = new Presenter(windowName(), new BroadcastChannel(presentingChannel));
  readonly bridge: Bridge;
  readonly now: () => number;

  readonly #fetch: typeof fetch;
  readonly #stops: (() => void)[] = [];
  /** Files that were given to the program, one after another: the last one is the one on the screen. */
  #opening: Promise<void> = Promise.resolve();
  /** The newest change that was told. */
  #newest = 0;

  constructor(connection: Connection, fetchMedia: typeof fetch, now: () => number) {
    this.bridge = connection.bridge;
    this.#fetch = fetchMedia;
    this.now = now;
    this.announcer = new Announcer(now);
    this.preferences = new Preferences(this.bridge);
    this.site = new Site({ bridge: this.bridge, session: () => this.review?.session.id ?? null });
    this.steps = new UndoSteps({
      bridge: this.bridge,
      announcer: this.announcer,
      review: () => this.review,
    });
    this.waiting = new WaitingQuestions({
      bridge: this.bridge,
      announcer: this.announcer,
      jobs: () => this.jobs,
      onFault: (fault) => this.#fail(fault),
    });
    this.models = new Models({
      bridge: this.bridge,
      announcer: this.announcer,
      onState: (state) => (this.model = state),
    });
    this.#stops.push(connection.onReach((reach) => this.#onReach(reach)));
    this.opener = new Opener({
      bridge: this.bridge,
      onOpen: (open) => this.#enter(open),
      onBegin: async () => {
        this.faults = [];
        // The session that opens may be this very one: it should open where the reviewer stands.
        await this.review?.flushPosition();
      },
      onFault: (fault) => this.#fail(fault),
      onChoose: () => void this.chooseVideo('open'),
      onAdd: async (grantId) => (await this.review?.arrange.add(grantId)) ?? null,
    });
    this.#stops.push(this.bridge.onEvent((event) => this.#onEvent(event)));
  }

  get runningJobs(): readonly Job[] {
    return this.jobs.filter((job) => job.state === 'running');
  }

  /** How many questions are answered before this one, in whichever session; null where it does not wait. */
  placeInQueue(answerId: AnswerId): number | null {
    const asked = this.jobs.filter((job) => job.kind === 'answer' && job.state !== 'paused');
    const at = asked.findIndex((job) => job.subject?.answerId === answerId && job.state === 'queued');
    return at < 0 ? null : at;
  }

  /** The model is on its way: what is asked now waits for it. */
  get modelIsComing(): boolean {
    const { phase, server } = this.model ?? {};
    return phase === 'loading' || (phase === 'restarting' && server === undefined);
  }

  /** Why a question cannot be asked now; null where it can. */
  get askObstacle(): string | null {
    return askObstacle(this);
  }

  async start(): Promise<void> {
    await this.#refresh();
    const templates = await this.bridge.listQuestionTemplates({});
    if (templates.ok) this.templates = templates.value;
    const last = await this.bridge.openLastSession({});
    if (last.ok && last.value) this.#enter(last.value);
    if (!last.ok) this.#fail(last.error);
    if (!this.review) await this.refreshLibrary();
    this.started = true;
    void this.#openGivenFiles(true);
  }

  /** Files that the system or a command gave to the program are opened here as if they had been chosen. */
  async #openGivenFiles(starting: boolean): Promise<void> {
    const given = await this.bridge.takeFilesToOpen({ starting });
    if (!given.ok) return this.#fail(given.error);
    for (const { grantId, name } of given.value) {
      this.#opening = this.#opening.then(() => this.opener.openGrant(grantId, name));
    }
    await this.#opening;
  }

  async refreshLibrary(): Promise<void> {
    const [sessions, recent] = await Promise.all([
      this.bridge.listSessions({}),
      this.bridge.listRecentVideos({}),
    ]);
    if (sessions.ok) this.sessions = sessions.value;
    else this.#fail(sessions.error);
    if (recent.ok) this.recent = recent.value;
    this.libraryRead ||= sessions.ok && recent.ok;
  }

  /** Reads who everyone is. */
  async readActors(): Promise<void> {
    const actors = await this.bridge.listActors({});
    if (actors.ok) this.actors = actors.value;
  }

  /** The system's file dialog where the host has one, else the folder browser. */
  async chooseVideo(purpose: 'open' | 'add' | 'relink'): Promise<void> {
    if (!this.status?.fileDialog) {
      this.browsing = purpose;
      return;
    }
    const chosen = await this.bridge.chooseVideo({});
    if (!chosen.ok) this.#fail(chosen.error);
    else if (chosen.value) await this.take(chosen.value.grantId, chosen.value.name, purpose);
  }

  /** The same for a model's folder, or for that of the model that an adapter belongs to. */
  async chooseModelFolder(purpose: 'model' | 'base'): Promise<void> {
    if (!this.status?.fileDialog) {
      this.browsing = purpose;
      return;
    }
    const chosen = await this.bridge.chooseModelFolder({});
    if (!chosen.ok) this.models.fault = chosen.error;
    else if (chosen.value) await this.take(chosen.value.grantId, chosen.value.name, purpose);
  }

  /** Opens a file that was picked, or says that it is the missing one; looks into a model's folder. */
  async take(grantId: GrantId, name: string, purpose: Purpose): Promise<void> {
    this.browsing = null;
    if (purpose === 'model' || purpose === 'base') return this.models.take(grantId, name, purpose);
    if (purpose === 'open') return this.opener.openGrant(grantId, name);
    if (purpose === 'add') return this.opener.add(grantId, name);
    await this.review?.files.relink(grantId);
  }

  async clearRecent(): Promise<void> {
    const cleared = await this.bridge.clearRecentVideos({});
    if (cleared.ok) this.recent = [];
    else this.#fail(cleared.error);
  }

  /** Folders hold models, not videos; a browser could not read one that was dropped. */
  refuseFolder(name: string): void {
    this.#fail({
      code: 'invalid-input',
      message: `${name} is a folder, not a video.`,
      hint: 'Drop a video file. A model’s folder is added under Models, from the model’s name at the top.',
    });
  }

  async loadModel(): Promise<void> {
    const state = await this.bridge.loadChosenModel({});
    if (state.ok) this.model = state.value;
    else this.#fail(state.error);
  }

  async remove(questionId: QuestionId): Promise<void> {
    const review = this.review;
    if (review && (await review.remove(questionId))) this.steps.deleted('Question', questionId);
  }

  dismissFault(fault: ErrorReport): void {
    this.faults = this.faults.filter((other) => other !== fault);
  }

  /** The person goes on with the database as it is. */
  databaseKept(): void {
    if (!this.status) return;
    const notices = this.status.notices.filter(({ code }) => code !== 'store-lost');
    this.status = { ...this.status, notices, restoreOffered: false };
  }

  dispose(): void {
    for (const stop of this.#stops) stop();
    this.steps.dismiss();
    this.review?.dispose();
    this.presenter.dispose();
    this.announcer.dispose();
  }

  #enter(open: OpenSession): void {
    this.review?.dispose();
    this.steps.dismiss();
    this.review = new Review(open, {
      bridge: this.bridge,
      fetchMedia: this.#fetch,
      announcer: this.announcer,
      modelIsComing: () => this.modelIsComing,
      goOver: (videoId, to) => this.#goOver(open, videoId, to),
      actor: () => this.status?.actor.id ?? null,
      soundOn: () => this.soundOn,
      siteLabels: () => this.site.settings.labels,
      onJudged: () => this.goOn.chosen && void this.review?.selectNeighbour(1, 'open'),
      newest: this.#newest,
      onReplaced: () => void this.#readAnew(),
      onRemoved: (what, id) => this.steps.deleted(what, id),
    });
    this.announcer.say(`Opened ${open.case.pseudonym}, session ${open.session.number}`);
  }

  async #goOver(open: OpenSession, videoId: VideoId, to: QuestionId | Bookmark | Segment): Promise<void> {
    await this.opener.openSession(open.session.id, open.case.pseudonym, videoId);
    const { review } = this;
    if (review?.video.id !== videoId) return;
    await (typeof to === 'string' ? review.select(to) : review.marks.goTo(to));
  }

  async #refresh(): Promise<void> {
    const [status, model, jobs] = await Promise.all([
      this.bridge.getStatus({}),
      this.bridge.getModelState({}),
      this.bridge.listJobs({}),
      this.preferences.read(),
      this.site.read(),
    ]);
    if (status.ok) {
      this.status = status.value;
      this.savedAt = status.value.savedAt;
    } else this.#fail(status.error);
    if (model.ok) this.model = model.value;
    if (jobs.ok) this.jobs = jobs.value.reduce<readonly Job[]>(withJob, []);
  }

  #onReach(reach: Reach): void {
    const back = reach === 'connected' && this.reach !== 'connected';
    this.reach = reach;
    if (!back) return;
    this.faults = this.faults.filter((fault) => fault.code !== 'unavailable');
    void this.#refresh();
    void this.review?.catchUp();
  }

  /** Another database has taken the place of the one that is on show, in whichever window that was asked for. */
  async #readAnew(): Promise<void> {
    this.#newest = 0;
    this.review?.dispose();
    this.review = null;
    this.sessions = [];
    await this.start();
    if (this.libraryRead) await this.refreshLibrary();
  }

  #onEvent(event: WorkstationEvent): void {
    if (event.type === 'changes') {
      this.#newest = Math.max(this.#newest, event.changes.at(-1)?.seq ?? 0);
      this.site.told(event.changes);
    }
    if (event.type === 'replaced') void this.#readAnew();
    else if (event.type === 'file-to-open') void this.#openGivenFiles(false);
    else if (event.type === 'model') this.model = neverBack(this.model, event.state);
    else if (event.type === 'preferences') this.preferences.told(event, this.status?.actor.id);
    else if (event.type === 'saved') this.savedAt = event.at;
    else if (event.type === 'notices') this.#takeNotices(event.notices);
    else if (event.type === 'job') this.jobs = withJob(this.jobs, event.job);
    else if (event.type === 'sessions') {
      if (this.libraryRead) void this.refreshLibrary();
    } else if (event.type === 'models' || event.type === 'model-import') this.models.handle(event);
    else {
      if (event.type === 'changes') this.steps.told(event.changes, this.status?.actor.id);
      this.review?.handle(event);
    }
  }

  #takeNotices(notices: readonly ErrorReport[]): void {
    if (this.status) this.status = { ...this.status, notices: [...notices] };
  }

  #fail(error: ErrorReport): void {
    // That nobody answers is said once, by the banner.
    if (error.code === 'unavailable' && this.reach !== 'connected') return;
    this.faults = [...this.faults.filter((fault) => fault.message !== error.message), error];
  }
}

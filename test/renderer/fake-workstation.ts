import { planVerdict } from '../../main/review/commands/verdicts.ts';
import { planMark, withMark } from './fake-marks.ts';
import { FakeRecord } from './fake-record.ts';
import { checkpointReport, embeddedModel, folderModel, runningImport } from './fake-models.ts';
import {
  defaultPreferences,
  noSiteSettings,
  distinctModels,
  entrySummaryOf,
  firstPageLength,
  FrameIndex,
  formatTimecode,
  inContext,
  isUnderWay,
  parseTimecode,
  toErrorReport,
  WorkstationError,
  type Answer,
  type AnswerStatus,
  type BackupList,
  type Bridge,
  type CallContext,
  type CallInput,
  type CallName,
  type CallOutput,
  type Case,
  type Entry,
  type EntryPage,
  type EntrySummary,
  type DroppedFile,
  type Edit,
  type Folder,
  type FrameLocation,
  type AnswerId,
  type Job,
  type GrantId,
  type KnownVideo,
  type Marks,
  type ModelEntry,
  type ModelFolderReport,
  type ModelImport,
  type ModelState,
  type OpenSession,
  type PlaceInVideo,
  type Preferences,
  type SiteSettingsNow,
  type Question,
  type Session,
  type Status,
  type Video,
  type WorkstationCalls,
  type WorkstationEvent,
} from '../../preload/contract/index.ts';

/** An id of the contract's shape; brands exist for the compiler only. */
export const id = <T extends string>(text: string): T => text as T;

export const now = Date.UTC(2026, 10, 22, 14, 20);

const frameRate = 25;

export const fakeVideo: Video = {
  id: id('video1'),
  caseId: id('case1'),
  displayName: 'demo.mp4',
  fingerprint: 'f'.repeat(64),
  streams: [],
  streamIndex: 0,
  incomplete: null,
  sizeBytes: 1_335_939,
  container: 'mov,mp4,m4a,3gp,3g2,mj2',
  codec: 'h264',
  width: 640,
  height: 512,
  timeBase: [1, 12_800],
  variableFrameRate: false,
  durationSeconds: 14,
  recordedAt: null,
  joins: [],
  frameCount: 350,
  index: 'ready',
  playback: 'native',
  availability: 'available',
  problem: null,
  copied: false,
  addedAt: now,
  openedAt: now,
};

export const readyModel: ModelState = {
  phase: 'ready',
  model: {
    id: id('surgery-r1-nano'),
    name: 'Surgery-R1 nano',
    version: '0.1.0',
    embedded: true,
    domain: 'synthetic',
    domainNote: 'Taught on drawn scenes alone. It has never seen a patient; do not trust it on real video.',
    licence: 'Apache-2.0',
  },
  sha256: '0123456789abcdef'.repeat(4),
  dtype: 'fp32',
  device: 'CPU',
  deviceReason: 'The model is small (14 MB): a GPU pays from 200 MB.',
  deviceFallback: false,
  memoryBytes: 61_000_000,
  memoryExpectedBytes: 155_000_000,
  memoryCeilingBytes: 2_000_000_000,
  threads: '2 threads, measured 2026-11-22: 1.4 times as fast as 1.',
  unloadedReason: null,
  activity: null,
  progress: null,
  error: null,
  substitution: null,
};

const defaultSettings = {
  temperature: 0,
  topK: 0,
  topP: 1,
  repetitionPenalty: 1,
  seed: 0,
  maxNewTokens: null,
};

/** Where frame `index` of the fake video lies; out of range as the real one refuses it. */
export function locationOf(index: number): FrameLocation {
  if (index < 0 || index >= 350) {
    throw new WorkstationError(
      'frame-out-of-range',
      `There is no frame ${index} in this video.`,
      'Choose a frame from 0 to 349.',
    );
  }
  const seconds = index / frameRate;
  return {
    index: FrameIndex.parse(index),
    pts: id2(index * 512),
    seconds,
    timecode: formatTimecode(seconds),
  };
}

const notFound = (what: string): WorkstationError =>
  new WorkstationError('not-found', `This ${what} is not in the database.`, 'Choose from the list.');

const definedOnly = (settings: object | undefined): object =>
  Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined));

const inOrder = (one: Entry, other: Entry): number => one.place - other.place;

/** Of the picture of a frame: another for each, as of real ones. */
export const hashOf = (index: number): string => index.toString(16).padStart(64, 'ab');

const id2 = <T extends number>(value: number): T => value as T;

/**
 * The contract answered from memory, for tests of the window and for drawing its states: no files, no model.
 * What it holds is public, so that a test can set the scene.
 */
export class FakeWorkstation {
  backups: BackupList = {
    present: { cases: 0, sessions: 0, questions: 0, answers: 0, changedAt: null },
    keptPictures: { count: 0, bytes: 0 },
    backups: [],
  };
  status: Status = {
    version: '0.1.0',
    actor: { id: id('surgeon'), kind: 'person', name: 'surgeon' },
    window: id('web-0123456789'),
    host: 'web',
    hostReason: null,
    fileDialog: false,
    dataFolder: '/data',
    savedAt: now,
    decoder: 'ffmpeg 5.1.9-0+deb12u1',
    notices: [],
    restoreOffered: false,
  };
  model: ModelState = readyModel;
  models: ModelEntry[] = [embeddedModel];
  imports: ModelImport[] = [];
  /** What every folder turns out to hold. */
  report: ModelFolderReport = checkpointReport;
  marks: Marks = { bookmarks: [], segments: [], tracks: [] };
  video: Video = fakeVideo;
  case: Case = {
    id: id('case1'),
    pseudonym: 'Case 0417 · partial nephrectomy',
    createdAt: now,
    demonstration: true,
  };
  session: Session = {
    id: id('session1'),
    caseId: id('case1'),
    videoId: id('video1'),
    number: 3,
    name: null,
    createdAt: now,
    updatedAt: now,
    frameIndex: FrameIndex.parse(0),
  };
  /** When something is asked; set back by a test. */
  clock = (): number => now + this.#count * 1000;
  entries: Entry[] = [];
  deleted: Entry[] = [];
  /** Hashes of frames that have become other pictures. */
  readonly pictures = new Map<number, string>();
  jobs: Job[] = [];
  /** What every file turns out to be known as. */
  known: KnownVideo | null = null;
  preferences: Preferences = defaultPreferences;
  site: SiteSettingsNow = { settings: noSiteSettings, sha256: null };
  filesToOpen: { grantId: GrantId; name: string }[] = [];
  /** Where a dropped file is found; a browser's host says which bytes, not which file. */
  dropped: DroppedFile = {
    found: [{ grantId: id('grant2'), name: 'dropped.mp4', folder: '/videos' }],
    exact: true,
    freeBytes: null,
  };
  /** How a copy goes; the signal ends it. */
  copy: Bridge['copyDroppedFile'] = async (file) => ({
    ok: true,
    value: { grantId: id('copy1'), name: file.name },
  });
  /** Null: nothing was ever opened. */
  last: 'session' | null = 'session';
  readonly log: { name: CallName; input: unknown }[] = [];
  readonly failures = new Map<CallName, WorkstationError>();
  /** How many questions come with a session that is opened. */
  firstPage = firstPageLength;
  readonly #listeners = new Set<(event: WorkstationEvent) => void>();
  #count = 0;
  /** Versions of answers that were undone. */
  readonly #hidden = new Map<string, Answer>();

  readonly record = new FakeRecord(
    (edits) => edits.forEach((edit) => this.#show(edit)),
    () => this.entries,
    (changes) => {
      this.emit({ type: 'changes', ...changes });
      const edits = changes.changes.flatMap((change) => change.edits ?? []);
      if (edits.some(({ entity }) => entity === 'case')) this.emit({ type: 'sessions' });
    },
  );

  readonly calls: WorkstationCalls = {
    listBackups: async () => structuredClone(this.backups),
    restoreBackup: async () => {
      this.status = { ...this.status, notices: [], restoreOffered: false };
      return { movedTo: 'workstation-000009-20261122T142000Z.db' };
    },
    keepDatabase: async () => {
      this.status = { ...this.status, notices: [], restoreOffered: false };
      return {};
    },
    getStatus: async (_input, { window }) => ({ ...this.status, window }),
    listQuestionTemplates: async () => [
      {
        id: 'state',
        short: 'state of …',
        text: 'What is the state of {tool}?',
        tools: ['prograsp forceps', 'monopolar curved scissors'],
      },
      {
        id: 'location',
        short: 'where is …',
        text: 'Where is {tool} located?',
        tools: ['prograsp forceps', 'monopolar curved scissors'],
      },
      { id: 'organ', short: 'organ', text: 'What organ is being operated?', tools: [] },
    ],
    getPreferences: async () => structuredClone(this.preferences),
    changePreferences: async (changed, { actor }) => {
      this.preferences = { ...this.preferences, ...changed };
      this.emit({ type: 'preferences', actor, preferences: structuredClone(this.preferences) });
      return structuredClone(this.preferences);
    },
    getSiteSettings: async () => structuredClone(this.site),
    // What an import does is tested with the workstation itself.
    importSiteSettings: async () => ({ ...structuredClone(this.site), differences: [], change: null }),
    listCases: async () => [this.case],
    createCase: async () => this.case,
    renameCase: async ({ pseudonym }, by) => {
      const before = this.case;
      this.record.commit(by, 'case.rename', this.session.id, [
        { entity: 'case', id: before.id, before, after: { ...before, pseudonym } },
      ]);
      return this.case;
    },
    listCaseSummaries: async () => [
      {
        ...{ ...this.case, recordings: 1, away: 0, sessions: 1 },
        ...{ questions: this.entries.length, open: this.entries.length, updatedAt: this.session.updatedAt },
      },
    ],
    listBin: async () => [],
    applyToLibrary: async () => {
      throw notFound('case');
    },
    listRecordings: async () => [this.video],
    addRecording: async () => this.video,
    chooseVideo: async () => ({ grantId: id('grant1'), name: 'demo.mp4' }),
    browseFolder: async ({ folderId }) => this.#folder(folderId),
    browsePath: async () => ({ folder: this.#folder('videos'), entryId: id('grant1') }),
    takeFilesToOpen: async () => this.filesToOpen.splice(0),
    lookUpVideo: async () => this.known,
    openVideo: async () => this.open(),
    discardCopy: async () => ({}),
    relinkVideo: async () => (this.video = { ...this.video, availability: 'available', problem: null }),
    getVideo: async ({ videoId }) => {
      this.#checkVideo(videoId);
      return this.video;
    },
    listRecentVideos: async () =>
      this.last
        ? [
            {
              videoId: this.video.id,
              displayName: this.video.displayName,
              casePseudonym: this.case.pseudonym,
              openedAt: now,
              availability: this.video.availability,
            },
          ]
        : [],
    clearRecentVideos: async () => ({}),
    getSound: async () => 'none' as const,
    locate: async ({ videoId, at }) => {
      this.#checkVideo(videoId);
      return this.#locate(at);
    },
    find: async () => ({ groups: [], cut: false, index: null }),
    listSessions: async () =>
      this.last
        ? [
            {
              ...this.session,
              casePseudonym: this.case.pseudonym,
              videoName: this.video.displayName,
              videoAvailability: this.video.availability,
              questionCount: this.entries.length,
            },
          ]
        : [],
    startSession: async () => this.open(),
    chooseStream: async ({ sessionId, streamIndex }) => {
      this.#checkSession(sessionId);
      this.video = { ...this.video, id: id(`video-stream-${streamIndex}`), streamIndex };
      return this.open();
    },
    openSession: async ({ sessionId }) => {
      this.#checkSession(sessionId);
      return this.open();
    },
    openLastSession: async () => (this.last ? this.open() : null),
    savePosition: async ({ sessionId, frameIndex }) => {
      this.#checkSession(sessionId);
      return (this.session = { ...this.session, frameIndex });
    },
    ask: async ({ sessionId, frameIndex, frameHash, question, settings }, by) => {
      this.#checkSession(sessionId);
      this.#checkPicture(frameIndex, frameHash);
      const entry = this.addEntry(question, frameIndex, {
        status: 'running',
        settings: { ...defaultSettings, ...definedOnly(settings) },
      });
      const { question: after } = entry;
      this.record.commit(by, 'question.ask', sessionId, [
        { entity: 'question', id: after.id, before: null, after },
      ]);
      return { jobId: id('job1'), question: entry.question, answer: entry.answers[0]! };
    },
    askAgain: async ({ questionId, frameHash, settings }, by) => {
      const entry = this.#entry(questionId);
      const { index } = entry.question.location;
      this.#checkPicture(index, frameHash);
      const before = entry.answers.at(-1)?.settings ?? defaultSettings;
      const answer = this.answer(questionId, index, {
        status: 'running',
        settings: { ...before, ...definedOnly(settings) },
      });
      const grown = { ...entry, answers: [...entry.answers, answer] };
      this.entries = this.entries.map((other) => (other === entry ? grown : other));
      this.record.commit(by, 'answer.ask-again', this.session.id, [
        {
          entity: 'answer',
          id: answer.id,
          before: null,
          after: {
            id: answer.id,
            questionId,
            sessionId: this.session.id,
            version: grown.answers.length,
            createdAt: answer.createdAt,
          },
        },
      ]);
      return { jobId: id('job1'), answer };
    },
    getAnswer: async ({ answerId }) => {
      const found = [...this.entries, ...this.deleted]
        .flatMap((entry) => entry.answers)
        .find((answer) => answer.id === answerId);
      if (!found) throw notFound('answer');
      return found;
    },
    deleteQuestion: async ({ questionId }, by) => {
      const { question: before } = this.#entry(questionId);
      this.record.commit(by, 'question.delete', this.session.id, [
        { entity: 'question', id: questionId, before, after: null },
      ]);
      return {};
    },
    restoreQuestion: async ({ questionId }, by) => {
      const { question: after } = this.#entry(questionId);
      this.record.commit(by, 'question.restore', this.session.id, [
        { entity: 'question', id: questionId, before: null, after },
      ]);
      return this.#entry(questionId);
    },
    apply: async ({ sessionId, command }, by) => {
      this.#checkSession(sessionId);
      if (!('answerId' in command)) {
        if (
          command.name === 'recording.remove' ||
          command.name === 'recording.reorder' ||
          command.name === 'recording.choose-eye' ||
          command.name === 'recording.set-start' ||
          command.name === 'segment.add-across'
        )
          throw notFound('recording');
        const { marks } = this;
        const { video } = this;
        const edits = planMark(
          { marks, video, sessionId, actor: by.actor, now: this.clock(), locationOf },
          command,
        );
        const changed = edits.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after));
        return {
          change: changed.length === 0 ? null : this.record.commit(by, command.name, sessionId, changed),
        };
      }
      const entry = [...this.entries, ...this.deleted].find(({ answers }) =>
        answers.some(({ id: found }) => found === command.answerId),
      );
      const answer = entry?.answers.find(({ id: found }) => found === command.answerId);
      if (!entry || !answer) throw notFound('answer');
      const { actor } = by;
      const verdict =
        entry.verdicts.find((other) => other.answerId === answer.id && other.actor === actor) ?? null;
      const picture = answer.frame?.picture ?? this.video;
      const edits = planVerdict({ answer, picture, verdict, actor, site: null, now: this.clock() }, command);
      const real = edits.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after));
      if (real.length === 0) return { change: null };
      return { change: this.record.commit(by, command.name, sessionId, real) };
    },
    undo: async (input, by) => {
      this.#checkSession(input.sessionId);
      return this.record.calls.undo(input, by);
    },
    redo: async (input, by) => {
      this.#checkSession(input.sessionId);
      return this.record.calls.redo(input, by);
    },
    getUndoable: async (input, by) => {
      this.#checkSession(input.sessionId);
      return this.record.calls.getUndoable(input, by);
    },
    changesSince: (input, by) => this.record.calls.changesSince(input, by),
    listActors: async () => [this.status.actor],
    checkRecord: (input, by) => this.record.calls.checkRecord(input, by),
    stopAnswer: async ({ answerId }, context) => {
      const answer = await this.calls.getAnswer({ answerId }, context);
      if (isUnderWay(answer.status)) this.end({ ...answer, status: 'stopped', endedAt: now });
      return {};
    },
    listEntries: async ({ sessionId, before = Infinity, limit = firstPageLength }) => {
      this.#checkSession(sessionId);
      return this.#page(before, limit);
    },
    getEntry: async ({ questionId }) => {
      const found = this.entries.find(({ question }) => question.id === questionId);
      if (!found) throw notFound('question');
      return found;
    },
    pauseAnswer: async ({ answerId }) => this.#turnJob(answerId, 'paused'),
    resumeAnswer: async ({ answerId }) => this.#turnJob(answerId, 'queued'),
    cancelJob: async () => ({}),
    listJobs: async () => this.jobs,
    listModels: async () => this.models,
    getModelState: async () => this.model,
    loadModel: async () => this.model,
    loadChosenModel: async () => this.model,
    chooseModel: async ({ modelId }) => {
      this.models = this.models.map((model) => ({ ...model, chosen: model.id === modelId }));
      const model = this.models.find(({ id: found }) => found === modelId) ?? null;
      return (this.model = { ...this.model, model });
    },
    removeModel: async ({ modelId }) => {
      this.models = this.models.filter(({ id: found }) => found !== modelId);
      return {};
    },
    chooseModelFolder: async () => ({ grantId: id('folder1'), name: 'surgery-r1-7b' }),
    inspectModelFolder: async ({ baseId }) => {
      const { adapter } = this.report;
      if (!adapter || baseId === null) return this.report;
      return { ...this.report, adapter: { ...adapter, baseFolder: '/models/base' }, problem: null };
    },
    importModel: async ({ dtype }) => this.#put({ ...runningImport, name: this.report.name, dtype }),
    listModelImports: async () => this.imports,
    resumeModelImport: async ({ modelId }) =>
      this.#put({ ...this.imports.find((work) => work.modelId === modelId)!, state: 'running', error: null }),
    discardModelImport: async ({ modelId }) => {
      this.imports = this.imports.filter((work) => work.modelId !== modelId);
      return {};
    },
    addModelFolder: async () => {
      this.models = [...this.models, folderModel];
      return folderModel;
    },
  };

  /** The same calls, made in another window by the same person. */
  readonly elsewhere = inContext(this.calls, {
    actor: this.status.actor.id,
    window: id('web-9876543210'),
    signal: new AbortController().signal,
  });

  onEvent = (listener: (event: WorkstationEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  emit(event: WorkstationEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  open(): OpenSession {
    return {
      case: this.case,
      video: this.video,
      recordings: [this.video],
      session: this.session,
      entries: this.#page(Infinity, this.firstPage),
      marks: this.marks,
      entryCount: this.entries.length,
      seq: this.record.seq,
      hash: this.record.hash,
    };
  }

  /** What the window lists. */
  get summaries(): EntrySummary[] {
    return this.entries.map((entry) => entrySummaryOf(entry, this.video));
  }

  #page(before: number, limit: number): EntryPage {
    const older = this.entries.filter(({ place }) => place < before).reverse();
    const page = older.slice(0, limit);
    const stamps = page.flatMap(({ answers }) => answers.map(({ model }) => model));
    return {
      list: page.map((entry) => entrySummaryOf(entry, this.video)),
      next: older.length > limit ? (page.at(-1)?.place ?? null) : null,
      models: distinctModels(stamps),
    };
  }

  /** What an edit makes of what is there. */
  #show(edit: Edit): void {
    if (edit.entity === 'case' && edit.after !== null) this.case = edit.after;
    this.marks = withMark(this.marks, edit);
    if (edit.entity === 'answer') this.#showAnswer(edit);
    if (edit.entity === 'verdict') this.#showVerdict(edit);
    if (edit.entity !== 'question') return;
    const entry = this.#entry(id(edit.id));
    this.deleted = this.deleted.filter((other) => other !== entry);
    this.entries = this.entries.filter((other) => other !== entry);
    if (edit.after === null) this.deleted = [...this.deleted, entry];
    else this.entries = [...this.entries, entry].sort(inOrder);
  }

  #showVerdict({ before, after }: Extract<Edit, { entity: 'verdict' }>): void {
    const one = after ?? before;
    this.entries = this.entries.map((entry) => {
      if (entry.question.id !== one?.questionId) return entry;
      const others = entry.verdicts.filter(
        ({ answerId, actor }) => answerId !== one.answerId || actor !== one.actor,
      );
      return { ...entry, verdicts: after === null ? others : [...others, after] };
    });
  }

  /** Another version of an answer, which undo takes out and redo brings back. */
  #showAnswer({ id: answerId, after, before }: Extract<Edit, { entity: 'answer' }>): void {
    const entry = this.#entry((after ?? before)?.questionId ?? '');
    const there = entry.answers.find((answer) => answer.id === answerId);
    const hidden = this.#hidden.get(answerId);
    if (after === null && there) this.#hidden.set(answerId, there);
    const others = entry.answers.filter((answer) => answer.id !== answerId);
    const back = there ?? hidden;
    const answers = after === null || !back ? others : [...others, back];
    const shown = (other: Entry): Entry => (other === entry ? { ...entry, answers } : other);
    this.entries = this.entries.map(shown);
    this.deleted = this.deleted.map(shown);
  }

  /** Calls of one name that have come, oldest first. */
  logged<N extends CallName>(name: N): CallInput<N>[] {
    return this.log.filter((call) => call.name === name).map((call) => call.input as CallInput<N>);
  }

  /** Puts an answer that has come to its end, or on, in its place, and tells it. */
  end(answer: Answer): void {
    const withAnswer = (entry: Entry): Entry => ({
      ...entry,
      answers: entry.answers.map((other) => (other.id === answer.id ? answer : other)),
    });
    this.entries = this.entries.map(withAnswer);
    this.deleted = this.deleted.map(withAnswer);
    this.emit({ type: 'answer', answer });
  }

  #entry(questionId: string): Entry {
    const found = [...this.entries, ...this.deleted].find(({ question }) => question.id === questionId);
    if (!found) throw notFound('question');
    return found;
  }

  addEntry(text: string, index: number, answer: Partial<Answer> & { status: AnswerStatus }): Entry {
    this.#count += 1;
    const question: Question = {
      id: id(`question${this.#count}`),
      sessionId: this.session.id,
      text,
      videoId: this.video.id,
      location: locationOf(index),
      createdAt: this.clock(),
    };
    const place = this.#count;
    const entry: Entry = {
      question,
      place,
      answers: [this.answer(question.id, index, answer)],
      verdicts: [],
    };
    this.entries = [...this.entries, entry];
    return entry;
  }

  answer(
    questionId: Question['id'],
    index: number,
    values: Partial<Answer> & { status: AnswerStatus },
  ): Answer {
    this.#count += 1;
    const { pts } = locationOf(index);
    const over = !isUnderWay(values.status);
    return {
      id: id(`answer${this.#count}`),
      questionId,
      sessionId: this.session.id,
      label: null,
      box: null,
      items: [],
      reasoning: '',
      raw: '',
      probability: null,
      evidence: null,
      notes: [],
      frame: {
        fingerprint: this.video.fingerprint,
        index: FrameIndex.parse(index),
        pts,
        timeBase: this.video.timeBase,
        hash: hashOf(index),
        decoder: 'ffmpeg 5.1.9-0+deb12u1',
      },
      model: over
        ? {
            id: id('surgery-r1-nano'),
            name: 'Surgery-R1 nano',
            version: '0.1.0',
            sha256: '0123456789abcdef'.repeat(4),
            device: 'CPU',
            domain: 'synthetic',
          }
        : null,
      settings: defaultSettings,
      modelInput: over ? { width: 336, height: 280 } : null,
      tokens: over ? { prompt: 130, image: 120, generated: 74 } : null,
      timings: over
        ? {
            decodeFrameMilliseconds: 12,
            preprocessMilliseconds: 9,
            visionMilliseconds: 120,
            prefillMilliseconds: 80,
            firstTokenMilliseconds: 231,
            decodeMilliseconds: 900,
            totalMilliseconds: 1180,
          }
        : null,
      error: null,
      createdAt: now + this.#count * 1000,
      endedAt: over ? now + 1180 : null,
      ...values,
    };
  }

  /** The same contract as the window's code meets it: envelopes, never exceptions. */
  get bridge(): Bridge {
    const call = async <N extends CallName>(name: N, input: CallInput<N>) => {
      this.log.push({ name, input });
      try {
        const failure = this.failures.get(name);
        if (failure) throw failure;
        const perform = this.calls[name] as (
          input: CallInput<N>,
          context: CallContext,
        ) => Promise<CallOutput<N>>;
        const { actor, window } = this.status;
        const { signal } = new AbortController();
        return { ok: true as const, value: await perform(input, { actor: actor.id, window, signal }) };
      } catch (error) {
        return { ok: false as const, error: toErrorReport(error) };
      }
    };
    const names = Object.keys(this.calls) as CallName[];
    const named = names.map((name) => [name, (input: never) => call(name, input)]);
    return {
      ...(Object.fromEntries(named) as Omit<Bridge, 'onEvent' | 'grantDroppedFile' | 'copyDroppedFile'>),
      onEvent: this.onEvent,
      grantDroppedFile: async (file) => ({
        ok: true,
        value: { ...this.dropped, found: this.dropped.found.map((found) => ({ ...found, name: file.name })) },
      }),
      copyDroppedFile: (...input) => this.copy(...input),
    };
  }

  #put(work: ModelImport): ModelImport {
    this.imports = [...this.imports.filter(({ modelId }) => modelId !== work.modelId), work];
    return work;
  }

  #turnJob(answerId: AnswerId, state: Job['state']): Record<string, never> {
    this.jobs = this.jobs.map((job) => (job.subject?.answerId === answerId ? { ...job, state } : job));
    for (const job of this.jobs) if (job.subject?.answerId === answerId) this.emit({ type: 'job', job });
    return {};
  }

  #checkSession(sessionId: string): void {
    if (sessionId !== this.session.id) throw notFound('session');
  }

  #checkVideo(videoId: string): void {
    if (videoId !== this.video.id) throw notFound('video');
  }

  #checkPicture(index: number, hash: string): void {
    locationOf(index);
    if (hash !== (this.pictures.get(index) ?? hashOf(index))) {
      throw new WorkstationError(
        'frame-mismatch',
        `Frame ${index} is another picture.`,
        'Look, then ask again.',
      );
    }
  }

  #locate(at: PlaceInVideo): FrameLocation {
    if ('index' in at) return locationOf(at.index);
    const seconds = 'seconds' in at ? at.seconds : parseTimecode(at.timecode).seconds;
    return locationOf(Math.min(349, Math.floor(seconds * frameRate + 1e-6)));
  }

  #folder(folderId: string | null): Folder {
    if (folderId === null) {
      return {
        id: null,
        name: 'Places',
        parentId: null,
        path: null,
        entries: [
          { id: id('videos'), name: 'Videos', kind: 'folder', sizeBytes: null, modifiedAt: now },
          { id: id('home'), name: 'Home', kind: 'folder', sizeBytes: null, modifiedAt: now },
        ],
      };
    }
    return {
      id: id(folderId),
      name: 'Videos',
      parentId: null,
      path: '/home/me/Videos',
      entries: [
        { id: id('older'), name: '2025', kind: 'folder', sizeBytes: null, modifiedAt: now },
        { id: id('grant1'), name: 'REC_0001.mp4', kind: 'video', sizeBytes: 4_300_000_000, modifiedAt: now },
        { id: id('grant3'), name: 'REC_0002.mp4', kind: 'video', sizeBytes: 2_100_000_000, modifiedAt: now },
      ],
    };
  }
}

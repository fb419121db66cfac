import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entriesOfSession } from './session-entries.ts';
import type { AnswerEngine } from '../../main/answering/index.ts';
import { GrantRegistry } from '../../main/files/index.ts';
import { JobRegistry } from '../../main/jobs/index.ts';
import { openVideoFile } from '../../main/recordings/index.ts';
import { createReview, type Review } from '../../main/review/index.ts';
import type { AnswerResult, AskRequest, EngineState } from '../../main/inference/index.ts';
import { openStore, type Log, type Store } from '../../main/store/index.ts';
import { isUnderWay, type Answer } from '../../preload/contract/domain.ts';
import type { Entry, OpenSession } from '../../preload/contract/entries.ts';
import { inContext, type CallInput } from '../../preload/contract/calls.ts';
import { WorkstationEvent } from '../../preload/contract/events.ts';
import type { CaseId, FrameIndex, VideoId } from '../../preload/contract/values.ts';
import { testContext } from '../context.ts';

const ignore = (): void => undefined;
export const silent: Log = { debug: ignore, info: ignore, warn: ignore };

export const loaded = {
  phase: 'ready',
  model: {
    id: 'scripted',
    name: 'Scripted model',
    version: '1',
    licence: 'Apache-2.0',
    domain: 'synthetic',
    domainNote: '',
    dtype: 'fp32',
    sha256: 'c'.repeat(64),
    device: 'cpu',
    deviceReason: 'It is a script.',
    deviceFallback: false,
    memoryBytes: 1,
    labels: null,
    canAsk: true,
    maxNewTokens: 96,
  },
  activity: null,
  progress: null,
  error: null,
  residentBytes: 1,
} as EngineState;

export const result = (change: Partial<AnswerResult> = {}): AnswerResult => ({
  status: 'answered',
  label: 'kidney',
  box: [10, 20, 60, 90],
  items: [],
  reasoning: 'It looks like one.',
  raw: '<think>It looks like one.</think><answer>{"label": "kidney"}</answer>',
  probability: 0.75,
  evidence: null,
  notes: [],
  tokens: { prompt: 20, image: 12, generated: 9 },
  modelInput: { width: 196, height: 140 },
  settings: { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1.05, seed: 0, maxNewTokens: null },
  frameSeenBefore: false,
  timings: {
    preprocessMilliseconds: 1,
    visionMilliseconds: 2,
    prefillMilliseconds: 3,
    firstTokenMilliseconds: 4,
    decodeMilliseconds: 5,
    totalMilliseconds: 11,
  },
  ...change,
});

/** An engine whose answers the test writes; everything around it is real. */
export class ScriptedEngine implements AnswerEngine {
  state = loaded;
  asked: AskRequest[] = [];
  answer: (request: AskRequest) => Promise<AnswerResult> = async () => result();

  ask(request: AskRequest): Promise<AnswerResult> {
    this.asked.push(request);
    return this.answer(request);
  }
}

/** Writes some text, then waits until it is stopped. */
export const untilStopped =
  (raw = '<think>Half a th') =>
  (request: AskRequest): Promise<AnswerResult> =>
    new Promise((resolve) => {
      request.onRaw?.(raw);
      request.onToken?.({ section: 'reasoning', text: 'Half a th', generatedTokens: 3 });
      request.signal?.addEventListener('abort', () =>
        resolve(result({ status: 'stopped', label: null, box: null, raw, reasoning: 'Half a th' })),
      );
    });

export class Bench {
  readonly folder: string;
  readonly home: string;
  readonly durable: boolean;
  events: WorkstationEvent[] = [];
  store!: Store;
  review!: Review;
  grants!: GrantRegistry;
  #waiting: { wanted: (event: WorkstationEvent) => boolean; found: (event: WorkstationEvent) => void }[] = [];
  #ids = 0;
  /** How far the review's clock goes before or behind the machine's. */
  shiftMilliseconds = 0;

  readonly engine: AnswerEngine;

  /** `folder`: a folder with a `home` that is there already. `durable`: it goes on with what waits, as a window does. */
  constructor(engine: AnswerEngine, options: { folder?: string; durable?: boolean } = {}) {
    this.engine = engine;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'workstation-review-'));
    this.home = join(this.folder, 'home');
    this.durable = options.durable ?? false;
    this.start();
  }

  start(): void {
    this.store = openStore({ home: this.home, now: Date.now, log: silent });
    const emit = (event: WorkstationEvent): void => {
      this.events.push(event);
      for (const waiter of this.#waiting) if (waiter.wanted(event)) waiter.found(event);
    };
    const newId = (): string => `id-${Date.now().toString(36)}-${this.#ids++}`;
    this.grants = new GrantRegistry(newId);
    this.review = createReview({
      store: this.store,
      jobs: new JobRegistry({
        newId,
        now: () => performance.now(),
        onChange: (job) => emit({ type: 'job', job }),
      }),
      grants: this.grants,
      engine: this.engine,
      openVideo: openVideoFile(silent),
      emit,
      now: () => Date.now() + this.shiftMilliseconds,
      newId,
      log: silent,
      durable: this.durable,
      surroundings: { homeFolder: this.folder, platform: 'linux', volumeFolders: [] },
    });
  }

  get calls() {
    return inContext(this.review.calls, testContext());
  }

  async open(path: string, caseId: CaseId | null = null) {
    const { grantId } = await this.grants.addFile(path);
    return this.calls.openVideo({ grantId: grantId, caseId });
  }

  /** Asks about a frame as it is decoded now, as a person does who looks at it. */
  async ask(
    { session, video }: OpenSession,
    index = 7,
    question = 'What organ is being operated?',
    settings?: CallInput<'ask'>['settings'],
  ) {
    const frameIndex = index as FrameIndex;
    const frameHash = await this.hash(video.id, index);
    const of = { sessionId: session.id, videoId: video.id };
    return this.calls.ask({ ...of, frameIndex, frameHash, question, settings });
  }

  /** Everything that was asked and answered in a session, oldest first. */
  entries({ session }: Pick<OpenSession, 'session'>): Promise<Entry[]> {
    return entriesOfSession({ calls: this.calls }, session.id);
  }

  async hash(videoId: VideoId, index: number): Promise<string> {
    return (await this.review.frame(videoId, index as FrameIndex)).hash;
  }

  /** The next event of a kind; ask for it before what causes it. */
  next<T extends WorkstationEvent['type']>(
    type: T,
    wanted: (event: Extract<WorkstationEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<WorkstationEvent, { type: T }>> {
    return new Promise((resolve) => {
      const waiter = {
        wanted: (event: WorkstationEvent) =>
          event.type === type && wanted(event as Extract<WorkstationEvent, { type: T }>),
        found: (event: WorkstationEvent) => {
          this.#waiting = this.#waiting.filter((other) => other !== waiter);
          resolve(event as Extract<WorkstationEvent, { type: T }>);
        },
      };
      this.#waiting.push(waiter);
    });
  }

  ended(): Promise<Answer> {
    return this.next('answer', ({ answer }) => !isUnderWay(answer.status)).then(({ answer }) => answer);
  }

  async stop(): Promise<void> {
    await this.review.dispose();
    this.store.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.events = [];
    this.start();
  }

  /** Fails where something was said that the contract does not allow. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
    for (const event of this.events) WorkstationEvent.parse(event);
  }
}

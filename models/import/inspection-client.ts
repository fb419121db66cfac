import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import {
  explainExit,
  readHeartbeat,
  startWithNode,
  type EngineChild,
  type StartEngine,
} from '../../main/inference/processes/index.ts';
import { bytesInWords } from '../../main/platform/bytes-in-words.ts';
import { TaskQueue } from '../../preload/contract/task-queue.ts';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import { ModelFolderReport } from '../../preload/contract/models.ts';
import { ModelId } from '../../preload/contract/values.ts';
import { CatalogueModel } from './catalogue-model.ts';
import type { InspectOptions, ImportPlace } from './folder-report.ts';
import type { FolderInPlace } from './in-place-model.ts';
import { FromInspection, type InspectionRequest, type ToInspection } from './inspection-messages.ts';
import type { WeightType } from './choices/precision.ts';

/** What a look at one folder may take. A real checkpoint of any size takes a second or two, and 300 MB. */
export interface InspectionLimits {
  readonly seconds: number;
  readonly residentBytes: number;
}

export const usualInspectionLimits: InspectionLimits = { seconds: 60, residentBytes: 1.5 * 2 ** 30 };

export interface FolderInspectorOptions {
  /** How the process is started; Node's fork by default, Electron passes its utility process. */
  start?: StartEngine;
  log?: (line: string) => void;
  limits?: Partial<InspectionLimits>;
}

/** A process that has nothing to do is kept so long, since a person looks at one folder after another. */
const idleSeconds = 20;
/** A folder that takes its time must not hold up the others. */
const together = 2;
const tickSeconds = 1;

/**
 * Looks at model folders in processes of their own, with a limit of time and memory for each look. Where a folder takes
 * more, or ends its process, that is said of the folder, and the next look has a new process.
 */
export class FolderInspector {
  readonly #options: FolderInspectorOptions;
  readonly #limits: InspectionLimits;
  readonly #queue = new TaskQueue({ most: () => together });
  readonly #idle: InspectionProcess[] = [];
  readonly #processes = new Set<InspectionProcess>();
  /** Folders whose look took too much: told again, rather than tried again, until somebody asks for it. */
  readonly #overrun = new Map<string, WorkstationError>();
  #ended = false;

  constructor(options: FolderInspectorOptions = {}) {
    this.#options = options;
    this.#limits = { ...usualInspectionLimits, ...options.limits };
  }

  /**
   * See `inspectFolder`. Throws only where the look took too much, or ended its process, and `cancelled` for one that the
   * signal ends: nothing is then said of the folder.
   */
  async report(
    options: Omit<InspectOptions, 'freeMemoryBytes'>,
    signal?: AbortSignal,
  ): Promise<ModelFolderReport> {
    return this.#look({ kind: 'report', ...options }, options.folder, ModelFolderReport, signal);
  }

  /** See `importPlace`. */
  async place(
    source: { checkpoint: string; base?: string },
    modelsFolder: string,
    dtype: WeightType,
  ): Promise<ImportPlace> {
    const request: InspectionRequest = { kind: 'place', ...source, modelsFolder, dtype };
    return this.#look(request, source.checkpoint, z.object({ id: ModelId, out: z.string() }));
  }

  /** See `describeInPlace`. @param again also where an earlier look at the folder took too much */
  async inPlace(place: FolderInPlace, again: boolean): Promise<CatalogueModel> {
    const known = this.#overrun.get(place.folder);
    if (known !== undefined && !again) throw known;
    this.#overrun.delete(place.folder);
    return this.#look({ kind: 'in-place', ...place }, place.folder, CatalogueModel);
  }

  /** Ends what is under way, and every process. */
  dispose(): void {
    this.#ended = true;
    for (const running of this.#processes) running.end();
  }

  #look<T>(
    request: InspectionRequest,
    folder: string,
    schema: z.ZodType<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const ended = (): never => {
      throw new WorkstationError('cancelled', 'The workstation is closing.', 'Start it again.');
    };
    return this.#queue.run(
      async () => {
        if (this.#ended) ended();
        throwIfAborted(signal);
        const looking = this.#idle.pop() ?? this.#start();
        const stop = (): void => looking.end();
        signal?.addEventListener('abort', stop, { once: true });
        try {
          const value = schema.parse(await looking.call(request));
          this.#keep(looking);
          return value;
        } catch (error) {
          if (error instanceof WorkstationError) {
            this.#keep(looking);
            throw error;
          }
          looking.end();
          if (this.#ended) ended();
          throwIfAborted(signal);
          const told = tooMuch(folder, error);
          this.#overrun.set(folder, told);
          throw told;
        } finally {
          signal?.removeEventListener('abort', stop);
        }
      },
      { signal },
    );
  }

  #start(): InspectionProcess {
    const started = new InspectionProcess(this.#options, this.#limits, () => {
      this.#processes.delete(started);
      const at = this.#idle.indexOf(started);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    this.#processes.add(started);
    return started;
  }

  #keep(looking: InspectionProcess): void {
    if (this.#ended || !looking.alive) return;
    this.#idle.push(looking);
    looking.endWhenIdle(idleSeconds);
  }
}

/** Why a look did not come to its end; the message stands behind "The look at the folder ...". */
class Overrun extends Error {}

/** One process, and the one look that it has to do at a time. */
class InspectionProcess {
  readonly #child: EngineChild;
  readonly #log: (line: string) => void;
  readonly #limits: InspectionLimits;
  readonly #onEnd: () => void;
  readonly #lines: string[] = [];
  readonly #ready: Promise<void>;
  #setReady: () => void = () => undefined;
  #call: { id: number; resolve: (value: unknown) => void; reject: (error: Error) => void } | null = null;
  #nextId = 1;
  #idleTimer: NodeJS.Timeout | undefined;
  alive = true;

  constructor(
    { start = startWithNode, log = () => undefined }: FolderInspectorOptions,
    limits: InspectionLimits,
    onEnd: () => void,
  ) {
    this.#log = log;
    this.#limits = limits;
    this.#onEnd = onEnd;
    this.#ready = new Promise((resolve) => {
      this.#setReady = resolve;
    });
    this.#child = start(fileURLToPath(new URL('./inspection-process.ts', import.meta.url)), (line) =>
      this.#line(line),
    );
    this.#child.onMessage((message) => this.#receive(message));
    this.#child.onExit((reason) =>
      this.#lost(`ended its process (${explainExit(reason, this.#lines).words})`),
    );
  }

  /** @throws WorkstationError what is wrong with the folder; Overrun where nothing can be said of it */
  async call(request: InspectionRequest): Promise<unknown> {
    clearTimeout(this.#idleTimer);
    const id = this.#nextId;
    this.#nextId += 1;
    // Ticks are counted and not the clock: a machine that slept for a night did not look all night.
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
      if (ticks * tickSeconds > this.#limits.seconds) this.#lost(`took more than ${this.#limits.seconds} s`);
    }, tickSeconds * 1000);
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#call = { id, resolve, reject };
        if (!this.alive) reject(new Overrun('found its process ended'));
        void this.#ready.then(() => this.#child.send({ id, request } satisfies ToInspection));
      });
    } finally {
      clearInterval(ticking);
      this.#call = null;
    }
  }

  endWhenIdle(seconds: number): void {
    this.#idleTimer = setTimeout(() => this.end(), seconds * 1000);
    this.#idleTimer.unref();
  }

  end(): void {
    this.#lost('was ended');
  }

  #receive(received: unknown): void {
    const parsed = FromInspection.safeParse(received);
    if (!parsed.success) {
      this.#lost('gave an answer that does not fit');
      return;
    }
    const message = parsed.data;
    if (message.type === 'ready') this.#setReady();
    else if (message.id === this.#call?.id) {
      if (message.type === 'found') this.#call.resolve(message.value);
      else
        this.#call.reject(
          new WorkstationError(message.error.code, message.error.message, message.error.hint),
        );
    }
  }

  #line(line: string): void {
    const heartbeat = readHeartbeat(line);
    if (heartbeat === null) {
      this.#lines.push(line);
      if (this.#lines.length > 20) this.#lines.shift();
      this.#log(line);
    } else if (heartbeat.residentBytes > this.#limits.residentBytes) {
      this.#lost(`took more than ${bytesInWords(this.#limits.residentBytes)} of memory`);
    }
  }

  #lost(what: string): void {
    if (!this.alive) return;
    this.alive = false;
    clearTimeout(this.#idleTimer);
    this.#child.kill();
    this.#call?.reject(new Overrun(what));
    this.#onEnd();
  }
}

function tooMuch(folder: string, cause: unknown): WorkstationError {
  const what = cause instanceof Overrun ? cause.message : 'gave an answer that does not fit';
  return new WorkstationError(
    'model-unsupported',
    `The look at the model folder ${basename(resolve(folder))} ${what}, and was given up.`,
    'Its files are damaged or not what they are named: download or copy the folder again, or choose another model. On a slow or lost network disk, copy it to this machine first.',
    { cause },
  );
}

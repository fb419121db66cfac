import { throwIfAborted, toErrorReport, WorkstationError } from '../../../preload/contract/errors.ts';
import { ModelId } from '../../../preload/contract/values.ts';
import { EngineLostError, type AskRequest, type Engine, type LoadRequest } from '../engine/engine.ts';
import type { AnswerResult, ModelInfo } from '../messages.ts';
import { emptyState, EngineStates, type EngineState } from '../engine/engine-state.ts';
import { serverAddress, type ServerConfiguration } from './configuration.ts';
import { ServerConnection } from './connection.ts';
import type { ServedModel } from './dialects.ts';
import { checkThatServerSees, findServedModel } from './probe.ts';
import { answerFromServer } from './server-answer.ts';

export interface ServerEngineOptions {
  readonly log?: (line: string) => void;
  /** Between two looks for a server that was lost. */
  readonly lookAgainMilliseconds?: number;
}

/** What the served model is called here; no imported model's id has a colon. */
export const serverModelId = ({ model }: Pick<ServerConfiguration, 'model'>): ModelId =>
  ModelId.parse(`server:${model}`);

/** Said wherever the model is named: that frames leave this machine, and where they go. */
export const whereFramesGo = (configuration: ServerConfiguration): string =>
  `Frames are sent to ${serverAddress(configuration)} (administrator's setting)` +
  (configuration.url.protocol === 'http:' ? ', unencrypted.' : '.');

/**
 * A model that runs on the server of the configuration. Several questions may be with it at a time; a server that
 * was lost is looked for until it is back.
 */
export function createServerEngine(
  configuration: ServerConfiguration,
  options: ServerEngineOptions = {},
): Engine {
  return new ServerEngine(configuration, options);
}

class ServerEngine implements Engine {
  readonly #configuration: ServerConfiguration;
  readonly #log: (line: string) => void;
  readonly #lookAgainMilliseconds: number;
  readonly #states = new EngineStates();
  #connection: ServerConnection | null = null;
  #served: ServedModel | null = null;
  #lookingAgain: NodeJS.Timeout | undefined;
  #disposed = false;
  readonly processId = null;

  constructor(configuration: ServerConfiguration, options: ServerEngineOptions) {
    this.#configuration = configuration;
    this.#log = options.log ?? (() => undefined);
    this.#lookAgainMilliseconds = options.lookAgainMilliseconds ?? 5000;
  }

  get state(): EngineState {
    return this.#states.current;
  }

  onState(listener: (state: EngineState) => void): () => void {
    return this.#states.subscribe(listener);
  }

  /** Looks for the server and tests it; there is one model, so the directory of the request doesn't matter. */
  async load({ signal }: Pick<LoadRequest, 'signal'>): Promise<ModelInfo> {
    if (this.#disposed) throw shutDown();
    this.#end();
    const connection = new ServerConnection(this.#configuration);
    this.#connection = connection;
    const access = { connection, configuration: this.#configuration };
    const onProgress = (activity: string, progress: number): void => {
      if (this.#connection === connection) this.#states.change({ activity, progress });
    };
    this.#states.set({
      ...emptyState('loading'),
      activity: 'Asking the server for its models',
      progress: 0.1,
    });
    const stoppable = signal ? { signal } : {};
    try {
      const served = await findServedModel(access, stoppable);
      await checkThatServerSees(access, served, { ...stoppable, onProgress });
      throwIfAborted(signal);
      if (this.#connection !== connection) throw shutDown();
      this.#served = served;
      const model = this.#describe();
      this.#states.set({ ...emptyState('ready'), model });
      this.#log(`server: ${served.software} ${served.version ?? ''} serves ${this.#configuration.model}`);
      return model;
    } catch (error) {
      if (this.#connection !== connection) throw shutDown();
      this.#end();
      if (signal?.aborted) {
        this.#states.set(emptyState('unloaded'));
        throw new WorkstationError('cancelled', 'Loading the model was stopped.', 'Load a model to ask.');
      }
      this.#states.set({ ...emptyState('failed'), error: toErrorReport(error) });
      throw error;
    }
  }

  async ask(request: AskRequest): Promise<AnswerResult> {
    if (this.#disposed) throw shutDown();
    const connection = this.#connection;
    const served = this.#served;
    if (connection === null || served === null) {
      throw new WorkstationError('unavailable', 'No model is loaded.', 'Load a model, then ask again.');
    }
    try {
      const answer = await answerFromServer(
        { connection, configuration: this.#configuration },
        served,
        request,
      );
      if (answer.status !== 'stopped') this.#found(connection);
      return answer;
    } catch (error) {
      const { code } = toErrorReport(error);
      if (error instanceof EngineLostError || code === 'unavailable') this.#lost(connection, error);
      throw error;
    }
  }

  unload(): Promise<void> {
    this.#end();
    this.#states.set(emptyState('unloaded'));
    return Promise.resolve();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.unload();
    this.#states.endSubscriptions();
  }

  #describe(): ModelInfo {
    const {
      model,
      name,
      version,
      licence,
      domain,
      domainNote,
      dtype,
      weightsSha256,
      labels,
      maxNewTokens,
      regions,
    } = this.#configuration;
    return {
      id: serverModelId(this.#configuration),
      name: name ?? model,
      version,
      licence,
      domain,
      domainNote,
      dtype,
      sha256: weightsSha256 ?? null,
      device: 'server',
      server: serverAddress(this.#configuration),
      deviceReason: whereFramesGo(this.#configuration),
      deviceFallback: false,
      memoryBytes: null,
      labels: labels ?? null,
      canAsk: true,
      answersTogether: this.#configuration.concurrency,
      maxNewTokens,
      regions,
    };
  }

  /** Says that the server was lost, and looks for it until it is back. Questions go to it all the same. */
  #lost(connection: ServerConnection, error: unknown): void {
    if (this.#connection !== connection || this.#disposed) return;
    const report = toErrorReport(error);
    this.#log(`server lost: ${report.message}`);
    this.#states.change({
      phase: 'restarting',
      activity: 'Waiting for the server',
      progress: null,
      error: report,
    });
    this.#lookAgain(connection);
  }

  #lookAgain(connection: ServerConnection): void {
    clearTimeout(this.#lookingAgain);
    this.#lookingAgain = setTimeout(() => {
      findServedModel({ connection, configuration: this.#configuration }, {}).then(
        () => this.#found(connection),
        () => {
          // Said already; the next look comes in a while.
          if (this.#connection === connection) this.#lookAgain(connection);
        },
      );
    }, this.#lookAgainMilliseconds);
    // A program that has nothing else to do may end.
    this.#lookingAgain.unref();
  }

  #found(connection: ServerConnection): void {
    if (this.#connection !== connection) return;
    clearTimeout(this.#lookingAgain);
    if (this.#states.current.phase !== 'restarting') return;
    this.#states.set({ ...emptyState('ready'), model: this.#states.current.model });
  }

  #end(): void {
    clearTimeout(this.#lookingAgain);
    this.#connection?.close();
    this.#connection = null;
    this.#served = null;
  }
}

function shutDown(): WorkstationError {
  return new WorkstationError(
    'unavailable',
    'The connection to the server was ended.',
    'Load a model, then ask again.',
  );
}

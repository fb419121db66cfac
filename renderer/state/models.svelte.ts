import { toErrorReport } from '../../preload/contract/index.ts';
import type {
  Bridge,
  ErrorReport,
  GrantId,
  ModelEntry,
  ModelFolderReport,
  ModelId,
  ModelImport,
  ModelState,
  Result,
  WeightDtype,
  WorkstationEvent,
} from '../../preload/contract/index.ts';
import type { Announcer } from './announcer.svelte.ts';

/** What a call answers, or why nobody answered it: a window that waits for ever is of no use. */
const answered = <T>(call: Promise<Result<T>>): Promise<Result<T>> =>
  call.catch((error: unknown) => ({ ok: false, error: toErrorReport(error) }));

/** A folder that a person has chosen, and what it holds. */
export interface Candidate {
  readonly folderId: GrantId;
  readonly name: string;
  /** The checkpoint that an adapter belongs to, where one was chosen. */
  readonly baseId: GrantId | null;
  /** Null while it is being looked at. */
  readonly report: ModelFolderReport | null;
}

export interface ModelsOptions {
  bridge: Bridge;
  announcer: Announcer;
  onState: (state: ModelState) => void;
}

/** The models of this machine, imports of others, and the folder that is being added. */
export class Models {
  list = $state.raw<readonly ModelEntry[] | null>(null);
  imports = $state.raw<readonly ModelImport[]>([]);
  candidate = $state.raw<Candidate | null>(null);
  /** What went wrong last in this part of the window. */
  fault = $state.raw<ErrorReport | null>(null);
  /** The model whose choice is under way. */
  choosing = $state<ModelId | null>(null);
  /** A call that changes something is under way. */
  busy = $state(false);
  readonly #bridge: Bridge;
  readonly #announcer: Announcer;
  readonly #onState: (state: ModelState) => void;

  constructor({ bridge, announcer, onState }: ModelsOptions) {
    this.#bridge = bridge;
    this.#announcer = announcer;
    this.#onState = onState;
  }

  get running(): ModelImport | null {
    return this.imports.find(({ state }) => state === 'running') ?? null;
  }

  async refresh(): Promise<void> {
    const [list, imports] = await Promise.all([
      answered(this.#bridge.listModels({})),
      answered(this.#bridge.listModelImports({})),
    ]);
    if (list.ok) this.list = list.value;
    else this.fault = list.error;
    if (imports.ok) this.imports = imports.value;
    else this.fault = imports.error;
  }

  /** Looks into a folder; or, with a candidate that is an adapter, takes it for the adapter's base. */
  async take(folderId: GrantId, name: string, purpose: 'model' | 'base'): Promise<void> {
    this.fault = null;
    const candidate: Candidate =
      purpose === 'base' && this.candidate
        ? { ...this.candidate, baseId: folderId, report: null }
        : { folderId, name, baseId: null, report: null };
    this.candidate = candidate;
    const { folderId: looksAt, baseId } = candidate;
    const looked = await answered(this.#bridge.inspectModelFolder({ folderId: looksAt, baseId }));
    if (this.candidate !== candidate) return;
    if (looked.ok) this.candidate = { ...candidate, report: looked.value };
    else this.leave(looked.error);
  }

  /** Back from the folder to the list. */
  leave(fault: ErrorReport | null = null): void {
    this.candidate = null;
    this.fault = fault;
  }

  async start(dtype: WeightDtype): Promise<void> {
    const { candidate } = this;
    if (!candidate || this.busy) return;
    await this.#do(async () => {
      const { folderId, baseId } = candidate;
      const started = await this.#bridge.importModel({ folderId, baseId, dtype });
      if (!started.ok) return started.error;
      this.#put(started.value);
      this.candidate = null;
      this.#announcer.say(`Importing ${started.value.name}`);
      return null;
    });
  }

  /** Uses the folder where it lies. */
  async add(): Promise<void> {
    const { candidate } = this;
    if (!candidate) return;
    await this.#do(async () => {
      const added = await this.#bridge.addModelFolder({ folderId: candidate.folderId });
      if (!added.ok) return added.error;
      this.candidate = null;
      await this.refresh();
      this.#announcer.say(`${added.value.name} added`);
      return null;
    });
  }

  async stop({ jobId }: ModelImport): Promise<void> {
    if (jobId === null) return;
    const stopped = await answered(this.#bridge.cancelJob({ jobId }));
    if (!stopped.ok) this.fault = stopped.error;
  }

  async resume({ modelId }: ModelImport): Promise<void> {
    await this.#do(async () => {
      const resumed = await this.#bridge.resumeModelImport({ modelId });
      if (!resumed.ok) return resumed.error;
      this.#put(resumed.value);
      return null;
    });
  }

  async discard({ modelId }: ModelImport): Promise<void> {
    await this.#do(async () => {
      const discarded = await this.#bridge.discardModelImport({ modelId });
      if (!discarded.ok) return discarded.error;
      this.imports = this.imports.filter((other) => other.modelId !== modelId);
      return null;
    });
  }

  /** Questions go to this model from now on. */
  async choose(modelId: ModelId): Promise<void> {
    if (this.choosing !== null) return;
    this.choosing = modelId;
    this.fault = null;
    try {
      const chosen = await this.#bridge.chooseModel({ modelId });
      if (!chosen.ok) {
        this.fault = chosen.error;
        return;
      }
      this.#onState(chosen.value);
      // Its import has nothing more to say.
      if (this.imports.some((work) => work.modelId === modelId && work.state === 'done')) {
        await this.#bridge.discardModelImport({ modelId });
      }
      this.choosing = null;
      await this.refresh();
      this.#announcer.say(`${chosen.value.model?.name ?? 'The model'} answers from now on`);
    } catch (error) {
      this.fault = toErrorReport(error);
    } finally {
      this.choosing = null;
    }
  }

  async remove({ id, name }: ModelEntry): Promise<void> {
    await this.#do(async () => {
      const removed = await this.#bridge.removeModel({ modelId: id });
      if (!removed.ok) return removed.error;
      await this.refresh();
      this.#announcer.say(`${name} removed`);
      return null;
    });
  }

  handle(event: WorkstationEvent): void {
    if (event.type === 'models') void this.refresh();
    if (event.type !== 'model-import') return;
    const before = this.imports.find(({ modelId }) => modelId === event.import.modelId);
    this.#put(event.import);
    if (before?.state !== 'running') return;
    if (event.import.state === 'done') this.#announcer.say(`${event.import.name} is imported`);
    if (event.import.state === 'failed') this.#announcer.say(`${event.import.name} could not be imported`);
  }

  #put(state: ModelImport): void {
    const known = this.imports.some(({ modelId }) => modelId === state.modelId);
    this.imports = known
      ? this.imports.map((other) => (other.modelId === state.modelId ? state : other))
      : [...this.imports, state];
  }

  /** One change at a time; its failure is shown, and nothing else is lost. */
  async #do(work: () => Promise<ErrorReport | null>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.fault = null;
    try {
      this.fault = await work();
    } catch (error) {
      this.fault = toErrorReport(error);
    } finally {
      this.busy = false;
    }
  }
}

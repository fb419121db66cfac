import type { BackupList, Bridge, ErrorReport } from '../../preload/contract/index.ts';

/** The backups of the database, as a person looks at them and goes back to one. */
export class Backups {
  list = $state.raw<BackupList | null>(null);
  fault = $state.raw<ErrorReport | null>(null);
  /** The backup that is being restored. */
  restoring = $state<string | null>(null);
  readonly #bridge: Bridge;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  async read(): Promise<void> {
    this.fault = null;
    const list = await this.#bridge.listBackups({});
    if (list.ok) this.list = list.value;
    else this.fault = list.error;
  }

  /** True once the workstation goes on with the backup: everything that the window shows is then of before. */
  async restore(name: string): Promise<boolean> {
    this.fault = null;
    this.restoring = name;
    try {
      const restored = await this.#bridge.restoreBackup({ name });
      if (!restored.ok) this.fault = restored.error;
      return restored.ok;
    } finally {
      this.restoring = null;
    }
  }

  /** True once it is no longer offered to go back. */
  async keep(): Promise<boolean> {
    this.fault = null;
    const kept = await this.#bridge.keepDatabase({});
    if (!kept.ok) this.fault = kept.error;
    return kept.ok;
  }
}

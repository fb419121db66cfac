import type { Bridge, ErrorReport, SessionId } from '../../preload/contract/index.ts';
import type { SessionRecord } from './session-record.svelte.ts';

/** What the library says of the session that is on show: its name, and whether it lies in the bin. */
export class InLibrary {
  readonly #record: SessionRecord;
  readonly #bridge: Pick<Bridge, 'applyToLibrary'>;
  readonly #sessionId: SessionId;

  constructor(record: SessionRecord, bridge: Pick<Bridge, 'applyToLibrary'>, sessionId: SessionId) {
    this.#record = record;
    this.#bridge = bridge;
    this.#sessionId = sessionId;
  }

  /** What the session is called beside its number; null for nothing. */
  get name(): string | null {
    return this.#record.name;
  }

  /** What of it lies in the bin; null where nothing does. Then it can be read, and nothing can be done in it. */
  get inBin(): 'case' | 'session' | null {
    if (this.#record.isCaseInBin) return 'case';
    return this.#record.isSessionInBin ? 'session' : null;
  }

  /** Takes the session, and its case where that lies there, out of the bin. */
  async restore(): Promise<ErrorReport | null> {
    const sessionId = this.#sessionId;
    const command = { name: 'session.restore', sessionId } as const;
    const restored = await this.#bridge.applyToLibrary({ command, doneIn: sessionId });
    if (!restored.ok) return restored.error;
    await this.#record.catchUp();
    return null;
  }
}

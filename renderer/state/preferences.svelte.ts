import {
  type ActorId,
  defaultPreferences,
  type Bridge,
  type ErrorReport,
  type PreferenceChange,
  type WorkstationEvent,
  type Preferences as Values,
} from '../../preload/contract/index.ts';
import { KeysInUse } from '../view/keys-in-use.ts';

/** What the person set for themselves, as the workstation keeps it for all of their windows. */
export class Preferences {
  /** Null until it was read: until then the window's own keys hold, and nothing is offered. */
  values = $state.raw<Values | null>(null);
  fault = $state.raw<ErrorReport | null>(null);
  readonly keys = $derived(new KeysInUse((this.values ?? defaultPreferences).keys));
  readonly #bridge: Pick<Bridge, 'getPreferences' | 'changePreferences'>;

  constructor(bridge: Pick<Bridge, 'getPreferences' | 'changePreferences'>) {
    this.#bridge = bridge;
  }

  async read(): Promise<void> {
    const read = await this.#bridge.getPreferences({});
    if (read.ok) this.values = read.value;
    else this.fault = read.error;
  }

  /** What another window of the person changed, or this one. */
  told(
    { actor, preferences }: Extract<WorkstationEvent, { type: 'preferences' }>,
    own: ActorId | undefined,
  ): void {
    if (actor === own) this.values = preferences;
  }

  /** True where it is kept. What could not be kept does not hold here either. */
  async change(changed: PreferenceChange): Promise<boolean> {
    const kept = await this.#bridge.changePreferences(changed);
    if (kept.ok) this.values = kept.value;
    this.fault = kept.ok ? null : kept.error;
    return kept.ok;
  }
}

import type { WorkstationCalls } from '../../preload/contract/calls.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import { preferences, type Store } from '../store/index.ts';

export type PreferenceCall = 'getPreferences' | 'changePreferences';

/** The calls about personal preferences, which are stored for each actor; every window is told of a change. */
export function preferenceCalls(
  { database }: Pick<Store, 'database'>,
  emit: (event: WorkstationEvent) => void,
): Pick<WorkstationCalls, PreferenceCall> {
  return {
    getPreferences: async (_input, { actor }) => preferences.readPreferences(database, actor),
    changePreferences: async (changed, { actor }) => {
      const now = preferences.writePreferences(database, actor, changed);
      emit({ type: 'preferences', actor, preferences: now });
      return now;
    },
  };
}

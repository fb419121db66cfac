import type { WorkstationEvent } from '../../preload/contract/events.ts';
import type { Store } from '../store/index.ts';

const QUIET_MILLISECONDS = 1000;

/** Tells the window when something was last saved, once a second at most. Returns how to end that. */
export function tellSaves(store: Store, emit: (event: WorkstationEvent) => void): () => void {
  let timer: NodeJS.Timeout | null = null;
  const unsubscribe = store.onSaved(() => {
    timer ??= setTimeout(() => {
      timer = null;
      if (store.savedAt !== null) emit({ type: 'saved', at: store.savedAt });
    }, QUIET_MILLISECONDS).unref();
  });
  return () => {
    unsubscribe();
    if (timer !== null) clearTimeout(timer);
  };
}

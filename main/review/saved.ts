import type { WorkstationEvent } from '../../preload/contract/events.ts';
import type { Store } from '../store/index.ts';

const QUIET_MILLISECONDS = 1000;

/** Tells windows when something was last saved, at most once a second. Returns a function that ends this. */
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

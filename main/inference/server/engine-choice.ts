import type { Engine } from '../engine/engine.ts';
import type { EngineState } from '../engine/engine-state.ts';

/** Stands for the server in place of a model's folder. No folder has this name: theirs are absolute paths. */
export const serverDirectory = 'server:';

/**
 * One engine of two: the process on this machine, and the hospital's server. The one that a model was last loaded
 * into answers; the other holds no model meanwhile, so that a frame never goes to both.
 */
export function createEngineChoice(local: Engine, server: Engine): Engine {
  let chosen = local;
  const listeners = new Set<(state: EngineState) => void>();
  const ends = [local, server].map((engine) =>
    engine.onState((state) => {
      if (engine === chosen) for (const listener of listeners) listener(state);
    }),
  );
  return {
    get state() {
      return chosen.state;
    },
    get processId() {
      return local.processId;
    },
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async load(request) {
      const wanted = request.directory === serverDirectory ? server : local;
      if (wanted !== chosen) {
        const other = chosen;
        chosen = wanted;
        await other.unload();
      }
      return wanted.load(request);
    },
    ask: (request) => chosen.ask(request),
    unload: () => chosen.unload(),
    async dispose() {
      listeners.clear();
      for (const end of ends) end();
      await Promise.all([local.dispose(), server.dispose()]);
    },
  };
}

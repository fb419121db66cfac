import { startWithNode, type EngineChild, type StartEngine } from '../../main/inference/index.ts';

/** Starts processes whose messages go by `hear`, which passes them on, changed or not. */
export const startOverheard =
  (hear: (message: unknown, pass: (message: unknown) => void, child: EngineChild) => void): StartEngine =>
  (entry, log) => {
    const child = startWithNode(entry, log);
    return {
      ...child,
      onMessage: (listener) => child.onMessage((message) => hear(message, listener, child)),
    };
  };

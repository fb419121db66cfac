import type { Bridge } from '../../preload/contract/index.ts';
import { WebBridge } from './web.ts';

/** Whether the workstation's process is within reach. */
export type Reach = 'connected' | 'lost' | 'refused';

/** The contract's calls, and word of whether anybody is there to answer them. */
export interface Connection {
  readonly bridge: Bridge;
  /** Calls the listener at every change of reach; returns the way to stop. */
  onReach(listener: (reach: Reach) => void): () => void;
}

declare global {
  interface Window {
    /** Put there by Electron's preload script; absent in a browser. */
    readonly workstation?: Bridge;
  }
}

/** Electron's bridge where there is one, otherwise calls over HTTP to the page's own origin. */
export function connect(): Connection {
  const bridge = window.workstation;
  if (bridge) return { bridge, onReach: () => () => undefined };
  return new WebBridge(window.location.origin);
}

import type { Bridge } from '../../preload/contract/index.ts';

/** Whether the workstation's process is within reach. */
export type Reach = 'connected' | 'lost' | 'refused';

/** The contract's calls, and word of whether anybody is there to answer them. */
export interface Connection {
  readonly bridge: Bridge;
  /** Calls the listener at every change of reach; returns the way to stop. */
  onReach(listener: (reach: Reach) => void): () => void;
}

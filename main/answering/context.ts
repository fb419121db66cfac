import type { WorkstationEvent } from '../../preload/contract/events.ts';
import type { Engine } from '../inference/index.ts';
import type { JobRegistry } from '../jobs/index.ts';
import type { VideoLibrary } from '../recordings/index.ts';
import type { Log, Store } from '../store/index.ts';
import type { KeptPictures } from './kept-pictures.ts';

/** The engine as it is asked here: it answers one question after another, and says what model it runs. */
export type AnswerEngine = Pick<Engine, 'ask' | 'state'> & {
  /** Settles once the model that is being loaded now is there, or can't be; null while none is being loaded. */
  readonly loading?: Promise<unknown> | null;
};

export interface AnsweringContext {
  store: Store;
  library: VideoLibrary;
  engine: AnswerEngine;
  jobs: JobRegistry;
  emit: (event: WorkstationEvent) => void;
  pictures: KeptPictures;
  now: () => number;
  newId: () => string;
  log: Log;
  /**
   * True for a window: what is asked here is gone on with by the next one where this one ends before it is answered. What a
   * command asked ends with it.
   */
  durable?: boolean;
}

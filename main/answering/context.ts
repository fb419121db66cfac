import type { WorkstationEvent } from '../../preload/contract/events.ts';
import type { Engine } from '../inference/index.ts';
import type { JobRegistry } from '../jobs/index.ts';
import type { VideoLibrary } from '../recordings/index.ts';
import type { Log, Store } from '../store/index.ts';
import type { KeptPictures } from './kept-pictures.ts';

/** What answering needs of an engine: that it answers questions, and says which model it runs. */
export type AnswerEngine = Pick<Engine, 'ask' | 'state'> & {
  /** Settles once the model that is being loaded is ready or has failed; null while none is being loaded. */
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
   * True for a window: if it ends before a question is answered, the next one continues. What a command asked ends with the
   * command.
   */
  durable?: boolean;
}

import { TaskQueue, toErrorReport, type ErrorReport } from '../../preload/contract/index.ts';
import type { Frame } from './frames.ts';

/** Makes the calls that ask one after another, so that questions keep the order in which they were typed. */
export class PendingQuestions {
  /** Questions whose call has not returned: they wait for their frame, or for the workstation to write them down. */
  pending = $state(0);
  /** What the last question met that kept it from being asked. */
  fault = $state.raw<ErrorReport | null>(null);
  readonly #onMismatch: () => void;
  readonly #queue = new TaskQueue();

  /** @param onMismatch the picture on the screen is one of before: the person should see what there is now */
  constructor(onMismatch: () => void) {
    this.#onMismatch = onMismatch;
  }

  /** Makes the call about a frame once that is there and the calls before have returned. False: it was not taken. */
  async take(awaited: Promise<Frame>, call: (frame: Frame) => Promise<void>): Promise<boolean> {
    this.pending += 1;
    this.fault = null;
    const asked = this.#queue.run(async () => call(await awaited));
    awaited.catch(() => undefined);
    try {
      await asked;
      return true;
    } catch (error) {
      this.fault = toErrorReport(error);
      if (this.fault.code === 'frame-mismatch') this.#onMismatch();
      return false;
    } finally {
      this.pending -= 1;
    }
  }
}

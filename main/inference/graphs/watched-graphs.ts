import { WorkstationError } from '../../../preload/contract/errors.ts';
import { deviceLost, deviceNames, type Device } from '../devices/devices.ts';
import type { WorkPhase } from '../messages.ts';
import { outOfMemoryHint } from '../model/memory-estimate.ts';
import type { ModelGraphs } from './model-graphs.ts';

/** The device of a run is lost, or refuses it: what is on it is gone, and another device has to answer. */
export class DeviceLostError extends WorkstationError {
  readonly device: Device;
  /** To stand behind the device's name: `the device was lost in the middle of the work (...)`. */
  readonly reason: string;

  constructor(device: Device, reason: string, cause: unknown) {
    super(
      'engine-lost',
      `${deviceNames[device]} does not work any more: ${reason}.`,
      'Ask again: the engine goes on on the CPU.',
      { cause },
    );
    this.name = 'DeviceLostError';
    this.device = device;
    this.reason = reason;
  }
}

const memoryRanOut = /bad_alloc|out of memory|failed to allocate|not enough memory|allocation failed/i;

/** A run of more tokens than this belongs to a prompt. An answer feeds one token at a time, or the few that are forced. */
const mostTokensOfAnswer = 16;

/**
 * The graphs of a model, with what is going on told before each run, and what goes wrong in a run told by its cause:
 * a device that is lost, memory that ran out.
 */
export function watchGraphs(
  graphs: ModelGraphs,
  device: Device,
  onPhase: (phase: WorkPhase) => void,
): ModelGraphs {
  const watch = async <T>(run: () => Promise<T>, phase?: WorkPhase): Promise<T> => {
    if (phase !== undefined) onPhase(phase);
    try {
      return await run();
    } catch (error) {
      throw namedFailure(error, device);
    }
  };
  const { decoder } = graphs;
  return {
    vision: { encode: (image) => watch(() => graphs.vision.encode(image), 'vision') },
    embedder: { embed: (ids) => watch(() => graphs.embedder.embed(ids)) },
    decoder: {
      freeAttention: decoder.freeAttention,
      newCache: (capacity) => {
        try {
          return decoder.newCache(capacity);
        } catch (error) {
          throw namedFailure(error, device);
        }
      },
      run: (input, cache) =>
        watch(
          async () => numbers(await decoder.run(input, cache), device),
          input.tokens > mostTokensOfAnswer ? 'prefill' : 'decode',
        ),
    },
    dispose: () => graphs.dispose(),
  };
}

/** How many values are looked at: a value that is no number makes all that depend on it so, which is every logit. */
const samples = 16;

/** @throws DeviceLostError or WorkstationError `model-mismatch` where the logits are no numbers. */
function numbers(logits: Float32Array, device: Device): Float32Array {
  const step = Math.max(1, Math.floor(logits.length / samples));
  for (let index = 0; index < logits.length; index += step) {
    if (!Number.isNaN(logits[index])) continue;
    if (device !== 'cpu') {
      throw new DeviceLostError(device, 'it gave values that are no numbers', null);
    }
    throw new WorkstationError(
      'model-mismatch',
      'The model gave values that are no numbers in the middle of the work.',
      'Its weights are damaged: import it again.',
    );
  }
  return logits;
}

/** What a run's error means; an error that means nothing in particular comes back as it is. */
export function namedFailure(error: unknown, device: Device): unknown {
  if (error instanceof WorkstationError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.split('\n')[0]!.slice(0, 300);
  // On a device of its own, any failing run makes the device doubtful, want of its memory included: the CPU has more.
  if (device !== 'cpu') {
    const what = deviceLost(error)
      ? 'the device was lost in the middle of the work'
      : 'the device failed in the middle of the work';
    return new DeviceLostError(device, `${what} (${reason})`, error);
  }
  const isRange = error instanceof RangeError && /array|buffer|length/i.test(message);
  if (!memoryRanOut.test(message) && !isRange) return error;
  return new WorkstationError(
    'out-of-memory',
    `Memory ran out in the middle of the work: ${reason}`,
    outOfMemoryHint,
    { cause: error },
  );
}

import { WorkstationError } from '../../../preload/contract/errors.ts';
import { firstLine, probeDevice, timeProducts } from './device-probes.ts';
import {
  acceleratorsOf,
  deviceNames,
  type Accelerator,
  type Device,
  type DeviceTroubles,
  type DeviceWish,
} from './devices.ts';

export interface DeviceChoice {
  readonly device: Device;
  /** Why this device, in words for a person; with the reason of every other that was tried before it. */
  readonly reason: string;
  /** Whether a faster device was wanted but does not work here. */
  readonly fallback: boolean;
}

/** Below this size, moving inputs and outputs to a GPU and back takes more time than the GPU saves. */
export const gpuWorthBytes = 200 * 2 ** 20;

/** What choosing a device asks of the machine. */
export interface DeviceMachine {
  readonly platform: NodeJS.Platform;
  /** Called before a device is touched for the first time, because that may end this process. */
  readonly onTry?: (device: Accelerator) => void;
  /** Null if the device works, else the reason why it does not. */
  probe: (device: Accelerator, halfFloats: boolean) => Promise<string | null>;
  /** Milliseconds for some matrix products. */
  time: (device: Device) => Promise<number>;
}

export function thisMachine(onTry?: (device: Accelerator) => void): DeviceMachine {
  return {
    platform: process.platform,
    ...(onTry ? { onTry } : {}),
    probe: probeDevice,
    time: timeProducts,
  };
}

export interface DeviceQuestion {
  readonly wish: DeviceWish;
  /** Bytes of the model's graphs and weights. */
  readonly modelBytes: number;
  readonly troubles?: DeviceTroubles;
  /** The graphs compute in 16-bit floats. */
  readonly halfFloats?: boolean;
}

/**
 * Chooses the device for a model, never silently: each accelerator of the platform is tried in turn, and the reasons
 * against those before the chosen one are told with it. Without a wish, one that is no faster than the CPU is not
 * taken either: some drivers draw on the CPU.
 *
 * A device that was asked for by name is the only one that will do, unless it has failed in this program already: the
 * model goes on elsewhere then.
 * @throws WorkstationError `unavailable` when a device was asked for by name and does not work.
 */
export async function chooseDevice(
  { wish, modelBytes, troubles = {}, halfFloats = false }: DeviceQuestion,
  machine: DeviceMachine = thisMachine(),
): Promise<DeviceChoice> {
  if (wish === 'cpu') return { device: 'cpu', reason: 'The CPU was asked for.', fallback: false };
  const probe = (device: Accelerator): Promise<string | null> => {
    machine.onTry?.(device);
    return machine.probe(device, halfFloats);
  };
  if (wish !== 'auto' && troubles[wish] === undefined) {
    const name = deviceNames[wish];
    const trouble = await probe(wish);
    if (trouble === null) return { device: wish, reason: `${name} was asked for.`, fallback: false };
    throw new WorkstationError(
      'unavailable',
      `${name} was asked for and does not work here: ${trouble}`,
      'Choose the CPU, or install the graphics driver of this machine.',
    );
  }
  const candidates = acceleratorsOf(machine.platform);
  const troubled = (device: Accelerator): boolean => troubles[device] !== undefined;
  const against = candidates
    .filter(troubled)
    .map((device) => sentence(`${deviceNames[device]} does not work here: ${troubles[device]}`));
  if (modelBytes < gpuWorthBytes) {
    const megabytes = Math.max(1, Math.round(modelBytes / 2 ** 20));
    const small = `The model is small (${megabytes} MB): a GPU pays from ${gpuWorthBytes / 2 ** 20} MB.`;
    return { device: 'cpu', reason: [...against, small].join(' '), fallback: against.length > 0 };
  }
  for (const device of candidates) {
    if (troubled(device)) continue;
    const name = deviceNames[device];
    const trouble = await probe(device);
    const objection =
      trouble === null
        ? await slowerThanCpu(device, machine)
        : sentence(`${name} does not work here: ${trouble}`);
    if (objection !== null) {
      against.push(objection);
      continue;
    }
    const reason = [...against, `${name} works here, and the model is large enough.`].join(' ');
    return { device, reason, fallback: against.length > 0 };
  }
  return { device: 'cpu', reason: against.join(' '), fallback: true };
}

async function slowerThanCpu(device: Accelerator, machine: DeviceMachine): Promise<string | null> {
  const name = deviceNames[device];
  try {
    const [own, cpu] = [await machine.time(device), await machine.time('cpu')];
    if (own < cpu) return null;
    const milliseconds = (value: number): string => `${Math.max(1, Math.round(value))} ms`;
    return `${name} is no faster than the CPU here (${milliseconds(own)} against ${milliseconds(cpu)}): it may be a driver without a GPU.`;
  } catch (error) {
    return sentence(`${name} does not work here: ${firstLine(error)}`);
  }
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

import { deviceNames, type Device } from '../../../preload/contract/devices.ts';

export {
  deviceNames,
  devices,
  deviceWishes,
  type Device,
  type DeviceWish,
} from '../../../preload/contract/devices.ts';

/** Where a model runs, as people write it; `server` is the host and port of one that runs elsewhere. */
export function deviceName({
  device,
  server,
}: {
  device: Device | 'server';
  server?: string | undefined;
}): string {
  if (device === 'server') return `Server ${server ?? ''}`.trimEnd();
  return deviceNames[device];
}

/** Devices other than the CPU, on which a model need not run. */
export type Accelerator = Exclude<Device, 'cpu'>;

/** Reasons known before not to touch a device: it has ended an engine's process, or was lost in an answer. */
export type DeviceTroubles = Readonly<Partial<Record<Device, string>>>;

/** onnxruntime's execution providers for a device, in order: what the first does not have, the CPU does. */
export function executionProviders(device: Device): readonly [string, ...string[]] {
  switch (device) {
    case 'cpu':
      return ['cpu'];
    case 'directml':
      return ['dml', 'cpu'];
    default:
      return [device, 'cpu'];
  }
}

/**
 * The accelerators of a platform, the one to prefer first. WebGPU leads everywhere, because in Node it is the only one
 * whose keys and values stay on the device: with the others they cross the bus at every token.
 */
export function acceleratorsOf(platform: NodeJS.Platform): readonly Accelerator[] {
  switch (platform) {
    case 'win32':
      return ['webgpu', 'directml'];
    case 'darwin':
      return ['webgpu', 'coreml'];
    default:
      return ['webgpu', 'cuda'];
  }
}

/**
 * What the providers say when the GPU is gone: switched off, reset after a run that took too long, its driver
 * crashed or updated. Dawn (WebGPU), Direct3D's removal codes (DirectML), CUDA's sticky errors.
 */
const lossMessages = [
  /\bdevice (?:is |was |has been )?(?:lost|destroyed|removed|suspended|hung)\b/i,
  /device instance has been suspended/i,
  /(?:\b|_)device[-_](?:lost|removed|hung|reset)\b/i,
  /\b887A000[5-7]\b|\b887A0020\b/i,
  /DRIVER_INTERNAL_ERROR/,
  /\bGPU will not respond to more commands/i,
  /CUDA (?:failure|error) (?:4|46|700|719|999)\b/i,
  /\b(?:unspecified launch failure|an illegal memory access was encountered)\b/i,
] as const;

/** Whether an error of a run says that the GPU is gone: nothing on it can be used again in this process. */
export function deviceLost(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return lossMessages.some((pattern) => pattern.test(message));
}

import { describe, expect, test } from 'vitest';
import {
  chooseDevice,
  gpuWorthBytes,
  type DeviceMachine,
} from '../../main/inference/devices/device-choice.ts';
import { probeDevice, providerListed, timeProducts } from '../../main/inference/devices/device-probes.ts';
import { acceleratorsOf, deviceLost, devices, type Device } from '../../main/inference/devices/devices.ts';

/** A machine on which each device works (with its milliseconds for some products) or has a trouble. */
function machine(
  platform: NodeJS.Platform,
  found: Partial<Record<Device, number | string>>,
): DeviceMachine & { readonly tried: Device[] } {
  const tried: Device[] = [];
  return {
    platform,
    tried,
    onTry: (device) => tried.push(device),
    probe: (device) => {
      const state = found[device];
      if (state === undefined) throw new Error(`${device} must not be probed`);
      return Promise.resolve(typeof state === 'string' ? state : null);
    },
    time: (device) => Promise.resolve(found[device] as number),
  };
}
const large = { wish: 'auto', modelBytes: gpuWorthBytes } as const;

describe('choosing a device', () => {
  test('a small model stays on the CPU without a probe, and the size is the reason', async () => {
    expect(await chooseDevice({ wish: 'auto', modelBytes: 12 * 2 ** 20 }, machine('linux', {}))).toEqual({
      device: 'cpu',
      reason: 'The model is small (12 MB): a GPU pays from 200 MB.',
      fallback: false,
    });
  });

  test('a large model goes to the first accelerator of the platform that works', async () => {
    const windows = machine('win32', { cpu: 100, webgpu: 5, directml: 5 });
    expect(await chooseDevice(large, windows)).toEqual({
      device: 'webgpu',
      reason: 'WebGPU works here, and the model is large enough.',
      fallback: false,
    });
    expect(windows.tried).toEqual(['webgpu']);
  });

  test.each([
    ['win32', 'directml', 'DirectML'],
    ['darwin', 'coreml', 'CoreML'],
    ['linux', 'cuda', 'CUDA'],
  ] as const)('on %s the next is %s, with the reason against WebGPU', async (platform, next, name) => {
    const found = machine(platform, { cpu: 100, webgpu: 'no adapter', [next]: 5 });
    expect(await chooseDevice(large, found)).toEqual({
      device: next,
      reason: `WebGPU does not work here: no adapter. ${name} works here, and the model is large enough.`,
      fallback: true,
    });
    expect(found.tried).toEqual(['webgpu', next]);
  });

  test('a driver that is no faster than the CPU is not taken, and the times say why', async () => {
    const found = machine('linux', { cpu: 100, webgpu: 2500, cuda: 'not installed' });
    expect(await chooseDevice(large, found)).toEqual({
      device: 'cpu',
      reason:
        'WebGPU is no faster than the CPU here (2500 ms against 100 ms): it may be a driver without a GPU. ' +
        'CUDA does not work here: not installed.',
      fallback: true,
    });
    // Asked for by name, it is what the person wants.
    expect(await chooseDevice({ ...large, wish: 'webgpu' }, found)).toMatchObject({ device: 'webgpu' });
  });

  test('a device that has ended the process is not touched again', async () => {
    const found = machine('linux', { cpu: 100, cuda: 'not installed' });
    const troubles = { webgpu: 'it ended the process' };
    expect(await chooseDevice({ ...large, troubles }, found)).toMatchObject({
      device: 'cpu',
      reason: 'WebGPU does not work here: it ended the process. CUDA does not work here: not installed.',
      fallback: true,
    });
    expect(found.tried).toEqual(['cuda']);
  });

  test('a device that was asked for by name and has failed: the model goes on elsewhere, openly', async () => {
    const troubles = { webgpu: 'device lost' };
    const found = machine('linux', {});
    expect(await chooseDevice({ wish: 'webgpu', modelBytes: 2 ** 20, troubles }, found)).toEqual({
      device: 'cpu',
      reason: 'WebGPU does not work here: device lost. The model is small (1 MB): a GPU pays from 200 MB.',
      fallback: true,
    });
    const withCuda = machine('linux', { cpu: 100, cuda: 5 });
    expect(await chooseDevice({ ...large, wish: 'webgpu', troubles }, withCuda)).toMatchObject({
      device: 'cuda',
      fallback: true,
    });
    expect(withCuda.tried).toEqual(['cuda']);
  });

  test('a device that was asked for by name is that one or an error', async () => {
    const found = machine('linux', { webgpu: 5, cuda: 'not installed' });
    expect(await chooseDevice({ ...large, wish: 'cpu' }, found)).toMatchObject({ device: 'cpu' });
    expect(await chooseDevice({ wish: 'webgpu', modelBytes: 1 }, found)).toEqual({
      device: 'webgpu',
      reason: 'WebGPU was asked for.',
      fallback: false,
    });
    await expect(chooseDevice({ wish: 'cuda', modelBytes: 1 }, found)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'CUDA was asked for and does not work here: not installed',
    });
  });
});

describe('probing', () => {
  test('the CPU passes, and its speed is measured by a product whose result is checked', async () => {
    expect(await probeDevice('cpu')).toBeNull();
    expect(await timeProducts('cpu')).toBeGreaterThan(0);
  });

  test('every device of this build answers with works or a reason; one of another system is named', async () => {
    for (const device of devices) {
      const trouble = await probeDevice(device);
      expect(trouble ?? 'works').toMatch(/^.+$/);
    }
    const foreign = process.platform === 'darwin' ? 'directml' : 'coreml';
    expect(acceleratorsOf(process.platform)).not.toContain(foreign);
    expect(providerListed(foreign)).toBe(false);
    expect(await probeDevice(foreign)).toMatch(/^this build of onnxruntime has no (CoreML|DirectML) on this/);
  });
});

describe('a GPU that is lost', () => {
  test.each([
    'WebGPU device lost (2): Device was destroyed.',
    'Error: [ONNXRuntimeError] : 1 : FAIL : Device is lost.',
    'VK_ERROR_DEVICE_LOST',
    'Exception(3) tid(5a68) 887A0005 The GPU device instance has been suspended. Use GetDeviceRemovedReason',
    '887A0006 The GPU will not respond to more commands, most likely because of an invalid command',
    'DirectML execution failed because of a device-lost / removal-class error.',
    'CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=a ; file=b.cc ; line=1',
    'CUDA error 700: an illegal memory access was encountered',
  ])('%s', (message) => {
    expect(deviceLost(new Error(message))).toBe(true);
  });

  test.each([
    'Non-zero status code returned while running Gemm node. Got invalid dimensions for input',
    'The prompt has 3 image tokens, the images have 4 features.',
    'Failed to allocate memory for requested buffer of size 1024',
    'The device was asked for by name.',
    'bad_alloc',
  ])('is told from: %s', (message) => {
    expect(deviceLost(new Error(message))).toBe(false);
  });
});

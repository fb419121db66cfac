import { describe, expect, test } from 'vitest';
import { chooseDevice, probeWebgpu, webgpuWorthBytes } from '../../main/inference/devices.ts';

const works = (): Promise<null> => Promise.resolve(null);
const fails = (): Promise<string> => Promise.resolve('no adapter');
const never = (): Promise<never> => Promise.reject(new Error('must not be probed'));

describe('choosing a device', () => {
  test('a small model stays on the CPU without a probe, and the size is the reason', async () => {
    expect(await chooseDevice('auto', 12 * 2 ** 20, null, never)).toEqual({
      device: 'cpu',
      reason: 'The model is small (12 MB): a GPU pays from 200 MB.',
      fallback: false,
    });
  });

  test('a large model goes to a GPU that works', async () => {
    expect(await chooseDevice('auto', webgpuWorthBytes, null, works)).toMatchObject({ device: 'webgpu' });
  });

  test('the reason why a GPU is not used is kept', async () => {
    expect(await chooseDevice('auto', webgpuWorthBytes, null, fails)).toEqual({
      device: 'cpu',
      reason: 'WebGPU does not work here: no adapter',
      fallback: true,
    });
    expect(await chooseDevice('auto', webgpuWorthBytes, 'it ended the process', never)).toEqual({
      device: 'cpu',
      reason: 'WebGPU does not work here: it ended the process',
      fallback: true,
    });
  });

  test('a device that was asked for by name is that one or an error', async () => {
    expect(await chooseDevice('cpu', webgpuWorthBytes, null, never)).toMatchObject({ device: 'cpu' });
    expect(await chooseDevice('webgpu', 1, null, works)).toMatchObject({ device: 'webgpu' });
    await expect(chooseDevice('webgpu', 1, null, fails)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'WebGPU was asked for and does not work here: no adapter',
    });
  });

  test('the probe answers with works or a reason, whatever this machine has', async () => {
    const trouble = await probeWebgpu();
    expect(trouble === null || trouble.length > 0).toBe(true);
  });
});

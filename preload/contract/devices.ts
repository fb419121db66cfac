/** The devices on which this program can run a model. */
export const devices = ['cpu', 'webgpu', 'cuda', 'directml', 'coreml'] as const;
export type Device = (typeof devices)[number];

/** The devices that a person may choose; with `auto` the engine chooses, and says why. */
export const deviceWishes = ['auto', ...devices] as const;
export type DeviceWish = (typeof deviceWishes)[number];

/** The names of the devices as shown to a person. */
export const deviceNames: Readonly<Record<Device, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  directml: 'DirectML',
  coreml: 'CoreML',
};

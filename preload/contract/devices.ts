/** Where a model may run in this program. */
export const devices = ['cpu', 'webgpu', 'cuda', 'directml', 'coreml'] as const;
export type Device = (typeof devices)[number];

/** What a person may ask for; `auto` lets the engine choose and say why. */
export const deviceWishes = ['auto', ...devices] as const;
export type DeviceWish = (typeof deviceWishes)[number];

/** As shown to a person. */
export const deviceNames: Readonly<Record<Device, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  directml: 'DirectML',
  coreml: 'CoreML',
};

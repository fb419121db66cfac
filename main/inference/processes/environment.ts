import { withoutTelemetry } from '../no-telemetry.ts';

/** Makes glibc (2.35 and later; others ignore it) ask for huge pages for the memory that it hands out. */
const hugePages = 'glibc.malloc.hugetlb=1';

/**
 * What a process that runs models or converts them has use for: the system's own places, language, the tuning of memory
 * and threads, and what graphics drivers go by. Everything else stays out of it: a process that reads files of strangers
 * has no business with the proxies, tokens and agents of the person's account.
 */
const passedOn = new RegExp(
  `^(${[
    'PATH|HOME|TMPDIR|TMP|TEMP|LANG|LANGUAGE|LC_.*|TZ|XDG_(CACHE_HOME|CONFIG_HOME|DATA_DIRS|RUNTIME_DIR)',
    'LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|GLIBC_TUNABLES|MALLOC_.*|OMP_.*|KMP_.*|MKL_.*|OPENBLAS_.*|ORT_.*',
    'CUDA_.*|NVIDIA_.*|__GLX_.*|__NV_.*|VK_.*|MESA_.*|LIBGL_.*|DRI_PRIME|HSA_.*|ROCR_.*|HIP_.*|DAWN_.*|DISPLAY|WAYLAND_DISPLAY',
    'SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES.*',
    'NUMBER_OF_PROCESSORS|PROCESSOR_.*|NODE_V8_COVERAGE|WORKSTATION_.*',
  ].join('|')})$`,
  'i',
);

/**
 * The environment of a process that runs the engine or an import: small, with ONNX Runtime's reports off, and with huge
 * pages. A decoded token reads every weight once, in order, and with pages of 4 KiB much of that time goes into looking
 * up where each page is: with huge ones, a token of eight layers of the 3B shape takes 7 to 10 % less of a processor.
 * Linux gives them to those who ask, unless its administrator says otherwise.
 *
 * @param environment what the workstation's own process has; a tunable of one's own stays as it is
 */
export function engineEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && passedOn.test(name)) kept[name] = value;
  }
  Object.assign(kept, withoutTelemetry);
  const tunables = kept['GLIBC_TUNABLES'] ?? '';
  if (platform === 'linux' && !tunables.includes('glibc.malloc.hugetlb=')) {
    kept['GLIBC_TUNABLES'] = tunables === '' ? hugePages : `${tunables}:${hugePages}`;
  }
  return kept;
}

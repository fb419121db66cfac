import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

/** Chromium's Vulkan driver that computes on the CPU: WebGPU without a GPU, slow and right. */
export interface SwiftShader {
  /** What a process needs in its environment to find it, and it alone. */
  readonly environment: Readonly<Record<string, string>>;
  readonly from: string;
}

const driverFile = 'libvk_swiftshader.so';
/** Where a Chromium of the system keeps its driver's description, which a Vulkan loader can be pointed at. */
const descriptions = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];
const loaders = ['/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];

/** The driver of @sparticuz/chromium (Linux x64), else that of an installed Chromium; a text says why there is none. */
export async function findSwiftShader(): Promise<SwiftShader | string> {
  if (process.platform !== 'linux')
    return `SwiftShader is looked for on Linux only, this is ${process.platform}`;
  const why: string[] = [];
  if (process.arch === 'x64') {
    try {
      const folder = await unpackDriver();
      // Dawn asks for the Vulkan loader by this name and is content with a driver.
      return { environment: { LD_LIBRARY_PATH: folder }, from: '@sparticuz/chromium' };
    } catch (error) {
      why.push(`@sparticuz/chromium: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const description = descriptions.find((file) => existsSync(file));
  const loader = loaders.find((folder) => existsSync(path.join(folder, 'libvulkan.so.1')));
  if (description !== undefined && loader !== undefined) {
    return {
      environment: { VK_DRIVER_FILES: description, VK_ICD_FILENAMES: description },
      from: description,
    };
  }
  why.push(`${description === undefined ? 'no Chromium' : 'no Vulkan loader (libvulkan1)'} is installed`);
  return why.join('; ');
}

/** A folder with the driver under the loader's name; made once for a version of the package. */
async function unpackDriver(): Promise<string> {
  const packed = await readFile(
    fileURLToPath(new URL('../bin/swiftshader.tar.br', import.meta.resolve('@sparticuz/chromium'))),
  );
  const name = `surgery-r1-swiftshader-${createHash('sha256').update(packed).digest('hex').slice(0, 12)}`;
  const folder = path.join(tmpdir(), name);
  if (existsSync(folder)) return folder;
  const archive = await promisify(brotliDecompress)(packed);
  const making = await mkdtemp(`${folder}-`);
  try {
    await writeFile(path.join(making, 'libvulkan.so.1'), fileOfTar(archive, driverFile), { mode: 0o755 });
    // Whoever is first: what another process has made meanwhile is the same.
    await rename(making, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

/** One file of a tar archive: headers of 512 bytes with name and octal size, contents padded to 512. */
function fileOfTar(archive: Buffer, wanted: string): Buffer {
  for (let at = 0; at + 512 <= archive.length;) {
    const field = (from: number, length: number): string =>
      archive.toString('latin1', at + from, at + from + length).split('\0')[0]!;
    const size = parseInt(field(124, 12).trim() || '0', 8);
    if (path.posix.basename(field(0, 100)) === wanted) return archive.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`the archive has no ${wanted}`);
}

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Arch, build, Platform, type Configuration } from 'electron-builder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../main/store/index.ts';
import { stagedTools, writePapers } from '../../tools/media-tools.ts';
import { silent } from '../store/rows.ts';

/**
 * Packs the real files for Linux x64 around a stand-in for Electron's binary, which a closed machine does not
 * have, and looks at what is inside. (What electron-builder brings along is asked for through it, so that the
 * versions always fit.)
 */
const repository = resolve(import.meta.dirname, '..', '..');
const requireFromBuilder = createRequire(createRequire(import.meta.url).resolve('electron-builder'));
const library = createRequire(requireFromBuilder.resolve('app-builder-lib'));
const { extractFile, listPackage } = library('@electron/asar') as {
  listPackage: (file: string, options: object) => string[];
  extractFile: (file: string, path: string) => Buffer;
};
const { load } = library('js-yaml') as { load: (text: string) => Configuration };

const folder = mkdtempSync(join(tmpdir(), 'packaging-'));
const output = join(folder, 'output');
const config = load(readFileSync(join(repository, 'electron-builder.yml'), 'utf8'));
let inside: string[] = [];
let beside: string[] = [];

beforeAll(async () => {
  const built = spawnSync(process.execPath, [join(repository, 'tools/build.ts'), '--if-stale'], {
    encoding: 'utf8',
  });
  expect(built.status, built.stderr).toBe(0);
  const listed = spawnSync(process.execPath, [join(repository, 'tools/sbom.ts')], { encoding: 'utf8' });
  expect(listed.status, listed.stderr).toBe(0);
  // What is brought for a package has tests of its own; a closed machine has nothing that may be passed on.
  const media = join(folder, 'media-tools');
  mkdirSync(media);
  for (const program of ['ffmpeg', 'ffprobe']) writeFileSync(join(media, program), 'stand-in');
  writePapers({ platform: 'linux', architecture: 'x64' }, ['stand-ins'], media);
  const electron = join(folder, 'electron');
  mkdirSync(join(electron, 'resources'), { recursive: true });
  writeFileSync(join(electron, 'electron'), 'stand-in');
  chmodSync(join(electron, 'electron'), 0o755);
  await build({
    projectDir: repository,
    targets: Platform.LINUX.createTarget('dir', Arch.x64),
    // Fuses are bits of the real binary.
    config: {
      ...config,
      electronDist: electron,
      electronFuses: null,
      beforePack: null,
      extraResources: [{ from: media, to: 'media-tools' }],
      directories: { ...config.directories, output },
    },
    publish: 'never',
  });
  const resources = join(output, 'linux-unpacked', 'resources');
  inside = listPackage(join(resources, 'app.asar'), { isPack: false });
  beside = readdirSync(join(resources, 'app.asar.unpacked'), { recursive: true, encoding: 'utf8' });
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('electron-builder.yml', () => {
  it('is valid to the builder, names the targets, and neither rebuilds nor updates anything', () => {
    expect(config.npmRebuild).toBe(false);
    expect(config.publish).toBeNull();
    expect(config.linux?.target).toEqual(['AppImage', 'deb']);
    expect(config.win?.target).toEqual(['nsis']);
    expect(config.mac?.target).toEqual(['dmg']);
    expect(config.electronFuses).toMatchObject({
      runAsNode: false,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
      loadBrowserProcessSpecificV8Snapshot: false,
    });
  });

  it('packs what runs', () => {
    for (const file of [
      '/package.json',
      '/LICENSE',
      '/THIRD-PARTY-NOTICES.md',
      '/dist/sbom.cdx.json',
      '/dist/main/electron.js',
      '/dist/main/engine-process.js',
      '/dist/main/heartbeat-thread.js',
      '/dist/main/resample-kernels.wasm',
      '/dist/main/import-process.js',
      '/dist/main/inspection-process.js',
      '/dist/main/piece-worker.js',
      '/dist/main/reader-thread.js',
      '/dist/preload/index.cjs',
      '/dist/renderer/index.html',
      '/models/nano/model.safetensors',
      '/models/nano/manifest.json',
      '/resources/clip/demo.mp4',
      '/node_modules/zod/package.json',
      '/node_modules/sirv/package.json',
    ]) {
      expect(inside, file).toContain(file);
    }
  });

  it('packs the thread that reads the database with all that it loads: it starts and answers', async () => {
    const packed = join(output, 'linux-unpacked', 'resources', 'app.asar');
    const app = join(folder, 'app');
    for (const file of inside.filter((path) => /^\/(package\.json|dist\/main\/.+)$/.test(path))) {
      mkdirSync(dirname(join(app, file)), { recursive: true });
      writeFileSync(join(app, file), extractFile(packed, file.slice(1)));
    }
    symlinkSync(join(repository, 'node_modules'), join(app, 'node_modules'), 'junction');
    // Where the program looks for it, whatever the package lies in.
    expect(readFileSync(join(app, 'dist/main/electron.js'), 'utf8')).toMatch(
      /new URL\("\.\/reader-thread\.js", import\.meta\.url\)/,
    );
    const store = openStore({ home: join(folder, 'home'), now: Date.now, log: silent });
    store.close();
    const worker = new Worker(join(app, 'dist/main/reader-thread.js'), {
      workerData: { layout: store.layout },
    });
    const replies: unknown[] = [];
    worker.on('message', (reply) => replies.push(reply));
    worker.on('error', (error) => replies.push(error));
    try {
      await expect.poll(() => replies).toContainEqual({ kind: 'ready' });
      worker.postMessage({ kind: 'run', id: 1, name: 'sessions.list', input: { actor: 'somebody' } });
      await expect.poll(() => replies).toContainEqual({ kind: 'value', id: 1, value: [] });
    } finally {
      await worker.terminate();
    }
  });

  it('leaves out sources, tests, development packages and the Node of npm scripts', () => {
    const top = new Set(inside.map((file) => file.split('/')[1]));
    expect([...top].sort()).toEqual([
      'LICENSE',
      'THIRD-PARTY-NOTICES.md',
      'dist',
      'models',
      'node_modules',
      'package.json',
      'resources',
    ]);
    const packages = inside
      .filter((file) => file.startsWith('/node_modules/'))
      .map((file) => file.split('/')[2]);
    for (const name of ['vite', 'vitest', 'svelte', 'typescript', 'electron', 'playwright-core']) {
      expect(packages).not.toContain(name);
    }
    expect(packages.filter((name) => name?.startsWith('node-linux'))).toEqual([]);
  });

  it('takes the binaries of one platform, and lays them where the system can load and run them', () => {
    const binaries = inside.filter((file) =>
      /(onnxruntime-node\/bin|prebuilds)\/.*\.(node|so|dll|dylib)/.test(file),
    );
    expect(binaries.length).toBeGreaterThanOrEqual(2);
    expect(binaries.filter((file) => /darwin|win32|arm64/.test(file))).toEqual([]);
    const loaded = inside
      .filter((file) => /\.(node|so|dll|dylib)(\.\d+)*$/.test(file))
      .map((file) => file.slice(1));
    for (const file of [
      ...loaded,
      'resources/clip/demo.mp4',
      'node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
    ]) {
      expect(beside, file).toContain(file);
    }
  });

  it('brings ffmpeg and ffprobe along with licence and offer of source, and no old ones', () => {
    expect(readdirSync(join(output, 'linux-unpacked', 'resources', 'media-tools')).sort()).toEqual([
      'GPL-3.0.txt',
      'SOURCE-OFFER.md',
      'ffmpeg',
      'ffprobe',
    ]);
    expect(
      [...inside, ...beside].filter((file) => /(ffmpeg|ffprobe)-installer|ffmpeg-static\//.test(file)),
    ).toEqual([]);
    expect(config.beforePack).toBe('./tools/media-tools.ts');
    expect(config.extraResources).toEqual([{ from: 'dist/media-tools', to: 'media-tools' }]);
  });

  it('packs nothing where the programs that are named are too old', async () => {
    const requireHere = createRequire(import.meta.url);
    const before = { ...process.env };
    process.env['FFMPEG_BIN'] = (requireHere('@ffmpeg-installer/ffmpeg') as { path: string }).path;
    process.env['FFPROBE_BIN'] = (requireHere('@ffprobe-installer/ffprobe') as { path: string }).path;
    try {
      const packed = build({
        projectDir: repository,
        targets: Platform.LINUX.createTarget('dir', Arch.x64),
        config: {
          ...config,
          electronDist: join(folder, 'electron'),
          electronFuses: null,
          directories: { ...config.directories, output: join(folder, 'refused') },
        },
        publish: 'never',
      });
      await expect(packed).rejects.toThrow(/of 2018: too old to be passed on/);
      expect(existsSync(join(folder, 'refused', 'linux-unpacked', 'resources', 'app.asar'))).toBe(false);
      expect(existsSync(stagedTools)).toBe(false);
    } finally {
      process.env = before;
    }
  });
});

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { build, type InlineConfig, type Plugin } from 'vite';

/**
 * Bundles Electron's main process and its preload script; with `--if-stale`, builds whatever is missing or
 * older than its sources, the window included, and nothing otherwise.
 */
const repository = resolve(import.meta.dirname, '..');
const stamp = join(repository, 'dist', 'built-from.txt');

const sources = [
  'renderer',
  'preload',
  'main',
  'models/import',
  'models/data',
  'models/evaluation',
  'vite.config.ts',
  'svelte.config.js',
  'tools/build.ts',
  'package-lock.json',
];

/** A hash over the names and contents of everything that the build reads. */
function hashSources(): string {
  const hash = createHash('sha256');
  for (const source of sources) {
    const path = join(repository, source);
    if (!existsSync(path)) continue;
    for (const file of filesUnder(path)) {
      hash.update(`${relative(repository, file)}\0`);
      hash.update(readFileSync(file));
      hash.update('\0');
    }
  }
  return hash.digest('hex');
}

function filesUnder(path: string): string[] {
  const entries = readdirSync(dirname(path), { withFileTypes: true });
  const self = entries.find((entry) => join(dirname(path), entry.name) === path);
  if (self?.isFile()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * Code finds its neighbours by `import.meta.url`: worker files (`new URL('./worker.ts', import.meta.url)`)
 * and things that are shipped beside it (`../models/nano`). In a bundle the first must become a file of its
 * own, as must WebAssembly, and the second must still be looked for from where the source lay. The engine's entry is built as a
 * file of its own beside the bundle, where `engine-entry.ts` looks for it.
 */
const besideBundle = join(repository, 'main/inference/engine/engine-entry.ts');

/** Stands for the place of the bundle until the sources' places are written in. */
const beside = '__BESIDE_BUNDLE__';

function keepPlaces(): Plugin {
  return {
    name: 'keep-places',
    transform(code, id) {
      const file = id.split('?')[0]!;
      if (
        !code.includes('import.meta.url') ||
        file === besideBundle ||
        file.includes(`${sep}node_modules${sep}`)
      )
        return null;
      const place = relative(repository, file).split(sep).join('/');
      const withWorkers = code.replaceAll(
        // Types are gone by now, and with them the quotes of the source.
        /new URL\(\s*(['"])(\.[^'"]+\.ts)\1,\s*import\.meta\.url,?\s*\)/g,
        (_match, _quote, path: string) => {
          const fileName = `${basename(path, '.ts')}.js`;
          this.emitFile({ type: 'chunk', id: resolve(dirname(file), path), fileName });
          return `new URL("./${fileName}", ${beside})`;
        },
      );
      const withWebAssembly = withWorkers.replaceAll(
        /new URL\(\s*(['"])(\.[^'"]+\.wasm)\1,\s*import\.meta\.url,?\s*\)/g,
        (_match, _quote, path: string) => {
          const fileName = basename(path);
          this.emitFile({ type: 'asset', fileName, source: readFileSync(resolve(dirname(file), path)) });
          return `new URL("./${fileName}", ${beside})`;
        },
      );
      return {
        code: withWebAssembly
          .replaceAll('import.meta.url', `new URL('../../${place}', import.meta.url).href`)
          // All files of the bundle lie in one folder.
          .replaceAll(beside, 'import.meta.url'),
        map: null,
      };
    },
  };
}

const common: InlineConfig = { configFile: false, root: repository, logLevel: 'warn', publicDir: false };

async function buildMain(): Promise<void> {
  await build({
    ...common,
    plugins: [keepPlaces()],
    build: {
      ssr: true,
      // WebAssembly, which a build for a server would leave out.
      emitAssets: true,
      target: 'node24',
      outDir: 'dist/main',
      emptyOutDir: true,
      rolldownOptions: {
        input: {
          electron: join(repository, 'main/hosts/electron/index.ts'),
          'engine-process': join(repository, 'main/inference/engine/engine-process.ts'),
        },
        external: ['electron'],
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
}

/** A sandboxed preload script may not load other files, nor be a module. */
async function buildPreload(): Promise<void> {
  await build({
    ...common,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: 'node24',
      outDir: 'dist/preload',
      emptyOutDir: true,
      rolldownOptions: {
        input: { index: join(repository, 'preload/index.ts') },
        external: ['electron'],
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  });
}

async function buildWindow(): Promise<void> {
  await build({
    configFile: join(repository, 'vite.config.ts'),
    root: join(repository, 'renderer'),
    logLevel: 'warn',
  });
}

const current = hashSources();
const whenStale = process.argv.includes('--if-stale');
const fresh =
  existsSync(stamp) &&
  existsSync(join(repository, 'dist/renderer/index.html')) &&
  readFileSync(stamp, 'utf8') === current;
if (!whenStale || !fresh) {
  rmSync(stamp, { force: true });
  if (whenStale) {
    process.stdout.write('Building the window (once, some seconds)...\n');
    await buildWindow();
  }
  await buildMain();
  await buildPreload();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, current);
}

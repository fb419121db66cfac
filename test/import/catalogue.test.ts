import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createCatalogue, type Catalogue } from '../../models/import/catalogue.ts';
import { hashFile } from '../../models/import/checkpoint.ts';
import { placeId, type FolderInPlace } from '../../models/import/in-place-model.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import type { ModelId } from '../../preload/contract/values.ts';
import { makeTransformersFolder } from '../inference/transformers-models.ts';
import { CheckpointBench, changeJson } from './checkpoint-files.ts';

const bench = new CheckpointBench();
afterAll(() => bench.remove());

/** A small checkpoint with a manifest of its own, as the embedded model has one. */
async function checkpoint(id: string, name = id): Promise<string> {
  const folder = bench.copy();
  const files: Record<string, { sha256: string; bytes: number }> = {};
  for (const file of readdirSync(folder)) {
    const path = join(folder, file);
    files[file] = { sha256: await hashFile(path, undefined), bytes: readFileSync(path).length };
  }
  const manifest = {
    formatVersion: 1,
    architecture: 'qwen2_5_vl',
    id,
    name,
    version: '1',
    licence: 'Apache-2.0',
    domain: 'synthetic',
    domainNote: 'Made for a test.',
    coordinateSpace: 'resized-pixels',
    answerFormat: 'think-answer-json',
    files,
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
}

const embeddedFolder = await checkpoint('embedded', 'The embedded one');
const newCatalogue = (
  modelsFolder = bench.path('models'),
  places: FolderInPlace[] = [],
): { modelsFolder: string; catalogue: Catalogue } => ({
  modelsFolder,
  catalogue: createCatalogue({ modelsFolder, embeddedFolder, inPlace: () => places }),
});

describe('the embedded model', () => {
  it('is imported at its first use and found from then on', async () => {
    const { modelsFolder, catalogue } = newCatalogue();
    expect(await catalogue.list()).toMatchObject([{ id: 'embedded', embedded: true }]);
    expect(existsSync(modelsFolder)).toBe(false);
    const progress: number[] = [];
    const first = await catalogue.prepare(null, { onProgress: ({ done }) => progress.push(done) });
    expect(first.summary).toMatchObject({ id: 'embedded', name: 'The embedded one', embedded: true });
    expect(progress.length).toBeGreaterThan(0);
    expect(readdirSync(modelsFolder)).toHaveLength(1);

    const again: number[] = [];
    const second = await catalogue.prepare('embedded' as ModelId, {
      onProgress: ({ done }) => again.push(done),
    });
    expect(second.directory).toBe(first.directory);
    expect(again).toEqual([]);
    // Its import is the same model, not another one.
    expect(await catalogue.list()).toHaveLength(1);
  });

  it('is imported anew when its files were altered', async () => {
    const { catalogue } = newCatalogue();
    const { directory, importAgain } = await catalogue.prepare(null);
    const graph = join(directory, 'onnx', 'decoder.onnx');
    const before = readFileSync(graph);
    rmSync(graph);
    const again = await importAgain!();
    expect(again.directory).toBe(directory);
    expect(readFileSync(graph).equals(before)).toBe(true);
  });

  it('may be imported by several at the same time', async () => {
    const { modelsFolder, catalogue } = newCatalogue();
    const other = createCatalogue({ modelsFolder, embeddedFolder });
    const [one, two] = await Promise.all([catalogue.prepare(null), other.prepare(null)]);
    expect(one.directory).toBe(two.directory);
    expect(readdirSync(modelsFolder)).toHaveLength(1);
  });

  it('may be imported by another process at the same time', async () => {
    const { modelsFolder, catalogue } = newCatalogue();
    const module = new URL('../../models/import/catalogue.ts', import.meta.url).href;
    const script = `const { createCatalogue } = await import(${JSON.stringify(module)});
      const catalogue = createCatalogue(${JSON.stringify({ modelsFolder, embeddedFolder })});
      let told = false;
      await catalogue.prepare(null, { onProgress: () => { if (!told) process.stdout.write('begun'); told = true; } });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    await catalogue.prepare(null);
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(modelsFolder)).toHaveLength(1);
  });

  it('is imported whole after an import that was killed or stopped', async () => {
    const { modelsFolder, catalogue } = newCatalogue();
    const module = new URL('../../models/import/catalogue.ts', import.meta.url).href;
    const script = `const { createCatalogue } = await import(${JSON.stringify(module)});
      const catalogue = createCatalogue(${JSON.stringify({ modelsFolder, embeddedFolder })});
      await catalogue.prepare(null, { onProgress: () => process.kill(process.pid, 'SIGKILL') });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
    expect(readdirSync(modelsFolder)).toEqual([expect.stringContaining('.importing-')]);

    const stop = new AbortController();
    const stopped = catalogue.prepare(null, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(modelsFolder)).toEqual([]);

    const { directory } = await catalogue.prepare(null);
    expect(readdirSync(modelsFolder)).toHaveLength(1);
    expect(existsSync(join(directory, 'manifest.json'))).toBe(true);
  });
});

describe('other models', () => {
  it('are listed by name once imported, each folder for itself, and what is no model is left out', async () => {
    const { modelsFolder, catalogue } = newCatalogue();
    const zebra = await catalogue.prepareFolder(await checkpoint('zebra'));
    expect(zebra.summary).toMatchObject({ id: 'zebra', embedded: false });
    for (const ape of [await checkpoint('ape'), await checkpoint('ape', 'Another ape')]) {
      await catalogue.prepareFolder(ape);
    }
    mkdirSync(join(modelsFolder, 'no model'));
    writeFileSync(join(modelsFolder, 'a file'), '');
    mkdirSync(join(modelsFolder, 'spoilt'));
    writeFileSync(join(modelsFolder, 'spoilt', 'manifest.json'), '{');
    const models = await catalogue.list();
    expect(models.map(({ name, kind }) => [name, kind])).toEqual([
      ['The embedded one', 'embedded'],
      ['Another ape', 'imported'],
      ['ape', 'imported'],
      ['zebra', 'imported'],
    ]);
    const last = models.at(-1)!;
    expect(last).toMatchObject({
      id: basename(zebra.directory),
      directory: zebra.directory,
      dtype: 'q8',
      canAsk: false,
      problem: null,
    });
    expect(await catalogue.prepare(last.id)).toMatchObject({
      directory: zebra.directory,
      summary: { id: last.id, name: 'zebra', embedded: false },
    });
  });

  it('are imported anew when something else is said of them', async () => {
    const { catalogue } = newCatalogue();
    const folder = await checkpoint('wordless');
    const before = await catalogue.prepareFolder(folder);
    writeFileSync(join(folder, 'surgery-r1.json'), '{"name": "By another name", "answerFormat": "json"}');
    const after = await catalogue.prepareFolder(folder);
    expect(after.directory).not.toBe(before.directory);
    expect(after.summary).toMatchObject({ id: 'wordless', name: 'By another name' });
    const manifest = readFileSync(join(after.directory, 'manifest.json'), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ name: 'By another name', answerFormat: 'json' });
  });

  it('are used where they lie when they are imported already', async () => {
    const { modelsFolder, catalogue } = newCatalogue();
    const out = bench.path('imported');
    const { id } = await importCheckpoint({ checkpoint: await checkpoint('own'), out, dtype: 'q8' });
    const prepared = await catalogue.prepareFolder(out);
    expect(prepared).toMatchObject({ directory: out, summary: { id }, importAgain: null });
    expect(existsSync(modelsFolder)).toBe(false);
  });

  it('that a person made of the embedded checkpoint are listed, and its own imports are not', async () => {
    const { modelsFolder, catalogue } = newCatalogue();
    await catalogue.prepare(null);
    const out = join(modelsFolder, 'mine--int4-0123456789');
    await importCheckpoint({ checkpoint: embeddedFolder, out, dtype: 'int4' });
    expect((await catalogue.list()).map(({ kind, dtype }) => [kind, dtype])).toEqual([
      ['embedded', 'q8'],
      ['imported', 'int4'],
    ]);
  });
});

describe('a folder elsewhere', () => {
  /** A folder as the onnx-community has them. */
  async function graphs(): Promise<string> {
    const folder = join(bench.copy(), 'Tiny-VL-ONNX');
    return makeTransformersFolder(folder, { checkpoint: await checkpoint('exported'), attention: 'concat' });
  }

  it('is listed with its size under the id of its place, and used where it lies', async () => {
    const folder = await graphs();
    const id = placeId(folder);
    const imported = bench.path('elsewhere');
    await importCheckpoint({ checkpoint: await checkpoint('own'), out: imported, dtype: 'q8' });
    const { catalogue } = newCatalogue(bench.path('models'), [
      { id, folder },
      { id: placeId(imported), folder: imported },
    ]);
    const listed = await catalogue.list();
    expect(listed.filter(({ kind }) => kind === 'in-place')).toMatchObject([
      { id: placeId(imported), name: 'own', dtype: 'q8', canAsk: false, directory: imported },
      { id, name: 'Tiny-VL-ONNX', dtype: 'fp32', canAsk: false, directory: folder, problem: null },
    ]);
    expect(listed.find((model) => model.id === id)!.bytes).toBeGreaterThan(1000);
    expect(await catalogue.prepare(id)).toMatchObject({ directory: folder, importAgain: null });
  });

  it('that has gone stays on the list and says so', async () => {
    const folder = await graphs();
    const { catalogue } = newCatalogue(bench.path('models'), [{ id: placeId(folder), folder }]);
    rmSync(folder, { recursive: true });
    expect((await catalogue.list())[1]).toMatchObject({
      name: basename(folder),
      bytes: null,
      canAsk: false,
      problem: { code: 'model-missing-file' },
    });
    await expect(catalogue.prepare(placeId(folder))).rejects.toMatchObject({ code: 'model-missing-file' });
  });

  it('that holds neither graphs nor an imported model cannot be added', async () => {
    const { catalogue } = newCatalogue();
    const folder = bench.copy();
    await expect(catalogue.describeInPlace({ id: placeId(folder), folder })).rejects.toMatchObject({
      code: 'model-missing-file',
      hint: expect.stringContaining('checkpoint') as string,
    });
  });
});

describe('removing', () => {
  it('deletes an imported model and nothing else', async () => {
    const { modelsFolder, catalogue } = newCatalogue();
    const folder = await checkpoint('unwanted');
    const { directory } = await catalogue.prepareFolder(folder);
    const { directory: kept } = await catalogue.prepareFolder(await checkpoint('wanted'));
    await catalogue.remove(basename(directory) as ModelId);
    expect(existsSync(directory)).toBe(false);
    expect(existsSync(join(kept, 'manifest.json'))).toBe(true);
    expect(existsSync(join(folder, 'model.safetensors'))).toBe(true);
    expect(readdirSync(modelsFolder)).toEqual([basename(kept)]);
  });

  it('never touches the embedded model, a place elsewhere, or a way out of the folder', async () => {
    const outside = bench.path('outside');
    await importCheckpoint({ checkpoint: await checkpoint('outside'), out: outside, dtype: 'q8' });
    const { modelsFolder, catalogue } = newCatalogue(bench.path('models'), [
      { id: placeId(outside), folder: outside },
    ]);
    await catalogue.prepare(null);
    await expect(catalogue.remove('embedded' as ModelId)).rejects.toMatchObject({ code: 'not-allowed' });
    const own = readdirSync(modelsFolder)[0] as ModelId;
    for (const id of [own, placeId(outside), '../outside', `../${basename(outside)}`, '.', '']) {
      await expect(catalogue.remove(id as ModelId)).rejects.toMatchObject({ code: 'not-found' });
    }
    // A link in the folder goes; what it leads to stays.
    symlinkSync(outside, join(modelsFolder, 'link'), 'junction');
    await catalogue.remove('link' as ModelId);
    expect(readdirSync(modelsFolder)).toEqual([own]);
    expect(existsSync(join(outside, 'onnx', 'decoder.onnx'))).toBe(true);
  });
});

describe('what cannot be used', () => {
  it('is named with the remedy', async () => {
    const { catalogue } = newCatalogue();
    await expect(catalogue.prepare('nothing' as ModelId)).rejects.toMatchObject({ code: 'not-found' });
    await expect(catalogue.prepareFolder(bench.path('nowhere'))).rejects.toMatchObject({
      code: 'model-missing-file',
      message: expect.stringContaining('There is no model folder') as string,
    });
    await expect(catalogue.prepareFolder(bench.copy())).rejects.toMatchObject({
      code: 'model-missing-file',
      hint: expect.stringContaining('models import') as string,
    });
    const spoilt = await checkpoint('spoilt');
    writeFileSync(join(spoilt, 'manifest.json'), '{');
    await expect(catalogue.prepareFolder(spoilt)).rejects.toMatchObject({ code: 'model-altered-file' });
    const later = await checkpoint('later');
    changeJson(join(later, 'manifest.json'), (json) => void (json['formatVersion'] = 2));
    await expect(catalogue.prepareFolder(later)).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringContaining('formatVersion') as string,
    });
    const altered = await checkpoint('altered');
    changeJson(join(altered, 'preprocessor_config.json'), (json) => void (json['changed'] = true));
    await expect(catalogue.prepareFolder(altered)).rejects.toMatchObject({ code: 'model-altered-file' });
    const file = bench.path('file');
    writeFileSync(file, '');
    await expect(catalogue.prepareFolder(file)).rejects.toMatchObject({ code: 'model-missing-file' });
    const folders = bench.path('folders');
    mkdirSync(join(folders, 'manifest.json'), { recursive: true });
    await expect(catalogue.prepareFolder(folders)).rejects.toMatchObject({
      code: 'model-altered-file',
      message: 'manifest.json is a folder, where a file is expected.',
    });
  });

  it('a models folder that cannot be made or written to', async () => {
    const blocked = bench.path('blocked');
    writeFileSync(blocked, '');
    for (const modelsFolder of [blocked, join(blocked, 'models'), '/dev/null/models']) {
      await expect(newCatalogue(modelsFolder).catalogue.prepare(null)).rejects.toMatchObject({
        code: 'store-unwritable',
        message: expect.stringContaining(modelsFolder) as string,
        hint: expect.stringMatching(/write/) as string,
      });
    }
    await expect(newCatalogue(blocked).catalogue.list()).rejects.toMatchObject({ code: 'file-unreadable' });
  });

  it.skipIf(process.platform !== 'linux')(
    'a models folder under /proc, which refuses every folder',
    async () => {
      const { catalogue } = newCatalogue('/proc/surgery-r1/models');
      await expect(catalogue.prepare(null)).rejects.toMatchObject({ code: 'store-unwritable' });
    },
  );
});

it('the embedded folder of this repository is a checkpoint that the catalogue reads', async () => {
  const nano = fileURLToPath(new URL('../../models/nano', import.meta.url));
  const catalogue = createCatalogue({ modelsFolder: bench.path('models'), embeddedFolder: nano });
  expect(await catalogue.list()).toMatchObject([{ embedded: true, domain: 'synthetic' }]);
});

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ModelEntry, ModelManifest } from '../../preload/contract/index.ts';
import { makeTransformersFolder } from '../inference/transformers-models.ts';
import { copyPlainCheckpoint } from '../import/plain-checkpoint.ts';

const repository = resolve(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'models-cli-'));
const home = join(folder, 'home');
const checkpoint = copyPlainCheckpoint(join(folder, 'theatre-model'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function models(...args: string[]): Promise<{ code: number; result: Record<string, unknown> }> {
  return new Promise((done) => {
    const command = [
      join(repository, 'main/hosts/cli/index.ts'),
      'models',
      ...args,
      '--json',
      '--home',
      home,
    ];
    execFile(process.execPath, command, (error, stdout) => {
      const last = stdout.trim().split('\n').at(-1) ?? '';
      const result = last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {};
      done({ code: error === null ? 0 : Number(error.code), result });
    });
  });
}

// Each command is a process that starts a workstation, and some an engine.
describe('models on the command line', { timeout: 400_000 }, () => {
  it('are imported into the data folder, listed, chosen, checked, and removed', async () => {
    const imported = await models(
      'import',
      checkpoint,
      '--dtype',
      'int4',
      '--use',
      '--answer-format',
      'json',
    );
    expect(imported).toMatchObject({ code: 0, result: { dtype: 'int4', chosen: true } });
    const id = imported.result['id'] as string;
    const manifest = readFileSync(join(home, 'models', id, 'manifest.json'), 'utf8');
    expect((JSON.parse(manifest) as ModelManifest).answerFormat).toBe('json');
    const listed = await models('list');
    expect(listed.result['models']).toMatchObject([
      { kind: 'embedded', chosen: false },
      { id, name: 'theatre-model', kind: 'imported', dtype: 'int4', source: checkpoint, chosen: true },
    ]);
    expect(await models('check', 'theatre-model')).toMatchObject({ code: 0, result: { dtype: 'int4' } });

    const again = await models('import', checkpoint, '--dtype', 'int4');
    expect(again).toMatchObject({ code: 2, result: { error: { code: 'invalid-input' } } });
    expect(await models('use', 'embedded')).toMatchObject({ code: 0, result: { id: 'surgery-r1-nano' } });
    const asked = await models('remove', id);
    expect(asked).toMatchObject({ code: 2, result: { error: { hint: 'Say so with --yes.' } } });
    expect(existsSync(join(home, 'models', id))).toBe(true);
    expect(await models('remove', id, '--yes')).toMatchObject({ code: 0, result: { id } });
    expect(readdirSync(join(home, 'models'))).not.toContain(id);
    expect(existsSync(join(checkpoint, 'model.safetensors'))).toBe(true);
    const [only, ...others] = (await models('list')).result['models'] as ModelEntry[];
    expect(only).toMatchObject({ kind: 'embedded', chosen: true });
    expect(others).toEqual([]);
  });

  it('that are not there, or asked for in a way that cannot be, are refused with the remedy', async () => {
    expect(await models('use', 'nothing')).toMatchObject({
      code: 2,
      result: { error: { code: 'not-found' } },
    });
    expect(await models('remove', 'embedded', '--yes')).toMatchObject({
      code: 2,
      result: { error: { code: 'not-allowed' } },
    });
    expect(await models('import', checkpoint, '--block-size', '128')).toMatchObject({
      code: 2,
      result: { error: { hint: expect.stringContaining('--out') as string } },
    });
    for (const [options, remedy] of [
      [['--use'], 'models use'],
      [['--attention', 'gqa'], '--layout transformers'],
      [['--block-size', '128'], '--dtype int4'],
    ] as const) {
      const refused = await models('import', checkpoint, '--out', join(folder, 'out'), ...options);
      expect(refused, remedy).toMatchObject({
        code: 2,
        result: { error: { hint: expect.stringContaining(remedy) as string } },
      });
    }
  });

  it('of which a folder has several sets of graphs are checked with the one that is named', async () => {
    const graphs = await makeTransformersFolder(join(folder, 'graphs'), { checkpoint, attention: 'concat' });
    expect(await models('check', graphs, '--variant', 'fp32')).toMatchObject({
      code: 0,
      result: { dtype: 'fp32' },
    });
    expect(await models('check', graphs, '--variant', 'q4')).toMatchObject({
      code: 4,
      result: { error: { message: expect.stringContaining('embed_tokens_q4.onnx') as string } },
    });
    expect(await models('check', checkpoint, '--variant', 'q4')).toMatchObject({
      code: 2,
      result: { error: { message: expect.stringContaining('has one set of graphs') as string } },
    });
  });
});

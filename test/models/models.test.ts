import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeTensors } from '../import/checkpoint-files.ts';
import { startOverheard } from '../inference/overheard.ts';
import { copyPlainCheckpoint } from '../import/plain-checkpoint.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import {
  calls,
  WorkstationEvent,
  type GrantId,
  type ModelId,
  type ModelImport,
  type ModelManifest,
  type WeightDtype,
} from '../../preload/contract/index.ts';
import { askAndWait, workstations, type OpenedWorkstation } from '../workstation/workstations.ts';

const { root, start, close } = workstations();

/** The embedded model's checkpoint as Hugging Face would have it. */
const checkpoint = (name: string): string => copyPlainCheckpoint(join(root, name));

async function grant(workstation: OpenedWorkstation, folder: string): Promise<GrantId> {
  return (await workstation.grantFolder(folder)).grantId;
}

/** Starts an import and waits for its end. */
async function importAndWait(
  workstation: OpenedWorkstation,
  folder: string,
  dtype: WeightDtype = 'q8',
  onProgress: (state: ModelImport) => void = () => undefined,
): Promise<ModelImport> {
  const folderId = await grant(workstation, folder);
  return ended(
    workstation,
    () => workstation.calls.importModel({ folderId, baseId: null, dtype }),
    onProgress,
  );
}

async function ended(
  workstation: OpenedWorkstation,
  begin: () => Promise<ModelImport>,
  onProgress: (state: ModelImport) => void = () => undefined,
): Promise<ModelImport> {
  const end = Promise.withResolvers<ModelImport>();
  const stop = workstation.onEvent((event) => {
    if (event.type !== 'model-import') return;
    onProgress(event.import);
    if (event.import.state !== 'running') end.resolve(event.import);
  });
  await begin();
  return end.promise.finally(stop);
}

describe('a checkpoint folder', () => {
  it('is looked at, imported, chosen, asked, and remembered', async () => {
    const folder = checkpoint('theatre-model');
    const workstation = await start('whole-way');
    const folderId = await grant(workstation, folder);
    const report = calls.inspectModelFolder.output.parse(
      await workstation.calls.inspectModelFolder({ folderId, baseId: null }),
    );
    expect(report).toMatchObject({
      kind: 'checkpoint',
      name: 'theatre-model',
      architecture: 'Qwen2_5_VLForConditionalGeneration',
      weights: { files: 1, dtype: 'BF16' },
      problem: null,
    });
    expect(report.files.every(({ present }) => present)).toBe(true);
    expect(report.choices.map(({ dtype, recommended }) => [dtype, recommended])).toEqual([
      ['fp32', false],
      ['fp16', false],
      ['q8', true],
      ['int4', false],
    ]);

    const activities = new Set<string>();
    const imported = await importAndWait(workstation, folder, 'q8', ({ activity }) =>
      activities.add(activity ?? ''),
    );
    expect(imported).toMatchObject({ state: 'done', error: null });
    expect([...activities]).toEqual(
      expect.arrayContaining(['Converting the weights', 'Testing that the model sees']),
    );
    const listed = calls.listModels.output.parse(await workstation.calls.listModels({}));
    expect(listed).toMatchObject([
      { kind: 'embedded', chosen: true },
      {
        kind: 'imported',
        id: imported.modelId,
        name: 'theatre-model',
        dtype: 'q8',
        source: folder,
        chosen: false,
      },
    ]);
    const after = await workstation.calls.inspectModelFolder({ folderId, baseId: null });
    expect(after.choices.find(({ dtype }) => dtype === 'q8')?.existing).toBe(imported.modelId);

    // What a window is told has to be what it can read, at every step of a load.
    const unreadable: unknown[] = [];
    workstation.onEvent((event) => {
      const parsed = WorkstationEvent.safeParse(event);
      if (!parsed.success) unreadable.push(parsed.error.issues[0]);
    });
    const state = await workstation.calls.chooseModel({ modelId: imported.modelId });
    expect(unreadable).toEqual([]);
    expect(calls.chooseModel.output.parse(state).memoryCeilingBytes).toBeGreaterThan(0);
    expect(state).toMatchObject({ phase: 'ready', model: { id: imported.modelId }, substitution: null });
    await close(workstation);

    const later = await start('whole-way');
    const session = (await later.calls.openLastSession({}))!;
    const answer = await askAndWait(later, session, 120, 'What organ is being operated?');
    expect(answer).toMatchObject({
      status: 'answered',
      label: 'kidney',
      model: { name: 'theatre-model', domain: 'unknown' },
    });
    expect((await later.calls.listModels({})).map(({ chosen }) => chosen)).toEqual([false, true]);
    const { changes } = await later.calls.changesSince({ seq: 0 });
    const mention = { what: 'model', id: imported.modelId, name: 'theatre-model' };
    expect(changes.filter(({ command }) => command.startsWith('model.'))).toMatchObject(
      ['model.import', 'model.choose'].map((command) => ({
        ...{ command, kind: 'record', actor: later.localActor.id },
        edits: [{ entity: 'mention', before: null, after: mention }],
      })),
    );
    expect(await later.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });
});

describe('an import that does not come to its end', () => {
  it('is stopped, offered again after a restart, and gone on with', async () => {
    const folder = checkpoint('stopped-model');
    const workstation = await start('stopped', { exclusive: false });
    const seen: string[] = [];
    const folderId = await grant(workstation, folder);
    const stopped = await ended(
      workstation,
      () => workstation.calls.importModel({ folderId, baseId: null, dtype: 'q8', answerFormat: 'json' }),
      ({ state, activity, jobId }) => {
        if (state !== 'running' || activity === 'Starting' || seen.length > 0) return;
        seen.push(activity ?? '');
        void workstation.calls.cancelJob({ jobId: jobId! });
      },
    );
    expect(stopped).toMatchObject({ state: 'interrupted', error: null, activity: null });
    expect((await workstation.calls.listModels({})).map(({ kind }) => kind)).toEqual(['embedded']);
    await close(workstation);

    const later = await start('stopped', { exclusive: false });
    expect(await later.calls.listModelImports({})).toMatchObject([
      { modelId: stopped.modelId, name: 'stopped-model', source: folder, dtype: 'q8', state: 'interrupted' },
    ]);
    const done = await ended(later, () => later.calls.resumeModelImport({ modelId: stopped.modelId }));
    expect(done).toMatchObject({ modelId: stopped.modelId, state: 'done' });
    const manifest = await readFile(
      join(root, 'stopped', 'models', stopped.modelId, 'manifest.json'),
      'utf8',
    );
    expect((JSON.parse(manifest) as ModelManifest).answerFormat).toBe('json');
    expect(await later.calls.listModels({})).toMatchObject([
      { kind: 'embedded' },
      { id: stopped.modelId, name: 'stopped-model' },
    ]);
    await later.calls.discardModelImport({ modelId: stopped.modelId });
    expect(await later.calls.listModelImports({})).toEqual([]);
    expect(await later.calls.listModels({})).toHaveLength(2);
  });

  it('whose process is killed is told with the remedy, tried again, or discarded', async () => {
    const folder = checkpoint('killed-model');
    let kill = true;
    const workstation = await start('killed', {
      exclusive: false,
      startEngine: startOverheard((message, pass, child) => {
        pass(message);
        const { progress } = message as { progress?: { activity: string } };
        if (kill && progress?.activity === 'Converting the weights') child.kill();
      }),
    });
    const failed = await importAndWait(workstation, folder);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'out-of-memory' } });
    expect(failed.error?.hint).toContain('goes on where this stopped');
    expect((await workstation.calls.listJobs({})).at(-1)).toMatchObject({ kind: 'import', state: 'failed' });
    await workstation.calls.discardModelImport({ modelId: failed.modelId });
    expect(await readdir(join(root, 'killed', 'models')).catch(() => [])).toEqual([]);

    const again = await importAndWait(workstation, folder);
    expect(again.state).toBe('failed');
    kill = false;
    const done = await ended(workstation, () =>
      workstation.calls.resumeModelImport({ modelId: again.modelId }),
    );
    expect(done.state).toBe('done');
    expect(await readdir(join(root, 'killed', 'models'))).toEqual([done.modelId]);
  });

  it('leaves no room for a second one beside it, and the same is not made twice', async () => {
    const folder = checkpoint('busy-model');
    const workstation = await start('busy', { exclusive: false });
    const folderId = await grant(workstation, folder);
    const first = ended(workstation, () =>
      workstation.calls.importModel({ folderId, baseId: null, dtype: 'int4' }),
    );
    await expect
      .poll(async () => (await workstation.calls.listModelImports({})).length, { timeout: 60_000 })
      .toBe(1);
    await expect(
      workstation.calls.importModel({ folderId, baseId: null, dtype: 'fp16' }),
    ).rejects.toMatchObject({ code: 'busy' });
    expect((await first).state).toBe('done');
    await expect(
      workstation.calls.importModel({ folderId, baseId: null, dtype: 'int4' }),
    ).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('already') as string });
  });
});

describe('a folder that cannot be imported', () => {
  it('is told apart, with what is wrong and what to do', async () => {
    const workstation = await start('bad-folders', { exclusive: false });
    const look = async (folder: string) =>
      workstation.calls.inspectModelFolder({ folderId: await grant(workstation, folder), baseId: null });

    const empty = join(root, 'empty');
    await mkdir(empty);
    expect(await look(empty)).toMatchObject({
      kind: 'unknown',
      choices: [],
      problem: { code: 'model-missing-file', hint: expect.stringContaining('config.json') as string },
    });
    const half = checkpoint('half');
    await rm(join(half, 'tokenizer.json'));
    expect(await look(half)).toMatchObject({
      kind: 'checkpoint',
      files: expect.arrayContaining([{ name: 'tokenizer.json', present: false }]) as object,
      problem: { code: 'model-no-tokenizer' },
      choices: [],
    });
    const other = checkpoint('other');
    await writeFile(
      join(other, 'config.json'),
      JSON.stringify({ model_type: 'llava', architectures: ['Llava'] }),
    );
    expect(await look(other)).toMatchObject({
      architecture: 'Llava',
      problem: { code: 'model-wrong-architecture' },
    });
    const cut = checkpoint('cut');
    await truncate(join(cut, 'model.safetensors'), 1_000_000);
    expect(await look(cut)).toMatchObject({
      problem: {
        code: 'model-altered-file',
        message: expect.stringContaining('model.safetensors') as string,
      },
    });
    await expect(workstation.grantFolder(join(half, 'config.json'))).rejects.toMatchObject({
      code: 'file-unreadable',
    });
  });

  it('an adapter asks for its base model, and is imported with it', async () => {
    const adapter = join(root, 'theatre-lora');
    const base = checkpoint('lora-base');
    await mkdir(adapter);
    await writeFile(
      join(adapter, 'adapter_config.json'),
      JSON.stringify({
        peft_type: 'LORA',
        base_model_name_or_path: 'Qwen/Qwen2.5-VL-3B-Instruct',
        r: 2,
        lora_alpha: 4,
        target_modules: ['q_proj'],
      }),
    );
    const part = (rows: number, columns: number) => ({
      dtype: 'F32',
      shape: [rows, columns],
      bytes: Buffer.from(new Float32Array(rows * columns).fill(0.01).buffer),
    });
    const module = 'base_model.model.model.layers.0.self_attn.q_proj';
    writeTensors(
      join(adapter, 'adapter_model.safetensors'),
      new Map([
        [`${module}.lora_A.weight`, part(2, 192)],
        [`${module}.lora_B.weight`, part(192, 2)],
      ]),
    );

    const workstation = await start('adapter', { exclusive: false });
    const folderId = await grant(workstation, adapter);
    const alone = await workstation.calls.inspectModelFolder({ folderId, baseId: null });
    expect(alone).toMatchObject({
      kind: 'adapter',
      adapter: { base: 'Qwen/Qwen2.5-VL-3B-Instruct', baseFolder: null, rank: 2 },
      problem: { code: 'model-missing-file', hint: 'Choose the folder of that model below.' },
    });
    const baseId = await grant(workstation, base);
    const together = await workstation.calls.inspectModelFolder({ folderId, baseId });
    expect(together).toMatchObject({ adapter: { baseFolder: base }, problem: null });
    const done = await ended(workstation, () =>
      workstation.calls.importModel({ folderId, baseId, dtype: 'q8' }),
    );
    expect(done).toMatchObject({ name: 'theatre-lora', source: adapter, base, state: 'done' });
    expect((await workstation.calls.listModels({})).at(-1)).toMatchObject({
      name: 'lora-base with theatre-lora',
      canAsk: true,
    });
  });
});

describe('models that are here', () => {
  let folder: string;
  let modelId: ModelId;
  const home = 'shelf';
  const directory = () => join(root, home, 'models', modelId);

  beforeAll(async () => {
    folder = checkpoint('shelf-model');
    const workstation = await start(home, { exclusive: false });
    ({ modelId } = await importAndWait(workstation, folder));
    await close(workstation);
  });

  it('one that turns out to be spoilt is refused, and the one before answers again', async () => {
    const workstation = await start(home);
    await workstation.calls.loadModel({ modelId: null });
    const graph = join(directory(), 'onnx', 'decoder.onnx');
    const whole = await readFile(graph);
    await writeFile(graph, whole.subarray(1));
    await expect(workstation.calls.chooseModel({ modelId })).rejects.toMatchObject({
      code: 'model-altered-file',
    });
    await writeFile(graph, whole);
    await expect
      .poll(async () => (await workstation.calls.getModelState({})).phase, { timeout: 60_000 })
      .toBe('ready');
    expect(await workstation.calls.getModelState({})).toMatchObject({
      model: { embedded: true },
      substitution: null,
    });
    expect((await workstation.calls.listModels({})).map(({ chosen }) => chosen)).toEqual([true, false]);
  });

  it('a chosen one that is gone at the next start gives way to the embedded model, which is said', async () => {
    const before = await start(home);
    await before.calls.chooseModel({ modelId });
    await close(before);
    await rename(directory(), join(root, 'moved-away'));
    const after = await start(home);
    await expect
      .poll(async () => (await after.calls.getModelState({})).phase, { timeout: 60_000 })
      .toBe('ready');
    const state = await after.calls.getModelState({});
    expect(state).toMatchObject({ model: { embedded: true }, substitution: { code: 'not-found' } });
    expect(state.substitution?.message).toContain('the embedded model answers');
    // It is still the chosen one: when it is back, it answers again.
    await rename(join(root, 'moved-away'), directory());
    expect(await after.calls.loadChosenModel({})).toMatchObject({
      phase: 'ready',
      model: { id: modelId },
      substitution: null,
    });
    await after.calls.removeModel({ modelId });
    expect(await after.calls.getModelState({})).toMatchObject({ phase: 'ready', model: { embedded: true } });
    expect(await readdir(join(root, home, 'models'))).not.toContain(modelId);
    expect(await readdir(folder)).toContain('model.safetensors');
    expect(await after.calls.listModels({})).toMatchObject([{ kind: 'embedded', chosen: true }]);
  });

  it('a folder of graphs is used where it lies, and forgotten without a trace on it', async () => {
    const graphs = join(root, 'graphs');
    const checkpointFolder = checkpoint('for-graphs');
    await importCheckpoint({
      checkpoint: checkpointFolder,
      out: graphs,
      dtype: 'fp32',
      layout: 'transformers',
    });
    await rm(join(graphs, 'manifest.json'));
    const before = (await readdir(graphs, { recursive: true })).sort();
    const workstation = await start('in-place');
    const folderId = await grant(workstation, graphs);
    expect(await workstation.calls.inspectModelFolder({ folderId, baseId: null })).toMatchObject({
      kind: 'in-place',
      problem: null,
    });
    const added = await workstation.calls.addModelFolder({ folderId });
    expect(added).toMatchObject({ kind: 'in-place', name: 'graphs', source: graphs, canAsk: true });
    expect(await workstation.calls.chooseModel({ modelId: added.id })).toMatchObject({
      phase: 'ready',
      model: { id: added.id, name: 'graphs' },
    });
    const { deviceReason } = await workstation.loadModelFolder(graphs, 'fp32');
    expect(deviceReason).toContain("The folder's fp32 graphs are used: as was asked for.");
    await expect(workstation.loadModelFolder(graphs, 'q4')).rejects.toMatchObject({
      code: 'model-missing-file',
      message: expect.stringContaining(
        'has no onnx/embed_tokens_q4.onnx; it has embed_tokens.onnx',
      ) as string,
    });
    const nano = join(import.meta.dirname, '../../models/nano');
    await expect(workstation.loadModelFolder(nano, 'q4')).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('has one set of graphs') as string,
    });
    await workstation.calls.removeModel({ modelId: added.id });
    expect(await workstation.calls.listModels({})).toHaveLength(1);
    expect((await readdir(graphs, { recursive: true })).sort()).toEqual(before);
    const { changes } = await workstation.calls.changesSince({ seq: 0 });
    const commands = changes.map(({ command }) => command).filter((command) => command.startsWith('model.'));
    expect(commands).toEqual(['model.add', 'model.choose', 'model.remove']);
  });
});

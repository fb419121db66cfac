import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createWorkstation, type Workstation, type WorkstationOptions } from '../../main/workstation.ts';
import {
  calls,
  type FrameIndex,
  type GrantId,
  type ModelImport,
  type WeightDtype,
} from '../../preload/contract/index.ts';

const nano = join(import.meta.dirname, '../../models/nano');

let root: string;
let open: Workstation[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'surgery-r1-models-'));
});
afterEach(async () => {
  for (const workstation of open) await workstation.dispose();
  open = [];
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function start(home: string, options: Partial<WorkstationOptions> = {}): Promise<Workstation> {
  const workstation = await createWorkstation({
    home: join(root, home),
    host: 'web',
    hostReason: 'a test',
    log: () => undefined,
    exclusive: true,
    ...options,
  });
  open.push(workstation);
  return workstation;
}

async function close(workstation: Workstation): Promise<void> {
  open = open.filter((other) => other !== workstation);
  await workstation.dispose();
}

/** The embedded model's checkpoint as Hugging Face would have it: without our manifest. */
async function checkpoint(name: string): Promise<string> {
  const folder = join(root, name);
  await cp(nano, folder, { recursive: true });
  for (const own of ['manifest.json', 'MODEL_CARD.md', 'training-log.jsonl']) await rm(join(folder, own));
  return folder;
}

async function grant(workstation: Workstation, folder: string): Promise<GrantId> {
  return (await workstation.grantFolder(folder)).grantId;
}

/** Starts an import and waits for its end. */
async function importAndWait(
  workstation: Workstation,
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
  workstation: Workstation,
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
    const folder = await checkpoint('theatre-model');
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

    const state = await workstation.calls.chooseModel({ modelId: imported.modelId });
    expect(state).toMatchObject({ phase: 'ready', model: { id: imported.modelId }, substitution: null });
    await close(workstation);

    const later = await start('whole-way');
    const session = await later.calls.openLastSession({});
    const answer = Promise.withResolvers<unknown>();
    later.onEvent((event) => {
      if (event.type === 'answer' && event.answer.status !== 'running') answer.resolve(event.answer);
    });
    await later.calls.ask({
      sessionId: session!.session.id,
      frameIndex: 120 as FrameIndex,
      question: 'What organ is being operated?',
    });
    expect(await answer.promise).toMatchObject({
      status: 'answered',
      label: 'kidney',
      model: { name: 'theatre-model', domain: 'unknown' },
    });
    expect((await later.calls.listModels({})).map(({ chosen }) => chosen)).toEqual([false, true]);
  });
});

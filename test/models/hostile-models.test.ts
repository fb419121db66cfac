import Database from 'better-sqlite3';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startWithNode, type EngineChild } from '../../main/inference/index.ts';
import { FolderInspector } from '../../models/import/inspection-client.ts';
import { placeId } from '../../models/import/in-place-model.ts';
import { toErrorReport, type ErrorReport, type ModelId } from '../../preload/contract/index.ts';
import {
  makeSoundFolders,
  spoilings,
  spoiltCopy,
  type SoundFolders,
  type Spoiling,
} from '../bench/attacks/hostile-folders.ts';
import { workstations, type OpenedWorkstation } from '../workstation/workstations.ts';

const { root, start, close } = workstations();
let sound: SoundFolders;

beforeAll(async () => {
  sound = await makeSoundFolders(root);
});

const failure = (work: Promise<unknown>): Promise<ErrorReport | null> => work.then(() => null, toErrorReport);

async function add(workstation: OpenedWorkstation, folder: string): Promise<ModelId> {
  const { grantId } = await workstation.grantFolder(folder);
  return (await workstation.calls.addModelFolder({ folderId: grantId })).id;
}

/** What is said of a folder when it is looked at, and when it is added. */
async function lookAndAdd(workstation: OpenedWorkstation, folder: string): Promise<(ErrorReport | null)[]> {
  const folderId = (await workstation.grantFolder(folder)).grantId;
  const looked = workstation.calls.inspectModelFolder({ folderId, baseId: null });
  return [
    (await failure(looked)) ?? (await looked).problem,
    await failure(workstation.calls.addModelFolder({ folderId })),
  ];
}

it('every hostile folder is told with a cause and a remedy, and the workstation goes on', async () => {
  const workstation = await start('looks', { exclusive: false });
  const unforeseen: [string, ErrorReport | null][] = [];
  for (const spoiling of spoilings) {
    const folder = spoiltCopy(sound, spoiling, join(root, 'hostile'));
    for (const told of await lookAndAdd(workstation, folder)) {
      if (told?.code === 'internal' || told?.hint === '') unforeseen.push([spoiling.name, told]);
    }
    rmSync(folder, { recursive: true, force: true });
  }
  expect(spoilings.length).toBeGreaterThan(process.platform === 'win32' ? 50 : 200);
  expect(unforeseen).toEqual([]);
  expect(await workstation.calls.getStatus({})).toMatchObject({ notices: [] });
  expect((await workstation.calls.listModels({})).some(({ kind }) => kind === 'embedded')).toBe(true);
}, 600_000);

describe('what is told of', () => {
  const sayings: readonly (readonly [name: string, told: RegExp])[] = [
    ['a header of 88 MB with 1.5 million tensors', /its header claims \d+ bytes/],
    ['config.json of the checkpoint claims num_hidden_layers (0)', /num_hidden_layers: Too big/],
    [
      'config.json of the checkpoint claims num_hidden_layers (2)',
      /asks for 1005 layers, and the files hold \d+ tensors/,
    ],
    ['a graph of 60 MB of tiny fields', /more than 1000000 parts/],
    ['a field of 2 GiB beside the graph', /more than 128 MB beside its weights/],
    ['a config.json that is nested three million times in less than 8 MB', /more than 100 levels deep/],
    ['a tokenizer.json of 6 GB', /tokenizer\.json has 6144 MB; no model needs more than 96 MB/],
    ...(process.platform === 'win32'
      ? []
      : ([
          ['config.json of the checkpoint is a pipe', /config\.json is a pipe, where a file is expected/],
          ['config.json of the graphs is a device without end', /config\.json is a device/],
          ['onnx/decoder_model_merged.onnx_data of the graphs is a device without end', /is a device/],
        ] as const)),
  ];
  for (const [name, told] of sayings) {
    it(name, async () => {
      const spoiling = spoilings.find((one) => one.name === name)!;
      const workstation = await start('sayings', { exclusive: false });
      const folder = spoiltCopy(sound, spoiling, join(root, 'said'));
      try {
        const reports = await lookAndAdd(workstation, folder);
        expect(reports.map((report) => report?.message ?? '').join('\n')).toMatch(told);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});

describe('a chosen model that is spoilt between two starts', () => {
  const cases: readonly (readonly [spoilt: string | Spoiling, code: string, told: RegExp])[] = [
    ['a field of 2 GiB beside the graph', 'model-altered-file', /128 MB/],
    ['a vocabulary with an id of 1e9', 'model-mismatch', /id 1000000000/],
    [
      'a chat template that fails when it is filled in',
      'model-unsupported',
      /chat template cannot be filled in/,
    ],
    [
      {
        name: 'a folder that is gone',
        kind: 'graphs',
        spoil: (folder) => rmSync(folder, { recursive: true }),
      },
      'model-missing-file',
      /There is no model folder/,
    ],
  ];
  for (const [spoilt, code, told] of cases) {
    const spoiling = typeof spoilt === 'string' ? spoilings.find(({ name }) => name === spoilt)! : spoilt;
    it(`${spoiling.name}: it starts, says which and why, and lets another one be chosen`, async () => {
      const folder = join(root, 'theatre-model');
      const home = spoiling.name.replaceAll(/\W+/g, '-');
      spoiltCopy(sound, { ...spoiling, spoil: () => undefined }, folder);
      const first = await start(home, { exclusive: false });
      const id = await add(first, folder);
      await first.calls.chooseModel({ modelId: id });
      await close(first);
      spoiling.spoil(folder);
      try {
        const second = await start(home);
        const state = await second.calls.loadChosenModel({});
        expect(state).toMatchObject({ phase: 'ready', model: { embedded: true }, substitution: { code } });
        expect(state.substitution?.message).toMatch(/^The chosen model, theatre-model, could not be loaded/);
        expect(state.substitution?.message).toMatch(told);
        expect(await second.calls.openLastSession({})).not.toBeNull();
        const embedded = (await second.calls.listModels({})).find(({ kind }) => kind === 'embedded')!;
        const chosen = await second.calls.chooseModel({ modelId: embedded.id });
        expect(chosen).toMatchObject({ phase: 'ready', substitution: null });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});

describe('rows about models that somebody else wrote into the database', () => {
  it.each([
    ['an id that is a way out', "'../../etc'"],
    ['an id that commands a terminal', "char(27) || '[2J'"],
    ['an id that is none', "''"],
  ])('%s: it starts, and other models stay', async (what, id) => {
    const home = `rows-${what.replaceAll(' ', '-')}`;
    const first = await start(home, { exclusive: false });
    const folder = spoiltCopy(
      sound,
      { name: '', kind: 'graphs', spoil: () => undefined },
      join(root, `${home}-f`),
    );
    const kept = await add(first, folder);
    await close(first);
    const outside = join(root, home, 'outside');
    mkdirSync(outside);
    const database = new Database(join(root, home, 'workstation.db'));
    database
      .prepare(
        `INSERT INTO models (id, kind, state, name, source, added_at) VALUES (${id}, 'imported', 'importing', 'n', '/a', 1)`,
      )
      .run();
    database.prepare(`INSERT INTO settings (name, value) VALUES ('model', json_quote(${id}))`).run();
    database.close();
    const second = await start(home, { exclusive: false });
    expect((await second.calls.listModels({})).map((model) => model.id)).toContain(kept);
    expect(await second.calls.listModelImports({})).toEqual([]);
    expect((await second.calls.listModels({})).find(({ chosen }) => chosen)?.kind).toBe('embedded');
    expect(existsSync(outside)).toBe(true);
  });
});

describe('a look that takes too much', () => {
  const children: EngineChild[] = [];
  const looks = (limits: ConstructorParameters<typeof FolderInspector>[0] = {}): FolderInspector =>
    new FolderInspector({
      ...limits,
      start: (entry, log) => {
        const child = startWithNode(entry, log);
        children.push(child);
        return child;
      },
    });
  const report = (of: FolderInspector, signal?: AbortSignal) =>
    of.report({ folder: sound.checkpoint, base: null, modelsFolder: join(root, 'models') }, signal);

  it.skipIf(process.platform === 'win32')(
    'of nobody’s time any more is ended, says nothing of the folder, and the next one is made',
    async () => {
      const some = looks();
      expect((await report(some)).kind).toBe('checkpoint');
      const held = children.at(-1)!;
      process.kill(held.pid!, 'SIGSTOP');
      const asking = new AbortController();
      const broken = failure(report(some, asking.signal));
      // It has its turn by then.
      await new Promise((begun) => setImmediate(begun));
      asking.abort();
      expect(await broken).toMatchObject({ code: 'cancelled' });
      expect((await report(some)).kind).toBe('checkpoint');
      expect(children.at(-1)!.pid).not.toBe(held.pid);
      some.dispose();
    },
  );

  it('of memory is given up, and said', async () => {
    const greedy = looks({ limits: { residentBytes: 1 } });
    // The memory is told twice a second, which a look may be over before.
    let told: ErrorReport | null = null;
    while (told === null) told = await failure(report(greedy));
    expect(told).toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(
        /sound-checkpoint took more than 0 MB of memory, and was given up/,
      ) as string,
    });
    greedy.dispose();
  });

  // Windows has no signal that stops a process.
  it.skipIf(process.platform === 'win32')(
    'of time is given up, and the next one has a new process',
    async () => {
      const patient = looks({ limits: { seconds: 3 } });
      expect((await report(patient)).kind).toBe('checkpoint');
      const held = children.at(-1)!;
      process.kill(held.pid!, 'SIGSTOP');
      expect(await failure(report(patient))).toMatchObject({
        code: 'model-unsupported',
        message: expect.stringContaining('took more than 3 s, and was given up') as string,
      });
      patient.dispose();
      const again = looks();
      expect((await report(again)).kind).toBe('checkpoint');
      expect(children.at(-1)!.pid).not.toBe(held.pid);
      again.dispose();
    },
  );

  it.skipIf(process.platform === 'win32')(
    'and ends its process is told, once, and anew when asked for',
    async () => {
      const some = looks();
      const place = { id: placeId(sound.graphs), folder: sound.graphs };
      expect(await some.inPlace(place, false)).toMatchObject({ kind: 'in-place', canAsk: true });
      const held = children.at(-1)!;
      process.kill(held.pid!, 'SIGSTOP');
      const told = failure(some.inPlace(place, false));
      process.kill(held.pid!, 'SIGKILL');
      expect(await told).toMatchObject({
        message: expect.stringContaining('ended its process (signal SIGKILL') as string,
      });
      const before = children.length;
      expect(await failure(some.inPlace(place, false))).toMatchObject({ code: 'model-unsupported' });
      expect(children.length).toBe(before);
      expect(await some.inPlace(place, true)).toMatchObject({ kind: 'in-place' });
      some.dispose();
    },
  );
});

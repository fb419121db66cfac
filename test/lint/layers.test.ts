import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RuleTester } from 'eslint';
import typescript from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { floorOf, inferenceFloors, layerOf, layersRule, refuseImport } from '../../tools/lint/layers.ts';

RuleTester.describe = describe;
RuleTester.it = it;

const tester = new RuleTester({ languageOptions: { parser: typescript.parser } });
const root = join(import.meta.dirname, '..', '..');
const at = (file: string, code: string) => ({ filename: join(root, file), code });
const refused = (file: string, code: string) => ({ ...at(file, code), errors: [{ messageId: 'refused' }] });

tester.run('house/layers', layersRule, {
  valid: [
    at('preload/contract/calls.ts', "import { z } from 'zod'; import { Box } from './values.ts';"),
    at('main/video/index.ts', "import { WorkstationError } from '../../preload/contract/index.ts';"),
    at('main/review/index.ts', "import { openStore } from '../store/index.ts'; import '../video/index.ts';"),
    at('main/export/training.ts', "import { writeScenes } from '../../models/data/index.ts';"),
    at('main/models/index.ts', "import '../../models/import/index.ts'; import '../jobs/index.ts';"),
    at('main/workstation.ts', "import './review/index.ts'; import '../models/import/index.ts';"),
    at('main/hosts/serve.ts', "const { createWorkstation } = await import('../workstation.ts');"),
    at(
      'main/hosts/cli/commands/scenes.ts',
      "import { writeScenes } from '../../../../models/data/index.ts';",
    ),
    at(
      'main/hosts/electron/ipc.ts',
      "import { ipcMain } from 'electron'; import { createDoor } from '../door.ts';",
    ),
    at('main/hosts/electron/index.ts', "import { app, BrowserWindow } from 'electron';"),
    at('preload/index.ts', "import { contextBridge, ipcRenderer } from 'electron';"),
    at(
      'renderer/main.ts',
      "import { mount } from 'svelte'; import type { Bridge } from '../preload/contract/index.ts';",
    ),
    at(
      'renderer/state/job.ts',
      'export const step = (job: Job) => job.process; const shape = { process: 1 };',
    ),
    at('models/import/catalogue.ts', "import { openModel } from '../../main/inference/index.ts';"),
    at('models/import/look.ts', "import { readStatement } from '../../main/inference/model/index.ts';"),
    at('main/inference/graphs/rows.ts', "import type { Size } from '../model/model-directory.ts';"),
    at('main/inference/index.ts', "export { Answerer } from './answer/answerer.ts';"),
    at('main/recordings/library.ts', "import { silentLog } from '../platform/log.ts';"),
    at('models/data/scenes/write.ts', "new Worker(new URL('./worker.ts', import.meta.url));"),
    at(
      'test/video/index.test.ts',
      "import '../../main/store/index.ts'; import Database from 'better-sqlite3';",
    ),
    at('vite.config.ts', "import { defineConfig } from 'vite';"),
    at('main/inference/onnx-runtime.ts', "export { Tensor } from 'onnxruntime-node';"),
    at('main/inference/graphs/rows.ts', "import type { Tensor } from 'onnxruntime-node';"),
    at('test/inference/x.test.ts', "import type { InferenceSession } from 'onnxruntime-node';"),
  ],
  invalid: [
    refused('preload/contract/calls.ts', "import { openStore } from '../../main/store/index.ts';"),
    refused('preload/contract/values.ts', "import { readFile } from 'node:fs/promises';"),
    refused('main/video/index.ts', "import { openStore } from '../store/index.ts';"),
    refused('main/recordings/library.ts', "import { insertVideo } from '../store/videos.ts';"),
    refused('main/models/index.ts', "import { createCatalogue } from '../../models/import/catalogue.ts';"),
    refused(
      'models/import/look.ts',
      "new Worker(new URL('../../main/inference/onnx/x.ts', import.meta.url));",
    ),
    refused('main/inference/model/tokenizer.ts', "import type { Mask } from '../grammar/token-mask.ts';"),
    refused('main/inference/messages.ts', "import { devices } from './devices/devices.ts';"),
    refused('main/inference/answer/answerer.ts', "import { Answer } from '../index.ts';"),
    refused('main/inference/upstairs/x.ts', "import { toFloat16 } from '../onnx/float16.ts';"),
    refused('main/inference/server/x.ts', "import { y } from '../upstairs/y.ts';"),
    refused('main/video/index.ts', "export * from '../inference/index.ts';"),
    refused('main/inference/index.ts', "import type { Store } from '../store/index.ts';"),
    refused('main/inference/index.ts', "import { importCheckpoint } from '../../models/import/index.ts';"),
    refused('main/store/index.ts', "const video = await import('../video/index.ts');"),
    refused('main/store/index.ts', "export { label } from '../review/index.ts';"),
    refused('main/review/index.ts', "import '../../models/data/index.ts';"),
    refused('main/review/index.ts', "import '../export/index.ts';"),
    refused('main/review/index.ts', "import { createWorkstation } from '../workstation.ts';"),
    refused('main/workstation.ts', "import { serve } from './hosts/serve.ts';"),
    refused('main/hosts/serve.ts', "import { openStore } from '../store/index.ts';"),
    refused('main/hosts/serve.ts', "import { writeScenes } from '../../models/data/index.ts';"),
    refused('main/hosts/cli/index.ts', "import { openModel } from '../../inference/index.ts';"),
    refused('main/hosts/web/server.ts', "import { BrowserWindow } from 'electron';"),
    refused('main/hosts/electron/menu.ts', "import { ipcMain } from 'electron';"),
    refused('main/hosts/electron/menu.ts', "import * as electron from 'electron';"),
    refused('preload/other.ts', "import { ipcRenderer } from 'electron';"),
    refused('main/review/index.ts', "import Database from 'better-sqlite3';"),
    refused('main/video/index.ts', "const engine = require('onnxruntime-node');"),
    refused('main/inference/graphs/rows.ts', "import { Tensor } from 'onnxruntime-node';"),
    refused('main/inference/graphs/rows.ts', "export { Tensor } from 'onnxruntime-node';"),
    refused('main/inference/graphs/rows.ts', "const { env } = await import('onnxruntime-node');"),
    refused('test/inference/x.test.ts', "import { InferenceSession } from 'onnxruntime-node';"),
    refused('tools/x.ts', "require('onnxruntime-node');"),
    refused('main/video/index.ts', "new Worker(new URL('../store/worker.ts', import.meta.url));"),
    refused('renderer/main.ts', "import { createWorkstation } from '../main/workstation.ts';"),
    refused('renderer/main.ts', "import { spawn } from 'node:child_process';"),
    refused('renderer/main.ts', "import { spawn } from 'child_process';"),
    refused('renderer/main.ts', "import { channels } from '../preload/channels.ts';"),
    {
      ...at('renderer/main.ts', "import { ipcRenderer } from 'electron';"),
      errors: [{ messageId: 'refused' }, { messageId: 'refused' }],
    },
    refused('renderer/main.ts', 'const home = process.env.HOME;'),
    refused('renderer/main.ts', 'const all = { process };'),
    refused('models/import/index.ts', "import { openStore } from '../../main/store/index.ts';"),
    refused('models/import/index.ts', "import '../../scripts/hash.ts';"),
    refused('scripts/hash.ts', "import '../main/store/index.ts';"),
  ],
});

describe('the layers', () => {
  const ground = ['video', 'inference', 'store', 'files'];
  const upper = ['jobs', 'recordings', 'answering', 'models', 'review', 'export'];
  const mayImport = (from: string, to: string): boolean =>
    refuseImport(`main/${from}/index.ts`, `../${to}/index.ts`) === null;

  it('let an upper room see those before it, and none see what stands after it', () => {
    const order = [...upper].map((from) => upper.filter((to) => to !== from && mayImport(from, to)));
    expect(order).toEqual(upper.map((_, index) => upper.slice(0, index)));
    for (const room of upper) {
      expect(['platform', ...ground].filter((below) => !mayImport(room, below))).toEqual([]);
    }
  });

  it('keep the rooms on the ground apart', () => {
    for (const room of ground) {
      expect(mayImport(room, 'platform')).toBe(true);
      const others = [...ground, ...upper].filter((other) => other !== room);
      expect(others.filter((other) => mayImport(room, other))).toEqual([]);
    }
    expect([...ground, ...upper].filter((other) => mayImport('platform', other))).toEqual([]);
  });

  it('give the most exact folder the say', () => {
    expect(layerOf('main/hosts/cli/index.ts')?.name).toBe('command line');
    expect(layerOf('main/hosts/start.ts')?.name).toBe('hosts');
    expect(layerOf('main/workstation.ts')?.name).toBe('workstation');
    expect(layerOf('main/recordings/media.ts')?.name).toBe('main/recordings');
    expect(layerOf('main/newcomer/index.ts')).toBeNull();
    expect(layerOf('docs/x.ts')).toBeNull();
  });

  it('of the engine: each floor sees those before it, and every file lies on one', () => {
    const file = (floor: string): string =>
      `main/inference/${floor.endsWith('.ts') ? floor : `${floor}/x.ts`}`;
    for (const [at, from] of inferenceFloors.entries()) {
      const seen = inferenceFloors.filter((to) => {
        const up = from.endsWith('.ts') ? '.' : '..';
        return refuseImport(file(from), `${up}/${file(to).slice('main/inference/'.length)}`) === null;
      });
      expect(seen).toEqual(inferenceFloors.slice(0, at + 1));
    }
    const engine = readdirSync(join(root, 'main/inference')).map((name) => `main/inference/${name}`);
    expect(engine.filter((name) => floorOf(name) < 0)).toEqual([]);
  });

  it('name every folder of source in the repository', () => {
    const folders = ['main', 'preload', 'renderer', 'models'].flatMap((folder) =>
      readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)),
    );
    expect(folders.length).toBeGreaterThan(50);
    expect(folders.filter((file) => layerOf(file.replaceAll('\\', '/')) === null)).toEqual([]);
  });

  it('say who may be imported instead', () => {
    expect(refuseImport('main/video/a.ts', '../store/index.ts')).toContain(
      'it may import contract, main/platform, itself',
    );
  });
});

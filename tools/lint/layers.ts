import { dirname, relative, resolve, sep } from 'node:path';
import type { Rule } from 'eslint';

/**
 * Who may import whom. Data flows one way through the house, and a wall that nobody checks is soon a door:
 *
 *   file -> recordings -> video -> frame -> answering -> inference -> answer -> review -> store -> renderer, export
 *
 * `contract` is the one room that all may enter, and `platform` the ground floor of everything in main; `video`,
 * `inference`, `store` and `files` stand on those two and never see each other; the rooms above bring them together, each
 * seeing what stands before it; `workstation` composes; hosts see the workstation; the renderer sees the contract alone.
 */

interface Layer {
  name: string;
  /** Folders or single files, from the repository's root; the longest that fits counts. */
  paths: readonly string[];
  /** Names of other layers that it may import. */
  may: readonly string[];
  /** Whether others enter by an `index.ts` alone: the room's own, or that of a part of it which is light to load. */
  door?: true;
}

const modelLibraries = ['models/import', 'models/data', 'models/evaluation', 'models/adapt'];
const ground = ['contract', 'main/platform'];
const rooms = ['main/video', 'main/inference', 'main/store', 'main/files'];
/** In the order of the one way: each may import those before it, the rooms and the ground. */
const upper = ['main/jobs', 'main/recordings', 'main/answering', 'main/models', 'main/review', 'main/export'];
/** Upper rooms that use what makes and measures models, with the libraries that each needs. */
const librariesOf: Readonly<Record<string, readonly string[]>> = {
  'main/models': ['models/import'],
  'main/export': modelLibraries,
};

export const layers: readonly Layer[] = [
  { name: 'contract', paths: ['preload/contract'], may: [] },
  { name: 'bridge', paths: ['preload'], may: ['contract'] },
  { name: 'main/platform', paths: ['main/platform'], may: ['contract'] },
  ...rooms.map((room) => ({ name: room, paths: [room], may: ground, door: true as const })),
  ...upper.map((room, index) => ({
    name: room,
    paths: [room],
    may: [...ground, ...rooms, ...upper.slice(0, index), ...(librariesOf[room] ?? [])],
    door: true as const,
  })),
  {
    name: 'workstation',
    paths: ['main/workstation.ts'],
    may: [...ground, 'package', ...rooms, ...upper, ...modelLibraries],
  },
  { name: 'hosts', paths: ['main/hosts'], may: [...ground, 'workstation', 'package'] },
  { name: 'electron', paths: ['main/hosts/electron'], may: [...ground, 'workstation', 'hosts', 'bridge'] },
  {
    name: 'command line',
    paths: ['main/hosts/cli'],
    may: [...ground, 'workstation', 'hosts', 'package', ...modelLibraries],
  },
  { name: 'renderer', paths: ['renderer'], may: ['contract'] },
  ...modelLibraries.map((library) => ({
    name: library,
    paths: [library],
    may: [...ground, 'main/inference', ...modelLibraries],
    door: true as const,
  })),
  { name: 'package', paths: ['package.json'], may: [] },
];

/**
 * The inner floors of the engine, from the ground up: each sees those before it. An answer goes up through them, from
 * the numbers of a graph to the process that others ask.
 */
export const inferenceFloors = [
  ...['no-telemetry.ts', 'onnx-runtime.ts', 'old-reports.ts', 'messages.ts', 'processes', 'onnx', 'devices'],
  ...['image', 'model', 'grammar', 'graphs', 'runner', 'decoding', 'answer', 'engine', 'server', 'index.ts'],
] as const;
const inference = 'main/inference/';

/** The floor of a file of the engine; -1 for one that lies on none. */
export function floorOf(file: string): number {
  const [name = ''] = file.slice(inference.length).split('/');
  return (inferenceFloors as readonly string[]).indexOf(name);
}

/** Why a file of the engine may not import another one, or null if it may, or neither is of the engine. */
function refuseFloor(file: string, target: string): string | null {
  if (!file.startsWith(inference)) return null;
  const [from, to] = [floorOf(file), floorOf(target)];
  const lost = from < 0 ? file : to < 0 ? target : null;
  if (lost !== null)
    return `'${lost}' lies on no floor of the engine; name its floor in tools/lint/layers.ts`;
  if (to <= from) return null;
  return `${inference}${inferenceFloors[from]} may not import ${inference}${inferenceFloors[to]}, a floor above it`;
}

/** Tests, tools and configuration may look anywhere: they are what watches over the rest. */
const outside = ['test', 'tools'];

/** Packages that only these layers may import, whatever else they may do. */
const restricted: readonly { matches: RegExp; layers: readonly string[]; why: string }[] = [
  {
    matches: /^electron(\/|$)/,
    layers: ['bridge', 'electron'],
    why: "Electron is the Electron host's and the bridge's alone, so that everything else runs without it",
  },
  {
    matches: /^(svelte|vite)(\/|$)/,
    layers: ['renderer'],
    why: 'only the renderer draws the window',
  },
  {
    matches: /^better-sqlite3(\/|$)/,
    layers: ['main/store'],
    why: 'SQL belongs to the store alone',
  },
  {
    matches: /^onnxruntime-node(\/|$)/,
    layers: ['main/inference'],
    why: 'the engine alone runs graphs',
  },
];

/** The one file that loads ONNX Runtime, with its reports to its maker off; all else may name its types. */
const runtimeFile = 'main/inference/onnx-runtime.ts';
const runtimeReason = `values of 'onnxruntime-node' come from ${runtimeFile}, which turns its telemetry off`;

const nodeBuiltin =
  /^(node:|(fs|path|os|child_process|worker_threads|crypto|http|https|net|process|vm|module|stream|util|url|buffer|events)(\/|$))/;

/** The layer of a file, by its path from the root with forward slashes; null outside all of them. */
export function layerOf(file: string): Layer | null {
  let best: Layer | null = null;
  let length = -1;
  for (const layer of layers) {
    for (const path of layer.paths) {
      if ((file === path || file.startsWith(`${path}/`)) && path.length > length) {
        best = layer;
        length = path.length;
      }
    }
  }
  return best;
}

/** Why `file` may not import `source`, or null if it may. Paths from the root, with forward slashes. */
export function refuseImport(file: string, source: string): string | null {
  if (outside.some((folder) => file.startsWith(`${folder}/`)) || !file.includes('/')) return null;
  const from = layerOf(file);
  if (!from) {
    return `'${file}' lies in no layer of the house; move it into one, or name its layer in tools/lint/layers.ts`;
  }
  if (!source.startsWith('.')) {
    if (from.name === 'renderer' && nodeBuiltin.test(source)) {
      return `the renderer runs in a browser and has no '${source}'; ask through the contract`;
    }
    if (from.name === 'contract' && (nodeBuiltin.test(source) || /^electron(\/|$)/.test(source))) {
      return `the contract runs everywhere and may not import '${source}'`;
    }
    const ban = restricted.find(({ matches }) => matches.test(source));
    return ban && !ban.layers.includes(from.name) ? `'${source}' is not for ${from.name}: ${ban.why}` : null;
  }
  const target = resolve('/', dirname(file), source).slice(1).split(sep).join('/');
  const to = layerOf(target);
  if (to === null) return `${from.name} may not import '${target}', which lies in no layer of the house`;
  if (to.name === from.name) return refuseFloor(file, target);
  if (from.may.includes(to.name)) {
    return to.door === undefined || target.endsWith('/index.ts')
      ? null
      : `${from.name} enters ${to.name} by an index.ts alone, and '${target}' is none; export it there`;
  }
  return `${from.name} may not import ${to.name}; it may import ${[...from.may, 'itself'].join(', ')}`;
}

/** Where raw IPC may be touched: one place on either side, both behind the door's checks. */
const ipcPlaces: Readonly<Record<string, string>> = {
  ipcMain: 'main/hosts/electron/ipc.ts',
  ipcRenderer: 'preload/index.ts',
};

export const layersRule: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Keep the layers of the house apart, and raw IPC and processes where they belong' },
    schema: [],
    messages: { refused: '{{reason}}.' },
  },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    const inRenderer = layerOf(file)?.name === 'renderer';

    function check(node: Rule.Node, source: unknown, onlyTypes = false): void {
      if (typeof source !== 'string') return;
      const loadsRuntime = /^onnxruntime-node(\/|$)/.test(source) && !onlyTypes && file !== runtimeFile;
      const reason = refuseImport(file, source) ?? (loadsRuntime ? runtimeReason : null);
      if (reason !== null) context.report({ node, messageId: 'refused', data: { reason } });
    }

    return {
      ImportDeclaration(node) {
        check(node, node.source.value, (node as { importKind?: string }).importKind === 'type');
        if (node.source.value !== 'electron') return;
        for (const specifier of node.specifiers) {
          if (specifier.type !== 'ImportSpecifier') {
            const reason = 'Electron is imported by name, so that this rule sees what of it is used';
            context.report({ node: specifier, messageId: 'refused', data: { reason } });
            continue;
          }
          const name = specifier.imported.type === 'Identifier' ? specifier.imported.name : '';
          const place = ipcPlaces[name];
          if (place !== undefined && place !== file && !file.startsWith('test/')) {
            const reason = `'${name}' is for ${place} alone, where every message is checked`;
            context.report({ node: specifier, messageId: 'refused', data: { reason } });
          }
        }
      },
      ExportNamedDeclaration(node) {
        check(node, node.source?.value);
      },
      ExportAllDeclaration(node) {
        check(node, node.source.value);
      },
      ImportExpression(node) {
        check(node, node.source.type === 'Literal' ? node.source.value : undefined);
      },
      'CallExpression[callee.name="require"]'(node: Rule.Node & { arguments?: { value?: unknown }[] }) {
        check(node, node.arguments?.[0]?.value);
      },
      'NewExpression[callee.name=/^(URL|Worker|SharedWorker)$/]'(
        node: Rule.Node & { arguments?: { type: string; value?: unknown }[] },
      ) {
        // Worker files are named by `new URL('./worker.ts', import.meta.url)`.
        const [path, base] = node.arguments ?? [];
        if (
          typeof path?.value === 'string' &&
          /^\.{1,2}\/.*\.ts$/.test(path.value) &&
          base?.type === 'MemberExpression'
        ) {
          check(node, path.value);
        }
      },
      Identifier(node) {
        if (!inRenderer || node.name !== 'process') return;
        const { parent } = node;
        const isProperty =
          (parent.type === 'MemberExpression' && parent.property === node && !parent.computed) ||
          (parent.type === 'Property' && parent.key === node && parent.value !== node) ||
          parent.type === 'MethodDefinition' ||
          parent.type === 'PropertyDefinition';
        if (isProperty) return;
        const reason = "the renderer has no 'process'; ask through the contract";
        context.report({ node, messageId: 'refused', data: { reason } });
      },
    };
  },
};

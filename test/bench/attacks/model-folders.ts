import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '../../../models/data/scenes/random.ts';
import { WorkstationError, type ErrorReport } from '../../../preload/contract/index.ts';
import { withWorkstation } from '../workstation.ts';
import { makeSoundFolders, spoilings, spoiltCopy } from './hostile-folders.ts';
import { mutated, randomOf, type Tally } from './tally.ts';

const values: readonly unknown[] = [
  null,
  -1,
  0,
  2 ** 31,
  2 ** 53,
  1e300,
  '',
  'x'.repeat(10_000),
  [],
  {},
  [[]],
  true,
];

/** The JSON with some of its values replaced. */
function spoiltJson(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.1)) return random.pick(values);
  const entries = Object.entries(value);
  if (entries.length === 0) return random.pick(values);
  const [key, inner] = random.pick(entries);
  const spoilt = spoiltJson(inner, random);
  if (!Array.isArray(value)) return { ...value, [key]: spoilt };
  return value.map((one: unknown, index) => (index === Number(key) ? spoilt : one));
}

/** Null where an earlier change has made it none. */
function jsonOf(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return null;
  }
}

async function spoilOne(folder: string, random: Random): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).sort();
  const files: string[] = [];
  for (const name of names) if ((await stat(join(folder, name))).isFile()) files.push(join(folder, name));
  const file = random.pick(files);
  const content = await readFile(file);
  const json = file.endsWith('.json') && random.chance(0.7) ? jsonOf(content) : null;
  if (json !== null) await writeFile(file, JSON.stringify(spoiltJson(json, random)));
  else if (random.chance(0.1)) await rm(file);
  else await writeFile(file, mutated(content, random));
}

/** Model folders: each of the known hostile ones, then sound ones with damage drawn anew. Looked at, and added. */
export async function attackModelFolders(
  tally: Tally,
  seed: number,
  first: number,
  count: number,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'attack-models-'));
  try {
    const sound = await makeSoundFolders(root);
    await withWorkstation(async ({ calls, grantFolder }) => {
      for (let input = first; input < first + count; input += 1) {
        const random = randomOf(seed, tally.attack, input);
        const folder = join(root, 'spoilt');
        const known = spoilings[input];
        const kind = random.pick(['checkpoint', 'graphs'] as const);
        spoiltCopy(sound, known ?? { name: '', kind, spoil: () => undefined }, folder);
        if (known === undefined)
          for (let more = random.integer(1, 3); more > 0; more -= 1) await spoilOne(folder, random);
        const what = (report: ErrorReport): string =>
          `${known?.name ?? kind}: ${report.code} ${report.message}`;
        await tally.take(input, async () => {
          const folderId = (await grantFolder(folder)).grantId;
          const { problem } = await calls.inspectModelFolder({ folderId, baseId: null });
          if (problem?.code === 'internal') tally.add(input, 'internal', what(problem));
          try {
            const { id } = await calls.addModelFolder({ folderId });
            await calls.listModels({});
            await calls.removeModel({ modelId: id });
          } catch (error) {
            if (!(error instanceof WorkstationError)) throw error;
            if (/ended its process/.test(error.message)) tally.add(input, 'crashed', what(error));
          }
        });
        await rm(folder, { recursive: true, force: true });
      }
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const fileName = 'threads.json';
/** How many models' measurements are kept. The oldest ones are dropped first. */
const mostEntries = 100;

const Entry = z.object({
  threads: z.int().positive(),
  spinning: z.boolean(),
  /** What the measurement saw, in words. */
  found: z.string(),
  measuredAt: z.iso.date(),
});
const Memory = z.object({ formatVersion: z.literal(1), entries: z.record(z.string(), Entry) });

/** What was measured for one model on one machine. */
export type Measured = z.infer<typeof Entry>;

/** What a measurement is valid for. Another model, runtime or machine is measured again. */
export interface MeasuredFor {
  readonly modelSha256: string;
  readonly runtimeVersion: string;
  readonly machine: string;
}

const keyOf = ({ modelSha256, runtimeVersion, machine }: MeasuredFor): string =>
  `${modelSha256} onnxruntime ${runtimeVersion} ${machine}`;

/** Null where nothing was remembered, also because the file is damaged: it is then written anew. */
export async function recall(folder: string, what: MeasuredFor): Promise<Measured | null> {
  return (await read(folder))[keyOf(what)] ?? null;
}

/** @returns Why it could not be remembered, null where it was. It is only lost time, so that nothing is thrown. */
export async function remember(
  folder: string,
  what: MeasuredFor,
  measured: Measured,
): Promise<string | null> {
  const entries = Object.entries({ ...(await read(folder)), [keyOf(what)]: measured });
  const kept = entries
    .sort(([, first], [, second]) => second.measuredAt.localeCompare(first.measuredAt))
    .slice(0, mostEntries);
  const file = path.join(folder, fileName);
  // It is written to another file and moved, so that two engines at once leave the file of one of them and no mixture.
  const draft = `${file}.${randomUUID()}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(
      draft,
      `${JSON.stringify({ formatVersion: 1, entries: Object.fromEntries(kept) }, null, 2)}\n`,
    );
    await rename(draft, file);
    return null;
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    return error instanceof Error ? error.message : String(error);
  }
}

async function read(folder: string): Promise<Record<string, Measured>> {
  try {
    const parsed = Memory.safeParse(JSON.parse(await readFile(path.join(folder, fileName), 'utf8')));
    return parsed.success ? parsed.data.entries : {};
  } catch {
    // The file does not exist yet, can't be read, or is no JSON, so the machine is measured again.
    return {};
  }
}

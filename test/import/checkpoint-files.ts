import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { importCheckpoint } from '../../models/import/index.ts';
import { toErrorReport, WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import { goldenFolder } from '../inference/golden.ts';

export interface RawTensor {
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

/** A folder for one test file, and fresh copies of golden checkpoints in it, to be spoilt. */
export class CheckpointBench {
  readonly root = mkdtempSync(join(tmpdir(), 'import-checkpoint-'));
  private count = 0;

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  path(name: string): string {
    this.count += 1;
    return join(this.root, `${this.count}-${name}`);
  }

  copy(name: 'model_tied' | '5_untied_bf16_sharded' = 'model_tied'): string {
    const folder = this.path('checkpoint');
    cpSync(join(goldenFolder, name), folder, { recursive: true });
    return folder;
  }

  /** Names in the root that an import may have left behind. */
  leftovers(): string[] {
    return readdirSync(this.root).filter((name) => name.includes('importing'));
  }

  /** Imports what can't be imported; gives the report, and checks that nothing is left of the attempt. */
  async refusal(checkpoint: string, out = this.path('model')): Promise<ErrorReport> {
    const error: unknown = await importCheckpoint({ checkpoint, out, dtype: 'fp32' }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(WorkstationError);
    expect(existsSync(out)).toBe(false);
    expect(this.leftovers()).toEqual([]);
    return toErrorReport(error);
  }
}

export function readTensors(file: string): Map<string, RawTensor> {
  const content = readFileSync(file);
  const length = Number(content.readBigUInt64LE(0));
  const header = JSON.parse(content.toString('utf8', 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  delete header['__metadata__'];
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => [
        name,
        { dtype, shape, bytes: Buffer.from(content.subarray(8 + length + begin, 8 + length + end)) },
      ],
    ),
  );
}

export function writeTensors(file: string, tensors: ReadonlyMap<string, RawTensor>): void {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(file, Buffer.concat([length, text, ...[...tensors.values()].map(({ bytes }) => bytes)]));
}

export function changeTensors(
  folder: string,
  change: (tensors: Map<string, RawTensor>) => Map<string, RawTensor> | undefined,
): void {
  const file = join(folder, 'model.safetensors');
  const tensors = readTensors(file);
  writeTensors(file, change(tensors) ?? tensors);
}

/** Gives a checkpoint's tensors the names that they have since transformers 4.52. */
export function renameTensors(folder: string): void {
  changeTensors(folder, (tensors) => {
    const renamed = [...tensors].map(([name, tensor]): [string, RawTensor] => [
      name.startsWith('visual.') ? `model.${name}` : name.replace(/^model\./, 'model.language_model.'),
      tensor,
    ]);
    return new Map(renamed);
  });
}

export function changeJson(file: string, change: (json: Record<string, unknown>) => void): void {
  const json = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {};
  change(json);
  writeFileSync(file, JSON.stringify(json));
}

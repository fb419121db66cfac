import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface Cases {
  trainable: string[];
  fresh: number;
  learnt: number;
  frozen: number;
  merged: number;
  mergedByName: number;
  mergedNames: boolean;
  throughFiles: number;
  newerNames: number;
  tensors: Record<string, number[]>;
  described: Record<string, unknown>;
  noLayer: string;
  wrongRank: string;
  unknownKey: string;
}

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('LoRA on the architecture at toy size', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lora-'));
  let cases: Cases;

  beforeAll(() => {
    const script = fileURLToPath(new URL('lora_cases.py', import.meta.url));
    const run = spawnSync(python ?? '', [script, folder], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    cases = JSON.parse(run.stdout) as Cases;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('changes nothing while it is fresh', () => {
    expect(cases.fresh).toBe(0);
  });

  test('trains the adapters of the named layers and nothing else', () => {
    expect(cases.learnt).toBeGreaterThan(0.01);
    expect(cases.frozen).toBe(0);
    // Per text layer q, v and down, per vision block qkv and the MLP's down; two tensors each.
    expect(cases.trainable).toHaveLength(2 * (2 * 3 + 2 * 2));
    expect(cases.trainable.every((name) => /\.lora_[AB]$/.test(name))).toBe(true);
  });

  test('merges into the plain weights', () => {
    expect(cases.merged).toBeLessThan(1e-5);
    expect(cases.mergedByName).toBeLessThan(1e-5);
    expect(cases.mergedNames).toBe(true);
  });

  test("goes through PEFT's files unchanged", () => {
    expect(cases.throughFiles).toBe(0);
    expect(cases.tensors).toMatchObject({
      'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight': [4, 32],
      'base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight': [16, 4],
      'base_model.model.visual.blocks.1.attn.qkv.lora_B.weight': [96, 4],
    });
    expect(cases.described).toMatchObject({ peft_type: 'LORA', r: 4, lora_alpha: 8, bias: 'none' });
  });

  test('reads the tensor names of newer transformers', () => {
    expect(cases.newerNames).toBe(0);
  });

  test('names what does not fit', () => {
    expect(cases.noLayer).toContain('no linear layer fits');
    expect(cases.noLayer).toContain('gate_proj');
    expect(cases.wrongRank).toContain(
      'lora_A.weight has the shape [4, 32], this model and rank need [2, 32]',
    );
    expect(cases.unknownKey).toContain('expected rank, alpha, targets and dropout');
  });
});

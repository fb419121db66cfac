import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

type Ended = string | null;

interface Figures {
  step: number;
  total: number;
  valid: number;
  iou: number;
  illusion: number;
  kl: number;
  entropy: number;
  length: number;
  spread: number;
}

interface Watched {
  step: number;
  total: number;
  missed: number;
  illusion: number;
  wordsAgainstBox: number;
  wordsRight: number;
  wordsWrong: number;
  wordsSilent: number;
}

interface Report {
  watched: Watched[];
  blamed: [Ended, number[]];
  filtered: {
    ended: Ended;
    count: number;
    labels: boolean;
    places: boolean;
    spoken: boolean;
    own: boolean;
    hidden: boolean;
    again: Ended;
    taught: Ended;
    losses: number[];
  };
  sft: [Ended, number[]];
  whole: [Ended, Figures[]];
  interrupted: Ended;
  resumed: [Ended, string[]];
  sameWeights: boolean;
  sameHalfway: boolean;
  keys: string[];
  split: Ended;
  splitDifference: number;
  firstKl: number[];
  withoutCoherence: [Ended, number];
  rise: number[];
  taught: [Ended, number[]];
  control: { ended: Ended; supervised: number[]; sampled: number[]; moved: boolean; nothing: Ended };
  averaged: { difference: number; last: number };
  lora: Ended;
  loraNames: boolean;
  loraMoved: string[];
  unknownKey: Ended;
  missingKey: Ended;
  otherShape: Ended;
  missingTensor: Ended;
  otherInitial: Ended;
  difficulty: {
    ended: Ended;
    same: boolean;
    hard: number;
    easy: number;
    frames: number;
    pixels: boolean;
    onlyHard: boolean;
  };
  curves: { svg: string; unknown: Ended };
  sampling: {
    packedForward: number;
    busy: boolean[];
    alone: number;
    greedy: boolean;
    again: boolean;
    counted: [number, number, number];
    repeats: number;
    frequencies: number[];
    nucleus: number[];
    entropy: number;
    mostSpread: number[];
  };
}

const python = findPython();
if (!python) console.warn(noPython);

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.skipIf(!python)('both stages of training at toy size', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rft-'));
  let report: Report;

  beforeAll(() => {
    const script = fileURLToPath(new URL('rollout_toy.py', import.meta.url));
    const run = spawnSync(python ?? '', [script, folder], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    report = JSON.parse(run.stdout) as Report;
    // About 20 s of one core; a busy machine takes several times as long.
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('samples from the policy that the packed forward trains', () => {
    expect(report.sampling.packedForward).toBeLessThan(1e-4);
    // Pictures without an answer to train on are left out, and change nothing of the others.
    expect(report.sampling.busy.filter((busy) => busy)).toHaveLength(1);
    expect(report.sampling.busy.at(-1)).toBe(true);
    expect(report.sampling.alone).toBeLessThan(1e-4);
    const [answers, tokens, sampled] = report.sampling.counted;
    expect(report.sampling.repeats).toBe(answers);
    expect(tokens).toBe(sampled);
  });

  test('near temperature 0 answers what greedy decoding answers', () => {
    expect(report.sampling.greedy).toBe(true);
  });

  test('samples the same again from the same seed, and in proportion to the probabilities', () => {
    expect(report.sampling.again).toBe(true);
    // softmax(2, 1, 0, -1), and its entropy in nats.
    [0.643914, 0.236883, 0.087144, 0.032059].forEach((share, token) =>
      expect(Math.abs((report.sampling.frequencies[token] ?? 0) - share)).toBeLessThan(0.025),
    );
    expect(report.sampling.entropy).toBeCloseTo(0.947537, 5);
  });

  test('draws only from the nucleus with top-p', () => {
    expect(report.sampling.nucleus).toEqual([0, 1]);
  });

  test('trains on the answers that differ most', () => {
    // Of 0.1, 5, 0.2, -4, 0, 4: the lowest and the two highest.
    expect(report.sampling.mostSpread).toEqual([1, 3, 5]);
  });

  test('picks the frames with hard questions, and some without', () => {
    const { ended, same, hard, easy, frames, pixels, onlyHard } = report.difficulty;
    expect(ended).toBeNull();
    expect(same).toBe(true);
    expect(hard).toBeGreaterThan(0);
    expect(hard).toBeLessThan(frames);
    expect(easy).toBe(Math.min(frames - hard, Math.round(hard / 2)));
    expect(pixels).toBe(true);
    expect(onlyHard).toBe(true);
  });

  test('logs rewards, lengths and divergence of every step', () => {
    const [ended, log] = report.whole;
    expect(ended).toBeNull();
    expect(log.map((entry) => entry.step)).toEqual([1, 2, 3, 4]);
    for (const entry of log) {
      expect(entry.valid).toBeGreaterThan(0);
      expect(entry.spread).toBeGreaterThan(0);
      expect(entry.length).toBeGreaterThan(5);
      expect(entry.entropy).toBeGreaterThan(0);
    }
  });

  test('begins with no divergence from the reference', () => {
    expect(report.firstKl).toHaveLength(1);
    expect(Math.abs(report.firstKl[0] ?? 1)).toBeLessThan(1e-6);
  });

  test('raises the reward', () => {
    expect(mean(report.rise.slice(-4))).toBeGreaterThan(mean(report.rise.slice(0, 4)) + 0.1);
  });

  test('watches the same questions on the way, and what is right and wrong with the answers', () => {
    expect(report.watched.map(({ step }) => step)).toEqual([0, 7, 14]);
    for (const watched of report.watched) {
      expect(watched.wordsRight + watched.wordsWrong + watched.wordsSilent).toBeCloseTo(1, 3);
      for (const name of ['missed', 'illusion', 'wordsAgainstBox'] as const) {
        expect(watched[name]).toBeGreaterThanOrEqual(0);
        expect(watched[name]).toBeLessThanOrEqual(1);
      }
    }
    const [first, , last] = report.watched;
    expect(last?.total).toBeGreaterThan(first?.total ?? NaN);
  });

  test('trains words and boxes each by their own rewards, with boxes known of some frames alone', () => {
    const [ended, totals] = report.blamed;
    expect(ended).toBeNull();
    expect(totals).toHaveLength(2);
  });

  test('lets answers pass whose label is right and whose words agree with their own box, for stage 1', () => {
    const { count, losses, again, ...rest } = report.filtered;
    expect(count).toBeGreaterThan(0);
    const sound = { ended: null, labels: true, places: true, spoken: true, own: true, hidden: true };
    expect(rest).toEqual({ ...sound, taught: null });
    expect(again).toMatch(/filtered exists|^2$/);
    expect(losses).toHaveLength(3);
    for (const loss of losses) expect(loss).toBeGreaterThan(0);
  });

  test('an interrupt keeps the work, and a resumed run ends with the same weights', () => {
    expect(report.interrupted).toContain('interrupted at step 2; go on with --resume');
    expect(report.resumed).toEqual([null, ['start', 'resumed', 'start', 'end']]);
    expect(report.sameHalfway).toBe(false);
    expect(report.sameWeights).toBe(true);
  });

  test('two workers train the same as one, up to rounding', () => {
    expect(report.split).toBeNull();
    expect(report.splitDifference).toBeLessThan(1e-3);
  });

  test("writes checkpoints that hold all that stage 1's hold", () => {
    expect(report.keys).toEqual([]);
  });

  test('leaves the coherence reward out when told to', () => {
    expect(report.withoutCoherence).toEqual([null, 0]);
  });

  test("adds stage 1's losses when told to", () => {
    const [ended, losses] = report.taught;
    expect(ended).toBeNull();
    expect(losses).toHaveLength(1);
    // About what stage 1 ended with, on other questions.
    expect(losses[0]).toBeLessThan((report.sft[1][0] ?? 0) / 2);
  });

  test("trains on stage 1's losses alone as a control", () => {
    const { ended, supervised, sampled, moved, nothing } = report.control;
    expect(ended).toBeNull();
    expect(supervised).toHaveLength(6);
    expect(sampled).toHaveLength(0);
    expect(moved).toBe(true);
    expect(nothing).toContain('--policy off leaves nothing to train on');
  });

  test('saves the mean of the last weights', () => {
    expect(report.averaged.difference).toBeLessThan(1e-6);
    expect(report.averaged.last).toBeGreaterThan(1e-5);
  });

  test('trains adapters alone with LoRA, and saves them merged', () => {
    expect(report.lora).toBeNull();
    expect(report.loraNames).toBe(true);
    expect(report.loraMoved.length).toBeGreaterThan(0);
    expect(report.loraMoved.every((name) => /\.(q_proj|v_proj)\.weight$/.test(name))).toBe(true);
  });

  test('draws the curves of several runs, each figure where a log has it', () => {
    const { svg, unknown } = report.curves;
    const titles = [...svg.matchAll(/class="title">([^<]+)</g)].map(([, title]) => title);
    expect(titles).toEqual(
      expect.arrayContaining(['loss', 'reward', 'KL to the reference', 'loss of coordinates']),
    );
    expect(svg).toContain('Toy &amp; curves');
    // The reward is drawn for the two runs of stage 2; the first of them has four steps, once each.
    const reward = svg.slice(svg.indexOf('>reward<'), svg.indexOf('>reward: format<'));
    const lines = [...reward.matchAll(/points="([^"]+)"/g)].map(([, points]) => points?.split(' ').length);
    expect(lines).toEqual([4, 14]);
    expect(unknown).toContain('The figure totl is in no log');
  });

  test('names what is wrong with a configuration or a checkpoint', () => {
    expect(report.unknownKey).toContain('unknown key policy.epoch');
    expect(report.missingKey).toContain('the key sampling.group is missing');
    expect(report.otherShape).toContain('model.norm.weight has the shape [7], this configuration needs [48]');
    expect(report.missingTensor).toContain('model.norm.weight is missing');
    expect(report.otherInitial).toContain('begun from other weights');
  });
});

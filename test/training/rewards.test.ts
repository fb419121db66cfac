import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { mapLabel } from '../../models/evaluation/metrics/index.ts';
import { placesSaid } from '../../preload/contract/coherence.ts';
import { findPython, noPython } from './python.ts';

interface Rewards {
  format: number;
  answer: number;
  box: number;
  coherence: number;
  total: number;
}

interface Case {
  name: string;
  reasoning: string;
  label: string | null;
  box: number[] | null;
  valid: boolean;
  illusion: boolean;
  findings: { kind: string; said: string }[];
  rewards: Rewards;
}

interface Text {
  text: string;
  question?: string;
  said: { text: string; horizontal: string | null; vertical: string | null }[];
}

interface Report {
  answers: Omit<Case, 'name'>[];
  places: Text['said'][];
  labels: string[];
  configs: (string | null)[];
  unfair: unknown[][];
  unfairUnmarked: unknown[][];
  unmarked: unknown[];
  shipped: Record<string, [marked: unknown[], unmarked: unknown[]]>;
  ordered: [number[], number[]];
  words: Record<'marked' | 'unmarked' | 'unmarked place' | 'absent', [string | null, number][]>;
  seconds: number;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const read = (name: string): unknown =>
  JSON.parse(readFileSync(here(`../fixtures/coherence/${name}`), 'utf8'));
const { cases } = read('cases.json') as { cases: Case[] };
const { texts } = read('places.json') as { texts: Text[] };
const labels = read('labels.json') as { labels: string[]; texts: { text: string | null; label: string }[] };

/** What is wrong with a configuration, and words that must stand in the refusal. */
const configs: [object, string[]][] = [
  [{ coherance: { weight: 1 } }, ["unknown key 'coherance'", 'coherence']],
  [{ coherence: { wieght: 1 } }, ["unknown key 'coherence.wieght'", 'weight']],
  [{ coherence: 1 }, ['coherence must be a object', '1']],
  [{ box: { weight: 'much' } }, ['box.weight must be a number', '"much"']],
  [{ gated: 1 }, ['gated must be a true or false']],
  [{ coordinateSpace: 'percent' }, ["'percent'", 'resized-pixels', 'normalized-1000']],
  [{ coherence: { overlap: 1.5 } }, ['coherence.overlap is 1.5', '0..1']],
  [{ box: { near: -0.1 } }, ['box.near is -0.1', '0..1']],
  [{ words: { conflict: -1 } }, ['words.conflict is negative']],
  [{ coherence: { wordPenalty: -1 } }, ['coherence.wordPenalty is negative']],
  [{ coherence: { penalise: 'none' } }, ["coherence.penalise 'none'", 'all, right']],
  [{ labels: ['Idle'] }, ['labels', '"not visible"']],
];

/** Weights and rules of coherence under which right is held against wrong. */
const fairness: Record<string, Record<string, unknown>>[] = [
  { coherence: {} },
  { coherence: { weight: 1.5, graded: true } },
  { coherence: { weight: 0 }, words: { weight: 1 } },
  { coherence: { requirePlaceWords: false }, box: { near: 0.5 } },
  { coherence: { illusionPenalty: 0.25 }, words: { weight: 0.5, conflict: 1 }, box: { near: 1 } },
  { coherence: { weight: 2, penalise: 'right' } },
];

/** Reasoning made of pieces, so that both sides also meet texts that nobody thought of; the same in every run. */
function pieced(): { text: string }[] {
  const pieces =
    'left right upper lower top bottom - , . \n the of in on at to from and or not but half side corner image middle ' +
    'above below suction stapler lies points it kidney hand another center view clip applier is';
  const words = pieces.split(' ');
  let seed = 7;
  const next = (count: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * count);
  };
  return Array.from({ length: 3000 }, () => ({
    text: Array.from({ length: 2 + next(12) }, () => words[next(words.length)]).join(' '),
  }));
}

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('the rewards of fine-tuning', () => {
  const random = pieced();
  let report: Report;

  beforeAll(() => {
    const run = spawnSync(python ?? '', [here('rewards_cases.py')], {
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 64 << 20,
      input: JSON.stringify({
        answers: cases,
        places: [...texts, ...random],
        labels: labels.texts.map(({ text }) => ({ text, labels: labels.labels })),
        configs: configs.map(([config]) => config),
        fairness,
      }),
    });
    expect(run.stderr).toBe('');
    report = JSON.parse(run.stdout) as Report;
  });

  test.each(cases.map((expected, index) => ({ ...expected, index })))('$name', ({ index, ...expected }) => {
    const got = report.answers[index];
    const { reasoning, label, box, valid, illusion, findings } = expected;
    expect(got).toMatchObject({ reasoning, label, box, valid, illusion, findings });
    for (const [name, reward] of Object.entries(expected.rewards)) {
      expect(got?.rewards[name as keyof Rewards], name).toBeCloseTo(reward as number, 9);
    }
  });

  test('find the same places as the workstation, in the golden texts and in 3,000 pieced ones', () => {
    const ours = [...texts, ...random].map((text: { text: string; question?: string }) =>
      placesSaid(text.text, text.question).map(({ text, horizontal, vertical }) => ({
        text,
        horizontal,
        vertical,
      })),
    );
    expect(report.places).toEqual(ours);
    expect(report.places.slice(0, texts.length)).toEqual(texts.map(({ said }) => said));
    // The pieced texts would prove nothing if they named no places.
    expect(report.places.slice(texts.length).filter((said) => said.length > 0).length).toBeGreaterThan(400);
  });

  test('hold words against the answer’s own box where nobody marked the true one', () => {
    expect(report.unmarked).toEqual([
      { answer: 1, box: 0, coherence: 1, illusion: false },
      { answer: 1, box: 0, coherence: -0.5, illusion: false },
      { answer: 1, box: 0, coherence: -0.5, illusion: false },
      { answer: 0, box: 0, coherence: 0, illusion: false },
    ]);
  });

  test('never pay a right label less than a wrong one in any shipped file, all else equal', () => {
    expect(Object.keys(report.shipped).sort()).toEqual([
      'planted-mended-rewards.json',
      'planted-rewards.json',
      'rewards.json',
      'rft-rewards.json',
    ]);
    for (const [file, [marked, unmarked]] of Object.entries(report.shipped)) {
      expect(marked, file).toEqual([]);
      expect(unmarked, `${file}, nobody marked the box`).toEqual([]);
    }
  });

  test('order the misses by how far they lie, where `near` says so', () => {
    const [overlap, near] = report.ordered;
    expect(overlap.slice(2)).toEqual([0, 0, 0]);
    expect(near[0]).toBe(1);
    for (const [index, paid] of near.slice(1).entries()) expect(paid).toBeLessThan(near[index]!);
    expect(near.at(-1)).toBe(0);
  });

  test('hold words against the true box, whatever the answer’s own box is', () => {
    // Words that agree, that conflict, that name no place, and that deny.
    expect(report.words.marked).toEqual([
      ['right', 1],
      ['conflict', -0.5],
      ['silent', 0],
      ['conflict', -0.5],
    ]);
    expect(report.words['unmarked place']).toEqual(report.words.marked);
    expect(report.words.unmarked).toEqual(Array.from({ length: 4 }, () => [null, 0]));
    expect(report.words.absent).toEqual([
      ['conflict', -0.5],
      ['conflict', -0.5],
      ['silent', 0],
      ['right', 1],
    ]);
  });

  test('never pay a right label less than a wrong one, all else equal', () => {
    const right = fairness.findIndex(({ coherence }) => coherence?.['penalise'] === 'right');
    report.unfair.forEach((found, index) => {
      if (index !== right) expect(found, JSON.stringify(fairness[index])).toEqual([]);
    });
    report.unfairUnmarked.forEach((found, index) => {
      if (index !== right) expect(found, JSON.stringify(fairness[index])).toEqual([]);
    });
    // Penalties for right answers alone do so: the test would see it.
    expect(report.unfair[right]!.length).toBeGreaterThan(0);
  });

  test('map labels as evaluation does', () => {
    expect(report.labels).toEqual(labels.texts.map(({ label }) => label));
    expect(labels.texts.map(({ text }) => mapLabel(text, labels.labels))).toEqual(report.labels);
  });

  test.each(configs.map(([config, words], index) => ({ config, words, index })))(
    'refuse the configuration $config',
    ({ words, index }) => {
      for (const word of ['rewards.json', ...words]) expect(report.configs[index]).toContain(word);
    },
  );

  test('score the 256 answers of a step within a second', () => {
    expect(report.seconds).toBeLessThan(1);
  });
});

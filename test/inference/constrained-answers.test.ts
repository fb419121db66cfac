import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnswerConstraint, type NextToken } from '../../main/inference/grammar/answer-constraint.ts';
import { AnswerConstraints } from '../../main/inference/grammar/answer-constraints.ts';
import { AnswerGrammar } from '../../main/inference/grammar/answer-grammar.ts';
import type { GrammarOptions } from '../../main/inference/grammar/grammar-state.ts';
import { CanonicalTokens } from '../../main/inference/grammar/canonical-tokens.ts';
import { Answerer, type EngineFrame } from '../../main/inference/index.ts';
import type { ModelDirectory } from '../../main/inference/model/model-directory.ts';
import { openModelDirectory } from '../../main/inference/model/open-model-directory.ts';
import { ModelRunner } from '../../main/inference/runner/model-runner.ts';
import { MaskCache, TokenVocabulary } from '../../main/inference/grammar/token-vocabulary.ts';
import { ModelTokenizer } from '../../main/inference/model/tokenizer.ts';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { isWellFormed } from '../../models/evaluation/format.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { questionText } from '../../preload/contract/vocabulary.ts';
import { makeTestModels, stripes, type TestModels } from './askable-model.ts';
import { largestDifference } from './golden.ts';

let folder: string;
let embedded: ModelDirectory;
let tokenizer: ModelTokenizer;
let nano: Answerer;
let random: TestModels;
let nonsense: Answerer;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'constrained-'));
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint, out: path.join(folder, 'nano'), dtype: 'fp32' });
  embedded = await openModelDirectory(path.join(folder, 'nano'));
  tokenizer = await ModelTokenizer.open(embedded);
  nano = await Answerer.open({ directory: embedded.directory, device: 'cpu' });
  random = await makeTestModels();
  nonsense = await Answerer.open({ directory: random.askable, device: 'cpu' });
});

afterAll(async () => {
  await nano.dispose();
  await nonsense.dispose();
  await rm(folder, { recursive: true, force: true });
  await random.remove();
});

const size = { width: 640, height: 512 };

function scene(seed: number): { frame: EngineFrame; tool: string } {
  const described = describeScene(seed);
  const rgba = drawScene(described, size);
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
    rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  const tool = sceneTruth(described, size).instruments[0]?.tool ?? 'stapler';
  return { frame: { ...size, rgb, hash: `constrained-${seed}` }, tool };
}

describe('forced tokens', () => {
  /** Feeds a text as if the model drew its tokens, and returns all that was fed. */
  function follow(
    text: string,
    own: TokenVocabulary,
    encode: (text: string) => number[],
    options: GrammarOptions,
  ): {
    fed: number[];
    drawn: number;
  } {
    const constraint = new AnswerConstraint({
      grammar: new AnswerGrammar(options),
      vocabulary: own,
      masks: new MaskCache(own),
      canonical: new CanonicalTokens(encode, own),
      closers: new Set(),
      jumpForward: true,
    });
    const wanted = encode(text);
    const fed: number[] = [];
    const add = (tokens: readonly NextToken[]): void => void fed.push(...tokens.map(({ id }) => id));
    add(constraint.begin());
    let drawn = 0;
    while (!constraint.done) {
      const id = wanted[fed.length]!;
      const mask = constraint.mask();
      expect('allow' in mask ? mask.allow.includes(id) : !mask.forbid.includes(id), `${id} in ${text}`).toBe(
        true,
      );
      drawn += 1;
      add(constraint.take(id));
    }
    return { fed, drawn };
  }

  test('are those that the embedded model’s tokenizer gives, for every label and both ways of spacing', () => {
    const { labels, parameters } = embedded.manifest;
    const own = new TokenVocabulary(tokenizer.tokenList(parameters.vocabularySize));
    const encode = (text: string): number[] => tokenizer.encode(text);
    const all = [labels!.organ, labels!.state, labels!.location, labels!.grounding ?? []].flat();
    const options: GrammarOptions = {
      format: 'think-answer-json',
      labels: all,
      absent: labels!.absent,
      extent: { width: 336, height: 280 },
      step: 4,
      opened: false,
    };
    const reasoning = '<think>The jaws hold it; see < 3 of it.</think>';
    for (const label of all) {
      for (const corners of ['[12,108,252,280]', '[0, 4, 336, 16]']) {
        const text = `${reasoning}<answer>{"label": "${label}", "bbox_2d": ${corners}}</answer>`;
        const { fed, drawn } = follow(text, own, encode, options);
        expect(fed).toEqual(encode(text));
        // The reasoning, its end, the parts of the label, four corners and at most one space.
        expect(drawn).toBeLessThan(encode(reasoning).length + encode(label).length + 6);
      }
    }
    const absent = `${reasoning}<answer>{"label": "${labels!.absent}", "bbox_2d": null}</answer>`;
    expect(follow(absent, own, encode, options).fed).toEqual(encode(absent));
  });

  test('are exact where tags, labels and brackets melt into one another', () => {
    // A tokenizer that prefers the longest of these at each place, whatever it stands for.
    const long = [
      '><',
      '.</',
      'think',
      'answer',
      '{"',
      'label',
      '": "',
      '", "',
      '_2',
      'd": [',
      '"Id',
      'le"',
      ', ',
      ']}</',
    ];
    const single = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
    const entries = [...single, ...long];
    const own = new TokenVocabulary({
      texts: entries.map((bytes, id) => ({ id, bytes })),
      size: entries.length,
      ends: [],
    });
    const byLength = long.toSorted((first, second) => second.length - first.length);
    const encode = (text: string): number[] => {
      const bytes = Buffer.from(text, 'utf8').toString('latin1');
      const ids: number[] = [];
      for (let at = 0; at < bytes.length;) {
        const entry = byLength.find((candidate) => bytes.startsWith(candidate, at)) ?? bytes[at]!;
        ids.push(entries.indexOf(entry));
        at += entry.length;
      }
      return ids;
    };
    const options: GrammarOptions = {
      format: 'think-answer-json',
      labels: ['Idle', 'Ideal', 'Suction'],
      absent: 'not visible',
      extent: { width: 448, height: 364 },
      step: 1,
      opened: false,
    };
    for (const label of options.labels!) {
      const text = `<think>So it is.</think><answer>{"label": "${label}", "bbox_2d": [1, 23, 399, 40]}</answer>`;
      expect(follow(text, own, encode, options).fed).toEqual(encode(text));
    }
  });
});

describe('the embedded model', () => {
  test('writes the same text and box with and without the grammar', async () => {
    let formed = 0;
    for (const seed of [987_101, 987_102, 987_103, 987_104, 987_105]) {
      const { frame, tool } = scene(seed);
      for (const question of [
        questionText.organ(),
        questionText.state(tool),
        questionText.location(tool),
        questionText.location('stapler'),
      ]) {
        const free = await nano.answer({ frame, question, settings: {}, constrained: 'no' });
        const held = await nano.answer({ frame, question, settings: {} });
        expect(isWellFormed(held.raw), held.raw).toBe(true);
        if (
          !isWellFormed(free.raw) ||
          !(held.evidence?.choices.some(({ label }) => label === free.label) ?? false)
        ) {
          continue;
        }
        formed += 1;
        expect(held.raw).toBe(free.raw);
        expect(held.box).toEqual(free.box);
        expect(held.tokens).toEqual(free.tokens);
        expect(held.probability).toBeCloseTo(free.probability!, 4);
        const box = free.evidence?.boxLogProbability ?? 0;
        expect(held.evidence?.boxLogProbability ?? 0).toBeCloseTo(box, 2);
      }
    }
    expect(formed).toBeGreaterThanOrEqual(15);
  });

  test('a free wording gets a well-formed answer too, and a stuck reasoning is ended within the limit', async () => {
    const { frame } = scene(987_101);
    const question = 'Tell me which organ we see';
    const result = await nano.answer({ frame, question, settings: { maxNewTokens: 30 } });
    expect(isWellFormed(result.raw), result.raw).toBe(true);
    expect(result.tokens.generated).toBeLessThanOrEqual(30);
  });

  test('the labels that it also considered have the probabilities of being written', async () => {
    const { frame } = scene(987_102);
    const question = 'What do you make of this?';
    const { evidence, status } = await nano.answer({ frame, question, settings: {} });
    const choices = evidence!.choices;
    const { labels } = embedded.manifest;
    const known = [
      labels!.organ,
      labels!.state,
      labels!.location,
      labels!.grounding ?? [],
      labels!.absent,
      labels!.presence?.yes ?? [],
      labels!.presence?.no ?? [],
      labels!.refusals ?? [],
    ].flat();
    expect(new Set(choices.map(({ label }) => label))).toEqual(new Set(known));
    expect(choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    expect(choices.map(({ probability }) => probability)).toEqual(
      choices.map(({ probability }) => probability).toSorted((first, second) => second - first),
    );
    expect(evidence!.entropy).toBeGreaterThanOrEqual(0);
    expect(evidence!.entropy).toBeLessThanOrEqual(Math.log2(choices.length));
    expect(evidence!.labelLogProbability).toBeLessThanOrEqual(0);
    // A question of no kind that it knows: it declines, or falters in its reasoning before a label that it is certain of.
    const taught = await nano.answer({ frame, question: 'What organ is being operated?', settings: {} });
    expect(taught.evidence!.reasoningLogProbability).toBeGreaterThan(-0.7);
    expect(taught.evidence!.reasoningLogProbability).toBeLessThan(0);
    const faltered = evidence!.reasoningLogProbability! < taught.evidence!.reasoningLogProbability!;
    expect(status === 'refused' || faltered).toBe(true);
    const draw = async (seed: number): Promise<string> =>
      (await nano.answer({ frame, question, settings: { temperature: 1, seed } })).raw;
    expect(await draw(7)).toBe(await draw(7));
  });
});

test('texts tried together score as those written one after another', async () => {
  const runner = await ModelRunner.open(embedded, { device: 'cpu' });
  try {
    const ids = tokenizer.encode('The kidney lies in the upper left.');
    const [first, second, third] = tokenizer.encode('Its jaws hold') as [number, number, number];
    const cache = runner.newCache(4);
    await runner.feed(ids, cache, 3, 1);
    const tree = [
      { id: first, parent: -1 },
      { id: second, parent: -1 },
      { id: third, parent: 0 },
      { id: second, parent: 2 },
    ];
    const scores = await runner.tryTree(tree, cache, 3);
    expect(cache.length).toBe(ids.length);
    const vocabulary = scores.length / tree.length;
    const written: Float32Array[] = [];
    for (const id of [first, third, second]) written.push(await runner.decode(id, cache, 3));
    const together = [0, 2, 3].map((row) => scores.subarray(row * vocabulary, (row + 1) * vocabulary));
    together.forEach((row, index) => expect(largestDifference(row, written[index]!)).toBeLessThan(1e-4));
    cache.truncate(ids.length);
    const alone = await runner.decode(second, cache, 3);
    expect(largestDifference(scores.subarray(vocabulary, 2 * vocabulary), alone)).toBeLessThan(1e-4);
  } finally {
    await runner.dispose();
  }
});

describe('random weights', () => {
  test('write lists where the model’s labels tell of them, each thing with a box in the frame', async () => {
    const directory = path.join(random.folder, 'listing');
    await cp(random.askable, directory, { recursive: true });
    const file = path.join(directory, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const labels = {
      ...{ organ: ['kidney'], state: ['Idle'], location: ['left-top'], grounding: ['suction', 'stapler'] },
      ...{ absent: 'not visible', presence: { yes: 'yes', no: 'no' }, refusals: ['cannot be told'] },
      lists: { names: ['smoke', 'blood'], counts: ['1', '2', '3'], most: 3 },
    };
    await writeFile(file, JSON.stringify({ ...manifest, labels }));
    const listing = await Answerer.open({ directory, device: 'cpu' });
    try {
      const statuses = new Set<string>();
      let lists = 0;
      let headed = 0;
      for (let seed = 1; seed <= 24; seed += 1) {
        const settings = { maxNewTokens: 700, temperature: 1.5, seed };
        const answer = await listing.answer({ frame: stripes(seed), question: 'What do you see?', settings });
        expect(answer.status, answer.raw).not.toBe('malformed');
        statuses.add(answer.status);
        expect(isWellFormed(answer.raw), answer.raw).toBe(true);
        for (const { label, box } of answer.items) {
          expect(['suction', 'stapler', 'kidney', 'smoke', 'blood']).toContain(label);
          expect(box![2]).toBeLessThanOrEqual(448);
          expect(box![3]).toBeLessThanOrEqual(364);
        }
        const { labelLogProbability, boxLogProbability, choices } = answer.evidence!;
        expect(labelLogProbability).toBeLessThan(0);
        if (answer.items.length === 0) continue;
        lists += 1;
        expect(answer.box).toBeNull();
        expect(answer.items.length).toBeLessThanOrEqual(3);
        expect(boxLogProbability).toBeLessThan(0);
        expect(Math.exp(labelLogProbability!)).toBeCloseTo(answer.probability!, 6);
        const head = [...labels.lists.counts, 'yes'].includes(answer.label!);
        if (head) headed += 1;
        else expect(answer.label).toBe(answer.items.map(({ label }) => label).join(', '));
        // What else the first thing could have been says nothing of a list.
        expect(choices.length > 0).toBe(head);
      }
      expect(lists).toBeGreaterThan(3);
      expect(headed).toBeGreaterThan(0);
      // In the data set's own words a question has one answer, of its kind.
      const settings = { maxNewTokens: 700, temperature: 1.5, seed: 3 };
      const plain = await listing.answer({
        ...{ frame: stripes(3), question: questionText.state('suction'), settings },
      });
      expect(plain.items).toEqual([]);
      expect(['Idle', 'not visible']).toContain(plain.label);
    } finally {
      await listing.dispose();
    }
  });

  test('give a well-formed answer, and say that they were made to', async () => {
    const settings = { maxNewTokens: 220 };
    const held = await nonsense.answer({ frame: stripes(1), question: 'Where?', settings });
    expect(isWellFormed(held.raw), held.raw).toBe(true);
    expect(held.status === 'answered' || held.status === 'not-visible').toBe(true);
    expect(held.notes.join(' ')).toMatch(/reasoning was ended after \d+ tokens|made to give one/);
    expect(held.tokens.generated).toBeLessThanOrEqual(220);
    const [width, height] = [448, 364];
    expect(held.box === null || (held.box[2] <= width && held.box[3] <= height)).toBe(true);
    const oneByOne = await nonsense.answer({
      frame: stripes(1),
      question: 'Where?',
      settings,
      constrained: 'token-by-token',
    });
    expect(isWellFormed(oneByOne.raw)).toBe(true);
    const free = await nonsense.answer({
      frame: stripes(1),
      question: 'Where?',
      settings,
      constrained: 'no',
    });
    expect(isWellFormed(free.raw)).toBe(false);
    expect(free.evidence?.choices ?? []).toEqual([]);
  });

  test('the same seed gives the same text, another seed another one', async () => {
    const ask = (seed: number): Promise<{ raw: string }> =>
      nonsense.answer({
        frame: stripes(3),
        question: 'Where?',
        settings: { maxNewTokens: 160, temperature: 1.5, topK: 50, topP: 0.95, repetitionPenalty: 1.1, seed },
      });
    const first = await ask(1);
    expect((await ask(1)).raw).toBe(first.raw);
    expect((await ask(2)).raw).not.toBe(first.raw);
  });
});

test('a model that declares no format is not held to one', () => {
  const constraints = new AnswerConstraints({ ...embedded.manifest, answerFormat: 'none' }, tokenizer);
  const request = { question: 'What?', resized: { width: 336, height: 280 }, prompt: '', jumpForward: true };
  expect(constraints.open(request)).toBeNull();
  expect(new AnswerConstraints(embedded.manifest, tokenizer).open(request)?.reserve).toBeGreaterThan(8);
});

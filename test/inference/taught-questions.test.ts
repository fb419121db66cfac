import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Answerer, type EngineFrame } from '../../main/inference/index.ts';
import { doubtsOf } from '../../preload/contract/doubts.ts';
import { surenessOf } from '../../preload/contract/sureness.ts';
import { describeScene } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { stripes } from './askable-model.ts';

let folder: string;
let nano: Answerer;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'taught-'));
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  const out = path.join(folder, 'nano');
  await importCheckpoint({ checkpoint, out, dtype: 'q8' });
  nano = await Answerer.open({ directory: out, device: 'cpu' });
});

afterAll(async () => {
  await nano.dispose();
  await rm(folder, { recursive: true, force: true });
});

const size = { width: 448, height: 360 };

/** A drawn frame as the model knows them; `change` gets each pixel's red, green and blue. */
function drawn(seed: number, change: (rgb: number[]) => number[] = (rgb) => rgb): EngineFrame {
  const rgba = drawScene(describeScene(seed), size);
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let pixel = 0; pixel < rgb.length / 3; pixel += 1) {
    rgb.set(change([...rgba.subarray(4 * pixel, 4 * pixel + 3)]), 3 * pixel);
  }
  return { rgb, ...size, hash: `${seed} ${change.toString()}` };
}

const organ = 'What organ is being operated?';
const ask = (frame: EngineFrame, question: string, onlyTaught: boolean) =>
  nano.answer({ frame, question, settings: {}, onlyTaught });

describe('a picture unlike those that the model was taught with', () => {
  const asked = (frame: EngineFrame, onlyLike: boolean) =>
    nano.answer({ frame, question: organ, settings: {}, onlyTaught: true, onlyLike });

  test('is refused where nobody wants an answer then, with how far it lies from them, and nothing is kept in use', async () => {
    const refused = await asked(stripes(1), true);
    expect(refused).toMatchObject({ status: 'refused', label: null, box: null, raw: '', probability: null });
    const { picture, question } = refused.evidence!;
    expect(picture!.distance).toBeGreaterThan(picture!.threshold);
    expect(question).toBeUndefined();
    expect(refused.tokens.generated).toBe(0);
    const answered = await asked(stripes(1), false);
    expect(answered.label).not.toBeNull();
    expect(answered.evidence!.picture).toEqual(picture);
  });

  test('a picture like them is answered all the same', async () => {
    expect(await asked(drawn(7), true)).toMatchObject({ status: 'answered' });
  });
});

describe('a question that the model was not taught', () => {
  test.each(['Is there a fistula?', 'asdf qwerty', 'Where is the tumor?', 'hello'])(
    '%j is refused',
    async (text) => {
      const answer = await ask(drawn(7), text, true);
      expect(answer).toMatchObject({ status: 'refused', label: null, box: null, raw: '', probability: null });
      expect(answer.evidence!.question!.untaughtWords.length).toBeGreaterThan(0);
      expect(answer.evidence!.question!.rewrites).toEqual([]);
      expect(answer.evidence!.question!.askable).toContain(organ);
      expect(answer.tokens.generated).toBe(0);
    },
  );

  test('is answered where a person wants it all the same, without a probability and under a doubt', async () => {
    const answer = await ask(drawn(7), 'Is there a fistula?', false);
    expect(answer.label).not.toBeNull();
    expect(answer.evidence!.question!.untaughtWords).toEqual(['fistula']);
    expect(doubtsOf(answer)[0]).toBe('question-untaught');
    expect(surenessOf(answer)).toBeNull();
  });

  test('is told from one that it was taught, in words of its own', async () => {
    const answer = await ask(drawn(7), 'Which organ can be seen here?', true);
    expect(['answered', 'answered-without-location']).toContain(answer.status);
    expect(answer.evidence).not.toHaveProperty('question');
  });
});

describe('a question that the model understands in other words', () => {
  const typed = "what's the organ?";

  test('is asked in words that it was taught, and its answer says so', async () => {
    const answer = await ask(drawn(7), typed, true);
    const same = await ask(drawn(7), organ, true);
    expect(answer.evidence!.askedAs).toBe(organ);
    expect(answer.evidence).not.toHaveProperty('question');
    expect(answer.raw).toBe(same.raw);
    expect(surenessOf(answer)!.probability).toBeCloseTo(surenessOf(same)!.probability, 3);
    expect(same.evidence).not.toHaveProperty('askedAs');
  });

  test('is asked as it stands where a person wants that, under a doubt', async () => {
    const answer = await ask(drawn(7), typed, false);
    expect(answer.evidence).not.toHaveProperty('askedAs');
    expect(answer.evidence!.question!.rewrites[0]).toBe(organ);
    expect(doubtsOf(answer)[0]).toBe('question-untaught');
  });

  test('says what it was asked, too, where it was stopped', async () => {
    const stop = new AbortController();
    const answer = await nano.answer(
      { frame: drawn(7), question: typed, settings: {}, onlyTaught: true },
      { signal: stop.signal, onText: () => stop.abort() },
    );
    expect(answer.status).toBe('stopped');
    expect(answer.evidence?.askedAs).toBe(organ);
    expect(surenessOf(answer)).toBeNull();
  });
});

describe('a picture that is unlike those that the model was taught with', () => {
  const unlike = async (frame: EngineFrame) =>
    doubtsOf(await ask(frame, organ, true)).includes('picture-unlike');

  test.each([11, 12, 13, 14])('is not a drawn frame that it never met, number %i', async (seed) => {
    expect(await unlike(drawn(seed))).toBe(false);
  });

  test.each<[string, () => EngineFrame]>([
    ['stripes', () => stripes(1)],
    ['black', () => drawn(11, () => [0, 0, 0])],
    ['noise', () => drawn(11, ([r, g, b]) => [(r! * 97) % 256, (g! * 89 + r!) % 256, (b! * 83 + g!) % 256])],
    ['other colours', () => drawn(11, ([r, g, b]) => [g!, b!, r!])],
    ['a negative', () => drawn(11, (rgb) => rgb.map((value) => 255 - value))],
  ])('is one of %s, and its answer has no probability', async (_, frame) => {
    const answer = await ask(frame(), organ, true);
    expect(doubtsOf(answer)).toContain('picture-unlike');
    expect(surenessOf(answer)).toBeNull();
    const { distance, threshold } = answer.evidence!.picture!;
    expect(distance).toBeGreaterThan(threshold);
  });

  test('is measured alike when the frame was looked at before', async () => {
    const first = await ask(drawn(12), organ, true);
    const second = await ask(drawn(12), 'Which organ is shown?', true);
    expect(second.frameSeenBefore).toBe(true);
    expect(second.evidence!.picture).toEqual(first.evidence!.picture);
  });
});

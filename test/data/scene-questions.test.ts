import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examineQuestion, wordsOf } from '../../preload/contract/teaching.ts';
import { validateDataset } from '../../models/data/index.ts';
import { recordFaults } from '../../models/data/dataset/check-record.ts';
import { REFUSALS, isPlaceless } from '../../models/data/dataset/language/answers.ts';
import { countForms, drawForm } from '../../models/data/dataset/language/forms.ts';
import { knownScene } from '../../models/data/dataset/language/known-scene.ts';
import {
  CLASSES,
  NAMES,
  RICH_HELD_OUT,
  RICH_TOPICS,
  RICH_WORDINGS,
} from '../../models/data/dataset/language/questions.ts';
import {
  REFUSAL_CLASSES,
  REFUSAL_WORDINGS,
  drawRefusal,
  nonsense,
} from '../../models/data/dataset/language/refusals.ts';
import { isHeldOut, wideQuestion, wideRefusal } from '../../models/data/dataset/language/wide.ts';
import { sceneQuestions } from '../../models/data/dataset/language/scene-questions.ts';
import { DatasetFile, SCENE_TYPES } from '../../models/data/dataset/record.ts';
import type { DatasetRecord } from '../../models/data/dataset/record.ts';
import { SCENE_ORGANS, TOOLS } from '../../models/data/labels.ts';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { Random, sceneSeed } from '../../models/data/scenes/random.ts';
import { THINGS, thingsOf } from '../../models/data/scenes/things.ts';
import { endovis, smallSets } from './small-sets.ts';

const sets = smallSets();
const isRich = ({ questionType }: DatasetRecord): boolean =>
  (SCENE_TYPES as readonly string[]).includes(questionType);

const size = { width: 448, height: 360 };
const scenes = Array.from({ length: 400 }, (_, i) => {
  const scene = describeScene(sceneSeed(41, i), { aspect: size.width / size.height });
  return { scene, truth: sceneTruth(scene, size), things: thingsOf(scene, size) };
});

describe('what a scene shows besides organ and instruments', () => {
  it('lies in the frame, and is there where the scene draws it', () => {
    for (const { scene, truth, things } of scenes) {
      for (const { box } of things.seen) {
        expect(box[0]).toBeGreaterThanOrEqual(0);
        expect(box[1]).toBeGreaterThanOrEqual(0);
        expect(box[2]).toBeLessThanOrEqual(size.width);
        expect(box[3]).toBeLessThanOrEqual(size.height);
        expect(Math.min(box[2] - box[0], box[3] - box[1])).toBeGreaterThan(8);
      }
      const names = new Set(things.seen.map(({ thing }) => thing));
      const states = new Set(truth.instruments.map(({ state }) => state));
      const known = (thing: (typeof THINGS)[number]): boolean =>
        names.has(thing) || things.unclear.has(thing);
      if (states.has('Cauterization') || scene.smoke.length > 0) expect(known('smoke')).toBe(true);
      if (states.has('Cutting') || states.has('Suction') || scene.pools.length > 0)
        expect(known('blood')).toBe(true);
      if (states.has('Clipping')) expect(known('clipped_vessel')).toBe(true);
      if (!states.has('Staple')) expect(names.has('staples')).toBe(false);
      if (!states.has('Ultrasound_Sensing')) expect(names.has('gel')).toBe(false);
    }
  });

  it('is each seen in some scenes and not in others, so that nobody can answer blindly', () => {
    for (const thing of THINGS) {
      const seen = scenes.filter(({ things }) => things.seen.some((item) => item.thing === thing)).length;
      expect(seen, thing).toBeGreaterThan(8);
      expect(seen, thing).toBeLessThan(300);
    }
  });

  it('surrounds the tip of the instrument that it belongs to', () => {
    const near = scenes.flatMap(({ truth, things }) =>
      things.seen.flatMap(({ tool, box }) => {
        const owner = truth.instruments.find((item) => item.tool === tool);
        return owner === undefined ? [] : [{ box, owner }];
      }),
    );
    expect(near.length).toBeGreaterThan(100);
    const meets = near.filter(
      ({ box, owner }) =>
        box[0] < owner.box[2] && owner.box[0] < box[2] && box[1] < owner.box[3] && owner.box[1] < box[3],
    );
    expect(meets.length / near.length).toBeGreaterThan(0.98);
  });
});

describe('the questions that a scene answers', () => {
  const asked = scenes.flatMap(({ truth, things }) =>
    sceneQuestions({ truth, things, onOrgan: new Set() }, new Random(truth.seed)).map((question) => ({
      question,
      truth,
    })),
  );

  it('count and list the instruments of the truth, from top to bottom', () => {
    for (const { question, truth } of asked) {
      if (question.topic !== 'count' && question.topic !== 'instruments') continue;
      expect(question.items?.map(({ label }) => label).toSorted()).toEqual(
        truth.instruments.map(({ tool }) => tool).toSorted(),
      );
      if (question.topic === 'count') expect(question.label).toBe(String(truth.instruments.length));
      const middles = question.items!.map(({ box }) => (box[1] + box[3]) / 2);
      expect(middles).toEqual(middles.toSorted((a, b) => a - b));
    }
  });

  it('say yes about as often as no, for every thing and every instrument together', () => {
    const presence = asked.filter(({ question }) => question.topic === 'presence');
    const yes = presence.filter(({ question }) => question.label === 'yes').length / presence.length;
    expect(yes).toBeGreaterThan(0.4);
    expect(yes).toBeLessThan(0.6);
  });

  it('name the instrument that a person would: furthest, nearest, doing', () => {
    const middle = (box: readonly number[], axis: 0 | 1): number => (box[axis]! + box[axis + 2]!) / 2;
    let seen = 0;
    for (const { question, truth } of asked) {
      if (question.topic !== 'furthest') continue;
      seen++;
      const axis = question.subject === 'left' || question.subject === 'right' ? 0 : 1;
      const sign = question.subject === 'left' || question.subject === 'top' ? -1 : 1;
      const best = truth.instruments.toSorted(
        (a, b) => sign * (middle(b.box, axis) - middle(a.box, axis)),
      )[0];
      expect(question.label).toBe(best?.tool);
    }
    expect(seen).toBeGreaterThan(300);
    for (const { question, truth } of asked.filter(({ question: { topic } }) => topic === 'doing')) {
      const doing = truth.instruments.filter(({ state }) => state === question.subject);
      expect(doing.map(({ tool }) => tool)).toEqual([question.label]);
    }
  });
});

describe('the language', () => {
  it('has at least 1,500 content words in questions, and thousands of forms of a kind with many', () => {
    const words = new Set<string>();
    const add = (text: string): void => {
      for (const word of wordsOf(text.replaceAll(/<\w+>|\{\w+\}/g, ' '))) words.add(word);
    };
    for (const { taught, heldOut } of [
      ...Object.values(REFUSAL_CLASSES),
      ...Object.values(CLASSES),
      ...Object.values(NAMES),
    ])
      [...taught, ...heldOut].forEach(add);
    for (const list of [...Object.values(RICH_WORDINGS), ...Object.values(RICH_HELD_OUT)]) list.forEach(add);
    for (const { taught, heldOut } of Object.values(REFUSAL_WORDINGS)) [...taught, ...heldOut].forEach(add);
    expect(words.size).toBeGreaterThan(1700);
    const forms = RICH_TOPICS.map((topic) =>
      RICH_WORDINGS[topic].reduce((sum, wording) => sum + countForms(wording, CLASSES), 0),
    );
    expect(forms.reduce((a, b) => a + b)).toBeGreaterThan(50_000);
    for (const count of forms) expect(count).toBeGreaterThan(300);
  });

  it('holds words and wordings out: no word is both taught and held out', () => {
    for (const { taught, heldOut } of [
      ...Object.values(REFUSAL_CLASSES),
      ...Object.values(CLASSES),
      ...Object.values(NAMES),
    ])
      expect(heldOut.filter((word) => taught.includes(word))).toEqual([]);
    for (const topic of RICH_TOPICS)
      expect(RICH_HELD_OUT[topic].filter((text) => RICH_WORDINGS[topic].includes(text))).toEqual([]);
  });

  it('draws with a held-out word exactly when it is asked to', () => {
    const random = new Random(3);
    const says = (text: string, list: readonly string[]): boolean =>
      list.some((word) => ` ${text.toLowerCase()} `.includes(word.toLowerCase()));
    const held = Object.values(CLASSES).flatMap(({ heldOut }) => heldOut);
    for (const topic of RICH_TOPICS) {
      for (const wording of RICH_WORDINGS[topic]) {
        expect(says(drawForm(random, wording, CLASSES) ?? '', held), wording).toBe(false);
        const other = drawForm(random, wording, CLASSES, true);
        if (other !== null) expect(says(other, held), other).toBe(true);
      }
    }
  });

  it('leaves no sign of a wording behind, in a thousand draws of each reason to refuse', () => {
    const random = new Random(8);
    for (const reason of ['picture', 'question'] as const) {
      const drawn = new Set<string>();
      for (let i = 0; i < 1000; i++) {
        const text = drawRefusal(random, reason, random.pick(['taught', 'held-out', 'held-out-words']));
        expect(text, text).not.toMatch(/<\w|\{|\}|\(|\)|\||undefined/);
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThan(200);
        drawn.add(text);
      }
      expect(drawn.size).toBeGreaterThan(800);
    }
  });

  it('words widely, and never says or builds in training what is held out for testing', () => {
    const random = new Random(12);
    for (const topic of RICH_TOPICS) {
      const about = {
        subject: { doing: 'Cutting', furthest: 'left' }[topic as string] ?? 'blood',
        named: topic === 'presence' || topic === 'nearest' || topic === 'tip' ? ('blood' as const) : null,
      };
      const drawn = new Set<string>();
      for (let i = 0; i < 300; i++) {
        const text = wideQuestion(random, topic, about);
        expect(text, topic).not.toBeNull();
        expect(text, text!).not.toMatch(/<\w|\{|\}|\(|\)|\||undefined|[A-Z]{4}/);
        expect(isHeldOut(text!), text!).toBe(false);
        drawn.add(text!);
      }
      expect(drawn.size).toBeGreaterThan(280);
      // The rule knows what it is to keep out: each held-out wording, and taught ones with a held-out word.
      for (const wording of RICH_HELD_OUT[topic])
        expect(isHeldOut(drawForm(random, wording, CLASSES)!.replace('{subject}', 'smoke')), wording).toBe(
          true,
        );
      for (const wording of RICH_WORDINGS[topic]) {
        const held = drawForm(random, wording, CLASSES, true);
        if (held !== null) expect(isHeldOut(held), held).toBe(true);
      }
    }
    for (const reason of ['picture', 'question'] as const)
      for (let i = 0; i < 200; i++) {
        const text = wideRefusal(random, reason, nonsense);
        expect(text, reason).not.toBeNull();
        expect(text, text!).not.toMatch(/<\w|\{\w|undefined|OTHER/);
        expect(isHeldOut(text!), text!).toBe(false);
      }
  });

  it('never refuses what can be asked: an organ or an instrument of the scenes by itself', () => {
    const refused = [...REFUSAL_CLASSES['anatomy']!.taught, ...REFUSAL_CLASSES['topic']!.taught];
    for (const name of [...SCENE_ORGANS, ...TOOLS]) expect(refused).not.toContain(name.replaceAll('_', ' '));
  });
});

describe('building with all questions', () => {
  it('adds to the same records of the annotation, soundly, and refuses 15 % of all', async () => {
    await sets.build();
    const core = sets.read('train');
    const out = join(sets.folder, 'all');
    await sets.build({ out, questions: 'all' });
    const all = sets.read('train', out);
    expect(all.filter((record) => !isRich(record) && record.provenance.type === 'annotation').length).toBe(
      core.length + 12,
    );
    for (const image of new Set(core.map((record) => record.image))) {
      const before = core.filter((record) => record.image === image);
      expect(all.filter((record) => record.image === image).slice(0, before.length)).toEqual(before);
    }
    for (const record of all) expect(recordFaults(record), record.question).toEqual([]);
    expect((await validateDataset(out)).faults).toEqual([]);
    const share = all.filter(({ questionType }) => questionType === 'refusal').length / all.length;
    expect(share).toBeGreaterThan(0.13);
    expect(share).toBeLessThan(0.17);
    for (const { label, box, items } of all)
      expect(box === null).toBe(isPlaceless(label) || items !== undefined);
    expect(all.some(({ wording }) => wording.startsWith('held-out'))).toBe(false);
    const rich = all.filter(isRich);
    expect(rich.filter(({ wording }) => wording === 'wide').length / rich.length).toBeGreaterThan(0.5);
    const test = sets.read('test', out);
    expect(new Set(test.filter(isRich).map(({ wording }) => wording))).toEqual(
      new Set(['dataset', 'paraphrase', 'held-out', 'held-out-words']),
    );
  });

  it('states what it teaches: its own questions pass, what is to be refused does not', async () => {
    const out = join(sets.folder, 'all');
    await sets.build({ out, questions: 'all' });
    const { taught } = DatasetFile.parse(JSON.parse(readFileSync(join(out, 'dataset.json'), 'utf8')));
    expect(taught?.kinds.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['instruments', 'count', 'presence', 'relation', 'description']),
    );
    expect(taught?.kinds.map(({ kind }) => kind)).not.toContain('refusal');
    // Of a wide wording, words in passing are stated nowhere: what they would let through is no taught question.
    for (const { questionType, question, wording } of sets.read('train', out)) {
      if (questionType !== 'refusal' && wording !== 'wide')
        expect(examineQuestion(question, taught!).taught, question).toBe(true);
    }
    const refused = sets.read('train', out).filter(({ questionType }) => questionType === 'refusal');
    const passed = refused.filter(({ question }) => examineQuestion(question, taught!).taught);
    expect(passed.length / refused.length).toBeLessThan(0.05);
    for (const { label } of refused) expect(Object.values(REFUSALS)).toContain(label);
  });

  it('refuses pictures that nobody drew, and names scenes whose truth is gone or of another drawing', async () => {
    await expect(
      sets.build({ questions: 'all', sources: [{ folder: endovis, split: 'train' }] }),
    ).rejects.toMatchObject({ code: 'invalid-input', message: /not drawn/ });
    const folder = join(sets.folder, 'changed');
    cpSync(sets.train, folder, { recursive: true });
    const file = join(folder, 'seq_1/scene/frame000.json');
    const truth = JSON.parse(readFileSync(file, 'utf8')) as { organ: { label: string } };
    writeFileSync(file, JSON.stringify({ ...truth, organ: { ...truth.organ, label: 'spleen' }, seed: 1 }));
    expect(await knownScene(join(folder, 'seq_1/left_frames/frame000.jpg'))).toMatchObject({
      reason: /another version/,
    });
    writeFileSync(join(folder, 'seq_1/scene/frame001.json'), '{');
    const built = await sets.build({ questions: 'all', sources: [{ folder, split: 'train' }] });
    expect(built.problems).toBe(2);
    expect(built.firstProblems.map(({ reason }) => reason).join()).toMatch(/another version.*cannot be read/);
    const changed = sets.read('train').filter(({ image }) => image.includes('seq_1/left_frames/frame000'));
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.some(isRich)).toBe(false);
  });
});

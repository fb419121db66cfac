import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../models/evaluation/figures.ts';
import { isWellFormed } from '../../models/evaluation/format.ts';
import { labelsFor, withoutRepeats } from '../../models/evaluation/rows.ts';
import { Random } from '../../models/data/scenes/random.ts';
import { answered, question, said } from './rows.ts';

describe('the figures of a set of answers', () => {
  const set = [
    answered(question('a', 'organ', 'kidney'), said('kidney')),
    answered(question('a', 'state', 'Suction'), said('Suction', [5, 0, 15, 10])),
    answered(question('a', 'location', 'left-top'), said('top left', null, { wellFormed: false })),
    answered(question('b', 'organ', 'kidney'), said('kidney', [0, 0, Number.NaN, 10])),
    answered(question('b', 'state', 'Idle'), said(null, null, { wellFormed: false })),
    answered(question('b', 'location', 'left-top', { box: null }), said('left top', [1, 1, 2, 2])),
  ];

  it('stand over all rows and by type of question', () => {
    const { overall, byType, blindFloorFittedOn, perClass, countedTypes } = figuresOf(set);
    expect(countedTypes).toEqual(['organ', 'state', 'location']);
    expect(overall).toMatchObject({ questions: 6, frames: 2, withBox: 5 });
    expect(overall.accuracy).toBeCloseTo(4 / 6, 12);
    // kidney 1, Suction 1, left-top 2 true 1 said 1 right: 2/3, Idle 0, unknown 0.
    expect(overall.macroF).toBeCloseTo((1 + 1 + 2 / 3 + 0 + 0) / 5, 12);
    // The last row has no true box: five count, two of them with an overlap.
    expect(overall.miou).toBeCloseTo((1 + 1 / 3) / 5, 12);
    expect(overall.miouReference).toBeCloseTo((1 + 1.155 / 1.265) / 5, 12);
    // Lookup: kidney twice right, Suction (first met) once of two, left-top twice.
    expect(overall.blindFloor).toBeCloseTo(5 / 6, 12);
    expect(overall.margin).toBeCloseTo(-1 / 6, 12);
    expect(blindFloorFittedOn).toBe('the evaluated rows');
    expect(overall.format).toEqual({ wellFormed: 4, rate: 4 / 6, unknownLabels: 2, withoutBox: 3 });
    expect(byType.organ).toMatchObject({ questions: 2, accuracy: 1, macroF: 1, miou: 0.5, blindFloor: 1 });
    expect(byType.state).toMatchObject({ questions: 2, accuracy: 0.5, blindFloor: 0.5 });
    expect(byType.state?.miou).toBeCloseTo(1 / 6, 12);
    expect(byType.location).toMatchObject({
      questions: 2,
      withBox: 1,
      accuracy: 0.5,
      miou: 0,
      blindFloor: 1,
    });
    expect(perClass['left-top']).toMatchObject({ support: 2, predicted: 1 });
  });

  it('do not depend on the order of the answers', () => {
    const random = new Random(3);
    const { overall, calibration, wordings, confusion } = figuresOf(set);
    for (let i = 0; i < 5; i++) {
      const order = set.map((row) => ({ row, key: random.next() })).sort((a, b) => a.key - b.key);
      const again = figuresOf(order.map(({ row }) => row));
      expect({
        ...again.overall,
        macroF: again.overall.macroF.toFixed(12),
        miou: again.overall.miou?.toFixed(12),
      }).toMatchObject({
        accuracy: overall.accuracy,
        macroF: overall.macroF.toFixed(12),
        miou: overall.miou?.toFixed(12),
      });
      expect(again).toMatchObject({ calibration, wordings, confusion });
    }
  });

  it('fit the blind lookup on training rows where they are given', () => {
    const { overall, blindFloorFittedOn } = figuresOf(set, {
      trainRows: [
        { question: 'other words', questionType: 'state', subject: 'suction', answer: 'Idle' },
        { question: 'organ?', questionType: 'organ', subject: null, answer: 'kidney' },
      ],
    });
    // Two organs and one state of six; no location was ever seen.
    expect(overall.blindFloor).toBeCloseTo(3 / 6, 12);
    expect(blindFloorFittedOn).toBe('training rows');
  });

  it('leave questions that name their answer out of all but the table by type', () => {
    const grounding = answered(question('c', 'grounding', 'suction'), said('suction', [90, 90, 99, 99]));
    const { overall, byType, countedTypes, perClass } = figuresOf([...set, grounding]);
    expect(overall).toEqual(figuresOf(set).overall);
    expect(byType.grounding).toMatchObject({ questions: 1, accuracy: 1, miou: 0 });
    expect(countedTypes).not.toContain('grounding');
    expect(perClass['suction']).toBeUndefined();
    expect(figuresOf([grounding])).toMatchObject({ countedTypes: ['grounding'], overall: { questions: 1 } });
  });

  it("confuse what was confused, labels in the vocabulary's order and the unknown last", () => {
    expect(figuresOf(set).confusion).toEqual({
      organ: { labels: ['kidney'], counts: [[2]] },
      state: {
        labels: ['Idle', 'Suction', 'unknown'],
        counts: [
          [0, 0, 1],
          [0, 1, 0],
          [0, 0, 0],
        ],
      },
      location: {
        labels: ['left-top', 'unknown'],
        counts: [
          [1, 1],
          [0, 0],
        ],
      },
    });
  });

  it('of no answers are no figures above nought', () => {
    expect(figuresOf([]).overall).toMatchObject({
      questions: 0,
      accuracy: 0,
      miou: null,
      illusions: { rate: null },
    });
  });
});

describe('positional illusions', () => {
  const illusions = (...set: Parameters<typeof figuresOf>[0]) => figuresOf(set).overall.illusions;
  const row = question('a', 'state', 'Idle', { box: [0, 0, 20, 20] });

  it('are right labels whose box is elsewhere, or missing', () => {
    // 20 x 10 of 20 x 20: an overlap of exactly a half is no illusion.
    expect(illusions(answered(row, said('Idle', [0, 0, 20, 10])))).toMatchObject({ count: 0, rate: 0 });
    expect(illusions(answered(row, said('Idle', [0, 0, 20, 9.9])))).toMatchObject({ count: 1, misplaced: 1 });
    expect(illusions(answered(row, said('Idle', null)))).toMatchObject({
      count: 1,
      withoutBox: 1,
      misplaced: 0,
    });
    expect(illusions(answered(row, said('Idle', [9, 9, 3, 3])))).toMatchObject({ count: 1, withoutBox: 1 });
  });

  it('are right labels whose words go against their own box', () => {
    const reasoning = 'The suction lies in the lower right. This is idle.';
    const there = said('Idle', [0, 0, 20, 20], { reasoning });
    expect(illusions(answered(row, there))).toMatchObject({ count: 1, contradictory: 1, misplaced: 0 });
    expect(
      illusions(answered(row, { ...there, reasoning: reasoning.replace('lower right', 'upper left') })),
    ).toMatchObject({ count: 0 });
    const place = question('a', 'location', 'left-top', { box: [20, 20, 60, 60] });
    // Right label, IoU 0.6, but the box's own centre lies right of the middle.
    expect(illusions(answered(place, said('left-top', [30, 20, 75, 60])))).toMatchObject({
      contradictory: 1,
      count: 1,
    });
  });

  it('are none where the label is wrong, and count among the rows with a true box', () => {
    const absent = question('b', 'state', 'not visible');
    const counted = illusions(
      answered(row, said('Cutting', [60, 60, 90, 90])),
      answered(row, said('Idle', [60, 60, 90, 90])),
      answered(row, said('Idle', [0, 0, 20, 20])),
      answered(absent, said('not visible', null)),
    );
    expect(counted).toMatchObject({ rows: 3, count: 1, rightLabels: 2, rateAmongRight: 0.5 });
    expect(counted.rate).toBeCloseTo(1 / 3, 12);
  });
});

describe('absent tools', () => {
  it('are rightly called not visible, and present ones falsely', () => {
    const { overall, perClass } = figuresOf([
      answered(question('a', 'state', 'not visible'), said('not visible', null)),
      answered(question('b', 'state', 'not visible'), said('Not Visible', null)),
      answered(question('c', 'state', 'not visible'), said('Idle')),
      answered(question('d', 'state', 'Idle'), said('not visible', null)),
      answered(question('e', 'state', 'Idle'), said('Idle')),
    ]);
    expect(overall.abstention).toEqual({
      absent: 3,
      rightly: 2,
      rate: 2 / 3,
      present: 2,
      falsely: 1,
      falseRate: 0.5,
    });
    expect(overall).toMatchObject({ accuracy: 3 / 5, withBox: 2, miou: 0.5 });
    expect(perClass['not visible']).toMatchObject({ support: 3, predicted: 3 });
  });
});

describe('calibration', () => {
  it('is over the answers that state a probability, of labels and of boxes', () => {
    const { calibration } = figuresOf([
      answered(
        question('a', 'state', 'Idle'),
        said('Idle', [0, 0, 10, 10], { probability: 0.9, boxProbability: 0.7 }),
      ),
      answered(
        question('b', 'state', 'Idle'),
        said('Cutting', [50, 50, 60, 60], { probability: 0.8, boxProbability: 0.4 }),
      ),
      answered(question('c', 'state', 'Idle'), said('Idle')),
    ]);
    expect(calibration.answer?.count).toBe(2);
    expect(calibration.answer?.error).toBeCloseTo((0.1 + 0.8) / 2, 12);
    expect(calibration.box?.error).toBeCloseTo((0.3 + 0.4) / 2, 12);
    expect(figuresOf([answered(question('c', 'state', 'Idle'), said('Idle'))]).calibration).toEqual({
      answer: null,
      box: null,
    });
  });
});

describe('other words', () => {
  const asked = (image: string, wording: 'dataset' | 'paraphrase' | 'held-out', label: string) =>
    answered(question(image, 'state', 'Idle', { wording, question: `${wording} of state?` }), said(label));

  it('cost what they cost, over all and pair by pair', () => {
    const { wordings } = figuresOf([
      asked('a', 'dataset', 'Idle'),
      asked('a', 'paraphrase', 'Idle'),
      asked('a', 'held-out', 'Idle'),
      asked('b', 'dataset', 'Idle'),
      asked('b', 'held-out', 'Cutting'),
      asked('c', 'dataset', 'Cutting'),
      asked('d', 'paraphrase', 'Idle'),
    ]);
    expect(wordings.byWording).toEqual({
      dataset: { questions: 3, accuracy: 2 / 3 },
      paraphrase: { questions: 2, accuracy: 1 },
      'held-out': { questions: 2, accuracy: 0.5 },
    });
    expect(wordings.lossPoints).toBeCloseTo(100 * (2 / 3 - 3 / 4), 10);
    expect(wordings.paired).toEqual({ groups: 2, lossPoints: 50 });
    expect(wordings.consistency).toEqual({ groups: 2, rate: 0.5 });
  });

  it('about another tool are another question', () => {
    const other = question('a', 'state', 'Idle', { subject: 'stapler', question: 'stapler?' });
    const { wordings } = figuresOf([asked('a', 'dataset', 'Idle'), answered(other, said('Cutting'))]);
    expect(wordings.consistency).toEqual({ groups: 0, rate: null });
    expect(wordings.lossPoints).toBeNull();
  });
});

describe('labels and rows', () => {
  it('are the published labels, those of the set and of the model, and "not visible"', () => {
    const labels = labelsFor(
      [question('a', 'organ', 'spleen'), question('b', 'organ', 'not visible')],
      ['liver'],
    );
    expect(labels).toHaveLength(26 + 3);
    expect(labels.slice(-3)).toEqual(['liver', 'spleen', 'not visible']);
  });

  it('that ask the same of one picture count once', () => {
    const first = question('a', 'state', 'Idle', { id: 'x#1' });
    const { rows, repeats } = withoutRepeats([
      first,
      { ...first, id: 'x#7' },
      { ...first, image: 'b', id: 'y#1' },
    ]);
    expect(rows.map(({ id }) => id)).toEqual(['x#1', 'y#1']);
    expect([...repeats]).toEqual([['x#1', ['x#7']]]);
  });
});

describe('a well-formed answer', () => {
  it.each([
    ['<think>It is seen.</think><answer>{"label": "Idle", "bbox_2d": [4,8,12,16]}</answer>', true],
    ['<think></think>\n<answer>{"label":"not visible","bbox_2d":null}</answer>\n', true],
    ['<answer>{"label": "Idle", "bbox_2d": [4,8,12,16]}</answer>', false],
    ['<think>It is seen.</think>{"label": "Idle", "bbox_2d": [4,8,12,16]}', false],
    ['<think>It is seen.</think><answer>{"label": "Idle", "bbox_2d": [4,8,12,16]}', false],
    ['<think>It is seen.</think><answer>Idle</answer>', false],
    ['<think>It is seen.</think><answer>{"label": "Idle"}</answer>', false],
    ['<think>It is seen.</think><answer>{"label": "Idle", "bbox_2d": [12,8,4,16]}</answer>', false],
    ['<think>It is seen.</think><answer>{"label": "Idle", "bbox_2d": [4,8,12]}</answer>', false],
    ['<think>It is seen.</think><answer>[{"label": "Idle", "bbox_2d": [4,8,12,16]}]</answer>', true],
    ['<think>a</think><think>b</think><answer>{"label": "Idle", "bbox_2d": null}</answer>', false],
    ['Well: <think>a</think><answer>{"label": "Idle", "bbox_2d": null}</answer>', false],
    ['', false],
  ])('%s: %s', (raw, expected) => {
    expect(isWellFormed(raw)).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import type { QuestionRow } from '../../models/data/endovis.ts';
import { evaluate, spread } from '../../models/evaluation/runner.ts';

const row = (
  image: string,
  questionType: QuestionRow['questionType'],
  question: string,
  answer: string,
  box: QuestionRow['box'] = [0, 0, 10, 10],
): QuestionRow => ({
  image,
  frameId: image,
  sequence: 'seq_1',
  question,
  questionType,
  answer,
  box,
  width: 100,
  height: 100,
});

const rows: QuestionRow[] = [
  row('a', 'organ', 'organ?', 'kidney'),
  row('a', 'state', 'state of suction?', 'Suction'),
  row('a', 'location', 'where is suction?', 'left-top'),
  row('b', 'organ', 'organ?', 'kidney'),
  row('b', 'state', 'state of suction?', 'Idle'),
  row('b', 'location', 'where is suction?', 'left-top', null),
];
const said = [
  { label: 'kidney', box: [0, 0, 10, 10], status: 'answered' },
  { label: 'Suction', box: [5, 0, 15, 10], status: 'answered' },
  { label: 'top left', box: null, status: 'answered-without-location' },
  { label: 'kidney', box: [0, 0, Number.NaN, 10], status: 'answered' },
  { label: null, box: null, status: 'malformed' },
  { label: 'left top', box: [1, 1, 2, 2], status: 'answered' },
];

describe('an evaluation', () => {
  it('gives every figure, over all rows and by type of question', async () => {
    const asked: QuestionRow[] = [];
    const progress: number[] = [];
    const result = await evaluate({
      rows,
      answer: async (question) => {
        asked.push(question);
        return said[asked.length - 1]!;
      },
      onProgress: ({ done, total }) => {
        expect(total).toBe(6);
        progress.push(done);
      },
    });
    expect(asked).toEqual(rows);
    expect(progress).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(result.questions).toBe(6);
    expect(result.accuracy).toBeCloseTo(4 / 6, 12);
    // kidney 1, Suction 1, left-top 2 true 1 said 1 right: 2/3, Idle 0, unknown 0.
    expect(result.macroF).toBeCloseTo((1 + 1 + 2 / 3 + 0 + 0) / 5, 12);
    // The last row has no true box: five count, two of them with an overlap.
    expect(result.miou).toBeCloseTo((1 + 1 / 3) / 5, 12);
    expect(result.miouReference).toBeCloseTo((1 + 1.155 / 1.265) / 5, 12);
    // Lookup: kidney twice right, Suction (first met) once of two, left-top twice.
    expect(result.blindFloor).toBeCloseTo(5 / 6, 12);
    expect(result.blindFloorFittedOn).toBe('the evaluated set');
    expect(result.unparsable).toBe(3);
    expect(result.byStatus).toEqual({ answered: 4, 'answered-without-location': 1, malformed: 1 });
    expect(result.byType.organ).toMatchObject({
      questions: 2,
      accuracy: 1,
      macroF: 1,
      miou: 0.5,
      blindFloor: 1,
    });
    expect(result.byType.state).toMatchObject({ questions: 2, accuracy: 0.5, blindFloor: 0.5 });
    expect(result.byType.state?.miou).toBeCloseTo(1 / 6, 12);
    expect(result.byType.location).toMatchObject({ questions: 2, accuracy: 0.5, miou: 0, blindFloor: 1 });
    expect(result.perClass['left-top']).toMatchObject({ support: 2, predicted: 1 });
  });

  it('fits the blind lookup on training rows when they are given', async () => {
    const result = await evaluate({
      rows,
      trainRows: [row('t', 'state', 'state of suction?', 'Cutting'), row('t', 'organ', 'organ?', 'kidney')],
      answer: async () => ({ label: null, box: null, status: 'malformed' }),
    });
    expect(result.blindFloorFittedOn).toBe('training rows');
    expect(result.blindFloor).toBeCloseTo(2 / 6, 12);
    expect(result.accuracy).toBe(0);
    expect(result.unparsable).toBe(6);
  });

  it('takes "not visible" for an answer that can be read: wrong, and without overlap', async () => {
    const result = await evaluate({
      rows: rows.slice(0, 2),
      answer: async () => ({ label: null, box: null, status: 'not-visible' }),
    });
    expect(result).toMatchObject({ accuracy: 0, miou: 0, unparsable: 0, byStatus: { 'not-visible': 2 } });
  });

  it('stops between rows when told to, and passes on what the model throws', async () => {
    const stop = new AbortController();
    let asked = 0;
    const run = evaluate({
      rows,
      signal: stop.signal,
      answer: async () => {
        asked++;
        stop.abort();
        return said[0]!;
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(asked).toBe(1);
    await expect(evaluate({ rows, answer: () => Promise.reject(new Error('engine lost')) })).rejects.toThrow(
      'engine lost',
    );
  });
});

describe('a limit', () => {
  const many = Array.from({ length: 40 }, (_, frame) =>
    ['organ', 'state', 'location'].map((type) => row(`f${frame}`, type as 'organ', `${type}?`, 'x')),
  ).flat();

  it('takes whole frames spread over the set', () => {
    const some = spread(many, 12);
    expect(some).toHaveLength(12);
    expect([...new Set(some.map(({ image }) => image))]).toEqual(['f0', 'f10', 'f20', 'f30']);
  });

  it('never takes more than there is, nor less than asked', () => {
    expect(spread(many, 500)).toHaveLength(120);
    expect(spread(many, 1)).toHaveLength(1);
    const uneven = [row('a', 'organ', 'q', 'x'), ...many.slice(0, 30)];
    for (let limit = 1; limit <= uneven.length; limit++) expect(spread(uneven, limit)).toHaveLength(limit);
  });
});

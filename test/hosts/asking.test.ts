import { expect, test } from 'vitest';
import {
  agreementInWords,
  agreementOf,
  samplesInWords,
  samplesDrawn,
} from '../../preload/contract/agreement.ts';
import { answerForMachines, answerForPeople } from '../../main/hosts/cli/asking.ts';
import type { Answer, OpenSession } from '../../preload/contract/index.ts';
import { eyeOf } from '../../main/hosts/cli/eye-option.ts';
import { settingsOfSamples } from '../../main/hosts/cli/sampling-options.ts';
import { aCase, aVideo, fullAnswer } from '../store/rows.ts';

const video = { ...aVideo('v', 'c'), availability: 'available' } as unknown as OpenSession['video'];
const open = { case: aCase('c'), video, session: { id: 's' } } as unknown as OpenSession;
const question = 'What is the state of suction?';
const warning =
  'The words say upper left; the box lies lower right. Check the picture before you use this answer.';

test('`ask` warns of an answer whose words and box disagree, and of no other', () => {
  const answer = fullAnswer('a', 'q', 's');
  const agreeing = {
    ...answer,
    reasoning: 'The suction lies below the middle.',
    box: [800, 600, 1200, 1000] as never,
  };
  const told = { ...agreeing, reasoning: 'The suction lies in the upper left.' };
  expect(answerForPeople(question, told, video)).toContain(`Warning   ${warning}`);
  expect(answerForMachines(question, told, open)).toMatchObject({ answer: { warning }, session: 's' });
  expect(answerForPeople(question, agreeing, video).filter((line) => line.startsWith('Warning'))).toEqual([]);
  expect(answerForMachines(question, agreeing, open)).toMatchObject({ answer: { warning: null } });
});

test('`ask` tells of a frame at which the file is damaged, to people and as a code', () => {
  const answer = fullAnswer('a', 'q', 's');
  const damaged = { ...answer, frame: answer.frame && { ...answer.frame, isDamaged: true } };
  expect(answerForPeople(question, damaged, video).join('\n')).toContain('The file is damaged at this frame');
  expect(answerForMachines(question, damaged, open)).toMatchObject({
    frame: { damaged: true },
    answer: { warnings: expect.arrayContaining(['picture-damaged']) as string[] },
  });
  expect(answerForPeople(question, answer, video).join('\n')).not.toContain('damaged');
  expect(answerForMachines(question, answer, open)).toMatchObject({ frame: { damaged: false } });
});

test('`ask` gives everything that an answer places as items, and tells a list line by line', () => {
  const answer = fullAnswer('a', 'q', 's');
  const corners = [10, 20, 300, 200] as [number, number, number, number];
  const listed = {
    ...answer,
    label: '2',
    box: null,
    items: [
      { label: 'prograsp_forceps', box: corners },
      { label: 'suction', box: null },
    ],
  };
  const lines = answerForPeople('How many instruments?', listed, video);
  expect(lines).toContain('Answer    2');
  expect(lines).toContain('Item      prograsp_forceps  10.0, 20.0, 300.0, 200.0 (pixels)');
  expect(lines).toContain('Item      suction  without a usable box');
  expect(answerForMachines('How many?', listed, open)).toMatchObject({
    answer: { label: '2', box: null, items: [{ label: 'prograsp_forceps', box: corners }] },
  });
  expect(answerForMachines(question, answer, open)).toMatchObject({
    answer: { items: [{ label: answer.label, box: answer.box }] },
  });
  const declined = {
    ...answer,
    status: 'refused' as const,
    label: 'cannot be told from this picture',
    box: null,
  };
  expect(answerForPeople('Will he live?', declined, video)).toEqual(
    expect.arrayContaining([
      'The model declines to answer: it was taught to tell what it can answer from what it cannot.',
      'Answer    cannot be told from this picture',
    ]),
  );
});

test('samples differ in their seed, and one is asked as it was', () => {
  expect(settingsOfSamples({ topK: 5 }, 1)).toEqual([{ topK: 5 }]);
  expect(settingsOfSamples({ topK: 5 }, 2)).toEqual([
    { temperature: 0.7, topK: 5, seed: 0 },
    { temperature: 0.7, topK: 5, seed: 1 },
  ]);
  expect(settingsOfSamples({ temperature: 1.2, seed: 2 ** 32 - 1 }, 2)).toEqual([
    { temperature: 1.2, seed: 2 ** 32 - 1 },
    { temperature: 1.2, seed: 0 },
  ]);
});

test('samples are what the model of the answer on show drew of the same picture, and are told in words', () => {
  const drawn = (label: string | null, change: Partial<Answer> = {}): Answer => ({
    ...fullAnswer('a', 'q', 's'),
    ...{ label, box: null, items: [], status: label === null ? 'malformed' : 'answered' },
    settings: { ...fullAnswer('a', 'q', 's').settings, temperature: 0.7 },
    ...change,
  });
  const greedy = drawn('liver', { settings: { ...drawn('x').settings, temperature: 0 } });
  const shown = drawn('kidney');
  const others = drawn('liver', { model: { ...shown.model!, sha256: 'f'.repeat(64) } });
  const stopped = drawn('liver', { status: 'stopped' });
  const said = (...versions: Answer[]) => samplesInWords(samplesDrawn([greedy, ...versions], shown));
  expect(said(shown)).toBeNull();
  expect(said(shown, others, stopped)).toBeNull();
  expect(said(shown, drawn('kidney'))).toBe('All 2 samples agree');
  expect(said(shown, drawn('kidney'), drawn('liver'), drawn(null))).toBe('2 of 4 samples agree');
  expect(said(shown, drawn('liver'))).toBe('No two of 2 samples agree');
  expect(said(shown, drawn('kidney'), drawn('', { status: 'queued', model: null }))).toBe(
    'All 2 samples agree, 1 more to come',
  );
});

test('the agreement of samples: labels counted, every two boxes compared, only complete answers', () => {
  const answer = fullAnswer('a', 'q', 's');
  const sample = (label: string | null, box: number[] | null, status = 'answered') =>
    ({ ...answer, label, box, status }) as typeof answer;
  const agreement = agreementOf([
    sample('kidney', [0, 0, 10, 10]),
    sample('liver', [0, 0, 10, 20]),
    sample('kidney', null, 'answered-without-location'),
    sample('spleen', [0, 0, 1, 1], 'stopped'),
  ]);
  expect(agreement).toEqual({
    complete: 3,
    labels: [
      { label: 'kidney', count: 2 },
      { label: 'liver', count: 1 },
    ],
    share: 2 / 3,
    boxes: 2,
    meanIou: 0.5,
  });
  expect(agreementInWords(agreement)).toEqual([
    'Agreement kidney 2 of 3, liver 1 of 3',
    '          2 boxes, which overlap by 0.50 (mean IoU)',
  ]);
  expect(agreementOf([])).toEqual({ complete: 0, labels: [], share: null, boxes: 0, meanIou: null });
});

test('`ask --eye` takes the layout that is given, else the one that the file states, and says what is missing', () => {
  const plain = aVideo('v', 'c') as unknown as OpenSession['video'];
  const stereo = { ...plain, streamIndex: 0, streams: [{ index: 0, stereo: 'top-bottom' }] } as never;
  expect(eyeOf({}, plain)).toBeUndefined();
  expect(eyeOf({ eye: 'both' }, plain)).toBeNull();
  expect(eyeOf({ eye: 'left', stereo: 'side-by-side', squeezed: true }, stereo)).toEqual({
    ...{ eye: 'left', layout: 'side-by-side', squeezed: true },
  });
  expect(eyeOf({ eye: 'right' }, stereo)).toEqual({ eye: 'right', layout: 'top-bottom', squeezed: false });
  expect(() => eyeOf({ eye: 'left' }, plain)).toThrow('does not say how both eyes lie');
  expect(() => eyeOf({ stereo: 'top-bottom' }, plain)).toThrow('No eye was named');
});

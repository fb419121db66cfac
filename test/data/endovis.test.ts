import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEndoVis, parseLabelLine, readEndoVis } from '../../models/data/endovis.ts';
import { questionTypeOf } from '../../models/data/labels.ts';

const fixtures = join(import.meta.dirname, '../fixtures/data');

describe('reading EndoVis-18-VQLA', () => {
  it('reads sequences in numeric order, with boxes counted from 0', async () => {
    const set = await readEndoVis(join(fixtures, 'EndoVis-18-VQLA'), { sequences: [2, 10] });
    expect(set.skipped).toEqual([]);
    expect(set.frames).toBe(2);
    expect(set.rows.map((row) => [row.sequence, row.frameId, row.questionType, row.answer])).toEqual([
      ['seq_2', 'frame000', 'organ', 'kidney'],
      ['seq_2', 'frame000', 'state', 'Suction'],
      ['seq_2', 'frame000', 'location', 'left-top'],
      ['seq_10', 'frame003', 'state', 'Staple'],
      ['seq_10', 'frame003', 'location', 'left-top'],
    ]);
    expect(set.rows[1]).toMatchObject({
      question: 'What is the state of suction?',
      box: [100, 200, 300, 400],
      width: 1280,
      height: 1024,
    });
    expect(set.rows[0]?.box).toEqual([0, 0, 1279, 1023]);
    expect(set.rows[0]?.image).toBe(join(fixtures, 'EndoVis-18-VQLA/seq_2/left_frames/frame000.png'));
  });

  it('reads a sequence without a label folder and says what it skipped, with file and line', async () => {
    const set = await readEndoVis(join(fixtures, 'EndoVis-18-VQLA'), { sequences: [5] });
    expect(set.rows.map((row) => [row.answer, row.box])).toEqual([
      ['Clipping', [0, 0, 20, 20]],
      ['right-bottom', [50, 30, 64, 48]],
    ]);
    const labels = join('seq_5', 'vqla', 'frame001_QAL.txt');
    expect(set.corrected).toEqual([
      { file: labels, line: 7, reason: 'box cut off at the edge of the 64x48 image: 51,31,81,71' },
    ]);
    expect(
      set.skipped.filter(({ file }) => file === labels).map(({ line, reason }) => [line, reason]),
    ).toEqual([
      [2, 'a box is four numbers, got "1,1,21"'],
      [3, 'expected question|answer|x1,y1,x2,y2, got 2 field(s)'],
      [4, 'a question outside the three templates'],
      [5, 'a box without area: 21,21,1,1'],
      [6, 'a box outside the 64x48 image: 101,1,121,21'],
      [8, 'an empty answer'],
    ]);
    expect(set.skipped.filter(({ line }) => line === null)).toEqual([
      {
        file: join('seq_5', 'vqla', 'frame002_QAL.txt'),
        line: null,
        reason: `the image ${join('seq_5', 'left_frames', 'frame002.png')} is not a readable PNG or JPEG`,
      },
      {
        file: join('seq_5', 'vqla', 'frame009_QAL.txt'),
        line: null,
        reason: 'no image named frame009_QAL or frame009 in seq_5',
      },
    ]);
  });

  it('reads labels without boxes and images under Train_Data, and leaves sentences out', async () => {
    const set = await readEndoVis(join(fixtures, 'EndoVis-18-VQA'));
    expect(set.rows.map((row) => [row.answer, row.box, row.sequence])).toEqual([
      ['kidney', null, 'seq_3'],
      ['Idle', null, 'seq_3'],
    ]);
    expect(set.rows[0]?.image).toContain('Train_Data');
    expect(set.skipped.map(({ reason }) => reason)).toEqual(['answers as sentences, not labels']);
  });

  it('takes one sequence, or the folder above the data sets, as well', async () => {
    const one = await readEndoVis(join(fixtures, 'EndoVis-18-VQLA', 'seq_2'));
    expect(one.rows).toHaveLength(3);
    expect(one.rows[0]?.sequence).toBe('seq_2');
    const all = await readEndoVis(fixtures);
    expect(all.rows).toHaveLength(10);
  });
});

describe('reading EndoVis-17-VQLA', () => {
  it('reads the flat layout, where label and image share the whole stem', async () => {
    const set = await readEndoVis(join(fixtures, 'EndoVis-17-VQLA'));
    expect(set.rows).toEqual([
      {
        image: join(fixtures, 'EndoVis-17-VQLA/left_frames/seq8_frame014.jpg'),
        frameId: 'seq8_frame014',
        sequence: null,
        question: 'Where is large_needle_driver located?',
        questionType: 'location',
        answer: 'right-bottom',
        box: [40, 30, 70, 50],
        width: 80,
        height: 60,
      },
    ]);
    expect(set.skipped).toEqual([]);
  });
});

describe('reading a picture at a time', () => {
  it('gives each with its label file and the numbers of its lines, and notes what it met on the way', async () => {
    const folder = await openEndoVis(join(fixtures, 'EndoVis-18-VQLA'), { sequences: [5] });
    expect(folder.labels).toHaveLength(3);
    expect(folder.skipped).toEqual([]);
    const files: string[] = [];
    const frames = [];
    for await (const frame of folder.frames({ onFile: ({ path }) => files.push(path) })) frames.push(frame);
    expect(files).toEqual(folder.labels.map(({ path }) => path));
    expect(frames).toMatchObject([
      {
        frameId: 'frame001',
        sequence: 'seq_5',
        file: join('seq_5', 'vqla', 'frame001_QAL.txt'),
        rows: [{ line: 1 }, { line: 7 }],
      },
    ]);
    expect(folder.skipped).toHaveLength(8);
    expect(folder.corrected).toHaveLength(1);
  });
});

describe('what cannot be read at all', () => {
  it('names a missing folder and a folder without questions', async () => {
    await expect(readEndoVis(join(fixtures, 'nowhere'))).rejects.toMatchObject({ code: 'file-missing' });
    await expect(readEndoVis(join(fixtures, 'EndoVis-17-VQLA', 'left_frames'))).rejects.toMatchObject({
      code: 'data-malformed',
    });
  });

  it('stops when told to', async () => {
    await expect(readEndoVis(fixtures, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe('one line', () => {
  it('keeps the case of an answer: Suction is a state, suction a tool', () => {
    const size = { width: 100, height: 100 };
    expect(parseLabelLine('What is the state of suction?|Suction|2,2,9,9', size, true)).toMatchObject({
      answer: 'Suction',
      box: [1, 1, 8, 8],
    });
    expect(parseLabelLine('What is the state of suction?|suction|2,2,9,9', size, true)).toMatchObject({
      answer: 'suction',
    });
  });

  it('takes "not visible" without a box, and no other answer', () => {
    const size = { width: 100, height: 100 };
    const line = 'Where is suction located?|not visible';
    const absent = { answer: 'not visible', box: null, note: null };
    for (const end of ['', '|', '|null', '|none'])
      expect(parseLabelLine(line + end, size, true)).toMatchObject(absent);
    expect(parseLabelLine(`${line}|1,1,50`, size, true)).toHaveProperty('reason');
    expect(parseLabelLine('Where is suction located?|left-top|', size, true)).toHaveProperty('reason');
  });

  it('tells the three kinds of question', () => {
    expect(questionTypeOf('What organ is being operated?')).toBe('organ');
    expect(questionTypeOf('What is the state of monopolar_curved_scissors?')).toBe('state');
    expect(questionTypeOf('Where is clip_applier located?')).toBe('location');
    expect(questionTypeOf('Is there blood?')).toBeUndefined();
  });
});

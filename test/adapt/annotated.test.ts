import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildDataset, openAnnotated, planByPatient, validateDataset } from '../../models/data/index.ts';
import { figuresByPatient } from '../../models/adapt/index.ts';
import { maskedPicture, maskLabels, put, twoPatients } from './marked-pictures.ts';

const top = mkdtempSync(join(tmpdir(), 'annotated-'));
const at = (...parts: string[]): string => join(top, ...parts);
afterAll(() => rmSync(top, { recursive: true, force: true }));

const reasons = (skipped: readonly { file: string; reason: string }[]): string[] =>
  skipped.map(({ file, reason }) => `${file}: ${reason}`);

describe('masks', () => {
  beforeAll(() => {
    put(at('masks/labels.json'), maskLabels);
    // A speck of the folds far away widens no box; a second part of a fair size does.
    maskedPicture(at('masks'), 'p1/s1/0', [
      [30, 30, 10],
      [80, 60, 8],
    ]);
    maskedPicture(at('masks'), 'p2/s3/0', [[30, 30, 10]]);
    maskedPicture(at('masks'), 'p2/s3/empty', []);
    maskedPicture(at('masks'), 'p2/s3/small', [[30, 30, 10]]);
    maskedPicture(at('other'), 'small', [[30, 30, 10]], [56, 42]);
    put(at('masks/annot/p2/s3/small.png'), readFileSync(at('other/annot/small.png')));
    put(at('masks/img/p2/s3/alone.png'), readFileSync(at('other/img/small.png')));
    put(at('masks/img/p2/s3/broken.png'), 'no picture');
    put(at('masks/annot/p2/s3/broken.png'), 'no picture');
  });

  test('become boxes in pixels by name, patient and recording', async () => {
    const { kind, labels, pictures } = await openAnnotated(at('masks'));
    expect(kind).toBe('masks');
    expect(labels).toEqual(['surgical_tool', 'vocal_folds']);
    expect(pictures.map(({ image, patient, sequence }) => [image, patient, sequence])).toEqual([
      ['img/p1/s1/0.png', 'p1', 'p1/s1'],
      ['img/p2/s3/0.png', 'p2', 'p2/s3'],
    ]);
    expect(pictures[0]?.things).toEqual([
      { label: 'surgical_tool', box: [72, 52, 88, 68] },
      { label: 'vocal_folds', box: [20, 20, 40, 40] },
    ]);
  });

  test('that are empty, missing, of another size or unreadable are left out and named', async () => {
    const { skipped } = await openAnnotated(at('masks'));
    expect(reasons(skipped)).toEqual([
      'img/p2/s3/alone.png: no mask of the name alone in annot',
      expect.stringContaining('img/p2/s3/broken.png: the picture is neither PNG nor JPEG'),
      'img/p2/s3/empty.png: an empty mask: none of the named values occurs in it',
      'img/p2/s3/small.png: the mask has 56x42 pixels, its picture 112x84',
    ]);
  });

  test('with several parts of a name get one box by the rule, and specks widen none', async () => {
    put(at('several/labels.json'), JSON.stringify({ '1': 'fold', '5': 'fold' }));
    maskedPicture(at('several'), 'p/s/0', [
      [30, 30, 10],
      [80, 60, 8],
    ]);
    maskedPicture(at('several'), 'p/s/1', [
      [30, 30, 20],
      [80, 60, 2],
    ]);
    const boxes = async (several: 'union' | 'largest') =>
      (await openAnnotated(at('several'), { several })).pictures.map(({ things }) => things[0]?.box);
    expect(await boxes('union')).toEqual([
      [20, 20, 88, 68],
      [10, 10, 50, 50],
    ]);
    expect(await boxes('largest')).toEqual([
      [20, 20, 40, 40],
      [10, 10, 50, 50],
    ]);
  });

  test.each([
    ['{"1": "left_fold"}', 'says a side'],
    ['{"1": "a<b"}', "can't stand in a question"],
    ['{"one": "fold"}', 'does not name the values'],
    ['{"1": null}', 'names nothing'],
    ['{', 'does not name the values'],
  ])('refuse the labels %s', async (labels, reason) => {
    put(at('labels.json'), labels);
    await expect(openAnnotated(at('masks'), { labels: at('labels.json') })).rejects.toMatchObject({
      message: expect.stringContaining(reason) as string,
    });
  });

  test('with a value that the labels do not name say which', async () => {
    put(at('few.json'), '{"1": "vocal_folds"}');
    const { skipped } = await openAnnotated(at('masks'), { labels: at('few.json') });
    expect(reasons(skipped)[0]).toBe(
      'img/p1/s1/0.png: the mask has the value 5, which the labels do not name',
    );
  });
});

const cvat = (image: string): string =>
  `<?xml version="1.0"?><annotations><version>1.1</version>\n${image}\n</annotations>`;

describe('boxes', () => {
  beforeAll(() => {
    for (const kind of ['coco', 'cvat']) {
      maskedPicture(at('plain'), 'p1/0', [[30, 30, 10]]);
      for (const name of ['p1/0.png', 'p2/0.png'])
        put(at(kind, 'images', name), readFileSync(at('plain/img/p1/0.png')));
    }
    put(
      at('coco/annotations/instances.json'),
      JSON.stringify({
        images: [
          { id: 1, file_name: 'p1/0.png', width: 112, height: 84 },
          { id: 2, file_name: 'p2/0.png', width: 640, height: 480 },
          { id: 3, file_name: 'p3/none.png', width: 112, height: 84 },
        ],
        annotations: [
          { image_id: 1, category_id: 1, bbox: [20, 20, 20, 20] },
          { image_id: 1, category_id: 2, bbox: [100, 70, 40, 10] },
          { image_id: 1, category_id: 2, bbox: [500, 500, 40, 10] },
          { image_id: 1, category_id: 1, bbox: [5, 5, 0, 3] },
          { image_id: 2, category_id: 1, bbox: [20, 20, 20, 20] },
        ],
        categories: [
          { id: 1, name: 'Grasper' },
          { id: 2, name: 'L-hook electrocautery' },
        ],
      }),
    );
    put(
      at('cvat/annotations.xml'),
      cvat(
        '<image id="0" name="p1/0.png" width="112" height="84">' +
          '<box label="grasper" xtl="20" ytl="20" xbr="40" ybr="40"/>' +
          '<polygon label="hook" points="60,60;70,50;80,66"/>' +
          '<box label="hook" xtl="-20" ytl="-20" xbr="-4" ybr="-4"/></image>',
      ),
    );
  });

  test('of COCO are read, cut at the edge, and named where they lie outside or have no area', async () => {
    const { kind, pictures, skipped, corrected } = await openAnnotated(at('coco'));
    expect(kind).toBe('coco');
    expect(pictures.map(({ things }) => things)).toEqual([
      [
        { label: 'grasper', box: [20, 20, 40, 40] },
        { label: 'l-hook_electrocautery', box: [100, 70, 112, 80] },
      ],
    ]);
    expect(reasons(skipped).map((line) => line.replace('annotations/instances.json: ', ''))).toEqual([
      'p1/0.png: a box outside the 112x84 picture: 500, 500, 540, 510',
      'p1/0.png: a box without area: 5, 5, 5, 8',
      'p2/0.png: the file says 640x480 pixels, the picture has 112x84',
      'p3/none.png: no such picture in the folder',
    ]);
    expect(corrected[0]?.reason).toContain('cut off at the edge');
  });

  test('and polygons of CVAT are read', async () => {
    const { kind, pictures, skipped } = await openAnnotated(at('cvat'));
    expect(kind).toBe('cvat');
    expect(pictures[0]?.things).toEqual([
      { label: 'grasper', box: [20, 20, 40, 40] },
      { label: 'hook', box: [60, 50, 80, 66] },
    ]);
    expect(reasons(skipped)[0]).toContain('a box outside the 112x84 picture');
  });

  test.each([
    ['<annotations><image', "can't be read as CVAT's"],
    [cvat('<track id="0" label="x"/>'), 'tracks over a video'],
    [cvat(''), 'it names no image'],
  ])('of CVAT that are broken are refused: %s', async (text, reason) => {
    put(at('bad/annotations.xml'), text);
    await expect(openAnnotated(at('bad'))).rejects.toMatchObject({
      code: 'data-malformed',
      message: expect.stringContaining(reason) as string,
    });
  });

  test('are looked for in vain in a folder without any', async () => {
    await expect(openAnnotated(at('plain/img'))).rejects.toThrow('neither masks nor boxes');
    await expect(openAnnotated(at('nowhere'))).rejects.toMatchObject({ code: 'file-missing' });
  });
});

describe('patients', () => {
  beforeAll(() => twoPatients(at('two'), 6));
  const open = () => openAnnotated(at('two'));
  const counted = (plan: ReadonlyMap<string, { split: string }> | undefined): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { split } of plan?.values() ?? []) counts[split] = (counts[split] ?? 0) + 1;
    return counts;
  };

  test('are held out whole, and frames of the new one are taken from a recording of their own', async () => {
    const folder = await open();
    const held = planByPatient([folder], { heldOut: 'p2' }).get(folder.root);
    expect(counted(held)).toEqual({ train: 6, validation: 6, test: 12 });
    expect(
      [...(held ?? [])].every(([image, { split }]) => image.includes('/p2/') === (split === 'test')),
    ).toBe(true);
    const few = planByPatient([folder], { heldOut: 'p2', newPatientFrames: 4 }).get(folder.root);
    expect(counted(few)).toEqual({ train: 10, validation: 6, test: 6 });
    const none = planByPatient([folder], { heldOut: 'p2', newPatientFrames: 0 }).get(folder.root);
    const tests = (plan: typeof none) =>
      [...(plan ?? [])].flatMap(([image, { split }]) => (split === 'test' ? [image] : []));
    expect(tests(none)).toEqual(tests(few));
  });

  test('of whom there is one alone are refused, unless that is said to be known', async () => {
    const folder = await open();
    const one = { ...folder, pictures: folder.pictures.filter(({ patient }) => patient === 'p1') };
    expect(() => planByPatient([one], { heldOut: null })).toThrow('All pictures are of one patient (p1)');
    const plan = planByPatient([one], { heldOut: null, onePatient: true }).get(folder.root);
    expect(counted(plan)).toEqual({ train: 8, validation: 2, test: 2 });
    expect(() => planByPatient([folder], { heldOut: 'p9' })).toThrow('There is no patient p9');
  });

  test('make a data set that stands the validation, with what is absent only where all is marked', async () => {
    const folder = await open();
    const plan = planByPatient([folder], { heldOut: 'p2' }).get(folder.root)!;
    const built = await buildDataset({ sources: [], annotated: [{ folder, plan }], out: at('set'), seed: 1 });
    expect(Object.keys(built.counts).sort()).toEqual(['test', 'train', 'validation']);
    const { faults } = await validateDataset(at('set'), { images: true });
    expect(faults).toEqual([]);
    const records = readFileSync(at('set/test.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(
        (line) => JSON.parse(line) as { label: string; subject: string; sequence: string; question: string },
      );
    expect(new Set(records.map(({ sequence }) => sequence))).toEqual(new Set(['p2/a', 'p2/b']));
    const absent = records.filter(({ label }) => label === 'not visible');
    expect(new Set(absent.map(({ subject }) => subject))).toEqual(new Set(['surgical_tool']));
    expect(records.map(({ question }) => question)).toContain('Where is vocal_folds located?');
  });
});

test('figures by patient stand beside what is said without a look', () => {
  const row = { patient: 'p2', subject: 'fold', questionType: 'location', width: 100, height: 100 };
  const taught = [
    { ...row, label: 'left-top', box: [0, 0, 40, 40] },
    { ...row, label: 'left-top', box: [0, 0, 60, 60] },
    { ...row, label: 'right-top', box: [60, 0, 100, 40] },
    { ...row, label: 'not visible', box: null },
  ] as Parameters<typeof figuresByPatient>[1];
  const rows = [
    { ...row, label: 'left-top', box: [0, 0, 50, 50], said: { label: 'left-top', box: [0, 0, 50, 100] } },
    { ...row, label: 'right-top', box: [50, 0, 100, 50], said: { label: 'right-top', box: null } },
    { ...row, label: 'not visible', box: null, said: { label: 'left-top', box: [0, 0, 9, 9] } },
  ] as Parameters<typeof figuresByPatient>[0];
  const [fold, all] = figuresByPatient(rows, taught, (label) => label === 'not visible');
  expect(fold).toMatchObject({ patient: 'p2', subject: 'fold', places: 2, accuracy: 1, accuracyBlind: 0.5 });
  expect(fold).toMatchObject({ miou: 0.25, absent: 1, absentRight: 0 });
  // The mean box is [20, 0, 66.7, 46.7].
  expect(fold?.miouBlind).toBeCloseTo((1400 / 3278 + 778 / 3900) / 2, 2);
  expect(all?.subject).toBe('all');
});

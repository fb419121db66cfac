import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseAnswerText, smartResize } from '../../main/inference/index.ts';
import { modelBoxToSource, iou } from '../../preload/contract/boxes.ts';
import { buildDataset, convertDataset } from '../../models/data/index.ts';
import type { ConvertOptions } from '../../models/data/index.ts';
import { FORMATS, ROW_OF } from '../../models/data/dataset/formats.ts';
import {
  answerInstructions,
  llamaFactorySize,
  modelBox,
  shownSize,
} from '../../models/data/dataset/prompt.ts';
import { DatasetRecord } from '../../models/data/dataset/record.ts';

const root = resolve(import.meta.dirname, '../fixtures/data/EndoVis-18-VQLA');
const folder = mkdtempSync(join(tmpdir(), 'convert-'));
const set = join(folder, 'set');
let records: DatasetRecord[];
let runs = 0;

beforeAll(async () => {
  await buildDataset({
    sources: [{ folder: root, split: null }],
    sequenceSplit: 'published',
    kinds: ['visual-qa', 'grounding-qa', 'chain-of-thought'],
    absent: 2,
    out: set,
  });
  records = readFileSync(join(set, 'train.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => DatasetRecord.parse(JSON.parse(line)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const convert = async (format: ConvertOptions['format'], options: Partial<ConvertOptions> = {}) => {
  const out = join(folder, `out-${runs++}`);
  return convertDataset({ folder: set, format, out, ...options });
};
const lines = (path: string): unknown[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

const resized = smartResize(
  { width: 1280, height: 1024 },
  { factor: 28, minPixels: 3136, maxPixels: 1003520 },
);
/** The box of an answer's text, back in pixels of its 1280x1024 source. */
function boxOf(text: string, space: 'resized-pixels' | 'normalized-1000' = 'resized-pixels') {
  const { corners, label } = parseAnswerText(text);
  const source = { width: 1280, height: 1024 };
  return { label, box: corners && modelBoxToSource(corners, { space, resized, source }) };
}

const Image = z.string().startsWith('/');
const Question = z.string().startsWith('<image>');
/** What the reward plug-ins take: models/training/plugins/surgery_r1_columns.py. */
const Solution = z.strictObject({
  label: z.string(),
  box: z.tuple([z.int(), z.int(), z.int(), z.int()]).nullable(),
  width: z.int(),
  height: z.int(),
  question: z.string(),
});

describe('LLaMA-Factory', () => {
  // https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md#sharegpt-format: roles take turns, human first;
  // `images` holds as many paths as the text has `<image>`.
  const Row = z.strictObject({
    conversations: z.tuple([
      z.strictObject({ from: z.literal('human'), value: Question }),
      z.strictObject({ from: z.literal('gpt'), value: z.string() }),
    ]),
    images: z.tuple([Image]),
  });

  it('reads conversations with a picture, and dataset_info.json', async () => {
    const { out, rows } = await convert('llamafactory-sharegpt');
    expect(rows['train.json']).toBe(records.length);
    const read = z.array(Row).parse(JSON.parse(readFileSync(join(out, 'train.json'), 'utf8')));
    expect(read).toHaveLength(records.length);
    for (const [i, row] of read.entries()) {
      const record = records[i]!;
      expect(row.conversations[0].value).toBe(`<image>${record.question}`);
      const { label, box } = boxOf(row.conversations[1].value);
      expect(label).toBe(record.label);
      if (record.box === null) expect(box).toBeNull();
      else if (record.width === 1280) expect(iou(box!, record.box)).toBeGreaterThan(0.97);
      expect(row.conversations[1].value.includes('<think>')).toBe(record.reasoning !== null);
      expect(row.images[0]).toBe(join(root, record.image));
    }
    expect(JSON.parse(readFileSync(join(out, 'dataset_info.json'), 'utf8'))).toEqual({
      surgery_r1_train: {
        file_name: 'train.json',
        formatting: 'sharegpt',
        columns: { messages: 'conversations', images: 'images' },
      },
      surgery_r1_test: {
        file_name: 'test.json',
        formatting: 'sharegpt',
        columns: { messages: 'conversations', images: 'images' },
      },
    });
  });

  it('is told of the names that the recipe asks for', async () => {
    const { out } = await convert('llamafactory-sharegpt');
    const recipe = readFileSync(
      resolve(import.meta.dirname, '../../models/training/recipes/llamafactory/qwen2_5_vl_3b_lora.yaml'),
      'utf8',
    );
    const [, name] = /^dataset: (\w+)$/m.exec(recipe) ?? [];
    expect(Object.keys(JSON.parse(readFileSync(join(out, 'dataset_info.json'), 'utf8')) as object)).toContain(
      name,
    );
  });
});

describe('ms-swift', () => {
  // https://swift.readthedocs.io/en/latest/Customization/Custom-dataset.html: standard format; further keys of `objects`
  // are ref, bbox, bbox_type ('real' is pixels of the file) and image_id.
  const Row = z.strictObject({
    messages: z.tuple([
      z.strictObject({ role: z.literal('user'), content: Question }),
      z.strictObject({ role: z.literal('assistant'), content: z.string() }),
    ]),
    images: z.tuple([Image]),
    objects: z
      .strictObject({
        ref: z.array(z.string()),
        bbox: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
        bbox_type: z.literal('real'),
      })
      .optional(),
  });

  it('reads messages with a picture', async () => {
    const { out } = await convert('ms-swift');
    const read = lines(join(out, 'train.jsonl')).map((row) => Row.parse(row));
    expect(read.map(({ messages }) => boxOf(messages[1].content).label)).toEqual(
      records.map(({ label }) => label),
    );
    expect(read.some(({ objects }) => objects)).toBe(false);
    expect(read.some(({ messages }) => messages[1].content.includes('<bbox>'))).toBe(false);
  });

  it('takes boxes of grounding questions as objects, one for each placeholder', async () => {
    const { out } = await convert('ms-swift', { objects: true });
    const read = lines(join(out, 'train.jsonl')).map((row) => Row.parse(row));
    let grounded = 0;
    for (const [i, { messages, objects }] of read.entries()) {
      const record = records[i]!;
      const placeholders = messages[1].content.match(/<bbox>/g)?.length ?? 0;
      expect(objects?.bbox.length ?? 0).toBe(placeholders);
      if (!objects) continue;
      grounded++;
      expect(record.kind).toBe('grounding-qa');
      expect(objects.bbox).toEqual([record.box]);
    }
    expect(grounded).toBeGreaterThan(0);
    await expect(convert('trl-grpo', { objects: true })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('hands the truth to the rewards of GRPO', async () => {
    // The same page, section PPO/GRPO: no answer; further columns are handed to the reward functions.
    const Grpo = z.strictObject({
      messages: z.tuple([z.strictObject({ role: z.literal('user'), content: Question })]),
      images: z.tuple([Image]),
      solution: z.string(),
      id: z.string(),
    });
    const { out } = await convert('ms-swift-grpo');
    const read = lines(join(out, 'train.jsonl')).map((row) => Grpo.parse(row));
    expect(read.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
    const truth = Solution.parse(JSON.parse(read[0]!.solution));
    expect(truth).toMatchObject({ label: 'kidney', width: 1120, height: 896 });
  });
});

describe('TRL', () => {
  // https://huggingface.co/docs/trl/grpo_trainer and /docs/trl/dataset_formats: prompt-only, conversational; `images`
  // beside it, for which TRL puts placeholders into the first user message; further columns reach the rewards.
  const Row = z.strictObject({
    prompt: z.tuple([z.strictObject({ role: z.literal('user'), content: z.string() })]),
    images: z.tuple([Image]),
    solution: z.string(),
    id: z.string(),
  });

  it('reads prompts without placeholders, and the truth in pixels of the resized picture', async () => {
    const { out } = await convert('trl-grpo', { kinds: ['chain-of-thought'] });
    const chosen = records.filter(({ kind }) => kind === 'chain-of-thought');
    const read = lines(join(out, 'train.jsonl')).map((row) => Row.parse(row));
    expect(read).toHaveLength(chosen.length);
    for (const [i, { prompt, solution }] of read.entries()) {
      const record = chosen[i]!;
      expect(prompt[0].content).toBe(record.question);
      const truth = Solution.parse(JSON.parse(solution));
      expect(truth).toMatchObject({ label: record.label, question: record.question });
      const size = { width: record.width, height: record.height };
      const input = { space: 'resized-pixels', minPixels: 3136, maxPixels: 1003520 } as const;
      expect(truth.box).toEqual(record.box && modelBox(record.box, size, input));
    }
  });
});

describe('verl', () => {
  // https://verl.readthedocs.io/en/latest/preparation/prepare_data.html: Parquet with data_source, prompt, ability,
  // reward_model {style, ground_truth} and extra_info; `images` as verl/utils/dataset/vision_utils.py takes them.
  const Row = z.strictObject({
    data_source: z.literal('surgery_r1'),
    prompt: z.tuple([z.strictObject({ role: z.literal('user'), content: Question })]),
    images: z.tuple([z.strictObject({ image: Image, min_pixels: z.bigint(), max_pixels: z.bigint() })]),
    ability: z.enum(['organ', 'state', 'location', 'grounding']),
    reward_model: z.strictObject({ style: z.literal('rule'), ground_truth: z.string() }),
    extra_info: z.strictObject({
      split: z.literal('train'),
      index: z.bigint(),
      id: z.string(),
      question: z.string(),
    }),
  });

  it('reads Parquet with nested columns', async () => {
    const { out, rows } = await convert('verl', { maxPixels: 501760 });
    expect(rows).toEqual({ 'train.parquet': records.length, 'test.parquet': expect.any(Number) as number });
    const file = new Uint8Array(readFileSync(join(out, 'train.parquet'))).buffer;
    const read = (await parquetReadObjects({ file })).map((row) => Row.parse(row));
    expect(read.map(({ extra_info }) => extra_info.id)).toEqual(records.map(({ id }) => id));
    expect(read.map(({ extra_info }) => Number(extra_info.index))).toEqual(records.map((_, i) => i));
    expect(read[0]?.images[0].max_pixels).toBe(501760n);
    const truth = Solution.parse(JSON.parse(read[0]!.reward_model.ground_truth));
    expect(truth.width * truth.height).toBeLessThanOrEqual(501760);
    expect(readFileSync(join(out, 'train.parquet')).subarray(0, 4).toString()).toBe('PAR1');
  });
});

describe('every format', () => {
  it('writes boxes inside the model’s own extent, whatever the space', async () => {
    const source = { width: 640, height: 512 };
    for (const space of ['resized-pixels', 'normalized-1000'] as const) {
      const input = { space, minPixels: 3136, maxPixels: 100352 };
      const extent =
        space === 'normalized-1000'
          ? { width: 1000, height: 1000 }
          : smartResize(source, { factor: 28, ...input });
      for (const box of [
        [0, 0, 640, 512],
        [639.9, 511.9, 640, 512],
        [0, 0, 0.1, 0.1],
      ] as const) {
        const [x1, y1, x2, y2] = modelBox([...box], source, input);
        expect(x1 >= 0 && y1 >= 0 && x1 < x2 && y1 < y2, String(box)).toBe(true);
        expect(x2 <= extent.width && y2 <= extent.height, String(box)).toBe(true);
      }
    }
    const { out } = await convert('ms-swift', { space: 'normalized-1000', kinds: ['grounding-qa'] });
    const grounding = records.filter(({ kind }) => kind === 'grounding-qa');
    for (const [i, row] of (
      lines(join(out, 'train.jsonl')) as { messages: { content: string }[] }[]
    ).entries()) {
      const { box } = boxOf(row.messages[1]?.content ?? '', 'normalized-1000');
      const record = grounding[i]!;
      if (record.box && record.width === 1280) expect(iou(box!, record.box)).toBeGreaterThan(0.97);
    }
  });

  it('says the format of an answer only when asked to', async () => {
    const { out } = await convert('trl-grpo', { instructions: true, space: 'normalized-1000' });
    const [row] = lines(join(out, 'train.jsonl')) as [{ prompt: { content: string }[]; solution: string }];
    expect(row.prompt[0]?.content).toBe(
      `What organ is being operated?\n${answerInstructions('normalized-1000')}`,
    );
    expect(answerInstructions('normalized-1000')).toContain('thousandths');
    // The truth is then in pixels of the source: rewards bring the answer's box there.
    expect(JSON.parse(row.solution)).toMatchObject({ width: 1280, height: 1024, box: [0, 0, 1279, 1023] });
  });

  it.each(FORMATS)('%s leaves nothing half done on a full disk', async (format) => {
    const out = join(folder, `full-${format}`);
    mkdirSync(out);
    const name = { 'llamafactory-sharegpt': 'train.json', verl: 'train.parquet' }[format as string];
    symlinkSync('/dev/full', join(out, `${name ?? 'train.jsonl'}.partial`));
    await expect(convertDataset({ folder: set, format, out })).rejects.toMatchObject({ code: 'store-full' });
    expect(readdirSync(out)).toEqual([]);
  });

  it('names a line that is no record, pictures that are gone, folders in use and impossible sizes', async () => {
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    const info = readFileSync(join(set, 'dataset.json'), 'utf8');
    writeFileSync(join(broken, 'dataset.json'), info);
    const first = readFileSync(join(set, 'train.jsonl'), 'utf8').split('\n')[0] ?? '';
    writeFileSync(join(broken, 'train.jsonl'), `${first}\n{"id": 3}\n`);
    const out = join(folder, 'never');
    const failing = { folder: broken, format: 'ms-swift', out } as const;
    await expect(convertDataset(failing)).rejects.toMatchObject({
      code: 'data-malformed',
      message: /train\.jsonl:2: id/,
    });
    expect(readdirSync(out)).toEqual([]);
    writeFileSync(join(broken, 'dataset.json'), info.replace(root, '/nowhere'));
    await expect(convertDataset(failing)).rejects.toMatchObject({
      code: 'file-missing',
      message: /\/nowhere\/seq_2/,
    });
    await expect(convertDataset({ ...failing, out: set })).rejects.toMatchObject({
      message: /already holds a data set/,
    });
    await expect(convert('verl', { minPixels: 9000, maxPixels: 4000 })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await expect(convert('verl', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe('the size that LLaMA-Factory shows', () => {
  const input = { space: 'resized-pixels', minPixels: 3136, maxPixels: 1003520 } as const;
  it.each([
    // It resizes twice: to 1335x751, and that to whole patches.
    [
      { width: 1920, height: 1080 },
      { width: 1344, height: 756 },
    ],
    [
      { width: 1280, height: 1024 },
      { width: 1120, height: 896 },
    ],
    [
      { width: 640, height: 480 },
      { width: 644, height: 476 },
    ],
    [
      { width: 20, height: 30 },
      { width: 56, height: 56 },
    ],
  ])('of %o is %o', (source, size) => {
    expect(llamaFactorySize(source, input)).toEqual(size);
  });

  it('is the size of the boxes in its rows', () => {
    const source = { width: 1920, height: 1080 };
    expect(shownSize(source, input)).toEqual({ width: 1316, height: 728 });
    const box: [number, number, number, number] = [960, 540, 1920, 1080];
    expect(modelBox(box, source, input, llamaFactorySize(source, input))).toEqual([672, 378, 1344, 756]);
    const record = { ...records.find(({ box }) => box !== null)!, ...source, box, items: undefined };
    const row = ROW_OF['llamafactory-sharegpt'](
      record,
      { image: 'a.png', index: 0 },
      { ...input, instructions: false, objects: false },
    );
    expect(JSON.stringify(row)).toContain('[672, 378, 1344, 756]');
  });
});

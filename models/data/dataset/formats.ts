import { absentLabel } from '../../../preload/contract/coherence.ts';
import type { Box } from '../../../preload/contract/values.ts';
import { words } from './grammar.ts';
import { answerText, llamaFactorySize, modelBox, promptText, shownSize, solutionText } from './prompt.ts';
import type { ModelInput } from './prompt.ts';
import type { ColumnType } from './parquet-file.ts';
import type { DatasetRecord, Split } from './record.ts';

/** Rows in the formats that other trainers read; one function each, of nothing but the record. */

export const FORMATS = ['llamafactory-sharegpt', 'ms-swift', 'ms-swift-grpo', 'trl-grpo', 'verl'] as const;
export type Format = (typeof FORMATS)[number];

/** Formats of reinforcement, whose rewards hold an answer against one label and one box. */
const REWARDED: readonly Format[] = ['ms-swift-grpo', 'trl-grpo', 'verl'];

/** Whether a format can hold a record: rewards know neither lists nor answers without a place. */
export const fits = (format: Format, { box, label, items }: DatasetRecord): boolean =>
  !REWARDED.includes(format) || (items === undefined && (box !== null || label === absentLabel));

export interface RowOptions extends ModelInput {
  /** Say the answer's format behind every question. */
  instructions: boolean;
  /** ms-swift puts boxes of grounding questions in itself, from `objects` in pixels of the source. */
  objects: boolean;
}

/** A record with the absolute path of its picture and its number in the split. */
export interface RowContext {
  image: string;
  index: number;
}

const boxText =
  (record: DatasetRecord, options: RowOptions, size = shownSize(record, options)) =>
  (box: Box | null): string =>
    box === null ? 'null' : `[${modelBox(box, record, options, size).join(', ')}]`;

const asked = (record: DatasetRecord, options: RowOptions): string =>
  promptText(record.question, options.space, options.instructions);

/** The placeholder of a picture in LLaMA-Factory, ms-swift and verl. */
const IMAGE = '<image>';

/** https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md#sharegpt-format, with an `images` column. */
function llamaFactory(record: DatasetRecord, { image }: RowContext, options: RowOptions): object {
  return {
    conversations: [
      { from: 'human', value: `${IMAGE}${asked(record, options)}` },
      {
        from: 'gpt',
        value: answerText(record, boxText(record, options, llamaFactorySize(record, options))),
      },
    ],
    images: [image],
  };
}

/** The entry of a split in LLaMA-Factory's `dataset_info.json`. */
export const datasetInfo = (splits: readonly Split[]): object =>
  Object.fromEntries(
    splits.map((split) => [
      `surgery_r1_${split}`,
      {
        file_name: `${split}.json`,
        formatting: 'sharegpt',
        columns: { messages: 'conversations', images: 'images' },
      },
    ]),
  );

/**
 * https://swift.readthedocs.io/en/latest/Customization/Custom-dataset.html#supervised-fine-tuning and #grounding. With
 * `objects`, ms-swift writes the box in place of `<bbox>`, in the model's coordinates; QWENVL_BBOX_FORMAT=new makes
 * that `[x1, y1, x2, y2]`, as everywhere else here.
 */
function swift(record: DatasetRecord, { image }: RowContext, options: RowOptions): object {
  if (!options.objects || record.kind !== 'grounding-qa' || record.box === null) {
    return {
      messages: [
        { role: 'user', content: `${IMAGE}${asked(record, options)}` },
        { role: 'assistant', content: answerText(record, boxText(record, options)) },
      ],
      images: [image],
    };
  }
  return {
    messages: [
      { role: 'user', content: `${IMAGE}${asked(record, options)}` },
      { role: 'assistant', content: answerText(record, () => '<bbox>') },
    ],
    images: [image],
    objects: { ref: [words(record.subject)], bbox: [record.box], bbox_type: 'real' },
  };
}

/** https://swift.readthedocs.io/en/latest/Customization/Custom-dataset.html#ppo-grpo: further columns reach the rewards. */
function swiftGrpo(record: DatasetRecord, { image }: RowContext, options: RowOptions): object {
  return {
    messages: [{ role: 'user', content: `${IMAGE}${asked(record, options)}` }],
    images: [image],
    solution: solutionText(record, options),
    id: record.id,
  };
}

/**
 * https://huggingface.co/docs/trl/grpo_trainer#vision-language-model-vlm-training: a conversational `prompt`, to which
 * TRL adds the picture of `images`; further columns reach the rewards.
 */
function trlGrpo(record: DatasetRecord, { image }: RowContext, options: RowOptions): object {
  return {
    prompt: [{ role: 'user', content: asked(record, options) }],
    images: [image],
    solution: solutionText(record, options),
    id: record.id,
  };
}

/**
 * https://verl.readthedocs.io/en/latest/preparation/prepare_data.html, pictures as verl/utils/dataset/vision_utils.py
 * hands them to qwen_vl_utils: a path with the limits of its resize.
 */
function verl(record: DatasetRecord, { image, index }: RowContext, options: RowOptions): object {
  const { minPixels, maxPixels } = options;
  return {
    data_source: 'surgery_r1',
    prompt: [{ role: 'user', content: `${IMAGE}${asked(record, options)}` }],
    images: [{ image, min_pixels: minPixels, max_pixels: maxPixels }],
    ability: record.questionType,
    reward_model: { style: 'rule', ground_truth: solutionText(record, options) },
    extra_info: { split: record.split, index, id: record.id, question: record.question },
  };
}

export const VERL_COLUMNS: Readonly<Record<string, ColumnType>> = {
  data_source: 'text',
  prompt: { list: { group: { role: 'text', content: 'text' } } },
  images: { list: { group: { image: 'text', min_pixels: 'integer', max_pixels: 'integer' } } },
  ability: 'text',
  reward_model: { group: { style: 'text', ground_truth: 'text' } },
  extra_info: { group: { split: 'text', index: 'integer', id: 'text', question: 'text' } },
};

export const ROW_OF: Readonly<
  Record<Format, (record: DatasetRecord, context: RowContext, options: RowOptions) => object>
> = {
  'llamafactory-sharegpt': llamaFactory,
  'ms-swift': swift,
  'ms-swift-grpo': swiftGrpo,
  'trl-grpo': trlGrpo,
  verl,
};

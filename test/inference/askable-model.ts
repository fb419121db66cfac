import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { statementName } from '../../main/inference/model/model-statement.ts';
import { ModelTokenizer } from '../../main/inference/model/tokenizer.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { ModelRunner, openModelDirectory, type EngineFrame } from '../../main/inference/index.ts';
import { goldenFolder } from './golden.ts';

/** A checkpoint's tokens that have a meaning of their own, at the ids of the golden model's config.json. */
const special: Record<number, string> = {
  500: '<|im_start|>',
  501: '<|im_end|>',
  502: '<|vision_start|>',
  503: '<|vision_end|>',
  504: '<|vision_pad|>',
  505: '<|image_pad|>',
  506: '<|video_pad|>',
};

export const chatTemplate =
  "{% for message in messages %}<|im_start|>{{ message['role'] }}\n" +
  "{% for part in message['content'] %}{% if part['type'] == 'image' %}" +
  "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}" +
  '<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

/** GPT-2's printable character for every byte, which byte-level tokenizers spell their tokens in. */
function byteAlphabet(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let extra = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    if (printable(byte)) return String.fromCodePoint(byte);
    extra += 1;
    return String.fromCodePoint(255 + extra);
  });
}

export function tokenizerFile(names: Record<number, string> = special): object {
  const vocabulary: Record<string, number> = {};
  byteAlphabet().forEach((character, byte) => (vocabulary[character] = byte));
  for (let id = 256; id < 512; id += 1) if (!(id in names)) vocabulary[`Ġword${id}`] = id;
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Object.entries(names).map(([id, content]) => ({
      id: Number(id),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'NFC' },
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabulary,
      merges: [],
    },
  };
}

export interface TestModels {
  readonly folder: string;
  /** The golden weights with a tokenizer: it can be asked, and answers nonsense. */
  readonly askable: string;
  /** The golden weights as they are. */
  readonly withoutTokenizer: string;
  remove(): Promise<void>;
}

export async function makeCheckpoint(to: string, tokenizer: object): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of ['config.json', 'model.safetensors', 'preprocessor_config.json']) {
    await cp(`${goldenFolder}model_tied/${name}`, path.join(to, name));
  }
  await writeFile(path.join(to, 'tokenizer.json'), JSON.stringify(tokenizer));
  // Its template speaks of no tags, and without a word on that it would be taken to list boxes.
  await writeFile(path.join(to, statementName), JSON.stringify({ answerFormat: 'think-answer-json' }));
  await writeFile(
    path.join(to, 'tokenizer_config.json'),
    JSON.stringify({
      tokenizer_class: 'Qwen2Tokenizer',
      eos_token: '<|im_end|>',
      chat_template: chatTemplate,
    }),
  );
}

/** Imports models of random weights into a temporary folder. */
export async function makeTestModels(): Promise<TestModels> {
  const folder = await mkdtemp(path.join(tmpdir(), 'test-models-'));
  const checkpoint = path.join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, tokenizerFile());
  const askable = path.join(folder, 'askable');
  await importCheckpoint({ checkpoint, out: askable, dtype: 'fp32' });
  const withoutTokenizer = path.join(folder, 'without-tokenizer');
  await importCheckpoint({ checkpoint: `${goldenFolder}model_tied`, out: withoutTokenizer, dtype: 'fp32' });
  return { folder, askable, withoutTokenizer, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The model that can be asked, on the CPU. Its runner is the caller's to dispose of. */
export async function openAskable({
  askable,
}: TestModels): Promise<{ runner: ModelRunner; tokenizer: ModelTokenizer }> {
  const model = await openModelDirectory(askable);
  return {
    runner: await ModelRunner.open(model, { device: 'cpu' }),
    tokenizer: await ModelTokenizer.open(model),
  };
}

/** A frame of diagonal stripes; the seed moves them. */
export function stripes(seed: number, width = 448, height = 364): EngineFrame {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rgb.set([(x + seed * 17) % 256, (y * 2 + seed) % 256, ((x + y) * 3) % 256], (y * width + x) * 3);
    }
  }
  return { rgb, width, height, hash: `stripes-${seed}-${width}x${height}` };
}

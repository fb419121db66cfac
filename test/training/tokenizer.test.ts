import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';

/**
 * The embedded model's tokenizer in the library that the engine uses, against the ids that the Python encoder of
 * the training code gave (tokenizer_sentences.py).
 */
interface Encoder {
  encode: (text: string, options: { add_special_tokens: boolean }) => { ids: number[] };
  decode: (ids: number[], options: { skip_special_tokens: boolean }) => string;
}

interface Sentence {
  text: string;
  ids: number[];
}

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const nano = (name: string): Record<string, unknown> =>
  JSON.parse(read(`../../models/nano/${name}`)) as Record<string, unknown>;
const tokenizerConfig = nano('tokenizer_config.json');
// The package's own types name a module that its typings leave out, so the two calls are described here.
const Library = Tokenizer as unknown as new (tokenizer: object, config: object) => Encoder;
const tokenizer = new Library(nano('tokenizer.json'), tokenizerConfig);
const sentences = JSON.parse(read('tokenizer_sentences.json')) as Sentence[];
const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;

describe("the embedded model's tokenizer", () => {
  test('encodes 200 sentences as the training code does, and decodes them to the same text', () => {
    expect(sentences).toHaveLength(200);
    for (const { text, ids } of sentences) {
      expect(encode(text), text).toEqual(ids);
      if (ids.length > 0) expect(tokenizer.decode(ids, { skip_special_tokens: false })).toBe(text);
    }
  });

  test('every coordinate of the resized image is one token', () => {
    for (let value = 0; value <= 448; value += 4) expect(encode(String(value))).toHaveLength(1);
  });

  test('the tags of an answer stay in the text when special tokens are left out', () => {
    const text =
      '<think>The suction lies in the upper left.</think><answer>{"label": "Idle", "bbox_2d": [0,4,100,448]}</answer>';
    expect(tokenizer.decode(encode(`${text}<|im_end|>`), { skip_special_tokens: true })).toBe(text);
  });

  test('the chat template lays out a question as it was trained', () => {
    const template = new Template(tokenizerConfig['chat_template'] as string);
    const content = [{ type: 'image' }, { type: 'text', text: 'Where is suction located?' }];
    const text = template.render({ messages: [{ role: 'user', content }], add_generation_prompt: true });
    expect(text).toBe(
      '<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Where is suction located?<|im_end|>\n' +
        '<|im_start|>assistant\n',
    );
  });
});

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { copyPlainCheckpoint } from '../../import/plain-checkpoint.ts';
import { makeTransformersFolder } from '../../inference/transformers-models.ts';

/** Sound folders, of which spoilt copies are made. */
export interface SoundFolders {
  /** The embedded model's checkpoint as Hugging Face would have it. */
  readonly checkpoint: string;
  /** Its graphs as for transformers.js. */
  readonly graphs: string;
}

export async function makeSoundFolders(root: string): Promise<SoundFolders> {
  const checkpoint = copyPlainCheckpoint(join(root, 'sound-checkpoint'));
  const graphs = await makeTransformersFolder(join(root, 'sound-graphs'), {
    checkpoint,
    attention: 'concat',
  });
  return { checkpoint, graphs };
}

type Json = Record<string, unknown>;

/** One way to spoil a folder that was sound. */
export interface Spoiling {
  readonly name: string;
  readonly kind: keyof SoundFolders;
  readonly spoil: (folder: string) => void;
}

const decoder = (folder: string): string => join(folder, 'onnx', 'decoder_model_merged.onnx');

/** Puts something else in the place of a file. */
function replace(file: string, make: (file: string) => void): void {
  rmSync(file, { recursive: true, force: true });
  make(file);
}

function changeJson(file: string, change: (json: Json) => void): void {
  const json = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Json) : {};
  change(json);
  writeFileSync(file, JSON.stringify(json));
}

const config = (folder: string, change: (json: Json) => void): void =>
  changeJson(join(folder, 'config.json'), change);

/** A file that is large by its size alone. */
function sparse(file: string, head: Uint8Array, bytes: number): void {
  const handle = openSync(file, 'w');
  writeSync(handle, head);
  ftruncateSync(handle, bytes);
  closeSync(handle);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

function safetensors(file: string, header: string): void {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  writeFileSync(file, Buffer.concat([length, Buffer.from(header)]));
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** What no file is: each stands in the place of one that is read. */
const places: Readonly<Record<string, (file: string) => void>> = {
  'a pipe': (file) => void execFileSync('mkfifo', [file]),
  'a device without end': (file) => symlinkSync('/dev/zero', file),
  'a device': (file) => symlinkSync('/dev/null', file),
  'a folder': (file) => void mkdirSync(file),
  'a link to nothing': (file) => symlinkSync('/nowhere/at/all', file),
  'a link to itself': (file) => symlinkSync(file, file),
  'a file of the system': (file) => symlinkSync('/proc/self/mem', file),
  'a log that is waited for': (file) => symlinkSync('/proc/kmsg', file),
};

const read: readonly (readonly [keyof SoundFolders, string])[] = [
  ['checkpoint', 'config.json'],
  ['checkpoint', 'model.safetensors'],
  ['checkpoint', 'model.safetensors.index.json'],
  ['checkpoint', 'tokenizer.json'],
  ['checkpoint', 'tokenizer_config.json'],
  ['checkpoint', 'preprocessor_config.json'],
  ['checkpoint', 'generation_config.json'],
  ['checkpoint', 'chat_template.jinja'],
  ['checkpoint', 'surgery-r1.json'],
  ['checkpoint', 'manifest.json'],
  ['checkpoint', 'adapter_config.json'],
  ['checkpoint', 'README.md'],
  ['graphs', 'config.json'],
  ['graphs', 'tokenizer.json'],
  ['graphs', 'chat_template.jinja'],
  ['graphs', 'surgery-r1.json'],
  ['graphs', 'onnx'],
  ['graphs', 'onnx/decoder_model_merged.onnx'],
  ['graphs', 'onnx/decoder_model_merged.onnx_data'],
  ['graphs', 'onnx/vision_encoder.onnx'],
];

/** Files that are none; on Windows there is no such thing. */
const inPlaceOfFiles: readonly Spoiling[] =
  process.platform === 'win32'
    ? []
    : read.flatMap(([kind, file]) =>
        Object.entries(places).map(([what, make]): Spoiling => ({
          name: `${file} of the ${kind} is ${what}`,
          kind,
          spoil: (folder) => replace(join(folder, file), make),
        })),
      );

const claims: readonly (readonly [field: string, value: unknown, part?: string])[] = [
  ['num_hidden_layers', 1e7],
  ['num_hidden_layers', 2e9],
  ['num_hidden_layers', 1000],
  ['num_hidden_layers', -1],
  ['num_key_value_heads', 2e9],
  ['num_attention_heads', 2 ** 53],
  ['hidden_size', 1e300],
  ['vocab_size', 2e9],
  ['max_position_embeddings', 2 ** 53],
  ['depth', 2e9, 'vision_config'],
  ['window_size', 1e9, 'vision_config'],
  ['patch_size', 1e9, 'vision_config'],
  ['spatial_merge_size', 1e6, 'vision_config'],
  ['fullatt_block_indexes', Array.from({ length: 1e5 }, () => 0), 'vision_config'],
  ['eos_token_id', Array.from({ length: 1e5 }, (_, id) => id)],
  ['architectures', 'x'.repeat(1e6)],
  ['__proto__', { polluted: true }],
];

const falseClaims: readonly Spoiling[] = (['checkpoint', 'graphs'] as const).flatMap((kind) =>
  claims.map(([field, value, part], index): Spoiling => ({
    name: `config.json of the ${kind} claims ${part === undefined ? '' : `${part}.`}${field} (${index})`,
    kind,
    spoil: (folder) =>
      config(folder, (json) => {
        const of = [json, json['text_config'] as Json | undefined].filter((one) => one !== undefined);
        for (const one of part === undefined ? of : [json[part] as Json]) one[field] = value;
      }),
  })),
);

const single: readonly Spoiling[] = [
  {
    name: 'a header of 88 MB with 1.5 million tensors',
    kind: 'checkpoint',
    spoil: (folder) => {
      const entries = Array.from(
        { length: 1_500_000 },
        (_, index) => `"t${index}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,
      );
      safetensors(join(folder, 'model.safetensors'), `{${entries.join(',')}}`);
    },
  },
  {
    name: 'a header that is nested five million times',
    kind: 'checkpoint',
    spoil: (folder) => safetensors(join(folder, 'model.safetensors'), nested(5_000_000)),
  },
  {
    name: 'a header that claims 2 GB of a sparse file',
    kind: 'checkpoint',
    spoil: (folder) =>
      sparse(join(folder, 'model.safetensors'), Uint8Array.of(0, 0, 0, 128, 0, 0, 0, 0), 3 * 2 ** 30),
  },
  {
    name: 'tensors of 2^53 values',
    kind: 'checkpoint',
    spoil: (folder) =>
      safetensors(
        join(folder, 'model.safetensors'),
        `{"a":{"dtype":"F32","shape":[${2 ** 53 - 1},${2 ** 53 - 1}],"data_offsets":[0,${2 ** 53 - 1}]}}`,
      ),
  },
  {
    name: 'an index of a hundred thousand files',
    kind: 'checkpoint',
    spoil: (folder) =>
      changeJson(join(folder, 'model.safetensors.index.json'), (json) => {
        json['weight_map'] = Object.fromEntries(
          Array.from({ length: 100_000 }, (_, index) => [`t${index}`, `model-${index}.safetensors`]),
        );
      }),
  },
  {
    name: 'a config.json that is nested five million times',
    kind: 'checkpoint',
    spoil: (folder) => writeFileSync(join(folder, 'config.json'), `{"a":${nested(5_000_000)}}`),
  },
  {
    name: 'a config.json that is nested three million times in less than 8 MB',
    kind: 'graphs',
    spoil: (folder) => writeFileSync(join(folder, 'config.json'), `{"a":${nested(3_000_000)}}`),
  },
  {
    name: 'a config.json of 6 GB',
    kind: 'checkpoint',
    spoil: (folder) => truncateSync(join(folder, 'config.json'), 6 * 2 ** 30),
  },
  {
    name: 'a tokenizer.json of 6 GB',
    kind: 'graphs',
    spoil: (folder) => truncateSync(join(folder, 'tokenizer.json'), 6 * 2 ** 30),
  },
  {
    name: 'a README of 8 GB',
    kind: 'checkpoint',
    spoil: (folder) => sparse(join(folder, 'README.md'), Buffer.from('# Model'), 8 * 2 ** 30),
  },
  {
    name: 'thousands of files',
    kind: 'graphs',
    spoil: (folder) => {
      for (let index = 0; index < 5000; index += 1) {
        writeFileSync(join(folder, 'onnx', `decoder_model_merged_${index}.onnx`), '');
      }
    },
  },
  {
    name: 'a graph of one field of 2 GiB in a sparse file',
    kind: 'graphs',
    spoil: (folder) =>
      sparse(decoder(folder), Uint8Array.from([7 * 8 + 2, ...varint(3 * 2 ** 30 - 6)]), 3 * 2 ** 30),
  },
  {
    name: 'a field of 2 GiB beside the graph',
    kind: 'graphs',
    spoil: (folder) =>
      sparse(decoder(folder), Uint8Array.from([3 * 8 + 2, ...varint(3 * 2 ** 30 - 6)]), 3 * 2 ** 30),
  },
  {
    name: 'a graph of 60 MB of tiny fields',
    kind: 'graphs',
    spoil: (folder) => {
      const body = Buffer.alloc(60 * 2 ** 20);
      for (let at = 0; at < body.length; at += 2) body[at] = 8;
      writeFileSync(decoder(folder), Buffer.concat([Buffer.from([7 * 8 + 2, ...varint(body.length)]), body]));
    },
  },
  {
    name: 'a graph that is cut',
    kind: 'graphs',
    spoil: (folder) => truncateSync(decoder(folder), 5000),
  },
  {
    name: 'a graph that is empty',
    kind: 'graphs',
    spoil: (folder) => truncateSync(decoder(folder), 0),
  },
  {
    name: 'tokens with an id of 2^31',
    kind: 'graphs',
    spoil: (folder) =>
      changeJson(join(folder, 'tokenizer.json'), (json) => {
        (json['added_tokens'] as Json[]).push({ id: 2 ** 31, content: '<|far|>', special: true });
      }),
  },
  {
    name: 'a vocabulary with an id of 1e9',
    kind: 'graphs',
    spoil: (folder) =>
      changeJson(join(folder, 'tokenizer.json'), (json) => {
        ((json['model'] as Json)['vocab'] as Json)['far'] = 1e9;
      }),
  },
  {
    name: 'a vocabulary that is a list of numbers',
    kind: 'graphs',
    spoil: (folder) =>
      changeJson(join(folder, 'tokenizer.json'), (json) => {
        (json['model'] as Json)['vocab'] = [1, 2, 3];
      }),
  },
  {
    name: 'a pattern for words that never comes to an end',
    kind: 'graphs',
    spoil: (folder) =>
      changeJson(join(folder, 'tokenizer.json'), (json) => {
        json['pre_tokenizer'] = {
          type: 'Split',
          pattern: { Regex: '^(([a-zA-Z<>|_ .,?()0-9\\n\\u0120\\u010a])+)+$x' },
          behavior: 'Isolated',
          invert: false,
        };
      }),
  },
  ...[
    ['fails when it is filled in', "{{ raise_exception('no') }}"],
    ['asks for what is not there', '{{ messages[7].content.role.name }}'],
    ['never ends', '{% for a in range(1000000) %}{% for b in range(1000000) %}{% endfor %}{% endfor %}'],
    ['is none', '{% if'],
    ['writes no image', 'hello'],
    ['writes gigabytes', "{% for a in range(100000) %}{{ 'x' * 100000 }}{% endfor %}"],
  ].map(([what, template]): Spoiling => ({
    name: `a chat template that ${what}`,
    kind: 'graphs',
    spoil: (folder) => {
      rmSync(join(folder, 'chat_template.jinja'), { force: true });
      rmSync(join(folder, 'chat_template.json'), { force: true });
      changeJson(join(folder, 'tokenizer_config.json'), (json) => {
        json['chat_template'] = template;
      });
    },
  })),
  {
    name: 'a name with line ends and terminal commands',
    kind: 'graphs',
    spoil: (folder) =>
      writeFileSync(
        join(folder, 'surgery-r1.json'),
        JSON.stringify({
          name: '\u001b]0;pwned\u0007\u001b[2J\nnot a line',
          domainNote: '\u009b31m\r\u202e',
        }),
      ),
  },
];

/** Ways of spoiling, each of which ended, froze or fooled a program once, or might. */
export const spoilings: readonly Spoiling[] = [...single, ...falseClaims, ...inPlaceOfFiles];

/** A spoilt copy of a sound folder. */
export function spoiltCopy(sound: SoundFolders, { kind, spoil }: Spoiling, out: string): string {
  cpSync(sound[kind], out, { recursive: true });
  spoil(out);
  return out;
}

import { Template } from '@huggingface/jinja';
import { Tokenizer as TokenizerClass } from '@huggingface/tokenizers';
import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { modelLimits } from '../../../preload/contract/model.ts';
import type { ModelDirectory } from './model-directory.ts';
import { readJson, readModelFile } from './model-files.ts';
import { toBinary, tokenBytes, type TokenList } from './token-bytes.ts';
import { withinTime } from './within-time.ts';

const SpecialToken = z.union([
  z.string(),
  z.object({ content: z.string() }).transform((token) => token.content),
]);
const TokenizerConfig = z.looseObject({
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .optional(),
  bos_token: SpecialToken.nullish(),
  eos_token: SpecialToken.nullish(),
});
const TokenizerFile = z.looseObject({ model: z.looseObject({}), decoder: z.unknown().optional() });
const TemplateFile = z.object({ chat_template: z.string() });

/** What is used of the library. Its own declarations don't resolve under Node's module rules, and mean `any`. */
interface Tokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_added_tokens_decoder(): Map<number, { content: string; special: boolean }>;
  get_vocab(with_added_tokens: boolean): Map<string, number>;
}
const Tokenizer = TokenizerClass as unknown as new (file: object, config: object) => Tokenizer;

/** Names that the chat template of the Qwen2.5-VL family writes for an image. */
const imageTokenNames = {
  image: '<|image_pad|>',
  visionStart: '<|vision_start|>',
  visionEnd: '<|vision_end|>',
};

const sameModelHint =
  'Use the config.json and tokenizer.json of one and the same model, and import it again.';
const templateHint = 'Import the model again with the chat template of its maker.';

/** A question that is never asked. It shows whether template and tokenizer can make a prompt. */
const tryQuestion = 'What organ is being operated, and where are the instruments? (1, 2, 3)';
/** In ms. A vocabulary of 150,000 tokens opens in less than two seconds, a prompt is made in a few ms. */
const longestOpening = 60_000;
const longestPrompt = 10_000;

/** What a library or a template says of its failure, which may be as long as what it was given. */
const inShort = (cause: unknown): string => {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words.length > 300 ? `${words.slice(0, 300)} ...` : words;
};

/** A prompt as the decoder takes it: every image token repeated once per merged unit. */
export interface Prompt {
  readonly ids: Int32Array;
  /** Tokens up to the end of the last image: what is the same for every question on a frame. */
  readonly prefixLength: number;
  readonly imageTokens: number;
}

/** Tokenizer and chat template, from the model's own files. */
export class ModelTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #template: Template;
  readonly #specials: ReadonlyMap<string, string>;
  readonly #tokens: ModelDirectory['manifest']['parameters']['tokens'];
  readonly #controlTokens: readonly string[];
  readonly #byteLevel: boolean;

  private constructor(
    tokenizer: Tokenizer,
    template: Template,
    specials: ReadonlyMap<string, string>,
    tokens: ModelDirectory['manifest']['parameters']['tokens'],
    byteLevel: boolean,
  ) {
    this.#tokenizer = tokenizer;
    this.#byteLevel = byteLevel;
    this.#template = template;
    this.#specials = specials;
    this.#tokens = tokens;
    this.#controlTokens = [...tokenizer.get_added_tokens_decoder().values()]
      .filter((token) => token.special)
      .map((token) => token.content);
  }

  /**
   * @throws WorkstationError `model-no-tokenizer` when the model came without one, `model-mismatch` when its
   *   token ids are not the tokenizer's, with expected and found.
   */
  static async open(model: ModelDirectory): Promise<ModelTokenizer> {
    const { manifest, directory } = model;
    if (!manifest.tokenizer) {
      throw new WorkstationError(
        'model-no-tokenizer',
        `The model ${manifest.name} has no tokenizer, so it can be checked but not asked.`,
        'Import a checkpoint that has tokenizer.json and tokenizer_config.json.',
      );
    }
    const file = await readJson(directory, 'tokenizer.json', TokenizerFile);
    const config = await readJson(directory, 'tokenizer_config.json', TokenizerConfig);
    checkIdRange(file, manifest.parameters.vocabularySize);
    let tokenizer: Tokenizer;
    let template: Template;
    try {
      tokenizer = withinTime(longestOpening, () => new Tokenizer(file, config));
    } catch (cause) {
      throw new WorkstationError(
        'model-unsupported',
        `tokenizer.json cannot be used: ${inShort(cause)}`,
        'Import the model again with the tokenizer files of its maker.',
        { cause },
      );
    }
    try {
      const text = await chatTemplate(model, config);
      template = withinTime(longestOpening, () => new Template(text));
    } catch (cause) {
      if (cause instanceof WorkstationError) throw cause;
      throw new WorkstationError(
        'model-unsupported',
        `The model's chat template cannot be read: ${inShort(cause)}`,
        templateHint,
        { cause },
      );
    }
    const specials = new Map<string, string>();
    if (config.bos_token) specials.set('bos_token', config.bos_token);
    if (config.eos_token) specials.set('eos_token', config.eos_token);
    checkTokenIds(tokenizer, manifest.parameters.tokens);
    // The decoder says in what its tokens are spelled, alone or as a part of a sequence.
    const byteLevel = JSON.stringify(file.decoder ?? null).includes('"ByteLevel"');
    const opened = new ModelTokenizer(tokenizer, template, specials, manifest.parameters.tokens, byteLevel);
    // A template may be readable and still fail with a question, so it is better to find out now than at every question.
    opened.prompt(tryQuestion, 1);
    return opened;
  }

  /**
   * Every token that stands for text, with its bytes. Control tokens stand for none.
   * @param size How many logits the model has: the vocabulary with its padding.
   */
  tokenList(size: number): TokenList {
    const added = this.#tokenizer.get_added_tokens_decoder();
    const { end } = this.#tokens;
    const texts = new Map<number, string>();
    for (const [entry, id] of this.#tokenizer.get_vocab(false)) {
      texts.set(id, tokenBytes(entry, this.#byteLevel ? 'byte-level' : 'metaspace'));
    }
    for (const [id, { content, special }] of added) {
      if (special) texts.delete(id);
      else texts.set(id, toBinary(content));
    }
    for (const id of end) texts.delete(id);
    return { texts: Array.from(texts, ([id, bytes]) => ({ id, bytes })), size, ends: end };
  }

  /** A model's own pattern for words may take extremely long on a text that it was not made for. */
  #encodePrompt(text: string): number[] {
    try {
      return withinTime(longestPrompt, () => this.encode(text));
    } catch (cause) {
      throw new WorkstationError(
        'model-unsupported',
        `tokenizer.json cannot take a question apart: ${inShort(cause)}`,
        'Import the model again with the tokenizer files of its maker, or ask in other words.',
        { cause },
      );
    }
  }

  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  decode(ids: readonly number[]): string {
    if (ids.length === 0) return '';
    return this.#tokenizer.decode([...ids], {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: false,
    });
  }

  /**
   * The prompt's text for one question on one image or several, before tokens are repeated.
   * @throws WorkstationError `model-unsupported` when the model's template fails, or doesn't come to its end.
   */
  render(question: string, images = 1): string {
    try {
      return withinTime(longestPrompt, () =>
        this.#template.render({
          messages: [
            {
              role: 'user',
              content: [
                ...Array.from({ length: images }, () => ({ type: 'image' })),
                { type: 'text', text: question },
              ],
            },
          ],
          add_generation_prompt: true,
          // Qwen2.5-VL's own template then numbers them: "Picture 1: ".
          add_vision_id: images > 1,
          ...Object.fromEntries(this.#specials),
        }),
      );
    } catch (cause) {
      throw new WorkstationError(
        'model-unsupported',
        `The model's chat template cannot be filled in with a question: ${inShort(cause)}`,
        templateHint,
        { cause },
      );
    }
  }

  /**
   * @param units Merged units of each image in their order, one token each.
   * @throws WorkstationError `invalid-input` when the question holds one of the model's control tokens,
   *   `model-mismatch` when the chat template does not write exactly these images.
   */
  prompt(question: string, ...units: readonly number[]): Prompt {
    const control = this.#controlTokens.find((token) => question.includes(token));
    if (control !== undefined) {
      throw new WorkstationError(
        'invalid-input',
        `The question contains ${control}, which means something else to the model.`,
        'Ask without it.',
      );
    }
    const ids = this.#encodePrompt(this.render(question, units.length));
    const places = ids.flatMap((id, index) => (id === this.#tokens.image ? [index] : []));
    if (places.length !== units.length) {
      throw new WorkstationError(
        'model-mismatch',
        `The chat template wrote ${places.length} images into the prompt; expected ${units.length}.`,
        templateHint,
      );
    }
    const imageTokens = units.reduce((sum, count) => sum + count, 0);
    const expanded = new Int32Array(ids.length + imageTokens - units.length);
    let [from, to] = [0, 0];
    places.forEach((place, image) => {
      expanded.set(ids.slice(from, place), to);
      to += place - from;
      expanded.fill(this.#tokens.image, to, to + units[image]!);
      to += units[image]!;
      from = place + 1;
    });
    expanded.set(ids.slice(from), to);
    const closed = ids[from] === this.#tokens.visionEnd ? 1 : 0;
    return { ids: expanded, prefixLength: to + closed, imageTokens };
  }
}

/** Ids that a tokenizer may have beyond the model's rows: padding that is never written. */
const idsToSpare = 2 ** 16;

const Vocabulary = z.looseObject({
  model: z.looseObject({
    // By its ids, or a list of tokens with their scores.
    vocab: z.union([z.record(z.string(), z.unknown()), z.array(z.array(z.unknown()).min(1))]).optional(),
  }),
  added_tokens: z.array(z.looseObject({ id: z.unknown() })).optional(),
});

/** The library reserves room for every id up to the largest, even one that a damaged file claims. */
function checkIdRange(file: z.infer<typeof TokenizerFile>, vocabularySize: number): void {
  const refused = (what: string): WorkstationError =>
    new WorkstationError('model-mismatch', `tokenizer.json ${what}.`, sameModelHint);
  if (vocabularySize > modelLimits.vocabulary) {
    throw refused(`cannot belong to a model of ${vocabularySize} tokens, which is more than any has`);
  }
  const parsed = Vocabulary.safeParse(file);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refused(`is damaged (${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'})`);
  }
  const { model, added_tokens: added = [] } = parsed.data;
  const most = vocabularySize + idsToSpare;
  const check = (id: unknown): void => {
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < most) return;
    throw refused(`has a token with the id ${String(id)}; the model has ${vocabularySize} tokens`);
  };
  if (Array.isArray(model.vocab)) check(model.vocab.length);
  else for (const id of Object.values(model.vocab ?? {})) check(id);
  for (const { id } of added) check(id);
}

async function chatTemplate(model: ModelDirectory, config: z.infer<typeof TokenizerConfig>): Promise<string> {
  const { files } = model.manifest;
  if ('chat_template.jinja' in files) return readModelFile(model.directory, 'chat_template.jinja');
  if ('chat_template.json' in files) {
    return (await readJson(model.directory, 'chat_template.json', TemplateFile)).chat_template;
  }
  const own = config.chat_template;
  const template =
    typeof own === 'string' ? own : (own?.find((entry) => entry.name === 'default') ?? own?.[0])?.template;
  if (template === undefined) {
    throw new WorkstationError(
      'model-unsupported',
      'The model has no chat template, so it is not known how to ask it.',
      'Import a checkpoint whose tokenizer_config.json has chat_template, or that has chat_template.json.',
    );
  }
  return template;
}

function checkTokenIds(
  tokenizer: Tokenizer,
  tokens: ModelDirectory['manifest']['parameters']['tokens'],
): void {
  for (const [name, expected] of Object.entries(imageTokenNames)) {
    const id = tokens[name as keyof typeof imageTokenNames];
    const found = tokenizer.token_to_id(expected);
    if (found !== id) {
      throw new WorkstationError(
        'model-mismatch',
        `The token ids don't fit: the configuration says ${expected} is ${id}, the tokenizer says ${found ?? 'it has none'}.`,
        sameModelHint,
      );
    }
  }
  for (const id of tokens.end) {
    if (tokenizer.id_to_token(id) === undefined) {
      throw new WorkstationError(
        'model-mismatch',
        `The configuration ends an answer at token ${id}, which the tokenizer does not have.`,
        sameModelHint,
      );
    }
  }
}

/** Turns tokens into text as they come, never showing half of a character that spans tokens. */
export class StreamingDecoder {
  readonly #decode: (ids: readonly number[]) => string;
  readonly #ids: number[] = [];
  /** Tokens before this one are context only; those before `#read` have been shown. */
  #context = 0;
  #read = 0;

  constructor(decode: (ids: readonly number[]) => string) {
    this.#decode = decode;
  }

  /** Text that the token completes; '' while a character is still open. */
  push(id: number): string {
    this.#ids.push(id);
    const before = this.#decode(this.#ids.slice(this.#context, this.#read));
    const now = this.#decode(this.#ids.slice(this.#context));
    if (now.length <= before.length || now.endsWith('\ufffd')) return '';
    this.#context = this.#read;
    this.#read = this.#ids.length;
    return now.slice(before.length);
  }
}

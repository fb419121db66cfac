import { performance } from 'node:perf_hooks';
import type { AnswerEvidence, AnswerSettings } from '../../../preload/contract/domain.ts';
import { throwIfAborted, WorkstationError } from '../../../preload/contract/errors.ts';
import { usualAbsentLabel } from '../grammar/answer-constraints.ts';
import type { WrittenToken } from '../answer/answer-decoding.ts';
import { parseAnswer, parseAnswerText, type TextEnding } from '../grammar/answer-parser.ts';
import {
  answerResult,
  labelMeanings,
  newProgress,
  type AnswerProgress,
  type AnswerWriting,
} from '../answer/answer-result.ts';
import { askedPictures, wordsBeside } from '../answer/asked-pictures.ts';
import { enlargedCrop } from '../image/enlarged-crop.ts';
import { AnswerSplitter, type AnswerText } from '../grammar/answer-stream.ts';
import { EngineLostError, type AskRequest } from '../engine/engine.ts';
import type { AnswerResult } from '../messages.ts';
import { entropyBits } from '../grammar/label-evidence.ts';
import { answerLabels } from '../grammar/label-sets.ts';
import { answerPattern, type AnswerPattern } from './answer-pattern.ts';
import { readChatStream, type ChatChunk, type ServerToken, type TokenChoice } from './chat-stream.ts';
import { serverAddress } from './configuration.ts';
import { brokenOff, MalformedStreamError } from './connection-trouble.ts';
import { canContinue, chatBody, masksProbabilities, type ChatRequest, type ServedModel } from './dialects.ts';
import { framePicture, type FramePicture } from './frame-picture.ts';
import { weighLabels } from './label-weights.ts';
import type { ServerAccess } from './probe.ts';
import { placeTokens, writtenTokens } from './written-text.ts';

/** What chat templates write around turns and pictures; a question that holds it would change the conversation. */
const controlToken = /<\|[^|<>]{1,40}\|>/;
/** No answer is longer; a server that goes on and on is left. */
const longestText = 200_000;
/** Questions back to the server about labels that its lists did not tell apart, for one answer. */
const mostWeighings = 12;

/** Said with every answer whose numbers mean this. */
const amongAllowed =
  'The probabilities are among the answers that the format allows: this server does not tell them among all.';

/** The text of an answer as it comes from the server. */
class ServerWriting implements AnswerWriting {
  raw = '';
  written: WrittenToken[] = [];
  readonly notes: string[] = [];
  choices: AnswerEvidence['choices'] = [];
  firstTokenMilliseconds = 0;
  readonly tokens: ServerToken[] = [];
  /** As the server counts them, where it does. */
  generated = 0;
  /** The server has parted the reasoning from the text, and this is still under way. */
  parted = false;

  get entropy(): number | null {
    return this.choices.length === 0 ? null : entropyBits(this.choices.map(({ probability }) => probability));
  }

  get generatedTokens(): number {
    return Math.max(this.generated, this.tokens.length);
  }
}

/**
 * Asks the server one question on one frame.
 * @returns Also for a stop: status `stopped`, with the text so far.
 * @throws EngineLostError when the server was lost in the middle of the answer; WorkstationError as
 *   `ServerConnection.request`, and `invalid-input` for a question that holds a control token.
 */
export async function answerFromServer(
  access: ServerAccess,
  served: ServedModel,
  request: AskRequest,
): Promise<AnswerResult> {
  const start = performance.now();
  const { configuration } = access;
  const settings = resolveSettings(request, configuration);
  const writing = new ServerWriting();
  const progress = newProgress(writing);
  let ending: TextEnding;
  try {
    ending = await write(access, served, request, settings, progress, start);
  } catch (error) {
    if (request.signal?.aborted !== true) throw asLoss(error, writing, serverAddress(configuration));
    ending = 'stopped';
  }
  progress.timings.totalMilliseconds = performance.now() - start;
  const result = answerResult(configuration, request.frame, settings, progress, ending);
  return { ...result, tokens: { ...result.tokens, generated: writing.generatedTokens } };
}

function resolveSettings(
  { settings = {} }: AskRequest,
  configuration: ServerAccess['configuration'],
): AnswerSettings {
  return {
    temperature: settings.temperature ?? 0,
    topK: settings.topK ?? 0,
    topP: settings.topP ?? 1,
    repetitionPenalty: settings.repetitionPenalty ?? configuration.repetitionPenalty,
    seed: settings.seed ?? 0,
    maxNewTokens: settings.maxNewTokens ?? configuration.maxNewTokens,
  };
}

async function write(
  access: ServerAccess,
  served: ServedModel,
  request: AskRequest,
  settings: AnswerSettings,
  progress: AnswerProgress<ServerWriting>,
  start: number,
): Promise<TextEnding> {
  const { connection, configuration } = access;
  const { signal, question } = request;
  throwIfAborted(signal);
  const control = controlToken.exec(question)?.[0];
  if (control !== undefined) {
    throw new WorkstationError(
      'invalid-input',
      `The question contains ${control}, which means something else to the model.`,
      'Ask without it.',
    );
  }
  const { imageFactor: factor, minPixels, maxPixels, answerFormat } = configuration;
  const limits = { factor, minPixels, maxPixels };
  const { frame, crop, region } = askedPictures(request, configuration.regions);
  const picture = await framePicture(frame, limits);
  progress.modelInput = picture.resized;
  progress.region = region;
  let words = question;
  const pictures = [picture];
  if (crop !== null) {
    const beside = await framePicture(crop, limits, enlargedCrop(crop));
    pictures.push(beside);
    const { coordinateSpace: space } = configuration;
    words = wordsBeside(question, crop.region, { frame, resized: picture.resized, space });
    progress.region = { box: crop.region, given: 'beside', input: beside.resized, words };
  }
  progress.tokens.image = pictures.reduce(
    (sum, { resized: { width, height } }) => sum + Math.round((width * height) / factor ** 2),
    0,
  );
  progress.timings.preprocessMilliseconds = performance.now() - start;

  const chat: ChatRequest = {
    model: configuration.model,
    question: words,
    pictures: pictures.map(({ png }) => png),
    begun: null,
    settings,
    maxTokens: settings.maxNewTokens ?? configuration.maxNewTokens,
    pattern: patternFor(configuration, question, picture),
    structuredOutput: configuration.structuredOutput,
    stop: answerFormat === 'think-answer-json' ? '</answer>' : null,
  };
  const sent = performance.now();
  const body = chatBody(chat, served);
  const reply = await connection.request({
    method: 'POST',
    path: '/chat/completions',
    body,
    ...(signal ? { signal } : {}),
  });
  const writing = progress.decoding;
  const splitter = new AnswerSplitter(answerFormat);
  let finish: string | null = null;
  let firstAt = 0;
  for await (const chunk of readChatStream(reply)) {
    throwIfAborted(signal);
    finish = chunk.finish ?? finish;
    if (chunk.usage !== null) {
      progress.tokens.prompt = chunk.usage.prompt;
      progress.frameSeenBefore = chunk.usage.cached >= progress.tokens.image;
      writing.generated = chunk.usage.generated;
    }
    const text = takeText(chunk, writing, configuration.reasoningOpened);
    if (text === '' && chunk.tokens.length === 0) continue;
    if (firstAt === 0) {
      firstAt = performance.now();
      writing.firstTokenMilliseconds = firstAt - start;
      progress.timings.prefillMilliseconds = firstAt - sent;
    }
    if (writing.raw.length > longestText) throw new MalformedStreamError('writes without an end');
    show(request, writing, splitter.push(text));
  }
  show(request, writing, splitter.finish());
  progress.timings.decodeMilliseconds = firstAt === 0 ? 0 : performance.now() - firstAt;
  if (finish !== 'stop' && finish !== 'length') {
    throw new MalformedStreamError(
      finish === null ? 'did not say why it ended' : `ended the answer with '${finish}'`,
    );
  }
  const ending: TextEnding = finish === 'length' ? 'token-limit' : 'end-token';
  await addEvidence(access, served, { chat, request, picture, progress, ending });
  return ending;
}

/** Text that the server has taken out of the answer as reasoning is put back, so that the raw text is whole. */
function takeText(chunk: ChatChunk, writing: ServerWriting, opened: boolean): string {
  let text = '';
  if (chunk.reasoning !== '') {
    if (!writing.parted) {
      writing.notes.push('The server had parted the reasoning from the answer; its tags were put back.');
      text += opened ? '' : '<think>';
    }
    writing.parted = true;
    text += chunk.reasoning;
  }
  if (chunk.text !== '') {
    if (writing.parted) text += '</think>';
    writing.parted = false;
    text += chunk.text;
  }
  writing.tokens.push(...chunk.tokens);
  writing.raw += text;
  return text;
}

function show(request: AskRequest, writing: ServerWriting, shown: readonly AnswerText[]): void {
  request.onRaw?.(writing.raw);
  for (const { section, text } of shown) {
    request.onToken?.({ section, text, generatedTokens: writing.generatedTokens });
  }
}

function patternFor(
  {
    answerFormat: format,
    labels,
    coordinateSpace,
    coordinateStep,
    reasoningOpened,
  }: ServerAccess['configuration'],
  question: string,
  { resized }: FramePicture,
): AnswerPattern | null {
  if (format === 'none') return null;
  return answerPattern({
    format,
    ...answerLabels(question, labels),
    absent: labels?.absent ?? usualAbsentLabel,
    extent: coordinateSpace === 'normalized-1000' ? { width: 1000, height: 1000 } : resized,
    step: coordinateStep,
    opened: reasoningOpened,
  });
}

interface Written {
  readonly chat: ChatRequest;
  readonly request: AskRequest;
  readonly picture: FramePicture;
  readonly progress: AnswerProgress<ServerWriting>;
  readonly ending: TextEnding;
}

/** Reads the probabilities that came with the text, and asks for those that the labels still need. */
async function addEvidence(access: ServerAccess, served: ServedModel, written: Written): Promise<void> {
  const { request, progress, ending, picture, chat } = written;
  const { configuration } = access;
  const writing = progress.decoding;
  const placed = placeTokens(writing.raw, writing.tokens);
  writing.written = writtenTokens(writing.raw, placed);
  const held = chat.pattern !== null && chat.structuredOutput !== 'none';
  if (held && placed.length > 0 && masksProbabilities(served)) writing.notes.push(amongAllowed);
  const { labels, answerFormat, coordinateSpace } = configuration;
  if (labels === undefined || answerFormat === 'none' || ending !== 'end-token' || placed.length === 0)
    return;
  const { labelRange } = parseAnswer(writing.raw, {
    mapping: { space: coordinateSpace, resized: picture.resized, source: picture.resized },
    ...labelMeanings(labels),
    ending,
    format: answerFormat,
  });
  if (labelRange === null) return;
  const may = answerLabels(request.question, labels);
  let asked = 0;
  writing.choices = await weighLabels({
    raw: writing.raw,
    range: labelRange,
    tokens: placed,
    labels: [...(may.labels ?? []), ...(may.boxless ?? [])],
    after: async (beginning) => {
      const can = configuration.weighLabels && canContinue(served) && asked < mostWeighings;
      if (!can || request.signal?.aborted === true) return null;
      asked += 1;
      return nextTokens(
        access,
        served,
        { ...chat, begun: beginning, maxTokens: 1, stop: null },
        request.signal,
      );
    },
  });
}

/** The likeliest tokens after the beginning of an answer; null where the server doesn't tell. */
async function nextTokens(
  { connection }: ServerAccess,
  served: ServedModel,
  chat: ChatRequest,
  signal: AbortSignal | undefined,
): Promise<readonly TokenChoice[] | null> {
  try {
    const reply = await connection.request({
      method: 'POST',
      path: '/chat/completions',
      body: chatBody(chat, served),
      ...(signal ? { signal } : {}),
    });
    for await (const { tokens } of readChatStream(reply)) {
      const [first] = tokens;
      if (first !== undefined) return first.top;
    }
    return null;
  } catch {
    // The answer is whole; what is missing is a number beside it, and its absence is shown.
    return null;
  }
}

/** What happened, with the text so far where there is some. */
function asLoss(error: unknown, { raw, generatedTokens }: ServerWriting, address: string): unknown {
  if (raw === '') return brokenOff(address, error);
  const reason = error instanceof Error ? error.message : String(error);
  const { label, reasoning } = parseAnswerText(raw);
  const partial = { raw, label, reasoning, generatedTokens };
  const server = `the server ${address}`;
  const what = error instanceof MalformedStreamError ? `${server} ${reason}` : `${server}: ${reason}`;
  return new EngineLostError(what, partial, 'Ask again.');
}

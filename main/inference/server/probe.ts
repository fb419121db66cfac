import { z } from 'zod';
import { throwIfAborted, WorkstationError } from '../../../preload/contract/errors.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { smartResize } from '../image/smart-resize.ts';
import { readChatStream, type TokenChoice } from './chat-stream.ts';
import { serverAddress, type ServerConfiguration } from './configuration.ts';
import { ServerConnection } from './connection.ts';
import { brokenOff } from './connection-trouble.ts';
import { chatBody, type ServedModel, type Software } from './dialects.ts';
import { encodePicture } from './frame-picture.ts';

const ModelList = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      owned_by: z.string().nullish(),
      /** vLLM and SGLang. */
      max_model_len: z.int().positive().nullish(),
      /** llama-server. */
      meta: z.object({ n_ctx: z.int().positive().nullish() }).nullish(),
    }),
  ),
});
const Version = z.object({ version: z.string() });

const owners: Readonly<Record<string, Software>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  llamacpp: 'llama-server',
};

export interface ProbeOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (activity: string, fraction: number) => void;
}

/** What the checks need of a server: its connection and the administrator's settings. */
export interface ServerAccess {
  readonly connection: ServerConnection;
  readonly configuration: ServerConfiguration;
}

/**
 * Asks the server whether it serves the model.
 * @throws WorkstationError as `ServerConnection.request`; `not-found` naming the models that it does serve.
 */
export async function findServedModel(
  { connection, configuration }: ServerAccess,
  { signal }: ProbeOptions,
): Promise<ServedModel> {
  const address = serverAddress(configuration);
  const stoppable = signal ? { signal } : {};
  const list = ModelList.safeParse(await connection.json({ method: 'GET', path: '/models', ...stoppable }));
  if (!list.success) {
    throw new WorkstationError(
      'unavailable',
      `The server ${address} answers, but not as a server of models does.`,
      'Tell your administrator: url in server.json must end in the base of the API, such as /v1.',
    );
  }
  const entry = list.data.data.find(({ id }) => id === configuration.model);
  if (entry === undefined) {
    const names = list.data.data.map(({ id }) => id).join(', ');
    throw new WorkstationError(
      'not-found',
      `The server ${address} does not serve '${configuration.model}'; it serves ${names === '' ? 'nothing' : names}.`,
      'Tell your administrator: model in server.json must be one of these names.',
    );
  }
  const software =
    configuration.software === 'auto' ? (owners[entry.owned_by ?? ''] ?? 'other') : configuration.software;
  return {
    software,
    version: software === 'vllm' ? await versionOf(connection, signal) : null,
    contextTokens: entry.max_model_len ?? entry.meta?.n_ctx ?? null,
  };
}

async function versionOf(
  connection: ServerConnection,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    const reply = await connection.json({
      method: 'GET',
      path: '/version',
      atRoot: true,
      ...(signal ? { signal } : {}),
    });
    const parsed = Version.safeParse(reply);
    return parsed.success ? parsed.data.version : null;
  } catch (error) {
    throwIfAborted(signal);
    // A proxy may let the API through and nothing else.
    if (error instanceof WorkstationError) return null;
    throw error;
  }
}

/** What is known of a server after all that loading its model checks. */
export interface ServerReport {
  readonly address: string;
  readonly model: string;
  readonly served: ServedModel;
  /** For `certificatePins`; null without TLS. */
  readonly publicKey: string | null;
}

/** Does what loading does, and tells what it found. @throws WorkstationError as loading does. */
export async function inspectServer(
  configuration: ServerConfiguration,
  options: ProbeOptions = {},
): Promise<ServerReport> {
  const connection = new ServerConnection(configuration);
  try {
    const access = { connection, configuration };
    const served = await findServedModel(access, options);
    await checkThatServerSees(access, served, options);
    const { publicKey } = connection;
    return { address: serverAddress(configuration), model: configuration.model, served, publicKey };
  } finally {
    connection.close();
  }
}

/** What a look at one picture cost, and what the model would write first. */
interface Look {
  readonly promptTokens: number;
  readonly top: readonly TokenChoice[];
}

/**
 * Shows the model three small drawings. One that answers alike whatever it is shown does not see. A server that
 * makes another number of image tokens of a picture than its size says has resized it once more, and boxes in
 * pixels would come back displaced.
 *
 * @throws WorkstationError `model-mismatch`, and as `ServerConnection.request`.
 */
export async function checkThatServerSees(
  access: ServerAccess,
  served: ServedModel,
  options: ProbeOptions,
): Promise<void> {
  const { configuration } = access;
  const { imageFactor: factor, minPixels, maxPixels } = configuration;
  const sizeOf = (side: number): Size =>
    smartResize({ width: side, height: side }, { factor, minPixels, maxPixels });
  const units = ({ width, height }: Size): number => (width * height) / factor ** 2;
  const small = sizeOf(factor);
  const large = sizeOf(Math.ceil(Math.sqrt(maxPixels)));

  options.onProgress?.('Testing that the model sees', 0.4);
  const patterned = await look(
    access,
    served,
    small,
    (x, y) => (((x >> 3) + (y >> 3)) % 2 === 0 ? 240 : 16),
    options,
  );
  options.onProgress?.('Testing that the model sees', 0.6);
  const plain = await look(access, served, small, () => 128, options);
  if (plain.top.length > 0 && areAlike(plain.top, patterned.top)) {
    throw new WorkstationError(
      'model-mismatch',
      'The model on the server does not see: two different test pictures give the same output.',
      'Tell your administrator: the server must run the model with its vision part (llama-server: --mmproj).',
    );
  }
  if (configuration.coordinateSpace !== 'resized-pixels' || units(large) === units(small)) return;
  options.onProgress?.('Testing that boxes come back in place', 0.8);
  const wide = await look(access, served, large, () => 128, options);
  if (plain.promptTokens === 0 || wide.promptTokens === 0) return;
  const found = wide.promptTokens - plain.promptTokens;
  const expected = units(large) - units(small);
  if (found === expected) return;
  throw new WorkstationError(
    'model-mismatch',
    `The server resizes pictures: between ${small.width}x${small.height} and ${large.width}x${large.height} pixels ` +
      `it counts ${found} image tokens, where ${expected} were expected. Boxes would be displaced.`,
    `Tell your administrator: minPixels, maxPixels and imageFactor in server.json must be those of the served model.`,
  );
}

/** The same tokens with the same scores, but for what rounding on a GPU may do to them from one time to the next. */
function areAlike(first: readonly TokenChoice[], second: readonly TokenChoice[]): boolean {
  const scores = new Map(second.map(({ text, logProbability }) => [text, logProbability]));
  return first.every(({ text, logProbability }) => Math.abs(logProbability - (scores.get(text) ?? 1)) < 1e-3);
}

async function look(
  { connection, configuration }: ServerAccess,
  served: ServedModel,
  size: Size,
  grey: (x: number, y: number) => number,
  { signal }: ProbeOptions,
): Promise<Look> {
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let index = 0; index < rgb.length; index += 1) {
    const place = Math.floor(index / 3);
    rgb[index] = grey(place % size.width, Math.floor(place / size.width));
  }
  const reply = await connection.request({
    method: 'POST',
    path: '/chat/completions',
    body: chatBody(
      {
        model: configuration.model,
        question: 'What is in the picture?',
        pictures: [await encodePicture({ rgb, ...size })],
        begun: null,
        settings: { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0, maxNewTokens: 1 },
        maxTokens: 1,
        pattern: null,
        structuredOutput: 'none',
        stop: null,
      },
      served,
    ),
    ...(signal ? { signal } : {}),
  });
  let promptTokens = 0;
  let top: readonly TokenChoice[] = [];
  try {
    for await (const { tokens, usage } of readChatStream(reply)) {
      if (top.length === 0) top = tokens[0]?.top ?? [];
      promptTokens = usage?.prompt ?? promptTokens;
    }
  } catch (error) {
    throwIfAborted(signal);
    throw brokenOff(serverAddress(configuration), error);
  }
  return { promptTokens, top };
}

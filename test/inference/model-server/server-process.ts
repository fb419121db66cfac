/**
 * A server of models in a process of its own, in the form of vLLM's OpenAI-compatible API: TLS, key, models,
 * version, streamed chat completions with pictures, log-probabilities and a regular expression to keep to, and its
 * error bodies. The tokens are those of a real model, or of a script; told by its parent how to misbehave.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Behaviour, FromServer, ServerOptions, ToServer } from './messages.ts';
import { pictureOf } from './picture.ts';
import type { GeneratedToken, Generation } from './served-model.ts';

const Body = z.object({
  model: z.string(),
  messages: z
    .array(
      z.object({
        role: z.string(),
        content: z.union([
          z.string(),
          z.array(
            z.union([
              z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) }),
              z.object({ type: z.literal('text'), text: z.string() }),
            ]),
          ),
        ]),
      }),
    )
    .min(1),
  stream: z.literal(true),
  max_tokens: z.int().positive(),
  temperature: z.number(),
  top_k: z.int(),
  top_p: z.number(),
  seed: z.int(),
  repetition_penalty: z.number(),
  logprobs: z.boolean().default(false),
  top_logprobs: z.int().min(0).max(20).default(0),
  stop: z.array(z.string()).default([]),
  structured_outputs: z.object({ regex: z.string() }).optional(),
});

const options = JSON.parse(process.argv[2] ?? '{}') as ServerOptions;
const model =
  options.directory === undefined
    ? null
    : await (await import('./served-model.ts')).ServedModel.open(options.directory);
let behaviour: Behaviour = {};
const seen = { requests: 0, underWay: 0, most: 0, left: 0, bodies: [] as unknown[], keys: [] as string[] };

const answer = (response: http.ServerResponse, status: number, value: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
};
const failure = (response: http.ServerResponse, status: number, message: string, headers = {}): void =>
  answer(response, status, { error: { message, type: 'Error', param: null, code: status } }, headers);

async function handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  seen.requests += 1;
  const key = request.headers.authorization ?? '';
  seen.keys.push(key);
  const { busy } = behaviour;
  if (busy !== undefined && busy.times > 0) {
    busy.times -= 1;
    if (busy.status === 0) return void request.socket.destroy();
    return failure(response, busy.status, 'The engine is overloaded', {
      ...(busy.retryAfter === undefined ? {} : { 'retry-after': busy.retryAfter }),
    });
  }
  if (behaviour.redirect !== undefined) {
    return void response.writeHead(307, { location: behaviour.redirect }).end();
  }
  if (options.key !== undefined && key !== `Bearer ${options.key}`) {
    return answer(response, 401, { error: 'Unauthorized' });
  }
  if (request.url === '/version') return answer(response, 200, { version: '0.12.0' });
  if (request.url === '/v1/models') {
    const card = { object: 'model', created: 0, root: options.model, parent: null, max_model_len: 2048 };
    return answer(response, 200, {
      object: 'list',
      data: [{ id: options.model, owned_by: behaviour.owner ?? 'vllm', ...card, permission: [] }],
    });
  }
  if (request.url !== '/v1/chat/completions') return failure(response, 404, 'Not Found');
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  if (behaviour.refuse !== undefined) return failure(response, 400, behaviour.refuse);
  const parsed = Body.safeParse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
  if (!parsed.success) return failure(response, 400, parsed.error.message);
  const body = parsed.data;
  if (body.model !== options.model)
    return failure(response, 404, `The model \`${body.model}\` does not exist.`);
  const urls = JSON.stringify(body.messages).match(/data:image[^"]*/g) ?? [];
  const told = urls.reduce(
    (text, url) => text.replace(url, `${url.length} characters`),
    JSON.stringify(parsed.data),
  );
  seen.bodies.push(JSON.parse(told));
  seen.underWay += 1;
  seen.most = Math.max(seen.most, seen.underWay);
  let underWay = true;
  const ended = (): void => {
    if (underWay) seen.underWay -= 1;
    underWay = false;
  };
  response.once('close', () => {
    ended();
    if (!response.writableFinished) seen.left += 1;
  });
  if (!(await stream(body, urls, response))) return;
  // Before its end goes out: the client's next request may be here before it is known to have arrived.
  ended();
  response.end();
}

/** Returns whether all was written, and the response is to be ended. */
async function stream(
  body: z.infer<typeof Body>,
  urls: readonly string[],
  response: http.ServerResponse,
): Promise<boolean> {
  const [user, assistant] = body.messages;
  const content = Array.isArray(user?.content) ? user.content : [];
  const given: Generation = {
    pictures: await Promise.all(urls.map(pictureOf)),
    question: content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''),
    begun: typeof assistant?.content === 'string' ? assistant.content : '',
    maxTokens: body.max_tokens,
    listed: body.top_logprobs,
    regex: body.structured_outputs?.regex ?? null,
    stop: body.stop,
    sampling: {
      temperature: body.temperature,
      topK: Math.max(0, body.top_k),
      topP: body.top_p,
      repetitionPenalty: body.repetition_penalty,
      seed: body.seed,
    },
  };
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: body.model };
  const send = (value: unknown): void => void response.write(`data: ${JSON.stringify(value)}\n\n`);
  const choice = (delta: object, more: object = {}): void =>
    send({ ...chunk, choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...more }] });
  choice({ role: 'assistant', content: '' });
  let count = 0;
  let finish = 'length';
  for await (const token of model?.generate(given) ?? script(given)) {
    if (response.destroyed) return false;
    if (behaviour.millisecondsPerToken !== undefined) await wait(behaviour.millisecondsPerToken);
    if (misbehave(count, response)) return false;
    const bytes = (text: string): number[] => [...Buffer.from(text)];
    const listed = ({ text, logprob }: { text: string; logprob: number }): object => ({
      token: text,
      logprob,
      bytes: bytes(text),
    });
    const logprobs = body.logprobs && behaviour.silentProbabilities !== true;
    const named = behaviour.partReasoning === true && count < 3 ? 'reasoning' : 'content';
    choice(
      { [named]: token.ends ? '' : token.text },
      logprobs ? { logprobs: { content: [{ ...listed(token), top_logprobs: token.top.map(listed) }] } } : {},
    );
    count += 1;
    if (token.ends || body.stop.some((stop) => token.text.includes(stop))) finish = 'stop';
  }
  if (model === null && finish === 'length' && count < body.max_tokens) finish = 'stop';
  choice({ content: '' }, { finish_reason: finish, stop_reason: null });
  const prompt =
    (model?.promptTokens(given) ?? scriptedPrompt(given)) + (behaviour.extraImageTokens ?? 0) * units(given);
  const usage = { prompt_tokens: prompt, completion_tokens: count, total_tokens: prompt + count };
  send({ ...chunk, choices: [], usage });
  response.write('data: [DONE]\n\n');
  return true;
}

/** Does what it was told to do wrong before this token. Returns whether the stream is over. */
function misbehave(count: number, response: http.ServerResponse): boolean {
  const { breakAfter, malformedAfter, errorAfter, silentAfter } = behaviour;
  if (breakAfter === count) {
    response.socket?.destroy();
    return true;
  }
  if (malformedAfter === count) {
    response.end('data: {"choices": [{"delta"\n\n');
    return true;
  }
  if (errorAfter === count) {
    response.end(
      `data: ${JSON.stringify({ error: { message: 'CUDA error: out of memory', code: 500 } })}\n\n`,
    );
    return true;
  }
  // The connection stays open, and nothing more comes.
  return silentAfter === count;
}

const units = ({ pictures }: Generation): number =>
  pictures.reduce((sum, { width, height }) => sum + (width * height) / 28 ** 2, 0);
const scriptedPrompt = (given: Generation): number => 20 + units(given);

/** Without a model: fixed tokens, the first of which depends on the picture. */
async function* script({ pictures, maxTokens }: Generation): AsyncGenerator<GeneratedToken> {
  const rgb = pictures[0]?.rgb ?? new Uint8Array();
  const sum = rgb.reduce((total, value) => (total + value) % 997, 0);
  const tokens = behaviour.script ?? [
    '<think>',
    'It',
    ' is',
    ' there',
    '.',
    '</think>',
    '<answer>{"label": "',
    'liver',
    '", "bbox_2d": [',
    '28',
    ', ',
    '56',
    ', ',
    '112',
    ', ',
    '140',
    ']}',
    '</answer>',
  ];
  for (const [index, text] of tokens.slice(0, maxTokens).entries()) {
    await wait(0);
    const logprob = -0.01 - (behaviour.blind === true || index > 0 ? 0 : sum / 1e4);
    const unlikely = { text: '~', logprob: -14 };
    yield { text, logprob, top: [{ text, logprob }, unlikely], ends: false };
  }
}

const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
  handle(request, response).catch((error: unknown) => {
    if (response.headersSent) response.destroy();
    else failure(response, 500, String(error));
  });
};
const server =
  options.tls === undefined
    ? http.createServer(serve)
    : https.createServer(
        { cert: readFileSync(options.tls.certificate), key: readFileSync(options.tls.key) },
        serve,
      );
server.listen(options.port ?? 0, '127.0.0.1', () => {
  process.send?.({ type: 'listening', port: (server.address() as AddressInfo).port } satisfies FromServer);
});
process.on('message', (message: ToServer) => {
  if (message.type === 'seen') {
    process.send?.({ type: 'seen', seen } satisfies FromServer);
    return;
  }
  behaviour = message.behaviour;
  seen.most = 0;
  process.send?.({ type: 'behaves' } satisfies FromServer);
});
process.on('disconnect', () => process.exit(0));

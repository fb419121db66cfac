import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { WorkstationError, type ErrorCode } from '../../../preload/contract/errors.ts';
import { systemCode } from '../../platform/file-errors.ts';
import { PinError } from './pins.ts';

/** Why a request was not answered. */
export interface Refusal {
  readonly failure: WorkstationError;
  /** Whether the same request may succeed a moment later; nothing of it has been answered. */
  readonly again: boolean;
  /** The pause that the server asks for. */
  readonly pauseSeconds: number | null;
}

const final = (code: ErrorCode, message: string, hint: string, cause?: unknown): Refusal => ({
  failure: new WorkstationError(code, message, hint, { cause }),
  again: false,
  pauseSeconds: null,
});

const administrator = 'Tell your administrator';
/** Code of the error that ends a connection on which nothing comes. */
export const silent = 'ESILENT';

/** What a person can do about each way that a connection fails to come about. */
const connectionTroubles: Readonly<Record<string, { says: string; hint: string; again?: boolean }>> = {
  ECONNREFUSED: {
    says: 'it refuses the connection',
    hint: `${administrator} that the server seems not to be running, or its port is closed.`,
    again: true,
  },
  ECONNRESET: {
    says: 'it ended the connection',
    hint: 'Ask again. If the address begins with http, the server may expect https.',
    again: true,
  },
  EPIPE: { says: 'it ended the connection', hint: 'Ask again.', again: true },
  ENOTFOUND: {
    says: 'its name is not known in this network',
    hint: 'Check that this machine is in the hospital’s network, then the address in server.json.',
  },
  EAI_AGAIN: {
    says: 'the name service does not answer',
    hint: 'Check that this machine is in the hospital’s network, and try again.',
  },
  ETIMEDOUT: {
    says: 'it does not answer',
    hint: 'Check that this machine is in the hospital’s network, and that no firewall stands between.',
  },
  EHOSTUNREACH: { says: 'no way leads to it', hint: 'Check this machine’s network connection.' },
  ENETUNREACH: { says: 'no way leads to it', hint: 'Check this machine’s network connection.' },
  CERT_HAS_EXPIRED: {
    says: 'its certificate has expired',
    hint: `${administrator}: the server needs a new certificate. Nothing was sent.`,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    says: 'its certificate is for another name',
    hint: `${administrator}: the address in server.json must be a name of the certificate. Nothing was sent.`,
  },
};

const tlsTrouble = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_SSL|EPROTO|ERR_TLS/;

/** A request that failed before a status came back. */
export function unreachable(address: string, error: unknown): Refusal {
  // The guard of addresses has written a complete message already.
  const known = [error, error instanceof Error ? error.cause : undefined].find(
    (candidate) => candidate instanceof WorkstationError,
  );
  if (known !== undefined) return { failure: known, again: false, pauseSeconds: null };
  if (error instanceof PinError) {
    return final(
      'not-allowed',
      `The server ${address} is not the one that was set up: its certificate has the public key ${error.found}.`,
      `${administrator}. If the server has a new key, the pin in server.json has to follow. Nothing was sent.`,
      error,
    );
  }
  const code = systemCode(error) ?? '';
  const message = `The server ${address} cannot be reached: `;
  if (code === silent) {
    const { message: silence } = error as Error;
    return final(
      'unavailable',
      `The server ${address} was ${silence}.`,
      'Ask again, or later: it may be busy.',
      error,
    );
  }
  const trouble = connectionTroubles[code];
  if (trouble !== undefined) {
    const { failure } = final('unavailable', `${message}${trouble.says} (${code}).`, trouble.hint, error);
    return { failure, again: trouble.again === true, pauseSeconds: null };
  }
  if (tlsTrouble.test(code)) {
    return final(
      'not-allowed',
      `The server ${address} does not prove who it is (${code}).`,
      `${administrator}: caFile in server.json names the certificate that signs the server's. Nothing was sent.`,
      error,
    );
  }
  return final(
    'unavailable',
    `${message}${code === '' ? 'the connection failed' : code}.`,
    'Try again.',
    error,
  );
}

/** The server's reply does not follow the API. The message reads on after the server's name. */
export class MalformedStreamError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'MalformedStreamError';
  }
}

/** The connection ended, or made no sense any more, after the reply had begun. */
export function brokenOff(address: string, error: unknown): WorkstationError {
  if (error instanceof WorkstationError) return error;
  const what =
    error instanceof MalformedStreamError
      ? error.message
      : `broke off its reply (${systemCode(error) ?? (error instanceof Error ? error.message : 'unknown')})`;
  return new WorkstationError('unavailable', `The server ${address} ${what}.`, 'Ask again.', {
    cause: error,
  });
}

/** vLLM and SGLang have written the message at the top, OpenAI's form has it under `error`. */
const ErrorBody = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
]);

/** What the server says of itself in an error's body, without anything of a picture; '' where it says nothing. */
export function serverWords(body: unknown): string {
  const parsed = ErrorBody.safeParse(body);
  if (!parsed.success) return '';
  const line = parsed.data.replaceAll(/data:[^\s"']*/g, '(picture)').replaceAll(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

const tooLong =
  /context length|context size|maximum model length|max_model_len|longer than the (maximum|context)|exceeds? the (available )?context|prompt is too long/i;

/** A reply with another status than 200. */
export function refusedByServer(
  address: string,
  status: number,
  headers: IncomingHttpHeaders,
  text: string,
): Refusal {
  const words = serverWords(jsonOrNull(text));
  const told = words === '' ? '' : ` It says: ${words}`;
  if (status === 401 || status === 403) {
    return final(
      'not-allowed',
      `The server ${address} does not accept the key of this workstation (${status}).`,
      `${administrator}: key or keyFile in server.json must hold the key that the server was started with.`,
    );
  }
  if (status >= 300 && status < 400) {
    return final(
      'not-allowed',
      `The server ${address} sends this workstation elsewhere (${status}), which is never followed: frames go only to the address that was set.`,
      `${administrator}: server.json must hold the server's own address.`,
    );
  }
  if (status === 404) {
    return final(
      'not-found',
      `The server ${address} does not know this address or model (404).${told}`,
      `${administrator}: url in server.json must end in the base of the API, such as /v1, and model be a name that it serves.`,
    );
  }
  if (status === 413) {
    return final(
      'unavailable',
      `The server ${address}, or a proxy before it, does not take pictures of this size (413).`,
      `${administrator}: the proxy must allow larger requests (client_max_body_size 16m), or maxPixels be lowered.`,
    );
  }
  if (status === 400 && tooLong.test(words)) {
    return final(
      'prompt-too-long',
      `The question and the frame are longer than the server allows.${told}`,
      'Ask a shorter question, or have the server started with more context (--max-model-len).',
    );
  }
  if (status === 429 || status === 502 || status === 503) {
    const { failure } = final(
      'unavailable',
      `The server ${address} is busy or starting (${status}).${told}`,
      'Ask again in a moment.',
    );
    return { failure, again: true, pauseSeconds: retryAfter(headers['retry-after']) };
  }
  return final(
    status >= 400 && status < 500 ? 'invalid-input' : 'unavailable',
    `The server ${address} could not do what it was asked (${status}).${told}`,
    status >= 400 && status < 500
      ? `${administrator}: structuredOutput or another setting in server.json may not suit this server.`
      : 'Ask again, or later; the server’s own log names the cause.',
  );
}

function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  const until = Date.parse(header);
  return Number.isNaN(until) ? null : Math.max(0, (until - Date.now()) / 1000);
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // An error page of a proxy: its status says enough.
    return null;
  }
}

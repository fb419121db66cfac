import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { AnswerFormat, ModelDomain, ModelLabels, RegionWay } from '../../../preload/contract/model.ts';
import { Sha256 } from '../../../preload/contract/values.ts';
import { isMissing, reasonInWords } from '../../platform/file-errors.ts';
import { readPlainText } from '../../platform/plain-file.ts';
import { isLoopbackName } from './addresses.ts';

/** Bytes of a setting, a key or a list of certificates. */
const largestFile = 2 ** 20;

/** The name of the administrator's file, in the system's folder for settings or in the data folder. */
export const configurationName = 'server.json';

/** How the server is made to keep to the answer format. */
export const StructuredOutput = z.enum(['auto', 'json_schema', 'regex', 'none']);

/** The program that serves; `auto` asks it. */
export const ServerSoftware = z.enum(['auto', 'vllm', 'sglang', 'llama-server', 'other']);

const visibleAscii = /^[\x21-\x7e]+$/;
const keyWords = 'must be one word of visible ASCII characters';

/**
 * What an administrator writes. Unknown keys are refused, so that a misspelt one isn't taken for a default. What
 * the model is and how it answers is said as in a model's manifest.
 */
const ConfigurationFile = z
  .strictObject({
    /** Off until the administrator says so. */
    enabled: z.boolean().default(false),
    /** Base of the API, as in https://gpu.hospital.local:8000/v1; without a path, /v1 is meant. */
    url: z.string().min(1),
    /** As the server calls it (`--served-model-name`). */
    model: z.string().min(1).max(120),
    key: z.string().regex(visibleAscii, keyWords).optional(),
    /** A file that holds the key alone. */
    keyFile: z.string().min(1).optional(),
    /** SHA-256 of the public key (SPKI) of the server's certificate; any one of these has to fit. */
    certificatePins: z
      .array(z.string().regex(/^sha256\/[A-Za-z0-9+/]{43}=$/, 'must look like sha256/BASE64=, 51 characters'))
      .default([]),
    /** Certificates in PEM that the server's may be signed by, in place of those that the system trusts. */
    caFile: z.string().min(1).optional(),
    /** Unencrypted, though not on this machine. */
    allowPlainHttp: z.boolean().default(false),
    /** Host names whose addresses may lie outside the private ranges. */
    allowedHosts: z.array(z.string().min(1)).default([]),
    /** How long the server may be silent before the request fails. */
    timeoutSeconds: z.number().positive().max(3600).default(120),
    /** How many questions may be with the server at a time. */
    concurrency: z.int().min(1).max(64).default(2),
    /** How often a request is tried again while nothing of the answer has come. */
    retries: z.int().min(0).max(10).default(2),
    software: ServerSoftware.default('auto'),
    structuredOutput: StructuredOutput.default('auto'),
    /** Whether labels that the server's list doesn't tell apart are asked for one by one. */
    weighLabels: z.boolean().default(true),

    name: z.string().min(1).optional(),
    version: z.string().min(1).default('not stated'),
    licence: z.string().min(1).default('not stated'),
    domain: ModelDomain.default('unknown'),
    domainNote: z.string().default(''),
    dtype: z.string().min(1).default('not stated'),
    /** Identity of the weights, where the administrator has checked it. */
    weightsSha256: Sha256.optional(),
    answerFormat: AnswerFormat,
    coordinateSpace: z.enum(['resized-pixels', 'normalized-1000']).default('resized-pixels'),
    coordinateStep: z.number().positive().default(1),
    labels: ModelLabels.optional(),
    /** `beside` sends two pictures for a question about a region, which a server may have to be started for. */
    regions: RegionWay.default('alone'),
    maxNewTokens: z.int().positive().max(8192).default(512),
    repetitionPenalty: z.number().min(0.5).max(2).default(1),
    /** The chat template ends in `<think>`, so the text begins inside the reasoning. */
    reasoningOpened: z.boolean().default(false),
    /** Side in pixels of the square that one image token stands for. */
    imageFactor: z.int().min(1).max(256).default(28),
    minPixels: z
      .int()
      .positive()
      .default(56 * 56),
    maxPixels: z
      .int()
      .positive()
      .default(28 * 28 * 1280),
  })
  .superRefine((given, context) => {
    const complain = (key: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    const url = URL.canParse(given.url) ? new URL(given.url) : null;
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      complain('url', 'must be an address like https://gpu.hospital.local:8000/v1');
      return;
    }
    if (url.username !== '' || url.password !== '')
      complain('url', 'must not hold a name or password; use keyFile');
    if (url.search !== '' || url.hash !== '') complain('url', 'must not have a query or fragment');
    const plain = url.protocol === 'http:';
    if (plain && !isLoopbackName(url.hostname) && !given.allowPlainHttp) {
      complain('url', 'is unencrypted and not on this machine: use https, or set allowPlainHttp to true');
    }
    if (plain && given.certificatePins.length > 0) complain('certificatePins', 'needs an https address');
    if (plain && given.caFile !== undefined) complain('caFile', 'needs an https address');
    if (given.key !== undefined && given.keyFile !== undefined) {
      complain('keyFile', 'stands beside key; give one of them');
    }
    if (given.minPixels > given.maxPixels) complain('minPixels', 'is larger than maxPixels');
    if (given.structuredOutput === 'json_schema' && given.answerFormat === 'think-answer-json') {
      complain('structuredOutput', 'json_schema cannot hold an answer with tags; use regex or auto');
    }
  });
type ConfigurationFile = z.infer<typeof ConfigurationFile>;

/** A configuration that is switched on and whole, with what its files hold. */
export interface ServerConfiguration extends Omit<
  ConfigurationFile,
  'enabled' | 'url' | 'key' | 'keyFile' | 'caFile'
> {
  /** Base of the API, without a slash at its end. */
  readonly url: URL;
  /** Never for a log, an error or the window. */
  readonly key: string | null;
  readonly certificateAuthorities: string | null;
}

/** The address as people may see it. */
export const serverAddress = ({ url }: Pick<ServerConfiguration, 'url'>): string => url.host;

/** Where the administrator's file is looked for, the first that is there counts. */
export function configurationPlaces(
  home: string,
  platform: NodeJS.Platform = process.platform,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string[] {
  const system =
    platform === 'win32'
      ? path.win32.join(environment['ProgramData'] ?? 'C:\\ProgramData', 'Surgery-R1', configurationName)
      : platform === 'darwin'
        ? path.posix.join('/Library/Application Support/Surgery-R1', configurationName)
        : path.posix.join('/etc/surgery-r1', configurationName);
  return [system, path.join(home, configurationName)];
}

/**
 * Reads the first file of `places` that is there.
 * @returns Null where there is none, or where it is switched off.
 * @throws WorkstationError `invalid-input` naming the file and the key, `not-allowed` where others may change
 *   the file or read the key in it, `file-unreadable`.
 */
export async function readServerConfiguration(
  places: readonly string[],
): Promise<ServerConfiguration | null> {
  for (const place of places) {
    const text = await readIfThere(place);
    if (text !== null) return parseConfiguration(place, text);
  }
  return null;
}

async function parseConfiguration(place: string, text: string): Promise<ServerConfiguration | null> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    // The parser's own words would quote the text, and with it perhaps the key.
    const what = `${place} is not valid JSON.`;
    throw new WorkstationError('invalid-input', what, 'Correct it; docs/SERVER.md has an example.', {
      cause,
    });
  }
  if (isSwitchedOff(content)) return null;
  const parsed = ConfigurationFile.safeParse(content);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const key = unknown ?? (issue?.path.join('.') || 'the whole file');
    const what = unknown === undefined ? (issue?.message ?? 'malformed') : 'is no setting of this program';
    throw new WorkstationError(
      'invalid-input',
      `${place}: ${key}: ${what}`,
      'Ask your administrator to correct this setting; docs/SERVER.md lists them all.',
    );
  }
  const { enabled: _enabled, url: address, key, keyFile, caFile, ...rest } = parsed.data;
  await refuseIfOpen(place, key !== undefined);
  const folder = path.dirname(place);
  const named = (setting: string, file: string): Promise<string> =>
    readNamed(place, setting, path.resolve(folder, file));
  const url = new URL(address);
  url.pathname = url.pathname === '/' ? '/v1' : url.pathname.replace(/\/+$/, '');
  return {
    ...rest,
    url,
    key: keyFile === undefined ? (key ?? null) : await readKey(place, path.resolve(folder, keyFile)),
    certificateAuthorities: caFile === undefined ? null : checkedPem(place, await named('caFile', caFile)),
  };
}

const Switch = z.object({ enabled: z.boolean().default(false) });

/** A file that isn't switched on need not be whole. */
function isSwitchedOff(content: unknown): boolean {
  const parsed = Switch.safeParse(content);
  return parsed.success && !parsed.data.enabled;
}

async function readKey(place: string, file: string): Promise<string> {
  const text = (await readNamed(place, 'keyFile', file)).trim();
  await refuseIfOpen(file, true);
  if (visibleAscii.test(text)) return text;
  throw new WorkstationError(
    'invalid-input',
    `${place}: keyFile: the file's content ${keyWords}.`,
    'Write the key alone into the file, on one line.',
  );
}

function checkedPem(place: string, text: string): string {
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new WorkstationError(
    'invalid-input',
    `${place}: caFile: the file holds no certificate in PEM form.`,
    'Export the certificate as Base-64 (PEM) and name that file.',
  );
}

async function readIfThere(place: string): Promise<string | null> {
  try {
    return await readPlainText(place, largestFile);
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw unreadable(place, cause);
  }
}

async function readNamed(place: string, setting: string, file: string): Promise<string> {
  try {
    return await readPlainText(file, largestFile);
  } catch (cause) {
    throw unreadable(`${place}: ${setting}: ${file}`, cause);
  }
}

function unreadable(what: string, cause: unknown): WorkstationError {
  return new WorkstationError(
    'file-unreadable',
    `${what} cannot be read (${reasonInWords(cause)}).`,
    'Ask your administrator to put it there, and to let this account read it.',
    { cause },
  );
}

/** Who may do what with a file or folder, as the system says. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
}

/**
 * What other accounts may do with a file of the administrator's: `changed` (the file, or its folder, in which it could be
 * replaced) or `read`; null where neither matters. A file or folder belongs to this account or the system's, since an owner
 * may change its mode. In a folder with the sticky bit nobody replaces what is another's.
 */
export function opennessOf(
  file: Ownership,
  folder: Ownership,
  account: number,
  holdsKey: boolean,
): { readonly what: 'file' | 'folder'; readonly may: 'changed' | 'read' } | null {
  const foreign = ({ uid }: Ownership): boolean => uid !== account && uid !== 0;
  if (foreign(file) || (file.mode & 0o022) !== 0) return { what: 'file', may: 'changed' };
  const sticky = (folder.mode & 0o1000) !== 0;
  if (foreign(folder) || ((folder.mode & 0o022) !== 0 && !sticky)) return { what: 'folder', may: 'changed' };
  return holdsKey && (file.mode & 0o004) !== 0 ? { what: 'file', may: 'read' } : null;
}

/**
 * Whoever may change the file decides where the frames go; whoever may read it has the key. Windows keeps
 * permissions elsewhere; there docs/SERVER.md says how to set them.
 */
async function refuseIfOpen(file: string, holdsKey: boolean): Promise<void> {
  const account = process.getuid?.();
  if (account === undefined) return;
  const real = await realpath(file);
  const found = await stat(real);
  const around = await stat(path.dirname(real));
  const open = opennessOf(found, around, account, holdsKey);
  if (open === null) return;
  const { mode, uid } = open.what === 'file' ? found : around;
  const target = open.what === 'file' ? file : path.dirname(real);
  const name = open.what === 'file' ? file : `The folder of ${file}`;
  const rights = `owner ${uid}, mode ${(mode & 0o7777).toString(8)}`;
  const ownership = uid === account || uid === 0 ? '' : `chown root ${target}; `;
  const permissions = open.what === 'folder' ? 'go-w' : holdsKey ? '640' : '644';
  throw new WorkstationError(
    'not-allowed',
    `${name} may be ${open.may} by other accounts (${rights}), and ${
      open.may === 'changed' ? 'the file decides where frames are sent' : 'it holds the key'
    }.`,
    `Ask your administrator to run: ${ownership}chmod ${permissions} ${target}`,
  );
}

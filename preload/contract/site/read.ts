import type { z } from 'zod';
import { WorkstationError } from '../errors.ts';
import { mostSiteFileBytes, siteFileFormat, siteFileVersion, SiteSettings } from './settings.ts';

type Issue = z.core.$ZodIssue;

const kibibytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

/** Refuses a file by its size, before it is read. */
export function mustFitAsSiteFile(bytes: number): void {
  if (bytes <= mostSiteFileBytes) return;
  throw refusal(
    `This file has ${kibibytes(bytes)}, and site settings have ${kibibytes(mostSiteFileBytes)} at most.`,
    'Choose the file of the site’s settings, which is a short text.',
  );
}

/**
 * Reads the text of a file of site settings, as the one place where such a file comes in.
 *
 * @throws WorkstationError `invalid-input` that says what is wrong and where, by the path in the file such as `$.labels[3]`
 */
export function readSiteSettings(text: string): SiteSettings {
  mustFitAsSiteFile(new TextEncoder().encode(text).length);
  const given = parseJson(text.replace(/^\ufeff/, ''));
  const { format, version } = headOf(given);
  if (format !== siteFileFormat) {
    throw refusal(
      `This is no file of site settings: at $.format it says ${told(format)}.`,
      `Such a file begins with "format": "${siteFileFormat}". “Export” writes one.`,
    );
  }
  if (typeof version === 'number' && version > siteFileVersion) {
    throw refusal(
      `These site settings are of version ${version}, written by a newer program; this one reads version ${siteFileVersion}.`,
      'Install the newer program here, or export the settings again with this one.',
    );
  }
  const read = SiteSettings.safeParse(given);
  if (read.success) return read.data;
  const [first, ...others] = read.error.issues;
  if (first === undefined) throw new Error('a refusal of site settings has no reason');
  const more =
    others.length === 0
      ? ''
      : ` ${others.length} more ${others.length === 1 ? 'place is' : 'places are'} wrong.`;
  throw refusal(
    `${pathOf(first.path)} ${inWords(first, valueAt(given, first.path))}.${more}`,
    'Change that in the file, and import it again.',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const place = placeOf(error instanceof Error ? error.message : '', text);
    throw refusal(
      `This file is no JSON: it can’t be read ${place}.`,
      'Site settings are a JSON file; look there for a missing comma, quote or bracket.',
    );
  }
}

/** Where JSON stops being JSON, by the position that the engine's message names, if it names one. */
function placeOf(message: string, text: string): string {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined) return text.trim() === '' ? 'because it is empty' : 'to its end';
  const before = text.slice(0, Number(position)).split('\n');
  return `at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

const headOf = (given: unknown): { format?: unknown; version?: unknown } =>
  typeof given === 'object' && given !== null ? given : {};

/** `$.questionSets[0].questions[2]`. */
const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (all, step) => (typeof step === 'number' ? `${all}[${step}]` : `${all}.${String(step)}`),
    '$',
  );

const valueAt = (given: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    given,
  );

/** What is wrong with a value, as the rest of a sentence that begins with its path. */
function inWords(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? `is missing: it must be ${nouns[issue.expected] ?? issue.expected}`
        : `is ${told(value)}, and must be ${nouns[issue.expected] ?? issue.expected}`;
    case 'too_big':
      if (issue.origin === 'string')
        return `has ${lengthOf(value)} characters, and ${issue.maximum} are the most`;
      if (issue.origin === 'array')
        return `has ${lengthOf(value)} entries, and ${issue.maximum} are the most`;
      return `is ${told(value)}, and ${issue.maximum} is the most`;
    case 'too_small':
      if (issue.origin === 'string') return 'is empty';
      if (issue.origin === 'array') return 'is an empty list';
      return `is ${told(value)}, and ${issue.minimum} is the least`;
    case 'unrecognized_keys':
      return `has what no site settings have: ${issue.keys.map((key) => told(key)).join(', ')}`;
    case 'invalid_value':
      return `is ${told(value)}, and must be ${issue.values.map((one) => told(one)).join(', ')}`;
    case 'invalid_union':
      return `is ${told(value)}, and must be a text`;
    default:
      return issue.message;
  }
}

const nouns: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  array: 'a list',
  object: 'an object with names and values',
};

const lengthOf = (value: unknown): number =>
  typeof value === 'string' || Array.isArray(value) ? value.length : 0;

/** A value as a person finds it in their file, in a few words. */
function told(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

const refusal = (message: string, hint: string): WorkstationError =>
  new WorkstationError('invalid-input', message, `${hint} Nothing was changed.`);

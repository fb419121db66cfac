import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ChangeKind } from '../../../preload/contract/changes.ts';

/** Stands in for the hash of the change before the first one. */
export const chainStart = '0'.repeat(64);

/** The head of a change as it is stored, with a digest in place of the edits, so that edits can be erased. */
export interface ChangeHead {
  seq: number;
  at: number;
  actor: string;
  window: string | null;
  caseId: string | null;
  sessionId: string | null;
  command: string;
  kind: ChangeKind;
  target: number | null;
  groupId: string | null;
  /** The first change of the step that this one belongs to, which is itself unless it continues a group. */
  step: number;
  /** The change under this one on its stack of undo or redo. */
  under: number | null;
  bodySha256: string;
  /** Hash of the change before, which links the changes to a chain. */
  previous: string;
}

/**
 * The text of a value by RFC 8785, so that equal values always have the same text. A lone half of a surrogate pair, which
 * neither the standard nor SQLite can hold, becomes the replacement character.
 */
export function canonicalText(value: unknown): string {
  const text = canonicalize(wellFormed(value));
  if (text === undefined) throw new Error('a value without a JSON form can’t be recorded');
  return text;
}

/** The value without broken surrogate pairs and without what JSON leaves out, so that it survives being stored. */
export function wellFormed<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed() as T;
  if (Array.isArray(value)) return value.map(wellFormed) as T;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.map(([name, field]) => [name.toWellFormed(), wellFormed(field)])) as T;
}

/** SHA-256 of a text's UTF-8, as 64 hexadecimal digits. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex');

/**
 * Hashes the head of a change, which holds the digest of its edits and the hash of the change before. The names stand in the
 * order of RFC 8785, so that `JSON.stringify` gives the same text as the library, ten times as fast.
 */
export const hashOf = (head: ChangeHead): string =>
  sha256(
    JSON.stringify({
      actor: head.actor,
      at: head.at,
      bodySha256: head.bodySha256,
      caseId: head.caseId,
      command: head.command,
      format: 1,
      groupId: head.groupId,
      kind: head.kind,
      previous: head.previous,
      seq: head.seq,
      sessionId: head.sessionId,
      step: head.step,
      target: head.target,
      under: head.under,
      window: head.window,
    }),
  );

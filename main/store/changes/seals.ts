import { canonicalText, sha256 } from './chain.ts';

/** The columns that hold what an answer says, and what it was asked. A column that is added later needs a new format. */
export const sealedColumns = [
  'id',
  'question_id',
  'session_id',
  'version',
  'status',
  'label',
  'box',
  'reasoning',
  'raw',
  'probability',
  'evidence',
  'notes',
  'frame',
  'model',
  'settings',
  'model_input',
  'tokens',
  'timings',
  'error',
  'created_at',
  'ended_at',
] as const;

/** SHA-256 of a row of answers as it is stored, whatever later versions make of its columns. */
export function sealOf(row: Readonly<Record<string, unknown>>): string {
  const content = Object.fromEntries(sealedColumns.map((column) => [column, stored(row[column])]));
  return sha256(canonicalText({ format: 1, ...content }));
}

/** JSON has no form for these, and a damaged row may hold them. */
function stored(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value ?? null;
}

import { canonicalText, sha256 } from './chain.ts';

/**
 * The columns that held an answer and its question when seals were introduced, as named in that step of the schema. A column
 * that is added later goes into {@link laterColumns}, so that older seals stay valid.
 */
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

/**
 * Columns of later versions. They are part of a seal only if they hold something, so that older seals stay valid. The step
 * that adds such a column must also refuse changes to it in a sealed answer.
 */
const laterColumns = ['items'] as const;

/** All columns that a seal covers. */
export const columnsOfSeal: readonly string[] = [...sealedColumns, ...laterColumns];

/** SHA-256 of an answer's row as it is stored, so that it does not depend on how a version reads the columns. */
export function sealOf(row: Readonly<Record<string, unknown>>): string {
  const content = Object.fromEntries(sealedColumns.map((column) => [column, stored(row[column])]));
  const later = laterColumns.filter((column) => (row[column] ?? null) !== null);
  const added = Object.fromEntries(later.map((column) => [column, stored(row[column])]));
  return sha256(canonicalText({ format: 1, ...content, ...added }));
}

/** Turns values that JSON can't hold, and that only a damaged row has, into text. */
function stored(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value ?? null;
}

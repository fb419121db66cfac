import { canonicalText, sha256 } from './chain.ts';

/**
 * The columns that hold what an answer says, and what it was asked, when seals began: the step of the schema that brought
 * seals names these. A column that is added later goes into {@link laterColumns}.
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
 * Columns of later versions. They take part where they hold something, so that a seal from before them stays what it is;
 * the step that adds one refuses its change in a sealed answer.
 */
const laterColumns = ['items'] as const;

/** All columns that a seal is made of. */
export const columnsOfSeal: readonly string[] = [...sealedColumns, ...laterColumns];

/** SHA-256 of a row of answers as it is stored, whatever later versions make of its columns. */
export function sealOf(row: Readonly<Record<string, unknown>>): string {
  const content = Object.fromEntries(sealedColumns.map((column) => [column, stored(row[column])]));
  const later = laterColumns.filter((column) => (row[column] ?? null) !== null);
  const added = Object.fromEntries(later.map((column) => [column, stored(row[column])]));
  return sha256(canonicalText({ format: 1, ...content, ...added }));
}

/** JSON has no form for these, and a damaged row may hold them. */
function stored(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value ?? null;
}

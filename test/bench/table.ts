/** One measurement; with a limit it passes or fails, without one it is there to be read. */
export interface BenchRow {
  name: string;
  value: number;
  unit: string;
  atLeast?: number;
  atMost?: number;
}

export interface BenchTable {
  title: string;
  rows: BenchRow[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

/** Null where the row has no limit. */
export function passes({ value, atLeast, atMost }: BenchRow): boolean | null {
  if (atLeast === undefined && atMost === undefined) return null;
  return value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);
}

export function render({ title, rows }: BenchTable): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map((row) => {
    const limit =
      row.atLeast !== undefined
        ? `at least ${row.atLeast}`
        : row.atMost !== undefined
          ? `at most ${row.atMost}`
          : '';
    const verdict = { true: 'met', false: 'NOT met', null: '' }[
      String(passes(row)) as 'true' | 'false' | 'null'
    ];
    const value = Number.isInteger(row.value) ? String(row.value) : row.value.toFixed(2);
    return `  ${row.name.padEnd(width)}  ${`${value} ${row.unit}`.padStart(14)}  ${limit.padEnd(14)} ${verdict}`.trimEnd();
  });
  return [title, ...lines].join('\n');
}

/**
 * Counts the typing errors by which two words differ, up to 3. An error is a letter added, left out or changed, or two
 * neighbouring letters exchanged.
 */
export function slipsBetween(a: string, b: string): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > 2) return 3;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const above = rows[i - 1]!;
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(changed, above[j]! + 1, row[j - 1]! + 1, ...(exchanged ? [rows[i - 2]![j - 2]! + 1] : [])),
      );
    }
    rows.push(row);
  }
  return Math.min(3, rows[a.length]![b.length]!);
}

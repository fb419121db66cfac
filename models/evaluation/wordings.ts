import { mean } from './metrics/index.ts';
import type { Wordings } from './report-schema.ts';
import type { ScoredRow } from './scored-row.ts';
import { Wording } from './rows.ts';

/**
 * What other words cost. Rows that ask the same about the same picture in other words belong together;
 * `paired` compares only those, so that no difference in what is asked enters.
 */
export function wordingFigures(rows: readonly ScoredRow[]): Wordings {
  const byWording: Wordings['byWording'] = {};
  for (const wording of Wording.options) {
    const part = rows.filter(({ row }) => row.wording === wording);
    if (part.length > 0) byWording[wording] = { questions: part.length, accuracy: rightPart(part) };
  }
  const other = rows.filter(({ row }) => row.wording !== 'dataset');
  const own = rows.filter(({ row }) => row.wording === 'dataset');
  const groups = [
    ...Map.groupBy(rows, ({ row }) => `${row.image}\0${row.questionType}\0${row.subject ?? ''}`).values(),
  ].filter((group) => new Set(group.map(({ row }) => row.question)).size > 1);
  const pairs = groups.flatMap((group) => {
    const plain = group.filter(({ row }) => row.wording === 'dataset');
    const others = group.filter(({ row }) => row.wording !== 'dataset');
    return plain.length > 0 && others.length > 0
      ? { plain: rightPart(plain), others: rightPart(others) }
      : [];
  });
  const same = groups.filter((group) => new Set(group.map(({ label }) => label.prediction)).size === 1);
  return {
    byWording,
    lossPoints: own.length > 0 && other.length > 0 ? 100 * (rightPart(own) - rightPart(other)) : null,
    paired: {
      groups: pairs.length,
      lossPoints:
        pairs.length > 0
          ? 100 * (mean(pairs.map(({ plain }) => plain)) - mean(pairs.map(({ others }) => others)))
          : null,
    },
    consistency: { groups: groups.length, rate: groups.length > 0 ? same.length / groups.length : null },
  };
}

const rightPart = (rows: readonly ScoredRow[]): number => mean(rows.map(({ right }) => (right ? 1 : 0)));

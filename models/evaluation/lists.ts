import { iou } from '../../preload/contract/boxes.ts';
import { isPlaceless } from '../data/index.ts';
import { mapLabel } from './metrics/index.ts';
import type { Part } from './report-schema.ts';
import { usableBox, type EvaluationRow, type RowAnswer } from './rows.ts';

/** Figures of answers that name several things, and of those that decline. */

/** From this overlap on a thing of a list is found. */
export const FOUND = 0.5;
/** The one class of a list of names, right or not: hardly two pictures have the same list. */
export const [WHOLE_LIST, OTHER_LIST] = ['the whole list', 'another list'] as const;

/** Types whose label is no more than the names of their items. */
export const isList = ({ questionType }: Pick<EvaluationRow, 'questionType'>): boolean =>
  questionType === 'instruments' || questionType === 'description';

/** Everything that an answer names with its box: its items, or its one thing. */
const named = ({ label, box, items = [] }: RowAnswer): { label: string | null; box: RowAnswer['box'] }[] =>
  items.length > 0 ? [...items] : label === null || box === null ? [] : [{ label, box }];

/** Whether an answer to a list question names the true things, each once, in whatever order. */
export function isWholeList(row: EvaluationRow, answer: RowAnswer, labels: readonly string[]): boolean {
  const truth = (row.items ?? []).map(({ label }) => label).sort();
  const said = named(answer)
    .map(({ label }) => mapLabel(label, labels))
    .sort();
  return truth.join('\n') === said.join('\n');
}

/** True things, things that an answer names, and those that are the same: equal name and enough overlap, each once. */
export interface ListMatch {
  true: number;
  said: number;
  found: number;
}

/** Pairs with the largest overlap are taken first. Null where the row has no true list. */
export function matchList(
  row: EvaluationRow,
  answer: RowAnswer,
  labels: readonly string[],
): ListMatch | null {
  const { items } = row;
  if (items === undefined) return null;
  const said = named(answer);
  const pairs = items
    .flatMap((item, i) =>
      said.map((other, j) => {
        const box = usableBox(other.box);
        const same = box !== null && mapLabel(other.label, labels) === item.label;
        return { i, j, overlap: same ? iou(item.box, box) : 0 };
      }),
    )
    .filter(({ overlap }) => overlap >= FOUND)
    .sort((a, b) => b.overlap - a.overlap);
  const [taken, used] = [new Set<number>(), new Set<number>()];
  for (const { i, j } of pairs) {
    if (taken.has(i) || used.has(j)) continue;
    taken.add(i);
    used.add(j);
  }
  return { true: items.length, said: said.length, found: taken.size };
}

/** Over all rows with a list (micro): precision, recall and F1; null without such rows. */
export function listFigures(matches: readonly (ListMatch | null)[]): Part['lists'] {
  const rows = matches.filter((match) => match !== null);
  if (rows.length === 0) return null;
  const sum = (of: keyof ListMatch): number => rows.reduce((total, row) => total + row[of], 0);
  const [truth, said, found] = [sum('true'), sum('said'), sum('found')];
  return {
    questions: rows.length,
    things: truth,
    precision: said > 0 ? found / said : null,
    recall: found / truth,
    f: (2 * found) / (truth + said),
  };
}

/** Whether there is nothing to be placed: no box belongs to such a label. */
export const hasNoPlace = (row: EvaluationRow): boolean => row.items !== undefined || isPlaceless(row.label);

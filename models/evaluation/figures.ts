import { iou } from '../../preload/contract/boxes.ts';
import { absentLabel, checkCoherence } from '../../preload/contract/coherence.ts';
import {
  accuracy,
  calibration,
  clusteredHalfWidth,
  confusionMatrix,
  fitBlindLookup,
  macroF,
  mapLabel,
  mean,
  miou,
  miouReference,
  perClass,
  selection,
} from './metrics/index.ts';
import type { BlindRow } from './metrics/index.ts';
import { REFUSALS } from '../data/index.ts';
import { OTHER_LIST, WHOLE_LIST, hasNoPlace, isList, isWholeList, listFigures, matchList } from './lists.ts';
import type { EvaluationFigures, Part, PartName } from './report-schema.ts';
import { EVALUATION_TYPES, isAbsent, labelsFor, usableBox } from './rows.ts';
import type { ScoredRow } from './scored-row.ts';
import type { AnsweredRow, EvaluationRow } from './rows.ts';
import { wordingFigures } from './wordings.ts';

/** From this overlap on a box is on the thing it is about. */
export const RIGHT_BOX = 0.5;

export interface FigureOptions {
  /** Labels that free text is mapped to; {@link labelsFor} the rows when absent. */
  labels?: readonly string[];
  /** Rows for fitting the blind lookup; the evaluated rows themselves when absent. */
  trainRows?: readonly BlindRow[];
}

/**
 * Every figure of a set of answers: the one definition, for answers of the engine here and for those that were
 * written elsewhere. The same rows and answers give the same figures, in any order of `answered` but for labels
 * that are equally frequent in the blind lookup.
 *
 * Questions that ask for a box alone name their answer's label, so they stand in the table by type and count
 * for nothing else, unless there are no others.
 */
export function figuresOf(answered: readonly AnsweredRow[], options: FigureOptions = {}): EvaluationFigures {
  const labels = options.labels ?? labelsFor(answered.map(({ row }) => row));
  const blind = fitBlindLookup(options.trainRows ?? answered.map(({ row }) => blindRow(row)));
  const scored = answered.map((each) => score(each, labels, blind));
  const asking = scored.filter(({ row }) => row.questionType !== 'grounding');
  const counted = asking.length > 0 ? asking : scored;
  const types = EVALUATION_TYPES.filter((type) => scored.some(({ row }) => row.questionType === type));
  const ofType = (type: PartName): ScoredRow[] => scored.filter(({ row }) => row.questionType === type);
  const rated = counted.flatMap(({ answer: { probability }, right }) =>
    probability === null ? [] : { probability, right },
  );
  const ratedBoxes = counted.flatMap(({ answer: { boxProbability }, overlap }) =>
    boxProbability == null || overlap === null
      ? []
      : { probability: boxProbability, right: overlap >= RIGHT_BOX },
  );
  return {
    countedTypes: types.filter((type) => type !== 'grounding' || asking.length === 0),
    overall: partOf(counted),
    byType: Object.fromEntries(types.map((type) => [type, partOf(ofType(type))])),
    blindFloorFittedOn: options.trainRows ? 'training rows' : 'the evaluated rows',
    calibration: {
      answer: rated.length > 0 ? calibration(rated) : null,
      box: ratedBoxes.length > 0 ? calibration(ratedBoxes) : null,
    },
    selection: rated.length > 0 ? selection(rated) : null,
    wordings: wordingFigures(counted),
    perClass: perClass(counted.map(({ label }) => label)),
    confusion: Object.fromEntries(
      types.map((type) => [
        type,
        confusionMatrix(
          ofType(type).map(({ label }) => label),
          labels,
        ),
      ]),
    ),
  };
}

/** What the blind lookup learns of a row. */
export const blindRow = ({ question, questionType, subject, label }: EvaluationRow): BlindRow => ({
  question,
  questionType,
  subject,
  answer: label,
});

function score(
  { row, answer }: AnsweredRow,
  labels: readonly string[],
  blind: ReturnType<typeof fitBlindLookup>,
): ScoredRow {
  const size = { width: row.width, height: row.height };
  const whole = isList(row) && isWholeList(row, answer, labels);
  const truth = isList(row) ? WHOLE_LIST : row.label;
  const prediction = isList(row) ? (whole ? WHOLE_LIST : OTHER_LIST) : mapLabel(answer.label, labels);
  const given = usableBox(answer.box);
  const { findings } = checkCoherence({
    reasoning: answer.reasoning,
    label: answer.label,
    box: given && [...given],
    size,
    question: row.question,
  });
  return {
    row,
    answer,
    label: { truth, prediction },
    right: prediction === truth,
    box: row.box && { truth: row.box, prediction: given, size },
    overlap: row.box && (given ? iou(row.box, given) : 0),
    // What has no place of its own misses no box.
    coherent: findings.every(({ kind }) => kind === 'box-missing' && hasNoPlace(row)),
    contradictory: findings.some(({ kind }) => kind === 'reasoning-place' || kind === 'label-place'),
    blind: { truth: row.label, prediction: blind(row) },
    list: matchList(row, answer, labels),
  };
}

function partOf(rows: readonly ScoredRow[]): Part {
  const labels = rows.map(({ label }) => label);
  const boxes = rows.flatMap(({ box }) => box ?? []);
  const right = accuracy(labels);
  const blindFloor = accuracy(rows.map(({ blind }) => blind));
  return {
    questions: rows.length,
    frames: new Set(rows.map(({ row }) => row.image)).size,
    withBox: boxes.length,
    accuracy: right,
    macroF: macroF(labels),
    miou: boxes.length > 0 ? miou(boxes) : null,
    miouReference: boxes.length > 0 ? miouReference(boxes) : null,
    blindFloor,
    margin: right - blindFloor,
    halfWidths: {
      accuracy: halfWidth(rows, (row) => (row.right ? 1 : 0)),
      miou: halfWidth(rows, ({ overlap }) => overlap),
      illusions: halfWidth(rows, (row) => (row.overlap === null ? null : isIllusion(row) ? 1 : 0)),
    },
    illusions: illusionsOf(rows),
    format: {
      wellFormed: rows.filter(({ answer }) => answer.wellFormed).length,
      rate: mean(rows.map(({ answer }) => (answer.wellFormed ? 1 : 0))),
      unknownLabels: labels.filter(({ prediction }) => prediction === 'unknown').length,
      withoutBox: boxes.filter(({ prediction }) => prediction === null).length,
    },
    coherent: mean(rows.map(({ coherent }) => (coherent ? 1 : 0))),
    abstention: abstentionOf(rows),
    lists: listFigures(rows.map(({ list }) => list)),
    refusals: refusalsOf(rows),
  };
}

/**
 * Positional illusions: the label is right, but the box is not on the thing (overlap under
 * {@link RIGHT_BOX}, or no usable box), or a place in label or reasoning goes against the answer's own box. Among the rows
 * that have a true box. Term: Surgery-R1 (arXiv 2506.19469); the paper gives no formula, this one is ours.
 */
function illusionsOf(rows: readonly ScoredRow[]): Part['illusions'] {
  const located = rows.filter(({ overlap }) => overlap !== null);
  const rightLabel = located.filter(({ right }) => right);
  const misplaced = rightLabel.filter(({ overlap }) => (overlap ?? 0) < RIGHT_BOX);
  const count = rightLabel.filter(isIllusion).length;
  return {
    rows: located.length,
    count,
    rate: located.length > 0 ? count / located.length : null,
    rightLabels: rightLabel.length,
    rateAmongRight: rightLabel.length > 0 ? count / rightLabel.length : null,
    misplaced: misplaced.filter(({ box }) => box?.prediction).length,
    withoutBox: misplaced.filter(({ box }) => !box?.prediction).length,
    contradictory: rightLabel.filter(({ contradictory }) => contradictory).length,
  };
}

const isIllusion = ({ right, overlap, contradictory }: ScoredRow): boolean =>
  right && ((overlap ?? 0) < RIGHT_BOX || contradictory);

/** Over the rows that have a value. */
function halfWidth(rows: readonly ScoredRow[], of: (row: ScoredRow) => number | null): number | null {
  return clusteredHalfWidth(
    rows.flatMap((row) => {
      const value = of(row);
      return value === null ? [] : { cluster: row.row.image, value };
    }),
  );
}

/** How many questions the model declined that are not to be answered, and how many that are; null without the former. */
function refusalsOf(rows: readonly ScoredRow[]): Part['refusals'] {
  const declined = ({ label }: ScoredRow): boolean =>
    (Object.values(REFUSALS) as string[]).includes(label.prediction);
  const out = rows.filter(({ row }) => row.questionType === 'refusal');
  if (out.length === 0) return null;
  const within = rows.filter(({ row }) => row.questionType !== 'refusal');
  const caught = out.filter(declined).length;
  const wrongly = within.filter(declined).length;
  return {
    outOfScope: out.length,
    caught,
    rate: caught / out.length,
    inScope: within.length,
    wrongly,
    wrongRate: within.length > 0 ? wrongly / within.length : null,
  };
}

function abstentionOf(rows: readonly ScoredRow[]): Part['abstention'] {
  const abstained = ({ label }: ScoredRow): boolean => label.prediction === absentLabel;
  const absent = rows.filter(({ row }) => isAbsent(row));
  const present = rows.filter(({ row }) => !isAbsent(row));
  const rightly = absent.filter(abstained).length;
  const falsely = present.filter(abstained).length;
  return {
    absent: absent.length,
    rightly,
    rate: absent.length > 0 ? rightly / absent.length : null,
    present: present.length,
    falsely,
    falseRate: present.length > 0 ? falsely / present.length : null,
  };
}

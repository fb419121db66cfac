import { iou } from '../../preload/contract/boxes.ts';
import type { Box } from '../../preload/contract/values.ts';

/** A question of marked pictures with its true answer, and what a model said. */
export interface MeasuredRow {
  patient: string;
  subject: string;
  questionType: string;
  /** The true label; `not visible` where the thing is not there. */
  label: string;
  box: Box | null;
  width: number;
  height: number;
  said: { label: string | null; box: Box | null };
}

/** What is known of a thing in the taught pictures, without looking at one. */
export type TaughtRow = Pick<MeasuredRow, 'subject' | 'questionType' | 'label' | 'box' | 'width' | 'height'>;

export interface SubjectFigures {
  patient: string;
  /** A thing that was asked about, or `all`. */
  subject: string;
  places: number;
  /** Share of places named rightly, of things that are there. */
  accuracy: number | null;
  /** The same by the most frequent place of the thing in the taught pictures, with no picture looked at. */
  accuracyBlind: number | null;
  /** Mean true IoU of the boxes of things that are there; no box counts 0. */
  miou: number | null;
  /** The same with the mean box of the thing in the taught pictures. */
  miouBlind: number | null;
  absent: number;
  /** Share of what is not there that is said not to be. */
  absentRight: number | null;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Figures by patient and thing, each beside what can be said blindly; `isAbsent` knows the label of what is not there. */
export function figuresByPatient(
  rows: readonly MeasuredRow[],
  taught: readonly TaughtRow[],
  isAbsent: (label: string) => boolean,
): SubjectFigures[] {
  const blind = blindAnswers(taught, isAbsent);
  const found: SubjectFigures[] = [];
  for (const [patient, own] of Map.groupBy(rows, (row) => row.patient)) {
    const subjects = [...new Set(own.map(({ subject }) => subject))].sort();
    for (const subject of [...subjects, 'all']) {
      const asked = own.filter((row) => subject === 'all' || row.subject === subject);
      const there = asked.filter(({ label }) => !isAbsent(label));
      const places = there.filter(({ questionType }) => questionType === 'location');
      const absent = asked.filter(({ label }) => isAbsent(label));
      found.push({
        patient,
        subject,
        places: places.length,
        accuracy: mean(places.map(({ said, label }) => Number(said.label === label))),
        accuracyBlind: mean(places.map((row) => Number(blind.get(row.subject)?.place === row.label))),
        miou: mean(there.map(({ said, box }) => (said.box && box ? iou(said.box, box) : 0))),
        miouBlind: mean(
          there.map(({ subject: name, box, width, height }) => {
            const share = blind.get(name)?.box;
            if (share === undefined || box === null) return 0;
            return iou([share[0] * width, share[1] * height, share[2] * width, share[3] * height], box);
          }),
        ),
        absent: absent.length,
        absentRight: mean(absent.map(({ said }) => Number(said.label !== null && isAbsent(said.label)))),
      });
    }
  }
  return found;
}

function blindAnswers(
  taught: readonly TaughtRow[],
  isAbsent: (label: string) => boolean,
): Map<string, { place: string | undefined; box: Box }> {
  const found = new Map<string, { place: string | undefined; box: Box }>();
  const there = taught.filter(({ label, box }) => !isAbsent(label) && box !== null);
  for (const [subject, rows] of Map.groupBy(there, (row) => row.subject)) {
    const places = Map.groupBy(
      rows.filter(({ questionType }) => questionType === 'location'),
      ({ label }) => label,
    );
    const [most] = [...places].sort(([, a], [, b]) => b.length - a.length);
    const corner = (at: 0 | 1 | 2 | 3): number =>
      mean(rows.map(({ box, width, height }) => box![at] / (at % 2 === 0 ? width : height))) ?? 0;
    found.set(subject, { place: most?.[0], box: [corner(0), corner(1), corner(2), corner(3)] });
  }
  return found;
}

/** The figures as a table in Markdown. */
export function figuresTable(figures: readonly SubjectFigures[]): string[] {
  const share = (value: number | null): string => (value === null ? '-' : value.toFixed(3));
  return [
    '| patient | asked about | places | right | blind | mIoU | mean box | absent | "not visible" |',
    '|---|---|---|---|---|---|---|---|---|',
    ...figures.map(
      (row) =>
        `| ${row.patient} | ${row.subject} | ${row.places} | ${share(row.accuracy)} | ${share(row.accuracyBlind)} | ` +
        `${share(row.miou)} | ${share(row.miouBlind)} | ${row.absent} | ${share(row.absentRight)} |`,
    ),
  ];
}

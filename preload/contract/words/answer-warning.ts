import { askedOf } from '../asked.ts';
import { checkCoherence, sidesInWords, type Finding } from '../coherence.ts';
import { isUnderWay, type Answer, type FrameIdentity } from '../domain.ts';
import { boxAsGiven, pictureGiven } from '../regions.ts';
import { otherNames } from '../names-said.ts';
import type { Size } from '../values.ts';

/** Shown wherever an answer is seen with a picture that is not its own, because its box does not belong there. */
export const anotherPicture =
  'This answer was given for another picture of this frame: the file or the decoder has changed since.';

/** Shown wherever a frame at which the file is damaged is shown, asked about or exported. */
export const damagedPicture = 'The file is damaged at this frame: the picture may not be what was recorded.';

/** Shown with the compressed picture that replaces a frame whose video can't be read. */
export const keptPicture = ({ index, hash }: Pick<FrameIdentity, 'index' | 'hash'>): string =>
  `The video can’t be read: this is the kept picture of frame ${index}, compressed and not the exact frame, whose SHA-256 is ${hash.slice(0, 12)}…`;

/** Codes for machines that tell why the picture of an answer needs a closer look. */
export const pictureWarnings = ({ frame }: Pick<Answer, 'frame'>): 'picture-damaged'[] =>
  frame?.isDamaged ? ['picture-damaged'] : [];

/**
 * Tells a person what to know before using an answer whose words disagree with its box or its names; null if they agree. A
 * label without a box is not mentioned, because the answer's status says so. `question` is what was typed, `size` that of
 * the source frame.
 */
export function answerWarning(
  answer: Pick<Answer, 'status' | 'label' | 'box' | 'reasoning'> &
    Partial<Pick<Answer, 'evidence' | 'items' | 'frame'>>,
  question: string,
  size: Size,
): string | null {
  const { status, label, reasoning } = answer;
  if (isUnderWay(status)) return null;
  const given = { box: boxAsGiven(answer, answer.box), size: pictureGiven(answer, size) };
  const { findings } = checkCoherence({ reasoning, label, ...given, question: askedOf(answer, question) });
  const said = [
    misplaced(findings),
    absentButBoxed(findings),
    placedButAbsent(findings),
    misnamed(answer),
  ].filter((words) => words !== null);
  return said.length > 0 ? `${said.join(' ')} Check the picture before you use this answer.` : null;
}

/** Lists places, each once: "upper left and right of the middle". */
function places(findings: readonly Finding[]): string {
  const named = findings.flatMap(({ saidSides }) => (saidSides ? [sidesInWords(saidSides)] : []));
  return [...new Set(named)].join(' and ');
}

function misplaced(findings: readonly Finding[]): string | null {
  const wrong = findings.filter(({ kind }) => kind === 'reasoning-place' || kind === 'label-place');
  const boxSides = wrong[0]?.boxSides;
  return boxSides ? `The words say ${places(wrong)}; the box lies ${sidesInWords(boxSides)}.` : null;
}

function absentButBoxed(findings: readonly Finding[]): string | null {
  if (findings.some(({ kind }) => kind === 'reasoning-absent'))
    return 'The words say that it is not in sight; a box is given.';
  return findings.some(({ kind }) => kind === 'box-unexpected')
    ? 'The answer is “not visible”; a box is given.'
    : null;
}

function placedButAbsent(findings: readonly Finding[]): string | null {
  const placed = findings.filter(({ kind }) => kind === 'absent-place');
  return placed.length > 0 ? `The answer is “not visible”; the words say ${places(placed)}.` : null;
}

function misnamed(answer: Parameters<typeof otherNames>[0]): string | null {
  const names = otherNames(answer);
  return names && `The words name ${counted(names.words)}; the answer names ${counted(names.answer)}.`;
}

/** Lists names, each once and with its count: "suction, bipolar forceps twice". */
function counted(names: readonly string[]): string {
  const times = (name: string): number => names.filter((other) => other === name).length;
  return [...new Set(names)]
    .map((name) =>
      times(name) === 1 ? name : times(name) === 2 ? `${name} twice` : `${name} ${times(name)} times`,
    )
    .join(', ');
}

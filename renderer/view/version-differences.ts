import {
  decoding,
  iou,
  meaningOf,
  namedModel,
  outcomeWords,
  probabilityInWords,
  surenessOf,
  type Answer,
} from '../../preload/contract/index.ts';
import { duration, readable } from './format.ts';

/** One thing that is said of two versions of an answer. */
export interface Compared {
  readonly name: string;
  readonly values: readonly [string, string];
  readonly differs: boolean;
}

const none = '—';

/** What two versions have in common and what not, in the order in which a person reads an answer. */
export function compared(one: Answer, other: Answer): Compared[] {
  const row = (name: string, valueOf: (answer: Answer) => string): Compared => {
    const values = [valueOf(one), valueOf(other)] as const;
    return { name, values, differs: values[0] !== values[1] };
  };
  return [
    row('Answer', (answer) => (answer.label === null ? outcomeWords(answer).word : readable(answer.label))),
    row('Probability', (answer) => {
      const sureness = surenessOf(answer);
      return sureness === null ? none : probabilityInWords(sureness.probability);
    }),
    row('Box', ({ box, items }) =>
      box === null
        ? items.length > 0
          ? items.map(({ label }) => readable(label)).join(', ')
          : 'no box'
        : box.map((edge) => Math.round(edge)).join(', '),
    ),
    row('Model', ({ model }) => (model === null ? none : namedModel(model))),
    row('Device', ({ model }) => model?.device ?? none),
    row('Drawn', ({ settings }) => decoding(settings)),
    row('Took', ({ timings }) => (timings === null ? none : duration(timings.totalMilliseconds))),
    row('Reasoning', (answer) => answer.reasoning || meaningOf(answer) || none),
  ];
}

/** How the boxes of two versions lie, in words; null where there are not two. */
export function boxesInWords(one: Answer, other: Answer): string | null {
  if (one.box === null || other.box === null) return null;
  const overlap = iou(one.box, other.box);
  return overlap === 1 ? 'Both boxes are the same.' : `The boxes overlap by ${overlap.toFixed(2)} (IoU).`;
}

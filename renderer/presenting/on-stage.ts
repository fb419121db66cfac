import {
  doubtMeanings,
  doubtsOf,
  isUnderWay,
  placedItems,
  readable,
  regionOf,
  surenessInWords,
  type Box,
} from '../../preload/contract/index.ts';
import type { Review } from '../state/review.svelte.ts';
import { headline } from '../view/statuses.ts';
import type { Presented } from './presented.ts';

/** What is on a window's stage, for those who watch it. */
export function onStage(
  review: Review,
  { showsName, domain }: { showsName: boolean; domain: string | null },
): Presented {
  const { player, view, judging } = review;
  const { motion } = player;
  const seconds = motion.visible ? motion.seconds : null;
  const still = seconds === null ? (player.shown?.location.index ?? null) : null;
  const answer = still !== null && review.onAnswersPicture && review.answer ? review.answer : null;
  const ended = answer && !isUnderWay(answer.status) ? answer : null;
  const figure = ended ? surenessInWords(ended) : '';
  const correction = ended ? judging.correction : null;
  const region = ended ? regionOf(ended) : null;
  const model = ended ? placedItems(ended) : [];
  return {
    video: review.video,
    index: still,
    playing: seconds === null ? null : { seconds, at: Date.now(), rate: motion.moving ? motion.rate : 0 },
    boxes: view.overlaysHidden
      ? []
      : [
          ...(region === null
            ? []
            : [{ box: [...region] as Box, label: '', figure: '', kind: 'region' as const }]),
          ...model.map(({ label, box }) => ({
            ...{ box: [...box] as Box, label: readable(label), kind: 'model' as const },
            figure: ended?.items.length === 0 ? figure : '',
          })),
          ...(ended ? judging.ownBoxes : []).map(({ label, box }) => ({
            ...{ box: [...box] as Box, label: readable(label), figure: '', kind: 'own' as const },
          })),
          ...review.tracks.boxes.map(({ kind, label, box }) => ({
            ...{ box: [...box] as Box, label, figure: '', kind },
          })),
        ],
    answer:
      ended && !view.overlaysHidden
        ? {
            label: headline(ended),
            figure,
            doubts: doubtsOf(ended).map((doubt) => doubtMeanings[doubt]),
            own: correction
              ? (correction.things?.map(({ label }) => readable(label)).join(', ') ??
                readable(correction.label))
              : null,
          }
        : null,
    filter: view.filter,
    domain,
    pseudonym: showsName ? review.case.pseudonym : null,
    hidden: view.overlaysHidden,
  };
}

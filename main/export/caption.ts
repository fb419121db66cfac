import { understoodAs } from '../../preload/contract/asked.ts';
import { answerWarning, damagedPicture } from '../../preload/contract/words/answer-warning.ts';
import { decoding, domainWords, grouped, readable } from '../../preload/contract/words/answers.ts';
import { disclaimer, type Answer } from '../../preload/contract/domain.ts';
import { doubtMeanings, doubtsOf, surenessInWords } from '../../preload/contract/doubts.ts';
import { eyeInWords } from '../../preload/contract/stereo.ts';
import { aboutRegionInWords } from '../../preload/contract/regions.ts';
import { visibleText } from '../../preload/contract/visible-text.ts';
import type { Picture } from '../platform/picture.ts';

/** What a still shows: a frame, and an answer about it. */
export interface StillContent {
  /** `isDamaged`: the file is damaged here, and the decoder drew what it could. */
  frame: Picture & { isDamaged?: boolean };
  answer: Pick<
    Answer,
    | 'status'
    | 'label'
    | 'box'
    | 'items'
    | 'reasoning'
    | 'probability'
    | 'evidence'
    | 'model'
    | 'frame'
    | 'settings'
    | 'notes'
  >;
  question: string;
  /** Counted from 0. */
  frameIndex: number;
  timecode: string;
}

/** One paragraph below a saved frame. */
export interface Caption {
  readonly words: string;
  readonly tone: 'title' | 'plain' | 'dim' | 'warn';
}

/** What stands below a saved frame: all that the window says beside it and that a picture must not lose on its way. */
export function captionOf({ frame, answer, question, frameIndex, timecode }: StillContent): Caption[] {
  const { model, label } = answer;
  const identity = answer.frame;
  const region = aboutRegionInWords(answer);
  const domain = model === null ? null : domainWords[model.domain];
  const pts = identity === null ? '' : ` · PTS ${identity.pts} (${identity.timeBase.join('/')} s)`;
  const understood = understoodAs(answer);
  const captions: (Caption | null)[] = [
    { words: question, tone: 'title' },
    region === null ? null : { words: region, tone: 'dim' },
    identity?.eye === undefined
      ? null
      : { words: `Of this stereo recording: the ${eyeInWords(identity.eye)}`, tone: 'dim' },
    understood === null ? null : { words: understood, tone: 'dim' },
    label === null
      ? null
      : { words: `Answer: ${readable(label)} ${parenthesised(surenessInWords(answer))}`, tone: 'plain' },
    ...(label === null ? [] : doubtsOf(answer)).map((doubt) => warning(doubtMeanings[doubt])),
    warning(answerWarning(answer, question, frame)),
    warning(frame.isDamaged || identity?.isDamaged ? damagedPicture : null),
    ...answer.notes.map((words) => ({ words, tone: 'warn' as const })),
    warning(domain === null ? null : `The model was ${domain}.`),
    { words: `Frame ${grouped(frameIndex)} · ${timecode}${pts}`, tone: 'plain' },
    {
      words:
        model === null
          ? 'No model answered.'
          : `${model.name} · ${model.device} · ${decoding(answer.settings)} · weights ${model.sha256}`,
      tone: 'plain',
    },
    identity === null
      ? null
      : {
          words: `Frame SHA-256 ${identity.hash}${identity.decoder === null ? '' : ` · decoded by ${identity.decoder}`}`,
          tone: 'dim',
        },
    { words: disclaimer, tone: 'dim' },
  ];
  return captions
    .filter((caption) => caption !== null)
    .map(({ words, tone }) => ({ words: visibleText(words.trim()), tone }));
}

const warning = (words: string | null): Caption | null => (words === null ? null : { words, tone: 'warn' });
const parenthesised = (words: string): string => (words === '' ? '' : `(${words})`);

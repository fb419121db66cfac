import {
  frameOf,
  type Answer,
  type AnswerEvidence,
  type FrameIdentity,
  type Question,
} from '../../preload/contract/domain.ts';
import type { SiteSettings } from '../../preload/contract/site/settings.ts';
import { toErrorReport } from '../../preload/contract/errors.ts';
import { besideTheRegion, isOutside, regionOf } from '../../preload/contract/regions.ts';
import type { AnswerResult } from '../inference/index.ts';
import type { RunningJob } from '../jobs/index.ts';
import { answers, siteSettings } from '../store/index.ts';
import type { AnsweringContext } from './context.ts';
import type { AnswerInProgress } from './answer-in-progress.ts';
import { readAskedFrame } from './asked-frame.ts';
import { cropOf } from './region.ts';
import type { GivenSettings } from './settings.ts';

const SAVE_MILLISECONDS = 500;

/** A question whose turn has come. */
export interface AskedWork {
  readonly question: Question;
  readonly draft: AnswerInProgress;
  readonly given: GivenSettings;
  readonly job: RunningJob;
}

/**
 * Decodes a question's frame again, asks the model, and emits its text while it is written. `begun` is called once the
 * engine has the question. Returns the complete answer; throws what prevented it.
 */
export async function askModel(
  { engine, emit, library, pictures, store }: AnsweringContext,
  { question, draft, given, job }: AskedWork,
  begun: () => void,
): Promise<Answer> {
  job.signal.throwIfAborted();
  const startedAt = performance.now();
  // The file may have changed while the question waited: the model gets the picture that was asked about, or none. That is of the
  // eye that was asked about, also where another one is reviewed by now.
  const { frame } = await readAskedFrame(library, {
    ...frameOf(question),
    expected: draft.answer.frame?.hash ?? '',
    eye: draft.answer.frame?.eye ?? null,
    signal: job.signal,
    priority: 'work',
  });
  const decodeFrameMilliseconds = performance.now() - startedAt;
  pictures.keep(frame);

  const region = regionOf(draft.answer);
  const site = siteSettings.readSiteSettings(store.database);

  draft.stamp(engine.state.model);
  const asked = engine.ask({
    frame,
    ...(region && { region: { ...cropOf(frame, region), region } }),
    question: question.text,
    settings: given,
    onlyTaught: !draft.anyway,
    onlyLike: !draft.anyway && site?.thresholds.unlikePictures === 'refuse',
    signal: job.signal,
    onRaw: (raw) => draft.write(raw),
    onToken: (text) => {
      draft.stamp(engine.state.model);
      const at = draft.add(text);
      job.progress(text.generatedTokens, null);
      emit({ type: 'answer-text', jobId: job.id, answerId: draft.answer.id, at, ...text });
    },
    onRestart: () => {
      draft.clear();
      emit({ type: 'answer', answer: draft.answer });
    },
  });
  // The next question may follow from here on, because the engine answers in the order in which it is asked.
  begun();
  const result = await asked;
  draft.stamp(engine.state.model);
  const { timings, frameSeenBefore: _seen, region: had, ...said } = result;
  const outside = region !== null && had?.given === 'beside' && isOutside(said, region);
  return {
    ...draft.answer,
    ...said,
    notes: outside ? [...said.notes, besideTheRegion] : said.notes,
    frame: withRegion(draft.answer.frame, had),
    evidence: bySite(said.evidence, site),
    timings: {
      ...timings,
      decodeFrameMilliseconds,
      totalMilliseconds: timings.totalMilliseconds + decodeFrameMilliseconds,
    },
  };
}

/** How the model had the region stands with it. */
const withRegion = (frame: FrameIdentity | null, had: AnswerResult['region']): FrameIdentity | null =>
  frame?.crop && had ? { ...frame, crop: { ...frame.crop, ...had } } : frame;

/** Notes the site's threshold with the evidence, so that a later one never changes how an answer looked when it was judged. */
const bySite = (evidence: AnswerEvidence | null, site: SiteSettings | null): AnswerEvidence | null =>
  evidence === null || site?.thresholds.unsureBelow === undefined
    ? evidence
    : { ...evidence, unsureBelow: site.thresholds.unsureBelow };

/** Saves the text of an answer regularly while it is written. Returns a function that ends this. */
export function keepText({ store, log, now }: AnsweringContext, draft: AnswerInProgress): () => void {
  const keeping = setInterval(() => {
    if (!draft.changed) return;
    try {
      const { id, raw, reasoning } = draft.answer;
      if (!store.tasks.isNotOfOthers(id)) return;
      answers.savePartialAnswer(store.database, id, { raw, reasoning }, now());
      draft.changed = false;
    } catch (error) {
      // Tried again in half a second, and at the end; the text is not lost while the process lives.
      log.warn('a partial answer was not saved', { code: toErrorReport(error).code });
    }
  }, SAVE_MILLISECONDS);
  return () => clearInterval(keeping);
}

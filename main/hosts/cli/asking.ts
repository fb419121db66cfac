import { randomUUID } from 'node:crypto';
import {
  aboutRegionInWords,
  alsoConsidered,
  answerWarning,
  askedOf,
  damagedPicture,
  pictureWarnings,
  disclaimer,
  GroupId,
  doubtMeanings,
  doubtsOf,
  refusalOf,
  wasKeptBack,
  eyeInWords,
  grownBehindInWords,
  headline,
  isUnderWay,
  knownInWords,
  meaningOf,
  missingInWords,
  placedItems,
  surenessInWords,
  surenessOf,
  throwIfAborted,
  understoodAs,
  WorkstationError,
  type Answer,
  type AnswerId,
  type Box,
  type JobId,
  type OpenSession,
  type PlaceInVideo,
  type SessionId,
  type Size,
  type Video,
} from '../../../preload/contract/index.ts';
import type { CommandLineWorkstation } from '../hosted.ts';
import type { CommandContext } from './command.ts';
import type { Output } from './output.ts';
import type { SamplingOptions } from './sampling-options.ts';

/**
 * Opens a file as a new session, or as the given one if it is that session's video, and says on `output` what the window says,
 * too: that the recording is known from another file, or has grown since.
 */
export async function openFor(
  workstation: CommandLineWorkstation,
  path: string,
  { sessionId, stream }: { sessionId: SessionId | null; stream?: number | undefined },
  output: Output,
): Promise<OpenSession> {
  const { grantId, name } = await workstation.grantPath(path);
  const known = await workstation.calls.lookUpVideo({ grantId });
  if (sessionId === null) {
    if (known !== null && (known.grown || !known.here)) output.note(knownInWords(name, known)[0]);
    return workstation.calls.openVideo({
      grantId,
      caseId: null,
      ...(stream !== undefined && { streamIndex: stream }),
    });
  }
  if (stream !== undefined) {
    throw new WorkstationError(
      'invalid-input',
      'A session is about one picture stream already.',
      'Leave --stream or --session away.',
    );
  }
  const open = await workstation.calls.openSession({ sessionId });
  // Refuses any other file, and takes note of where this one lies now.
  await workstation.calls.relinkVideo({ videoId: open.video.id, grantId });
  if (known?.grown) output.note(grownBehindInWords(name));
  return open;
}

/** Waits until every frame of the video is known, and says on `output` where a part of the recording is missing. */
export async function waitForIndex(
  workstation: CommandLineWorkstation,
  video: Video,
  { output, signal }: CommandContext,
): Promise<Video> {
  let stopListening = () => {};
  let stopWaiting = () => {};
  const ended = new Promise<void>((resolve) => {
    stopWaiting = resolve;
    signal.addEventListener('abort', stopWaiting, { once: true });
    stopListening = workstation.onEvent((event) => {
      if (event.type === 'job' && event.job.kind === 'index' && event.job.state === 'running') {
        output.progress('Reading the frame index', event.job.done, event.job.total);
      }
      if (event.type === 'video' && event.video.id === video.id && event.video.index !== 'building')
        resolve();
    });
  });
  try {
    const now = await workstation.calls.getVideo({ videoId: video.id });
    if (now.index === 'building') await ended;
    throwIfAborted(signal);
    const after = await workstation.calls.getVideo({ videoId: video.id });
    const missing = missingInWords(after.incomplete, after.frameCount);
    if (missing !== null) output.note(missing);
    if (after.index === 'ready') return after;
    throw new WorkstationError(
      after.problem?.code ?? 'video-not-a-video',
      after.problem?.message ?? 'The frame index of this video could not be built.',
      after.problem?.hint ?? 'Check that the file plays elsewhere.',
    );
  } finally {
    stopListening();
    signal.removeEventListener('abort', stopWaiting);
  }
}

export interface AskOptions {
  open: OpenSession;
  at: PlaceInVideo;
  question: string;
  settings?: SamplingOptions;
  /** Wants an answer, too, to a question that the model was not taught. */
  anyway: boolean;
  /** The part of the frame that is asked about, in its pixels; null for all of it. */
  region: Box | null;
  /** Called with every piece of text as the model writes it. */
  onText: (section: 'reasoning' | 'answer', text: string) => void;
}

/** Asks and waits for the end of the answer. Ctrl-C stops the model; what it wrote is kept as stopped. */
export async function askAndWait(
  workstation: CommandLineWorkstation,
  { question, settings, ...options }: AskOptions,
  context: CommandContext,
): Promise<Answer> {
  const all = { ...options, questions: [question], settings: [settings ?? {}], onAnswer: () => undefined };
  const [[answer]] = (await askAll(workstation, all, context)) as [[Answer]];
  if (answer.status === 'failed' && answer.error) {
    throw new WorkstationError(answer.error.code, answer.error.message, answer.error.hint);
  }
  return answer;
}

export interface AskAllOptions extends Pick<AskOptions, 'open' | 'at' | 'anyway' | 'region' | 'onText'> {
  questions: readonly string[];
  /** Of each answer to a question: one, or several that differ in their seed. */
  settings: readonly SamplingOptions[];
  /** Called with every answer that has ended, in whatever order they end. */
  onAnswer: (answer: Answer) => void;
}

/**
 * Asks all questions at once, so that the model answers them together, and waits for all answers: for each question
 * one per settings. Ctrl-C stops all.
 */
export async function askAll(
  workstation: CommandLineWorkstation,
  { open, at, questions, anyway, region, settings, onText, onAnswer }: AskAllOptions,
  { output, signal }: CommandContext,
): Promise<Answer[][]> {
  const place = await workstation.calls.locate({ videoId: open.video.id, at });
  const { hash: frameHash } = await workstation.media.frame(open.video.id, place.index, signal);
  throwIfAborted(signal);
  const ended = new Map<string, Answer>();
  let wake = () => {};
  const stopListening = workstation.onEvent((event) => {
    if (event.type === 'answer-text') onText(event.section, event.text);
    if (event.type === 'answer' && !isUnderWay(event.answer.status)) {
      ended.set(event.answer.id, event.answer);
      onAnswer(event.answer);
      wake();
    }
    if (event.type === 'model' && event.state.phase === 'loading') {
      output.progress(event.state.activity ?? 'Loading the model', event.state.progress ?? 0, 1);
    }
  });
  const jobs: JobId[] = [];
  // One command is one act: whoever takes it back in a window takes all of it back.
  const group = { groupId: GroupId.parse(randomUUID()) };
  const stop = () => {
    for (const jobId of jobs) void workstation.calls.cancelJob({ jobId }).catch(() => undefined);
  };
  try {
    signal.addEventListener('abort', stop, { once: true });
    const asked: AnswerId[][] = [];
    for (const question of questions) {
      const [first, ...others] = settings;
      const { answer, ...begun } = await workstation.calls.ask({
        sessionId: open.session.id,
        frameIndex: place.index,
        frameHash,
        question,
        anyway,
        ...(region && { region: [...region] as [number, number, number, number] }),
        ...group,
        ...(first && { settings: first }),
      });
      jobs.push(begun.jobId);
      const ids = [answer.id];
      for (const other of others) {
        const again = await workstation.calls.askAgain({
          questionId: begun.question.id,
          frameHash,
          anyway,
          ...group,
          settings: other,
        });
        jobs.push(again.jobId);
        ids.push(again.answer.id);
      }
      asked.push(ids);
      if (signal.aborted) stop();
    }
    const wanted = asked.flat();
    while (!wanted.every((id) => ended.has(id))) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return asked.map((ids) => ids.map((id) => ended.get(id)!));
  } finally {
    stopListening();
    signal.removeEventListener('abort', stop);
  }
}

/** What `ask` gives to machines. */
export function answerForMachines(question: string, answer: Answer, { session, video }: OpenSession): object {
  const warning = answerWarning(answer, question, answer.frame?.picture ?? video);
  return {
    frame: answer.frame && {
      index: answer.frame.index,
      pts: answer.frame.pts,
      timeBase: answer.frame.timeBase,
      hash: answer.frame.hash,
      decoder: answer.frame.decoder,
      damaged: answer.frame.isDamaged ?? false,
      eye: answer.frame.eye ?? null,
      /** What the model was given in place of the whole frame. */
      ...(answer.frame.crop && { crop: answer.frame.crop }),
    },
    question,
    /** What the model was asked: the question itself, or the same in words that it was taught. */
    asked: askedOf(answer, question),
    answer: {
      status: answer.status,
      label: answer.label,
      box: answer.box,
      items: placedItems(answer),
      reasoning: answer.reasoning,
      raw: answer.raw,
      warning,
      probability: surenessOf(answer)?.probability ?? null,
      unsure: surenessOf(answer)?.unsure ?? false,
      warnings: [
        ...doubtsOf(answer),
        ...pictureWarnings(answer),
        ...(warning === null ? [] : ['incoherent-reasoning']),
      ],
      evidence: answer.evidence,
    },
    model: answer.model && { id: answer.model.id, sha256: answer.model.sha256, device: answer.model.device },
    tokens: answer.tokens,
    timings: answer.timings,
    session: session.id,
  };
}

/** What became of an answer, with what can be done about it here. */
function outcomeOf(answer: Answer): string {
  const meaning = meaningOf(answer);
  if (answer.status === 'failed') return `${headline(answer)}.`;
  if (!wasKeptBack(answer)) return meaning;
  const question = refusalOf(answer);
  if (question === undefined) return `${meaning} Add --anyway for one.`;
  const below =
    question.rewrites.length > 0
      ? 'Ask one of those below'
      : 'Below is one question of each kind that it knows';
  return `${meaning} ${below}, or add --anyway.`;
}

/** What `ask` says to people once the answer is complete. */
export function answerForPeople(question: string, answer: Answer, frame: Size): string[] {
  return [...shortAnswerForPeople(question, answer, frame), ...origin(answer)];
}

/** The answer alone, for one of several on a frame. */
export function shortAnswerForPeople(question: string, answer: Answer, frame: Size): string[] {
  const lines: string[] = [];
  const understood = understoodAs(answer);
  const region = aboutRegionInWords(answer);
  if (region !== null) lines.push(region);
  if (understood !== null) lines.push(`${understood} (--anyway asks your own words)`);
  const words = outcomeOf(answer);
  if (words !== '') lines.push(words);
  if (answer.label !== null) lines.push(`Answer    ${answer.label}`);
  const corners = (box: Box): string => `${box.map((value) => value.toFixed(1)).join(', ')} (pixels)`;
  if (answer.box) lines.push(`Box       ${corners(answer.box)}`);
  for (const { label, box } of answer.items)
    lines.push(`Item      ${label}  ${box === null ? 'without a usable box' : corners(box)}`);
  if (surenessOf(answer) !== null)
    lines.push(`Sureness  ${surenessInWords(answer)} (by the model's own numbers; not a measure of truth)`);
  for (const doubt of doubtsOf(answer)) {
    if (doubt !== 'unsure' && answer.status !== 'refused') lines.push(`Doubt     ${doubtMeanings[doubt]}`);
  }
  const untaught = answer.evidence?.question;
  if (untaught !== undefined) {
    if (untaught.untaughtWords.length > 0) lines.push(`Untaught  ${untaught.untaughtWords.join(', ')}`);
    for (const rewrite of untaught.rewrites) lines.push(`It knows  ${rewrite}`);
    for (const example of untaught.askable ?? []) lines.push(`It knows  ${example}`);
  }
  const others = alsoConsidered(answer).map(
    ({ label, probability }) => `${label} ${Math.round(probability * 100)} %`,
  );
  if (others.length > 0) lines.push(`Also      considered: ${others.join(', ')}`);
  if (answer.frame?.eye) lines.push(`Eye       ${eyeInWords(answer.frame.eye)}; boxes are in its pixels`);
  if (answer.frame?.isDamaged) lines.push(`Warning   ${damagedPicture}`);
  const warning = answerWarning(answer, question, answer.frame?.picture ?? frame);
  if (warning !== null) lines.push(`Warning   ${warning}`);
  if (answer.status === 'malformed') lines.push(`Raw text  ${answer.raw}`);
  if (answer.status === 'failed' && answer.error) lines.push(`Reason    ${answer.error.message}`);
  for (const note of answer.notes) lines.push(`Note      ${note}`);
  return lines;
}

/** Where an answer comes from, and what it is not. */
export function origin(answer: Answer): string[] {
  const lines: string[] = [];
  if (answer.frame) lines.push(`Frame     ${answer.frame.index}, hash ${answer.frame.hash.slice(0, 12)}`);
  if (answer.frame?.decoder) lines.push(`Decoder   ${answer.frame.decoder}`);
  if (answer.model) {
    lines.push(`Model     ${answer.model.name} on ${answer.model.device}`);
    if (answer.model.domain === 'synthetic') {
      lines.push('          It learned from drawn scenes only and knows nothing of real surgery.');
    }
  }
  lines.push(disclaimer);
  return lines;
}

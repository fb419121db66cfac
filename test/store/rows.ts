import type { Log, StoredVideo } from '../../main/store/index.ts';
import type { Answer, Case, Question } from '../../preload/contract/domain.ts';

/** Rows to write, for tests and for the processes that they start. */
export const day = 24 * 60 * 60 * 1000;
export const noon = Date.UTC(2026, 10, 22, 12);

const ignore = (): void => undefined;
export const silent: Log = { debug: ignore, info: ignore, warn: ignore };

export const aCase = (id: string, change: Partial<Case> = {}): Case =>
  ({ id, pseudonym: `Case ${id}`, createdAt: noon, demonstration: false, ...change }) as Case;

export const aVideo = (id: string, caseId: string, change: Partial<StoredVideo> = {}): StoredVideo =>
  ({
    id,
    caseId,
    path: `/recordings/${id}.mp4`,
    displayName: `${id}.mp4`,
    fingerprint: `print-of-${id}`,
    streams: [],
    streamIndex: 0,
    incomplete: null,
    sizeBytes: 5_000_000_000,
    container: 'mov,mp4',
    codec: 'h264',
    width: 1280,
    height: 1024,
    timeBase: [1, 90_000],
    variableFrameRate: true,
    durationSeconds: 12.5,
    recordedAt: Date.UTC(2026, 10, 20, 8, 30),
    joins: [],
    frameCount: 300,
    index: 'ready',
    playback: 'native',
    problem: null,
    addedAt: noon,
    openedAt: noon,
    recent: true,
    ...change,
  }) as StoredVideo;

export const aQuestion = (id: string, sessionId: string, change: Partial<Question> = {}): Question =>
  ({
    id,
    sessionId,
    text: 'What organ is being operated?',
    location: { index: 7, pts: 21_021, seconds: 0.233_567, timecode: '00:00:00.234' },
    createdAt: noon,
    ...change,
  }) as Question;

export const runningAnswer = (
  id: string,
  questionId: string,
  sessionId: string,
  change: Partial<Answer> = {},
): Answer =>
  ({
    id,
    questionId,
    sessionId,
    status: 'running',
    label: null,
    box: null,
    items: [],
    reasoning: '',
    raw: '',
    probability: null,
    evidence: null,
    notes: [],
    frame: null,
    model: null,
    settings: { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0, maxNewTokens: null },
    modelInput: null,
    tokens: null,
    timings: null,
    error: null,
    createdAt: noon,
    endedAt: null,
    ...change,
  }) as Answer;

/** An answer with every field filled, values chosen to be told apart. */
export const fullAnswer = (id: string, questionId: string, sessionId: string): Answer =>
  runningAnswer(id, questionId, sessionId, {
    status: 'answered',
    label: 'Tissue_Manipulation',
    box: [1.5, 2.25, 700.125, 1023.75],
    reasoning: 'The jaws touch the tissue – “gently”.',
    raw: '<think>…</think><answer>{"label": "Tissue_Manipulation"}</answer>',
    probability: 0.871_234_567_89,
    evidence: {
      labelLogProbability: -0.137_843_9,
      boxLogProbability: -4.5,
      choices: [
        { label: 'Tissue_Manipulation', probability: 0.88 },
        { label: 'Retraction', probability: 0.12 },
      ],
      entropy: 0.529_360_865,
    },
    notes: ['The box reaches over the edge of the frame and was cut there.'],
    frame: {
      fingerprint: 'print',
      index: 7,
      pts: -1024,
      timeBase: [1001, 30_000],
      hash: 'a'.repeat(64),
      decoder: 'ffmpeg 5.1.9-0+deb12u1',
    } as Answer['frame'],
    model: {
      id: 'surgery-r1-nano',
      name: 'Surgery-R1 nano',
      version: '0.2.0',
      sha256: 'b'.repeat(64),
      device: 'CPU',
      domain: 'synthetic',
    } as Answer['model'],
    settings: {
      temperature: 0.7,
      topK: 20,
      topP: 0.9,
      repetitionPenalty: 1.05,
      seed: 4_294_967_295,
      maxNewTokens: 96,
    },
    modelInput: { width: 644, height: 532 },
    tokens: { prompt: 480, image: 437, generated: 61 },
    timings: {
      decodeFrameMilliseconds: 12.5,
      preprocessMilliseconds: 3,
      visionMilliseconds: 40,
      prefillMilliseconds: 55,
      firstTokenMilliseconds: 110,
      decodeMilliseconds: 600,
      totalMilliseconds: 722.5,
    },
    error: { code: 'store-full', message: 'full', hint: 'free some' },
    endedAt: noon + 723,
  });

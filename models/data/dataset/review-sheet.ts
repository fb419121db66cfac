import { join } from 'node:path';
import { z } from 'zod';
import { askedOf } from '../../../preload/contract/asked.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import { ModelStamp } from '../../../preload/contract/domain.ts';
import type { Answer, FrameIdentity, Session, Video } from '../../../preload/contract/domain.ts';
import type { Entry } from '../../../preload/contract/entries.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { Box, Sha256, Timestamp } from '../../../preload/contract/values.ts';
import { Judgement } from '../../../preload/contract/verdicts.ts';
import { readTextFile } from '../../../main/platform/text-file.ts';
import { issuesOf } from './read.ts';
import { RECORD_TYPES } from './record.ts';
import { recogniseQuestion } from './recognise.ts';
import { SheetTrack } from './sheet-tracks.ts';

/**
 * A review sheet: what was asked and answered in a session of the workstation, with the pictures, and a verdict on
 * each answer. `session.json` in a folder, pictures beside it. It has the verdicts that were given in the window; a person
 * may fill in the others.
 */

export const SHEET_FILE = 'session.json';

export const SheetEntry = z.object({
  questionId: z.string().min(1),
  question: z.string().min(1),
  /** What the model was asked, where that is the question in words that it was taught. */
  askedAs: z.string().min(1).optional(),
  /** Known where the grammar knows the question; a person may fill them in for any other. */
  questionType: z.enum(RECORD_TYPES).nullable(),
  /** The instrument or organ that the question is about. */
  subject: z.string().min(1).nullable(),
  answer: z.object({
    id: z.string().min(1),
    label: z.string().nullable(),
    /** In pixels of the picture. */
    box: Box.nullable(),
    reasoning: z.string(),
    model: ModelStamp.nullable(),
    createdAt: Timestamp,
  }),
  frame: z.object({ fingerprint: z.string(), index: z.int().min(0), hash: Sha256 }),
  /** Picture file below the sheet's folder. */
  image: z.string().min(1),
  width: z.int().positive(),
  height: z.int().positive(),
  /** Null: not judged yet. `corrected` says what is true instead. */
  verdict: Judgement.nullable(),
});
export type SheetEntry = z.infer<typeof SheetEntry>;

export const ReviewSheet = z.object({
  format: z.literal('surgery-r1-review-sheet'),
  formatVersion: z.literal(1),
  sessionId: z.string().min(1),
  /** Who judged; a name or a pseudonym. */
  reviewer: z.string().min(1).nullable(),
  exportedAt: Timestamp,
  entries: z.array(SheetEntry),
  /** Boxes over frames. No records are made of them: an interpolated box is no human label. */
  tracks: z.array(SheetTrack).optional(),
});
export type ReviewSheet = z.infer<typeof ReviewSheet>;

/**
 * The picture of a frame in the sheet's folder: one file however often the frame was asked about, and another one for a frame of
 * the same number in another recording or of another eye.
 */
const sheetImage = ({ index, hash }: Pick<FrameIdentity, 'index' | 'hash'>): string =>
  `frames/frame${String(index).padStart(6, '0')}-${hash.slice(0, 8)}.png`;

const ENDED: readonly Answer['status'][] = ['answered', 'not-visible'];

/** A session with everything that was asked and answered in it, oldest first. */
export interface ReviewedSession {
  session: Pick<Session, 'id'>;
  video: Pick<Video, 'width' | 'height'>;
  entries: readonly Pick<Entry, 'question' | 'answers' | 'verdicts'>[];
}

/** Whose verdicts a sheet has: those of `actor`, under the name or pseudonym of `reviewer`. */
export interface SheetReviewer {
  readonly actor: ActorId;
  readonly reviewer: string | null;
}

/** The sheet of a session: of each question the answer that was judged last, else the newest whole one. */
export function reviewSheet(
  { session, video, entries }: ReviewedSession,
  { actor, reviewer }: SheetReviewer,
  exportedAt: number,
): ReviewSheet {
  return {
    format: 'surgery-r1-review-sheet',
    formatVersion: 1,
    sessionId: session.id,
    reviewer,
    exportedAt,
    entries: entries.flatMap(({ question, answers, verdicts }): SheetEntry[] => {
      const judgementOn = (answerId: string): Judgement | null =>
        verdicts.find((verdict) => verdict.answerId === answerId && verdict.actor === actor)?.judgement ??
        null;
      const whole = answers.filter(({ status, frame }) => frame !== null && ENDED.includes(status));
      const answer = whole.findLast(({ id }) => judgementOn(id) !== null) ?? whole.at(-1);
      // A record shows the whole frame: an answer that was given about a part of it says other places.
      if (!answer?.frame || answer.frame.crop !== undefined) return [];
      const { id, label, box, reasoning, model, createdAt, frame, evidence } = answer;
      const known = recogniseQuestion(askedOf(answer, question.text));
      return [
        {
          questionId: question.id,
          question: question.text,
          ...(evidence?.askedAs !== undefined && { askedAs: evidence.askedAs }),
          questionType: known?.questionType ?? null,
          subject: known?.subject ?? null,
          answer: { id, label, box, reasoning, model, createdAt },
          frame: { fingerprint: frame.fingerprint, index: frame.index, hash: frame.hash },
          image: sheetImage(frame),
          ...(frame.picture ?? { width: video.width, height: video.height }),
          verdict: judgementOn(id),
        },
      ];
    }),
  };
}

/** Reads a sheet's folder. @throws WorkstationError `file-missing` or `data-malformed` with what is wrong */
export async function readReviewSheet(folder: string): Promise<ReviewSheet> {
  const path = join(folder, SHEET_FILE);
  const text = await readTextFile(path, path, 'Give the folder that `data review` wrote.');
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw malformed(path, error instanceof Error ? error.message : String(error));
  }
  const parsed = ReviewSheet.safeParse(found);
  if (!parsed.success) throw malformed(path, issuesOf(parsed.error));
  return parsed.data;
}

const malformed = (path: string, reason: string): WorkstationError =>
  new WorkstationError(
    'data-malformed',
    `${path} is no review sheet: ${reason}.`,
    'A verdict is null, or {"decision": "accepted" or "rejected", "at": ms}, or "corrected" with label and box too.',
  );

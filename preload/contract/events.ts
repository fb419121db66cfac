import { z } from 'zod';
import { Change } from './changes.ts';
import { Answer, Case, Entry, Job, ModelState, Video } from './domain.ts';
import { ErrorReport } from './errors.ts';
import { ModelImport } from './models.ts';
import { AnswerId, JobId, QuestionId, SessionId, Timestamp } from './values.ts';

/** What the workstation says unasked. Streams carry text only, never pixels. */
export const WorkstationEvent = z.discriminatedUnion('type', [
  /**
   * Text as the model writes it, already sorted into its section, tags removed. `at` is where in its section it stands,
   * in UTF-16 units: whoever missed a piece before it sees that, and fetches the answer.
   */
  z.object({
    type: z.literal('answer-text'),
    jobId: JobId,
    answerId: AnswerId,
    section: z.enum(['reasoning', 'answer']),
    at: z.int().min(0),
    text: z.string(),
    generatedTokens: z.int().min(0),
  }),
  z.object({ type: z.literal('answer'), answer: Answer }),
  /** Changes to what is recorded, in their order; told once they are committed, to the window that made them, too. */
  z.object({ type: z.literal('changes'), changes: z.array(Change).min(1) }),
  /** A question was asked, or brought back, in whichever window. */
  z.object({ type: z.literal('entry'), entry: Entry }),
  z.object({ type: z.literal('question-deleted'), sessionId: SessionId, questionId: QuestionId }),
  /** A case was renamed. */
  z.object({ type: z.literal('case'), case: Case }),
  /** The list of sessions or of recent videos has changed. */
  z.object({ type: z.literal('sessions') }),
  z.object({ type: z.literal('model'), state: ModelState }),
  z.object({ type: z.literal('job'), job: Job }),
  z.object({ type: z.literal('model-import'), import: ModelImport }),
  /** The list of models, or which of them is chosen, has changed. */
  z.object({ type: z.literal('models') }),
  z.object({ type: z.literal('video'), video: Video }),
  z.object({ type: z.literal('saved'), at: Timestamp }),
  /** What a person should know has changed: something in the database turned out to be unreadable, for instance. */
  z.object({ type: z.literal('notices'), notices: z.array(ErrorReport) }),
]);
export type WorkstationEvent = z.infer<typeof WorkstationEvent>;
export type WorkstationEventType = WorkstationEvent['type'];

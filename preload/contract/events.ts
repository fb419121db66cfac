import { z } from 'zod';
import { Changes } from './changes.ts';
import { Answer, Job, ModelState, Video } from './domain.ts';
import { ErrorReport } from './errors.ts';
import { ModelImport } from './models.ts';
import { ActorId } from './context.ts';
import { Preferences } from './preferences.ts';
import { AnswerId, JobId, Timestamp } from './values.ts';

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
  /**
   * Changes to what is recorded; told once they are committed, to the window that made them, too, and those of other
   * processes on the data folder. They may come twice or with a gap: `changesSince` has all of them.
   */
  z.object({ type: z.literal('changes'), ...Changes.shape }),
  /** Another database has taken the place of the one before: everything is to be read anew. */
  z.object({ type: z.literal('replaced') }),
  /** The list of sessions or of recent videos has changed. */
  z.object({ type: z.literal('sessions') }),
  /** A file was given to the program for one of its windows to open: `takeFilesToOpen` gives it to that one alone. */
  z.object({ type: z.literal('file-to-open') }),
  z.object({ type: z.literal('model'), state: ModelState }),
  z.object({ type: z.literal('job'), job: Job }),
  z.object({ type: z.literal('model-import'), import: ModelImport }),
  /** The list of models, or which of them is chosen, has changed. */
  z.object({ type: z.literal('models') }),
  z.object({ type: z.literal('video'), video: Video }),
  /** Somebody set something for themselves: their windows show it. */
  z.object({ type: z.literal('preferences'), actor: ActorId, preferences: Preferences }),
  z.object({ type: z.literal('saved'), at: Timestamp }),
  /** What a person should know has changed: something in the database turned out to be unreadable, for instance. */
  z.object({ type: z.literal('notices'), notices: z.array(ErrorReport) }),
]);
export type WorkstationEvent = z.infer<typeof WorkstationEvent>;
export type WorkstationEventType = WorkstationEvent['type'];

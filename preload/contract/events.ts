import { z } from 'zod';
import { Changes } from './changes.ts';
import { Answer, Job, ModelState, Video } from './domain.ts';
import { ErrorReport } from './errors.ts';
import { ModelImport } from './models.ts';
import { ActorId } from './context.ts';
import { Preferences } from './preferences.ts';
import { AnswerId, JobId, Timestamp } from './values.ts';

/** What the workstation tells windows by itself. Events carry text only, never pixels. */
export const WorkstationEvent = z.discriminatedUnion('type', [
  /**
   * Text as the model writes it, sorted into its section and without tags. `at` is its position in the section, in UTF-16
   * units, by which a window notices that it missed an earlier piece and must fetch the answer.
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
   * Committed changes of the record, even those of other processes on the data folder. The window that made a change is told,
   * too. Events may come twice or with gaps; `changesSince` has all changes.
   */
  z.object({ type: z.literal('changes'), ...Changes.shape }),
  /** Another database has taken the place of this one, so everything must be read again. */
  z.object({ type: z.literal('replaced') }),
  /** The list of sessions or of recent videos has changed. */
  z.object({ type: z.literal('sessions') }),
  /** A file was given to the program for one window to open. `takeFilesToOpen` gives it to that window only. */
  z.object({ type: z.literal('file-to-open') }),
  z.object({ type: z.literal('model'), state: ModelState }),
  z.object({ type: z.literal('job'), job: Job }),
  z.object({ type: z.literal('model-import'), import: ModelImport }),
  /** The list of models, or which of them is chosen, has changed. */
  z.object({ type: z.literal('models') }),
  z.object({ type: z.literal('video'), video: Video }),
  /** Somebody changed their preferences, which all their windows must apply. */
  z.object({ type: z.literal('preferences'), actor: ActorId, preferences: Preferences }),
  z.object({ type: z.literal('saved'), at: Timestamp }),
  /** The notices for a person have changed, as when something in the database turned out to be unreadable. */
  z.object({ type: z.literal('notices'), notices: z.array(ErrorReport) }),
]);
export type WorkstationEvent = z.infer<typeof WorkstationEvent>;
export type WorkstationEventType = WorkstationEvent['type'];

import type { ActorId, Bookmark, QuestionId, Segment, VideoId } from '../../preload/contract/index.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { ChangeSource } from './session-record.svelte.ts';

/** What a review needs of its window. */
export interface ReviewParts extends ChangeSource {
  fetchMedia: typeof fetch;
  announcer: Announcer;
  /** Who reviews; null, for nobody who is known, by default. */
  actor?: () => ActorId | null;
  /** Whether the person has switched the sound on; never by default. */
  soundOn?: () => boolean;
  /** The site's own labels, to choose from when correcting; none by default. */
  siteLabels?: () => readonly string[];
  /** Called after a decision on the answer on show. */
  onJudged?: () => void;
  /** Whether the model is still being loaded, so that answers wait for it; never by default. */
  modelIsComing?: () => boolean;
  /** Puts a recording on show that was taken out of the case, with a question about it or a mark in it. */
  goOver?: (videoId: VideoId, to: QuestionId | Bookmark | Segment) => Promise<void>;
  /** The seed of another draw; random by default. */
  drawSeed?: () => number;
  /** Called after a bookmark, a segment or a box over frames was deleted here. */
  onRemoved?: (what: 'Bookmark' | 'Segment' | 'Box', id: string) => void;
}

import {
  lengthInWords,
  type CaseTime,
  type GroupId,
  type Bookmark,
  type Bridge,
  type Command,
  type Edit,
  type EntrySummary,
  type ErrorReport,
  type QuestionId,
  type Segment,
  type Session,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { counted, written } from '../view/format.ts';
import { bookmarkKey, edgeKey } from '../view/markers.ts';
import { lastNames, type Edge } from '../view/segments.ts';
import type { Announcer } from './announcer.svelte.ts';
import { EdgeMoves } from './edge-moves.svelte.ts';
import { Loop } from './loop.svelte.ts';
import { MarkDraft, type DraftField } from './mark-draft.svelte.ts';
import { placeOnScreen } from './on-screen.ts';
import type { FramePlace } from './frame-times.ts';
import type { Player } from './player.svelte.ts';
import type { Recordings } from './recordings.svelte.ts';
import { spansBetween, stretchOfSegment } from './segment-spans.ts';
import type { RecordedMarks } from './recorded-marks.svelte.ts';

/** What the list beside the frame shows. */
export type ListTab = 'answers' | 'bookmarks' | 'segments';

/** What is marked, as the review has it. */
interface Marked {
  readonly session: Pick<Session, 'id'>;
  readonly video: Video;
  readonly recordings: Recordings;
  readonly caseTime: CaseTime;
  readonly player: Player;
  readonly entries: readonly EntrySummary[];
  select(questionId: QuestionId): Promise<void>;
}

interface Parts {
  bridge: Pick<Bridge, 'apply'>;
  announcer: Announcer;
  recorded: RecordedMarks;
  /** Resolves when what was changed is on show. */
  catchUp: () => Promise<void>;
  /** Puts a recording on show that was taken out of the case, with a mark in it. */
  goOver?: (videoId: VideoId, mark: Bookmark | Segment) => Promise<void>;
  /** Called after a mark was deleted here. */
  onRemoved?: (what: 'Bookmark' | 'Segment', id: string) => void;
}

/** What a person marks in the recordings of the case: bookmarks, segments, and what is to become one. */
export class MarksOfReview {
  tab = $state<ListTab>('answers');
  /** What the lists of bookmarks and segments are filtered by. */
  filter = $state('');
  /** The bookmark or segment that is on show. */
  chosen = $state<string | null>(null);
  /** The marker that was gone to last, from which N and P go on. */
  at = $state<string | null>(null);
  draft = $state.raw<MarkDraft | null>(null);
  /** Why the last command was not carried out. */
  fault = $state.raw<ErrorReport | null>(null);
  readonly edges: EdgeMoves;
  readonly loop: Loop;
  readonly #of: Marked;
  readonly #parts: Parts;

  constructor(of: Marked, parts: Parts) {
    this.#of = of;
    this.#parts = parts;
    this.edges = new EdgeMoves({
      player: () => this.#of.player,
      lastIndexOf: (id) => Math.max(0, (this.#of.recordings.find(id)?.frameCount ?? 1) - 1),
      segments: () => this.segmentsHere,
      apply: (command, group) => this.#apply(command, group),
    });
    this.loop = new Loop(
      () => this.#of.player,
      () => {
        const segment = this.chosenSegment;
        return segment && stretchOfSegment(segment, this.#of.recordings);
      },
      (id, seconds) => this.#of.recordings.secondsOf(id, seconds),
    );
  }

  get bookmarks(): readonly Bookmark[] {
    return this.#parts.recorded.bookmarks;
  }

  get segments(): readonly Segment[] {
    return this.#parts.recorded.segments;
  }

  /** As they are to be drawn now, while an edge is on its way. */
  readonly segmentsHere: readonly Segment[] = $derived.by(() =>
    this.segments.map((segment) => this.edges.shown(segment)),
  );

  readonly chosenSegment: Segment | null = $derived.by(
    () => this.segmentsHere.find(({ id }) => id === this.chosen) ?? null,
  );

  /** What the filter leaves. */
  readonly shownBookmarks: readonly Bookmark[] = $derived.by(() =>
    this.bookmarks.filter(({ name, note, videoId, location }) =>
      this.fits(name, note, this.#of.recordings.timecodeOf(videoId, location.seconds)),
    ),
  );

  readonly shownSegments: readonly Segment[] = $derived.by(() =>
    this.segments.filter(({ name, note, tags }) => this.fits(name, note, ...tags)),
  );

  readonly names: readonly string[] = $derived.by(() => lastNames(this.segments));

  /** Sets a bookmark on the frame that is on the screen now, and lets the video go on. */
  async bookmark(): Promise<void> {
    const place = await this.#here();
    if (place === null) return;
    const { videoId, index: frameIndex } = place;
    const before = this.bookmarks;
    if (!(await this.#apply({ name: 'bookmark.add', videoId, frameIndex }))) return;
    const set = this.bookmarks.find((bookmark) => !before.includes(bookmark));
    if (set) this.#take(set.id, bookmarkKey(set.id));
    const at = this.#of.recordings.timecodeOf(videoId, place.seconds);
    this.#parts.announcer.say(`Bookmark at frame ${frameIndex}, ${at}`);
  }

  /** The same with a note, which is written while the video goes on; without it nothing is set. */
  async bookmarkWithNote(): Promise<void> {
    const place = await this.#here();
    if (place === null) return;
    const { videoId, index } = place;
    const seconds = this.#of.recordings.secondsOf(videoId, place.seconds);
    this.#begin(new MarkDraft({ kind: 'bookmark', videoId, index, seconds, bookmark: null }, 'note'));
  }

  async setIn(): Promise<void> {
    const place = await this.#here();
    if (place === null) return;
    const outWent = this.loop.setIn(place);
    this.#parts.announcer.say(
      `In: frame ${place.index}${outWent ? '. The out before it was cleared.' : this.#lengthSet()}`,
    );
  }

  async setOut(): Promise<void> {
    const place = await this.#here();
    if (place === null) return;
    const inWent = this.loop.setOut(place);
    this.#parts.announcer.say(
      `Out: frame ${place.index}${inWent ? '. The in behind it was cleared.' : this.#lengthSet()}`,
    );
  }

  clearRange(): void {
    const wasSet = this.loop.in !== null || this.loop.out !== null;
    this.loop.clear();
    this.#parts.announcer.say(wasSet ? 'In and out cleared' : 'No in and no out is set');
  }

  /** Begins to name what lies between in and out; what is missing of them is the frame on the screen. */
  async nameSegment(): Promise<void> {
    const { loop } = this;
    const here = loop.in !== null && loop.out !== null ? null : await this.#here();
    const from = loop.in ?? here;
    const to = loop.out ?? here;
    if (from === null || to === null) return;
    if (loop.in === null && loop.out === null) {
      return this.#parts.announcer.say(
        'Set in with I and out with O first: a segment lies between them. Or choose one to change it.',
      );
    }
    const { recordings } = this.#of;
    const secondsOf = ({ videoId, seconds }: FramePlace): number => recordings.secondsOf(videoId, seconds);
    const [first, last] = secondsOf(from) <= secondsOf(to) ? [from, to] : [to, from];
    const seconds = { from: secondsOf(first), to: recordings.secondsOf(last.videoId, last.endSeconds) };
    const spans = spansBetween(recordings, first, last);
    this.#begin(new MarkDraft({ kind: 'segment', spans, seconds, segment: null }, 'title'));
  }

  edit(mark: Bookmark | Segment, first: DraftField = 'title'): void {
    const of =
      'span' in mark
        ? ({ kind: 'segment', segment: mark } as const)
        : ({ kind: 'bookmark', bookmark: mark } as const);
    this.#begin(new MarkDraft(of, first));
  }

  /** Returns whether it was taken; what was not stays as it is typed, with the reason in `fault`. */
  async keep(): Promise<boolean> {
    const { draft } = this;
    if (draft === null) return false;
    const known = [...this.bookmarks, ...this.segments].map(({ id }) => id as string);
    if (!(await this.#apply(draft.command()))) return false;
    this.draft = null;
    const isSegment = draft.of.kind === 'segment';
    if (draft.isNew) {
      const marks: readonly (Bookmark | Segment)[] = isSegment ? this.segments : this.bookmarks;
      const added = marks.find(({ id }) => !known.includes(id));
      if (added) this.#take(added.id, isSegment ? edgeKey(added.id, 'from') : bookmarkKey(added.id));
      // What was between in and out has a name now.
      if (isSegment) this.loop.clear();
    }
    const what = isSegment ? `Segment “${written(draft.title.trim())}”` : 'Bookmark';
    const parts = draft.of.kind === 'segment' && draft.of.segment === null ? draft.of.spans.length : 1;
    this.#parts.announcer.say(
      `${what} kept${parts > 1 ? `, as one part in each of ${parts} recordings` : ''}`,
    );
    return true;
  }

  /** Returns whether there was anything to leave. */
  leave(): boolean {
    if (this.draft === null) return false;
    this.draft = null;
    this.fault = null;
    this.#parts.announcer.say('Left as it was');
    return true;
  }

  /** Returns whether it was deleted. */
  async remove(mark: Bookmark | Segment): Promise<boolean> {
    const command: Command =
      'span' in mark
        ? { name: 'segment.delete', segmentId: mark.id }
        : { name: 'bookmark.delete', bookmarkId: mark.id };
    if (!(await this.#apply(command))) return false;
    if (this.chosen === mark.id) this.chosen = null;
    this.#parts.onRemoved?.('span' in mark ? 'Segment' : 'Bookmark', mark.id);
    return true;
  }

  /** Goes to a bookmark, or to where a segment begins. */
  goTo(mark: Bookmark | Segment): Promise<void> {
    return 'span' in mark ? this.goToSegment(mark) : this.goToBookmark(mark);
  }

  /** Goes to a bookmark's frame, in whichever recording of the session. */
  async goToBookmark(bookmark: Bookmark): Promise<void> {
    const { id, location, videoId } = bookmark;
    if (this.#of.recordings.find(videoId) === null) return this.#parts.goOver?.(videoId, bookmark);
    this.#take(id, bookmarkKey(id));
    await this.#of.player.goToFrame({ videoId, index: location.index });
  }

  /** Goes to an edge of a segment, whose edges can be moved from then on. */
  async goToSegment(segment: Segment, edge: Edge = 'from'): Promise<void> {
    const { id, span } = segment;
    const { videoId } = span;
    if (this.#of.recordings.find(videoId) === null) return this.#parts.goOver?.(videoId, segment);
    this.#take(id, edgeKey(id, edge));
    await this.#of.player.goToFrame({ videoId, index: span[edge] });
  }

  async playSegment(segment: Segment): Promise<void> {
    this.loop.clear();
    this.#take(segment.id, edgeKey(segment.id, 'from'));
    await this.loop.playOnce();
  }

  /** Plays what is between in and out, else the chosen segment, once or over and over. */
  async play(how: 'once' | 'loop'): Promise<void> {
    const wasOn = this.loop.on;
    if (!(await (how === 'once' ? this.loop.playOnce() : this.loop.toggle()))) {
      this.#parts.announcer.say('Set in with I and out with O, or choose a segment: that is what is played.');
    } else if (how === 'loop') this.#parts.announcer.say(wasOn ? 'Loop off' : 'Loop on');
  }

  /** Moves an edge of the chosen segment to the frame on the screen. */
  async edgeHere(edge: Edge): Promise<void> {
    const segment = this.chosenSegment;
    if (segment === null) {
      return this.#parts.announcer.say('Choose a segment first: its edge goes to the frame on the screen.');
    }
    const place = await this.#here();
    if (place === null) return;
    if (place.videoId !== segment.span.videoId) {
      return this.#parts.announcer.say(
        `“${written(segment.name)}” lies in another recording, which its edges do not leave.`,
      );
    }
    await this.edges.move(segment, edge, place.index);
    const moved = this.chosenSegment?.span[edge];
    const name = edge === 'from' ? 'Begin' : 'End';
    const stopped = moved === place.index ? '' : ', as far as it goes';
    this.#parts.announcer.say(`${name} of “${written(segment.name)}”: frame ${moved ?? ''}${stopped}`);
  }

  /** Shows what a step of undo or redo has changed; returns whether that is a mark. */
  follow(edits: readonly Edit[]): boolean {
    const edit = edits.find(({ entity }) => entity === 'bookmark' || entity === 'segment');
    if (edit === undefined) return false;
    this.tab = edit.entity === 'bookmark' ? 'bookmarks' : 'segments';
    this.chosen = edit.after === null ? null : edit.id;
    return true;
  }

  dispose(): void {
    this.loop.dispose();
  }

  /** The frame on the screen at the moment of the call; says why there is none. */
  async #here(): Promise<FramePlace | null> {
    const place = await placeOnScreen(this.#of.player);
    if (place === null) this.#parts.announcer.say('No frame with a number is on the screen yet');
    return place;
  }

  #lengthSet(): string {
    const { range } = this.loop;
    if (range === null) return '';
    const { from, to, seconds } = range;
    return from.videoId === to.videoId
      ? `. ${counted(to.index - from.index + 1, 'frame')} between in and out`
      : `. ${lengthInWords(seconds.to - seconds.from)} between in and out, over a join`;
  }

  #begin(draft: MarkDraft): void {
    this.fault = null;
    this.draft = draft;
    this.tab = draft.of.kind === 'bookmark' ? 'bookmarks' : 'segments';
  }

  #take(id: string, key: string): void {
    this.chosen = id;
    this.at = key;
  }

  /** Whether the filter leaves what holds these texts. */
  fits(...texts: string[]): boolean {
    const wanted = this.filter.trim().toLowerCase();
    return wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted));
  }

  async #apply(command: Command, groupId: GroupId | null = null): Promise<boolean> {
    const done = await this.#parts.bridge.apply({
      ...{ sessionId: this.#of.session.id, command },
      ...(groupId !== null && { groupId }),
    });
    this.fault = done.ok ? null : done.error;
    if (!done.ok) {
      this.#parts.announcer.say(`${done.error.message} ${done.error.hint}`);
      return false;
    }
    await this.#parts.catchUp();
    return true;
  }
}

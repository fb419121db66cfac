import type {
  Bookmark,
  BookmarkCommand,
  FrameIndex,
  Segment,
  SegmentAcrossCommand,
  SegmentCommand,
  SegmentLook,
  Span,
  VideoId,
} from '../../preload/contract/index.ts';
import { tagsOf } from '../view/segments.ts';

/** What a form is of: a bookmark or segment that is there, or the frames of one that is not yet. */
export type Drafted =
  | { readonly kind: 'bookmark'; readonly bookmark: Bookmark }
  | {
      readonly kind: 'bookmark';
      readonly videoId: VideoId;
      readonly index: FrameIndex;
      /** In the time of the case. */
      readonly seconds: number;
      readonly bookmark: null;
    }
  | { readonly kind: 'segment'; readonly segment: Segment }
  | {
      readonly kind: 'segment';
      /** One for each recording that it reaches into. */
      readonly spans: readonly Span[];
      /** In the time of the case. */
      readonly seconds: { readonly from: number; readonly to: number };
      readonly segment: null;
    };

/** The field that has the keys first. */
export type DraftField = 'title' | 'note';

/** A bookmark or a segment as far as it is typed. */
export class MarkDraft {
  title = $state('');
  note = $state('');
  /** Between commas. */
  tags = $state('');
  /** Null: the workstation chooses. */
  look = $state<SegmentLook | null>(null);
  readonly of: Drafted;
  readonly first: DraftField;

  constructor(of: Drafted, first: DraftField) {
    this.of = of;
    this.first = first;
    const known = of.kind === 'bookmark' ? of.bookmark : of.segment;
    if (known === null) return;
    this.title = known.name;
    this.note = known.note;
    if ('tags' in known) {
      this.tags = known.tags.join(', ');
      this.look = known.look;
    }
  }

  get isNew(): boolean {
    return (this.of.kind === 'bookmark' ? this.of.bookmark : this.of.segment) === null;
  }

  /** What keeps it. */
  command(): BookmarkCommand | SegmentCommand | SegmentAcrossCommand {
    const { of, title, note } = this;
    if (of.kind === 'bookmark') {
      return of.bookmark === null
        ? { name: 'bookmark.add', videoId: of.videoId, frameIndex: of.index, title, note }
        : { name: 'bookmark.edit', bookmarkId: of.bookmark.id, title, note };
    }
    const said = { title, note, tags: tagsOf(this.tags), ...(this.look !== null && { look: this.look }) };
    if (of.segment !== null) return { name: 'segment.edit', segmentId: of.segment.id, ...said };
    const [only, ...others] = of.spans;
    return only !== undefined && others.length === 0
      ? { name: 'segment.add', ...only, ...said }
      : { name: 'segment.add-across', spans: [...of.spans], ...said };
  }
}

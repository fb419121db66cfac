import {
  GroupId,
  type Command,
  type Segment,
  type SegmentId,
  type Span,
  type VideoId,
} from '../../preload/contract/index.ts';
import { withEdge, type Edge } from '../view/segments.ts';
import type { Player } from './player.svelte.ts';

interface Parts {
  player: () => Pick<Player, 'times'>;
  /** The number of a recording's last frame. */
  lastIndexOf: (videoId: VideoId) => number;
  /** Those of the case's recordings. */
  segments: () => readonly Segment[];
  /** Returns whether the command was taken. */
  apply: (command: Command, group: GroupId | null) => Promise<boolean>;
}

/** An edge that is on its way, before the record has it. */
export interface MovingEdge {
  readonly id: SegmentId;
  readonly span: Span;
  /** Where it begins and ends, in seconds since the first frame of its recording. */
  readonly seconds: { readonly from: number; readonly to: number };
}

/** The edges of segments on their way, while they are dragged or moved by keys. */
export class EdgeMoves {
  moving = $state.raw<MovingEdge | null>(null);
  readonly #parts: Parts;
  /** Moves come one after another, and of those that wait the last one alone. */
  #move: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves when all that was moved is with the workstation. */
  get sent(): Promise<void> {
    return this.#move ?? Promise.resolve();
  }

  /** A segment as it is to be drawn now. */
  shown(segment: Segment): Segment {
    return segment.id === this.moving?.id ? { ...segment, ...this.moving } : segment;
  }

  /** Shows an edge where it is dragged to, or a key moves it; `move` keeps it there. */
  async preview(segment: Segment, edge: Edge, index: number): Promise<Span> {
    const player = this.#parts.player();
    const { videoId } = segment.span;
    const lastIndex = this.#parts.lastIndexOf(videoId);
    const span = withEdge(this.#parts.segments(), segment, { edge, index, lastIndex });
    const [from, to] = await Promise.all([
      player.times.placeOf(span.from, videoId),
      player.times.placeOf(span.to, videoId),
    ]);
    if (from !== null && to !== null) {
      this.moving = { id: segment.id, span, seconds: { from: from.seconds, to: to.endSeconds } };
    }
    return span;
  }

  /** Moves an edge as near to a frame as it may lie. Moves of one group are undone as one. */
  async move(segment: Segment, edge: Edge, index: number, group: GroupId | null = null): Promise<void> {
    await this.preview(segment, edge, index);
    this.#move ??= this.#moveAll(group).finally(() => (this.#move = null));
    await this.#move;
  }

  /** Leaves an edge where it was. */
  endPreview(): void {
    this.moving = null;
  }

  newGroup(): GroupId {
    return GroupId.parse(crypto.randomUUID());
  }

  async #moveAll(group: GroupId | null): Promise<void> {
    for (let moved: MovingEdge | null = null; this.moving !== null && this.moving !== moved;) {
      moved = this.moving;
      const { id: segmentId, span } = moved;
      const command: Command = { name: 'segment.move', segmentId, from: span.from, to: span.to };
      if (!(await this.#parts.apply(command, group))) break;
    }
    this.moving = null;
  }
}

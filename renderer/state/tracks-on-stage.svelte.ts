import {
  boxAtSeconds,
  isSameEye,
  readable,
  tracksInOrder,
  type Box,
  type Bridge,
  type Command,
  type EntrySummary,
  type Session,
  type Size,
  type Track,
  type TrackId,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { written } from '../view/format.ts';
import type { PictureBox } from '../view/picture-boxes.ts';
import { trackOnFrame, trackStateWords, type PlacedTrack, type TrackOnFrame } from '../view/tracks.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Frame } from './frames.ts';
import type { MarksOfReview } from './marks.svelte.ts';
import type { Player } from './player.svelte.ts';
import type { RecordedMarks } from './recorded-marks.svelte.ts';
import type { Recordings } from './recordings.svelte.ts';
import { vocabularyOf } from './vocabulary.ts';

/** What is followed, as the review has it. */
export interface Followed {
  readonly session: Pick<Session, 'id'>;
  readonly video: Video;
  readonly recordings: Pick<Recordings, 'find'>;
  readonly player: Player;
  readonly marks: Pick<
    MarksOfReview,
    'at' | 'segmentsHere' | 'segments' | 'chosenSegment' | 'chosen' | 'loop' | 'tab' | 'goToSegment'
  >;
  readonly entries: readonly EntrySummary[];
}

export interface Parts {
  bridge: Pick<Bridge, 'apply'>;
  announcer: Announcer;
  recorded: RecordedMarks;
  /** Resolves when what was changed is on show. */
  catchUp: () => Promise<void>;
  /** Labels of the site, to choose from. */
  siteLabels?: () => readonly string[];
  /** Called after a box was deleted here. */
  onRemoved?: (what: 'Box', id: string) => void;
}

/** A box over frames that is being begun, on the frame on which it was begun. */
export interface TrackDraft {
  readonly frame: Frame;
  readonly videoId: VideoId;
  /** The segment, or the stretch that is to become one. */
  readonly within: Extract<Command, { name: 'track.add' }>['within'];
  /** The segment's name; null for a stretch. */
  readonly segmentName: string | null;
  readonly box: Box | null;
  readonly label: string;
}

/** A box that is on its way to the record. */
export interface MovingBox {
  readonly trackId: TrackId;
  readonly frame: Frame;
  readonly box: Box;
}

/** The boxes that people carry over frames, as they stand on the frame on the screen, and the one that this person works on. */
export class TracksOnStage {
  /** The box that the panel and the editor are about. */
  chosen = $state<TrackId | null>(null);
  draft = $state.raw<TrackDraft | null>(null);
  /** Shown before the record has it, so that a drag is smooth. */
  protected moving = $state.raw<MovingBox | null>(null);
  protected readonly of: Followed;
  protected readonly parts: Parts;

  constructor(of: Followed, parts: Parts) {
    this.of = of;
    this.parts = parts;
  }

  get all(): readonly Track[] {
    return this.parts.recorded.tracks;
  }

  /** Each with its segment, in whichever recording. */
  readonly here: readonly PlacedTrack[] = $derived.by(() => {
    const { segmentsHere } = this.of.marks;
    return tracksInOrder(this.all).flatMap((track): PlacedTrack[] => {
      const segment = segmentsHere.find(({ id }) => id === track.segmentId);
      return segment === undefined ? [] : [{ track, segment }];
    });
  });

  readonly chosenTrack: PlacedTrack | null = $derived.by(
    () => this.here.find(({ track }) => track.id === this.chosen) ?? null,
  );

  /** The frame on the screen; null while the video plays, as nobody can say which frame that is at any moment. */
  get frame(): Frame | null {
    return this.of.player.motion.visible ? null : this.of.player.shown;
  }

  /** How the chosen box stands on the frame on the screen; null where its boxes lie in another picture. */
  readonly chosenHere: TrackOnFrame | null = $derived.by(() => {
    const { frame, chosenTrack } = this;
    if (frame === null || chosenTrack === null || !this.fits(chosenTrack.track, frame)) return null;
    const { moving } = this;
    if (moving?.trackId === chosenTrack.track.id && moving.frame === frame) {
      return { state: 'key-frame', box: moving.box };
    }
    return trackOnFrame(chosenTrack, frame.location);
  });

  /** Whether the editor has a box to work on this frame, or room for one. */
  readonly isEditable: boolean = $derived.by(() => {
    const { draft } = this;
    if (draft !== null) {
      const isHere = draft.videoId === this.of.video.id;
      return isHere && draft.frame.location.index === this.frame?.location.index;
    }
    return this.chosenHere !== null && this.chosenHere.state !== 'outside';
  });

  /** The boxes on the picture on the screen. */
  readonly boxes: readonly PictureBox[] = $derived.by(() => {
    const { frame } = this;
    if (frame === null) return this.#movingBoxes;
    return this.here.flatMap(({ track, segment }): PictureBox[] => {
      if (!this.fits(track, frame)) return [];
      const isChosen = track.id === this.chosen && this.chosenHere !== null;
      const { state, box } = isChosen ? this.chosenHere : trackOnFrame({ track, segment }, frame.location);
      if (box === null || (state !== 'key-frame' && state !== 'interpolated')) return [];
      return [{ kind: state, box, label: readable(track.label), trackId: track.id }];
    });
  });

  /** Those of the moving picture, by its time alone: none of its frames is named, so each counts as interpolated. */
  get #movingBoxes(): readonly PictureBox[] {
    const { player, video } = this.of;
    const seconds = player.motion.visible ? player.motion.seconds : null;
    if (seconds === null) return [];
    return this.here.flatMap(({ track, segment }): PictureBox[] => {
      if (!this.fits(track, player.shown ?? video)) return [];
      const box = boxAtSeconds(track, segment.seconds, seconds);
      return box === null
        ? []
        : [{ kind: 'interpolated', box, label: readable(track.label), trackId: track.id }];
    });
  }

  /** Whether the editor's box is none of those yet: a new one, or one from which the chosen one goes on. */
  get isProposal(): boolean {
    return this.draft !== null || this.chosenHere?.state === 'not-said';
  }

  /** What the editor's box is called, for a screen reader. */
  readonly called: string = $derived.by(() => {
    if (this.draft !== null) return 'New box over frames';
    const { chosenTrack, chosenHere } = this;
    if (chosenTrack === null || chosenHere === null) return 'Box over frames';
    return `Box “${written(readable(chosenTrack.track.label))}”, ${trackStateWords[chosenHere.state]}`;
  });

  /** The box that the editor works; null where one may be drawn. */
  get box(): Box | null {
    if (this.draft !== null) return this.draft.box;
    const here = this.chosenHere;
    return here === null || here.state === 'not-visible' ? null : here.box;
  }

  /** Labels to choose from. */
  readonly vocabulary: readonly string[] = $derived.by(() => {
    const all = [
      ...this.all.map(({ label }) => label),
      ...vocabularyOf({ answer: null, entries: this.of.entries }, this.parts.siteLabels?.()),
    ];
    return all.filter((label, index) => all.indexOf(label) === index);
  });

  ofSegment(segmentId: string): readonly Track[] {
    return tracksInOrder(this.all.filter((track) => track.segmentId === segmentId));
  }

  protected fits({ videoId, eye, picture }: Track, { width, height }: Size): boolean {
    if (videoId !== this.of.video.id) return false;
    return isSameEye(eye, this.of.video.eye) && picture.width === width && picture.height === height;
  }
}

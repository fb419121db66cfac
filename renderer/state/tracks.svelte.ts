import {
  GroupId,
  isSameEye,
  keyFrameOn,
  readable,
  tracksInOrder,
  type Box,
  type Bridge,
  type Command,
  type Edit,
  type EntrySummary,
  type ErrorReport,
  type FrameIndex,
  type Session,
  type Track,
  type TrackId,
  type Video,
} from '../../preload/contract/index.ts';
import {
  boxInWords,
  middleBox,
  moveBox,
  type BoxPart,
  type EditedBox,
  type EditedPart,
} from '../view/box-editing.ts';
import { written } from '../view/format.ts';
import type { PictureBox } from '../view/picture-boxes.ts';
import {
  keyFrameLimits,
  neighbourKeyFrame,
  segmentFor,
  trackOnFrame,
  trackStateWords,
  type PlacedTrack,
  type TrackOnFrame,
} from '../view/tracks.ts';
import type { Point } from '../view/viewport.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Frame } from './frames.ts';
import type { MarksOfReview } from './marks.svelte.ts';
import type { Player } from './player.svelte.ts';
import type { RecordedMarks } from './recorded-marks.svelte.ts';
import { spelt, vocabularyOf } from './vocabulary.ts';

/** What is followed, as the review has it. */
interface Followed {
  readonly session: Pick<Session, 'id'>;
  readonly video: Video;
  readonly player: Player;
  readonly marks: Pick<
    MarksOfReview,
    'segmentsHere' | 'segments' | 'chosenSegment' | 'chosen' | 'loop' | 'tab' | 'goToSegment'
  >;
  readonly entries: readonly EntrySummary[];
}

interface Parts {
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
  /** The segment, or the stretch that is to become one. */
  readonly within: Extract<Command, { name: 'track.add' }>['within'];
  /** The segment's name; null for a stretch. */
  readonly segmentName: string | null;
  readonly box: Box | null;
  readonly label: string;
}

/** A box that is on its way to the record. */
interface MovingBox {
  readonly trackId: TrackId;
  readonly frame: Frame;
  readonly box: Box;
}

type Corners = [number, number, number, number];
const corners = ([x1, y1, x2, y2]: Box): Corners => [x1, y1, x2, y2];

/** The boxes that people carry over the frames of the recording on show, and the one that this person works on. */
export class TracksOfReview implements EditedBox {
  /** The box that the panel and the editor are about. */
  chosen = $state<TrackId | null>(null);
  draft = $state.raw<TrackDraft | null>(null);
  /** Why the last command was not carried out. */
  fault = $state.raw<ErrorReport | null>(null);
  wants = $state.raw<EditedPart | null>(null);
  /** Shown before the record has it, so that a drag is smooth. */
  #moving = $state.raw<MovingBox | null>(null);
  #sending: Promise<void> | null = null;
  /** All that is moved on one frame without leaving it is one step of undo. */
  #spell: { readonly of: string; readonly group: GroupId } | null = null;
  readonly #of: Followed;
  readonly #parts: Parts;

  constructor(of: Followed, parts: Parts) {
    this.#of = of;
    this.#parts = parts;
  }

  get all(): readonly Track[] {
    return this.#parts.recorded.tracks;
  }

  /** Those of the recording on show, each with its segment. */
  readonly here: readonly PlacedTrack[] = $derived.by(() => {
    const segments = new Map(this.#of.marks.segmentsHere.map((segment) => [segment.id, segment]));
    return tracksInOrder(this.all).flatMap((track): PlacedTrack[] => {
      const segment = segments.get(track.segmentId);
      return segment === undefined || track.videoId !== this.#of.video.id ? [] : [{ track, segment }];
    });
  });

  readonly chosenTrack: PlacedTrack | null = $derived.by(
    () => this.here.find(({ track }) => track.id === this.chosen) ?? null,
  );

  /** The frame on the screen; null while the video plays, as nobody can say which frame that is at any moment. */
  get frame(): Frame | null {
    return this.#of.player.motion.visible ? null : this.#of.player.shown;
  }

  /** How the chosen box stands on the frame on the screen; null where its boxes lie in another picture. */
  readonly chosenHere: TrackOnFrame | null = $derived.by(() => {
    const { frame, chosenTrack } = this;
    if (frame === null || chosenTrack === null || !this.#fits(chosenTrack.track, frame)) return null;
    const moving = this.#moving;
    if (moving?.trackId === chosenTrack.track.id && moving.frame === frame) {
      return { state: 'key-frame', box: moving.box };
    }
    return trackOnFrame(chosenTrack, frame.location);
  });

  /** Whether the editor has a box to work on this frame, or room for one. */
  readonly isEditable: boolean = $derived.by(() => {
    if (this.draft !== null) return this.draft.frame.location.index === this.frame?.location.index;
    return this.chosenHere !== null && this.chosenHere.state !== 'outside';
  });

  /** The boxes on the frame on the screen. */
  readonly boxes: readonly PictureBox[] = $derived.by(() => {
    const { frame } = this;
    if (frame === null) return [];
    return this.here.flatMap(({ track, segment }): PictureBox[] => {
      if (!this.#fits(track, frame)) return [];
      const isChosen = track.id === this.chosen && this.chosenHere !== null;
      const { state, box } = isChosen ? this.chosenHere! : trackOnFrame({ track, segment }, frame.location);
      if (box === null || (state !== 'key-frame' && state !== 'interpolated')) return [];
      return [{ kind: state, box, label: readable(track.label), trackId: track.id }];
    });
  });

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
  readonly vocabulary: readonly string[] = $derived.by(() => [
    ...new Set([
      ...this.all.map(({ label }) => label),
      ...vocabularyOf({ answer: null, entries: this.#of.entries }, this.#parts.siteLabels?.()),
    ]),
  ]);

  ofSegment(segmentId: string): readonly Track[] {
    return tracksInOrder(this.all.filter((track) => track.segmentId === segmentId));
  }

  /** Begins a box on the frame on the screen; or sets a key frame of the chosen one there. */
  async begin(): Promise<void> {
    if (this.draft !== null) {
      if (this.draft.box === null) this.addBox();
      this.wants = 'box';
      return;
    }
    if (this.chosenTrack !== null) return this.setKeyFrame();
    await this.#of.player.pause();
    const frame = this.#settled();
    if (frame === null) return;
    const { marks } = this.#of;
    const { index } = frame.location;
    const range = marks.loop.in && marks.loop.out && { from: marks.loop.in.index, to: marks.loop.out.index };
    const isBetween = range && range.from <= index && index <= range.to ? range : null;
    const segment = isBetween ? null : segmentFor(marks.segmentsHere, index, marks.chosenSegment);
    if (isBetween === null && segment === null) {
      return this.#say(
        'A box is carried over the frames of a segment. Go to a frame of one, or set in with I and out with O around this frame.',
      );
    }
    const within = isBetween ?? { segmentId: segment!.id };
    this.fault = null;
    this.draft = { frame, within, segmentName: segment?.name ?? null, box: null, label: '' };
    this.#say('New box over frames. Drag it on the frame, or press Enter for one in the middle.');
  }

  /** Puts a box in the middle of the frame, to be moved from there. */
  addBox(): void {
    const { draft } = this;
    if (draft === null) return;
    this.draft = { ...draft, box: middleBox(draft.frame) };
    this.wants = 'box';
  }

  relabel(label: string): void {
    if (this.draft !== null) this.draft = { ...this.draft, label };
  }

  /** Chooses a box, and goes to its first key frame where it has none on this frame. */
  async choose(track: Track): Promise<void> {
    const { marks, player } = this.#of;
    const segment = marks.segments.find(({ id }) => id === track.segmentId);
    this.draft = null;
    this.fault = null;
    this.chosen = track.id;
    marks.tab = 'segments';
    if (segment === undefined) return;
    marks.chosen = segment.id;
    if (track.videoId !== this.#of.video.id) return marks.goToSegment(segment);
    const state = this.chosenHere?.state ?? 'outside';
    if (state === 'key-frame' || state === 'interpolated') return;
    const first = track.keyFrames.find(({ location: { index } }) => index >= segment.span.from);
    await player.goTo({ index: first?.location.index ?? segment.span.from });
  }

  place(box: Box | null): void {
    if (this.draft !== null) {
      this.draft = { ...this.draft, box };
      return;
    }
    if (box === null) void this.removeKeyFrame();
    else void this.#set(box);
  }

  moveBox(part: BoxPart, by: Point): void {
    const { box, frame } = this;
    if (box === null || frame === null) return;
    const moved = moveBox(box, part, by, frame);
    this.place(moved);
    this.#parts.announcer.settle(boxInWords(moved));
  }

  /** Enter: keeps what is begun, or sets a key frame where the box is now. */
  async keep(): Promise<void> {
    const { draft } = this;
    if (draft === null) return this.setKeyFrame();
    if (draft.label.trim() === '') {
      this.wants = 'label';
      return;
    }
    if (draft.box === null) return this.#say('Draw the box on the frame first');
    const known = new Set(this.all.map(({ id }) => id));
    const label = spelt(draft.label, this.vocabulary);
    const { frame, box, within } = draft;
    const command: Command = {
      ...{ name: 'track.add', ...this.#named(frame), label, box: corners(box), within },
    };
    if (!(await this.#apply(command))) return;
    this.draft = null;
    const { marks } = this.#of;
    if ('from' in within) marks.loop.clear();
    const added = this.all.find(({ id }) => !known.has(id));
    if (added === undefined) return;
    this.chosen = added.id;
    marks.chosen = added.segmentId;
    marks.tab = 'segments';
    this.wants = 'box';
    this.#say(
      `Box “${written(readable(added.label))}” begun at frame ${frame.location.index}. Go to another frame and move it there.`,
    );
  }

  /** Sets a key frame on the frame on the screen, with the box that is there. */
  async setKeyFrame(): Promise<void> {
    const { frame, chosenHere } = this;
    if (!this.#canSet() || frame === null) return;
    const box = chosenHere?.box ?? null;
    if (box !== null && (await this.#set(box))) this.#say(`Key frame at frame ${frame.location.index}`);
  }

  /** Says that the thing is not visible from the frame on the screen on. */
  async hideFromHere(): Promise<void> {
    const { frame, chosenTrack } = this;
    if (!this.#canSet() || frame === null || chosenTrack === null) return;
    const trackId = chosenTrack.track.id;
    if (await this.#apply({ name: 'track.set-key-frame', trackId, ...this.#named(frame), box: null })) {
      this.#say(`Not visible from frame ${frame.location.index} on`);
    }
  }

  async removeKeyFrame(): Promise<void> {
    const { frame, chosenTrack } = this;
    if (frame === null || chosenTrack === null) return;
    const { id, keyFrames } = chosenTrack.track;
    const { index } = frame.location;
    if (keyFrameOn(keyFrames, index) === null) {
      return this.#say(
        'There is no key frame on this frame. Shift T says that it is not visible from here on.',
      );
    }
    if (!(await this.#apply({ name: 'track.remove-key-frame', trackId: id, frameIndex: index }))) return;
    const isGone = !this.all.some((track) => track.id === id);
    if (isGone) this.#parts.onRemoved?.('Box', id);
    else this.#say(`Key frame at frame ${index} removed`);
  }

  /** Moves a key frame as near to another frame as it may lie, and shows that. Moves of one group are undone as one. */
  async moveKeyFrame(from: number, to: number, groupId: GroupId | null = null): Promise<void> {
    const { chosenTrack } = this;
    if (chosenTrack === null) return;
    const { least, most } = keyFrameLimits(chosenTrack, from);
    const index = Math.min(most, Math.max(least, to));
    await this.#of.player.showIndex(index);
    const { frame } = this;
    if (frame === null || frame.location.index !== index || index === from) return;
    const trackId = chosenTrack.track.id;
    const command = { name: 'track.move-key-frame', trackId, from: from as FrameIndex } as const;
    if (await this.#apply({ ...command, ...this.#named(frame) }, groupId)) {
      this.#parts.announcer.settle(`Key frame moved to frame ${index}`);
    }
  }

  /** Goes to the next key frame of the chosen box, or the one before. */
  async goToKeyFrame(direction: -1 | 1): Promise<void> {
    const { chosenTrack } = this;
    if (chosenTrack === null) return;
    const found = neighbourKeyFrame(chosenTrack, this.#of.player.index, direction);
    if (found === null)
      return this.#say(direction > 0 ? 'No key frame further on' : 'No key frame before this');
    await this.#of.player.goTo({ index: found.location.index });
  }

  async rename(label: string): Promise<void> {
    const { chosenTrack } = this;
    if (chosenTrack === null || label.trim() === chosenTrack.track.label) return;
    const to = spelt(label, this.vocabulary);
    await this.#apply({ name: 'track.rename', trackId: chosenTrack.track.id, label: to });
  }

  async remove(track: Track): Promise<void> {
    if (!(await this.#apply({ name: 'track.delete', trackId: track.id }))) return;
    if (this.chosen === track.id) this.chosen = null;
    this.#parts.onRemoved?.('Box', track.id);
  }

  /** Returns whether there was anything to leave. */
  leave(): boolean {
    if (this.draft === null && this.chosenTrack === null) return false;
    const was = this.draft === null ? 'Box kept as it is' : 'New box left';
    this.draft = null;
    this.chosen = null;
    this.fault = null;
    this.#say(was);
    return true;
  }

  /** Shows what a step of undo or redo has changed; returns whether that is a box over frames and no segment as well. */
  follow(edits: readonly Edit[]): boolean {
    const edit = edits.find(({ entity }) => entity === 'track');
    if (edit === undefined) return false;
    this.chosen = edit.after === null ? null : (edit.id as TrackId);
    this.#of.marks.tab = 'segments';
    return !edits.some(({ entity }) => entity === 'segment');
  }

  newGroup(): GroupId {
    return GroupId.parse(crypto.randomUUID());
  }

  #named({ location, hash }: Frame) {
    return { videoId: this.#of.video.id, frameIndex: location.index, frameHash: hash };
  }

  #fits({ eye, picture }: Track, { width, height }: Frame): boolean {
    return isSameEye(eye, this.#of.video.eye) && picture.width === width && picture.height === height;
  }

  /** Whether a key frame can be set on the frame on the screen; says why where it can't. */
  #canSet(): boolean {
    const { chosenTrack, chosenHere, frame } = this;
    if (chosenTrack === null) this.#say('Choose a box over frames first');
    else if (frame === null) this.#say('Pause first: a key frame is set on the frame that is on the screen');
    else if (chosenHere === null) this.#say('Its boxes lie in another picture than the one on show');
    else if (chosenHere.state === 'outside') {
      this.#say(`This frame lies outside the segment “${written(chosenTrack.segment.name)}”`);
    } else return true;
    return false;
  }

  #settled(): Frame | null {
    const { frame } = this;
    if (frame === null) this.#say('No frame with a number is on the screen yet');
    return frame;
  }

  /** Sets the box on the frame on the screen; of several that come at once the last one. Returns whether it was taken. */
  async #set(box: Box): Promise<boolean> {
    const { frame, chosenTrack } = this;
    if (frame === null || chosenTrack === null) return false;
    this.#moving = { trackId: chosenTrack.track.id, frame, box };
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
    await this.#sending;
    return this.fault === null;
  }

  async #sendAll(): Promise<void> {
    for (let sent: MovingBox | null = null; this.#moving !== null && this.#moving !== sent;) {
      sent = this.#moving;
      const { trackId, frame, box } = sent;
      const of = `${trackId} ${frame.location.index}`;
      if (this.#spell?.of !== of) this.#spell = { of, group: this.newGroup() };
      const command = { name: 'track.set-key-frame', trackId, ...this.#named(frame) } as const;
      if (!(await this.#apply({ ...command, box: corners(box) }, this.#spell.group))) break;
    }
    this.#moving = null;
  }

  #say(words: string): void {
    this.#parts.announcer.say(words);
  }

  async #apply(command: Command, groupId: GroupId | null = null): Promise<boolean> {
    if (groupId === null) this.#spell = null;
    const done = await this.#parts.bridge.apply({
      ...{ sessionId: this.#of.session.id, command },
      ...(groupId !== null && { groupId }),
    });
    this.fault = done.ok ? null : done.error;
    if (!done.ok) {
      this.#say(`${done.error.message} ${done.error.hint}`);
      return false;
    }
    await this.#parts.catchUp();
    return true;
  }
}

import {
  GroupId,
  keyFrameOn,
  readable,
  type Box,
  type Command,
  type Edit,
  type ErrorReport,
  type FrameIndex,
  type Track,
  type TrackId,
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
import { keyFrameKey } from '../view/markers.ts';
import { keyFrameLimits, neighbourKeyFrame, segmentFor } from '../view/tracks.ts';
import type { Point } from '../view/viewport.ts';
import type { Frame } from './frames.ts';
import { spelt } from './vocabulary.ts';

import { TracksOnStage, type MovingBox } from './tracks-on-stage.svelte.ts';

type Corners = [number, number, number, number];
const corners = ([x1, y1, x2, y2]: Box): Corners => [x1, y1, x2, y2];

/** The boxes that people carry over frames, and what this person does with them. */
export class TracksOfReview extends TracksOnStage implements EditedBox {
  /** Why the last command was not carried out. */
  fault = $state.raw<ErrorReport | null>(null);
  wants = $state.raw<EditedPart | null>(null);
  #sending: Promise<void> | null = null;
  /** All that is moved on one frame without leaving it is one step of undo. */
  #spell: { readonly of: string; readonly group: GroupId } | null = null;

  /** Resolves when all that was moved is with the workstation. */
  get sent(): Promise<void> {
    return this.#sending ?? Promise.resolve();
  }

  /** Begins a box on the frame on the screen; or sets a key frame of the chosen one there. */
  async begin(): Promise<void> {
    if (this.draft !== null) {
      if (this.draft.box === null) this.addBox();
      this.wants = 'box';
      return;
    }
    if (this.chosenTrack !== null) return this.setKeyFrame();
    await this.of.player.pause();
    const frame = this.#settled();
    if (frame === null) return;
    const { marks } = this.of;
    const { index } = frame.location;
    const videoId = this.of.video.id;
    const isOfOne = marks.loop.in?.videoId === videoId && marks.loop.out?.videoId === videoId;
    const range = isOfOne ? { from: marks.loop.in!.index, to: marks.loop.out!.index } : null;
    const isBetween = range && range.from <= index && index <= range.to ? range : null;
    const ofOne = marks.segmentsHere.filter(({ span }) => span.videoId === videoId);
    const segment = isBetween ? null : segmentFor(ofOne, index, marks.chosenSegment);
    if (isBetween === null && segment === null) {
      return this.#say(
        'A box is carried over the frames of a segment. Go to a frame of one, or set in with I and out with O around this frame.',
      );
    }
    const within = isBetween ?? { segmentId: segment!.id };
    this.fault = null;
    this.draft = { frame, videoId, within, segmentName: segment?.name ?? null, box: null, label: '' };
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
    const { marks, player } = this.of;
    const segment = marks.segments.find(({ id }) => id === track.segmentId);
    this.draft = null;
    this.fault = null;
    this.chosen = track.id;
    marks.tab = 'segments';
    if (segment === undefined) return;
    marks.chosen = segment.id;
    if (this.of.recordings.find(track.videoId) === null) return marks.goToSegment(segment);
    const state = this.chosenHere?.state ?? 'outside';
    if (state === 'key-frame' || state === 'interpolated') return;
    const first = track.keyFrames.find(({ location: { index } }) => index >= segment.span.from);
    const index = first?.location.index ?? segment.span.from;
    await player.goToFrame({ videoId: track.videoId, index });
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
    this.parts.announcer.settle(boxInWords(moved));
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
    const known = this.all.map(({ id }) => id);
    const label = spelt(draft.label, this.vocabulary);
    const { frame, videoId, box, within } = draft;
    const command: Command = {
      ...{ name: 'track.add', ...this.#named(frame, videoId), label, box: corners(box), within },
    };
    if (!(await this.#apply(command))) return;
    this.draft = null;
    const { marks } = this.of;
    if ('from' in within) marks.loop.clear();
    const added = this.all.find(({ id }) => !known.includes(id));
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
    if (isGone) this.parts.onRemoved?.('Box', id);
    else this.#say(`Key frame at frame ${index} removed`);
  }

  /** Moves a key frame as near to another frame as it may lie, and shows that. Moves of one group are undone as one. */
  async moveKeyFrame(from: number, to: number, groupId: GroupId | null = null): Promise<void> {
    const { chosenTrack } = this;
    if (chosenTrack === null) return;
    const { least, most } = keyFrameLimits(chosenTrack, from);
    const index = Math.min(most, Math.max(least, to));
    const { videoId } = chosenTrack.track;
    await this.of.player.showFrame({ videoId, index });
    const { frame } = this;
    if (frame === null || videoId !== this.of.video.id || frame.location.index !== index || index === from)
      return;
    const trackId = chosenTrack.track.id;
    const command = { name: 'track.move-key-frame', trackId, from: from as FrameIndex } as const;
    if (await this.#apply({ ...command, ...this.#named(frame) }, groupId)) {
      this.parts.announcer.settle(`Key frame moved to frame ${index}`);
    }
  }

  /** Goes to the next key frame of the chosen box, or the one before. */
  async goToKeyFrame(direction: -1 | 1): Promise<void> {
    const { chosenTrack } = this;
    if (chosenTrack === null) return;
    const { videoId } = chosenTrack.track;
    const isHere = videoId === this.of.video.id;
    const at = isHere ? this.of.player.index : direction > 0 ? -1 : Infinity;
    const found = neighbourKeyFrame(chosenTrack, at, direction);
    if (found === null)
      return this.#say(direction > 0 ? 'No key frame further on' : 'No key frame before this');
    await this.of.player.goToFrame({ videoId, index: found.location.index });
  }

  /** Goes to a key frame of a box, which is worked on from then on, with its segment. */
  async goTo(track: Track, index: FrameIndex): Promise<void> {
    const { marks, player } = this.of;
    this.chosen = track.id;
    marks.chosen = track.segmentId;
    marks.at = keyFrameKey(track.id, index);
    await player.goToFrame({ videoId: track.videoId, index });
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
    this.parts.onRemoved?.('Box', track.id);
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
    this.of.marks.tab = 'segments';
    return !edits.some(({ entity }) => entity === 'segment');
  }

  newGroup(): GroupId {
    return GroupId.parse(crypto.randomUUID());
  }

  #named({ location, hash }: Frame, videoId = this.of.video.id) {
    return { videoId, frameIndex: location.index, frameHash: hash };
  }

  /** Whether a key frame can be set on the frame on the screen; says why where it can't. */
  #canSet(): boolean {
    const { chosenTrack, chosenHere, frame } = this;
    if (chosenTrack === null) this.#say('Choose a box over frames first');
    else if (frame === null) this.#say('Pause first: a key frame is set on the frame that is on the screen');
    else if (chosenHere === null)
      this.#say('Its boxes lie in another picture or recording than the one on show');
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
    this.moving = { trackId: chosenTrack.track.id, frame, box };
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
    await this.#sending;
    return this.fault === null;
  }

  async #sendAll(): Promise<void> {
    for (let sent: MovingBox | null = null; this.moving !== null && this.moving !== sent;) {
      sent = this.moving;
      const { trackId, frame, box } = sent;
      const of = `${trackId} ${frame.location.index}`;
      if (this.#spell?.of !== of) this.#spell = { of, group: this.newGroup() };
      const command = { name: 'track.set-key-frame', trackId, ...this.#named(frame) } as const;
      if (!(await this.#apply({ ...command, box: corners(box) }, this.#spell.group))) break;
    }
    this.moving = null;
  }

  #say(words: string): void {
    this.parts.announcer.say(words);
  }

  async #apply(command: Command, groupId: GroupId | null = null): Promise<boolean> {
    if (groupId === null) this.#spell = null;
    const done = await this.parts.bridge.apply({
      ...{ sessionId: this.of.session.id, command },
      ...(groupId !== null && { groupId }),
    });
    this.fault = done.ok ? null : done.error;
    if (!done.ok) {
      this.#say(`${done.error.message} ${done.error.hint}`);
      return false;
    }
    await this.parts.catchUp();
    return true;
  }
}

import {
  caseTimeOf,
  formatTimecode,
  neighboursOf,
  stretchOf,
  type Bridge,
  type CaseStretch,
  type CaseTime,
  type Edit,
  type OpenSession,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { say } from '../words/say.ts';

/** The recordings that a player goes over, as one time. */
export interface Reel {
  readonly shown: Video;
  readonly time: CaseTime;
  /** Whether there is more than one file. */
  readonly areSeveral: boolean;
  find(id: VideoId): Video | null;
  /** Puts a recording on show. */
  show(id: VideoId): void;
}

/** Whether frames of a recording can be shown now. */
export const isShowable = ({ availability, index }: Video): boolean =>
  availability === 'available' && index === 'ready';

/** A recording that is played by itself. */
export const onlyRecording = (video: () => Video): Reel => ({
  get shown() {
    return video();
  },
  get time() {
    return caseTimeOf([video()]);
  },
  areSeveral: false,
  find: (id) => (id === video().id ? video() : null),
  show: () => undefined,
});

/** The recordings of the session's case in their order, which are one time, and the one of them that is on show. */
export class Recordings implements Reel {
  #inCase = $state.raw<readonly Video[]>([]);
  #shownId = $state.raw<VideoId>() as VideoId;
  /** The one on show, where it was taken out of the case: questions about it are still there. */
  #takenOut = $state.raw<Video>() as Video;
  readonly #caseId: OpenSession['case']['id'];
  readonly #bridge: Pick<Bridge, 'listRecordings'>;
  #asked = 0;
  /** How many events were taken in: what was read before one of them is older. */
  #taken = 0;

  constructor(open: OpenSession, bridge: Pick<Bridge, 'listRecordings'>) {
    this.#caseId = open.case.id;
    this.#bridge = bridge;
    this.#inCase = open.recordings;
    this.#takenOut = open.video;
    this.#shownId = open.video.id;
  }

  readonly list: readonly Video[] = $derived.by(() =>
    this.#inCase.some(({ id }) => id === this.#shownId) ? this.#inCase : [...this.#inCase, this.#takenOut],
  );

  readonly shown: Video = $derived.by(
    () => this.list.find(({ id }) => id === this.#shownId) ?? this.#takenOut,
  );

  readonly time: CaseTime = $derived.by(() => caseTimeOf(this.list));

  /** One for each file: its streams lie beside each other. */
  readonly files: readonly CaseStretch[] = $derived.by(() =>
    this.time.stretches.filter(({ content }, at, all) => all[at - 1]?.content !== content),
  );

  get areSeveral(): boolean {
    return this.files.length > 1;
  }

  find(id: VideoId): Video | null {
    return this.list.find((video) => video.id === id) ?? null;
  }

  /** Whether it is one of the case, and was not taken out. */
  isInCase(id: VideoId): boolean {
    return this.#inCase.some((video) => video.id === id);
  }

  show(id: VideoId): void {
    const video = this.find(id);
    if (video === null) return;
    this.#takenOut = video;
    this.#shownId = id;
  }

  /** The time of the case at a place in a recording; that place itself where the recording is not one of the case. */
  secondsOf(id: VideoId, seconds: number): number {
    return (stretchOf(this.time, id)?.from ?? 0) + seconds;
  }

  timecodeOf(id: VideoId, seconds: number): string {
    return formatTimecode(this.secondsOf(id, seconds));
  }

  /** Which of the case's files a recording is, counted from 1. */
  numberOf(id: VideoId): number {
    const content = stretchOf(this.time, id)?.content;
    return this.files.findIndex((file) => file.content === content) + 1;
  }

  /** "2 of 3: recorder_2.mp4"; empty where there is one alone. */
  nameOf(id: VideoId): string {
    const video = this.find(id);
    if (!this.areSeveral || video === null) return '';
    return `${this.numberOf(id)} of ${this.files.length}: ${video.displayName}`;
  }

  /** That its frames are still being counted. */
  countingInWords(id: VideoId): string {
    return say('stage.counting', { recording: this.nameOf(id) });
  }

  /** A place with its time in the case and, where there are several recordings, that in its own and which one that is. */
  placeInWords(id: VideoId, { index, seconds }: { index: number; seconds: number }): string {
    const inCase = this.timecodeOf(id, seconds);
    if (!this.areSeveral) return `${inCase}, frame ${index}`;
    return `${inCase} · frame ${index} at ${formatTimecode(seconds)} in ${this.nameOf(id)}`;
  }

  /** The recordings before or behind the one on show, the nearest first. */
  neighbours(direction: -1 | 1): Video[] {
    return neighboursOf(this.time, this.shown.id, direction).flatMap(({ id }) => this.find(id) ?? []);
  }

  /** Takes in what an event tells of a recording. */
  take(video: Video): void {
    this.#taken += 1;
    if (this.#takenOut.id === video.id) this.#takenOut = video;
    if (this.#inCase.some(({ id }) => id === video.id))
      this.#inCase = this.#inCase.map((known) => (known.id === video.id ? video : known));
  }

  /** Reads them anew where changes concern them: another order, another beginning, one more or one less. */
  async follow(edits: readonly Edit[]): Promise<void> {
    const isOurs = edits.some(
      ({ entity, before, after }) =>
        entity === 'recording' && (before?.caseId === this.#caseId || after?.caseId === this.#caseId),
    );
    if (isOurs) await this.readAgain();
  }

  async readAgain(): Promise<void> {
    const asked = (this.#asked += 1);
    const taken = this.#taken;
    const found = await this.#bridge.listRecordings({ caseId: this.#caseId });
    // What was asked later is newer.
    if (!found.ok || asked !== this.#asked) return;
    if (taken !== this.#taken) return this.readAgain();
    // Of the one on show an event tells, by which its picture is fetched anew.
    const kept = this.#inCase.find(({ id }) => id === this.#shownId);
    this.#inCase = found.value.map(({ start, ...video }) => ({
      ...(kept?.id === video.id ? { ...kept, start } : { ...video, start }),
    }));
  }
}

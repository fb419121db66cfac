import {
  knownInWords,
  unwrap,
  toErrorReport,
  type Bridge,
  type CopiedFile,
  type DroppedFile,
  type ErrorReport,
  type FoundFile,
  type GrantId,
  type KnownVideo,
  type OpenSession,
  type Result,
  type SessionId,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { bytes } from '../view/format.ts';

/** What is being opened, and how much of a copy has arrived where one is made. */
export interface Opening {
  readonly name: string;
  readonly progress: { done: number; total: number } | null;
}

/** One way to go on, where a person has to say which. */
export interface Way {
  readonly value: string;
  readonly label: string;
  readonly main?: boolean;
  readonly disabled?: boolean;
}

/** A question to the person before anything is opened; null as an answer: leave it. */
export interface Decision {
  readonly title: string;
  readonly text: readonly string[];
  readonly ways: readonly Way[];
  readonly answer: (value: string | null) => void;
}

export interface OpenerParts {
  bridge: Bridge;
  /** A session is there: it takes the place of the one before. */
  onOpen: (open: OpenSession) => void;
  /** Something is about to be opened: the faults of before are over. */
  onBegin: () => Promise<void>;
  onFault: (fault: ErrorReport) => void;
  /** The person would rather choose the file in its folder. */
  onChoose: () => void;
  /** Adds a file to the case that is on show, as its last recording. Returns why it could not be; null where it was. */
  onAdd: (grantId: GrantId) => Promise<ErrorReport | null>;
}

/**
 * Opens videos and sessions. Which recording a file is, is settled before anything of a case changes: a file that a
 * browser dropped is found by its bytes, and is never chosen among several, copied or taken for a known recording
 * without asking.
 */
export class Opener {
  opening = $state.raw<Opening | null>(null);
  decision = $state.raw<Decision | null>(null);
  /** What was done that a person could not see, in one sentence. */
  notice = $state.raw<string | null>(null);
  readonly #parts: OpenerParts;
  #copying: AbortController | null = null;

  constructor(parts: OpenerParts) {
    this.#parts = parts;
  }

  /** A file that was chosen where it lies. */
  async openGrant(grantId: GrantId, name: string): Promise<void> {
    await this.#openFile({ grantId, name }, false);
  }

  /** True where a video was opened. */
  async openDropped(file: File): Promise<boolean> {
    const settled = await this.#settle(file);
    if (settled === null) return false;
    const opened = await this.#openFile(settled.file, !settled.exact);
    if (opened && settled.isCopy) {
      this.notice = `${file.name} was copied into the data folder (${bytes(file.size)}). The review reads the copy.`;
    }
    return opened;
  }

  /** Several files at once are the parts of one operation, where the person says so: recorders write one after another. */
  async openAllDropped(files: readonly File[]): Promise<void> {
    const inOrder = [...files].sort((one, other) => byName.compare(one.name, other.name));
    const [first, ...others] = inOrder;
    if (first === undefined) return;
    if (others.length > 0) {
      const way = await this.#ask(togetherOrOne(inOrder));
      if (way === null) return;
      if (way === 'first') others.length = 0;
    }
    if (!(await this.openDropped(first))) return;
    for (const file of others) {
      const settled = await this.#settle(file);
      if (settled !== null) await this.add(settled.file.grantId, file.name);
    }
  }

  /** Adds a file to the case on show. */
  async add(grantId: GrantId, name: string): Promise<void> {
    this.opening = { name, progress: null };
    const fault = await this.#parts.onAdd(grantId);
    this.opening = null;
    if (fault === null) this.notice = `${name} was added to this case. Ctrl Z takes it out again.`;
    else this.#parts.onFault({ ...fault, message: `${name} was not added. ${fault.message}` });
  }

  /** Finds where a dropped file lies, or copies it. Null where the person left it, or it can't be. */
  async #settle(file: File): Promise<{ file: CopiedFile; exact: boolean; isCopy: boolean } | null> {
    if (this.opening) {
      this.#parts.onFault(busyWith(this.opening.name));
      return null;
    }
    this.notice = null;
    this.opening = { name: file.name, progress: null };
    const dropped = await this.#parts.bridge.grantDroppedFile(file);
    this.opening = null;
    if (!dropped.ok) {
      this.#parts.onFault(dropped.error);
      return null;
    }
    const { found, exact } = dropped.value;
    const chosen = found.length > 1 ? await this.#chooseAmong(file, found) : found[0];
    if (chosen === null) return null;
    if (chosen !== undefined) return { file: chosen, exact, isCopy: false };
    const copy = await this.#copy(file, dropped.value);
    return copy === null ? null : { file: copy, exact: false, isCopy: true };
  }

  /** Stops the copy that is being made. */
  stop(): void {
    this.#copying?.abort();
  }

  /** Goes on with the video's latest session, or begins its first. */
  async openRecent(videoId: VideoId, name: string): Promise<void> {
    const sessions = await this.#parts.bridge.listSessions({});
    const latest = sessions.ok
      ? // They come last changed first, whatever the clock says.
        sessions.value.find((session) => session.videoId === videoId)
      : undefined;
    if (latest) await this.openSession(latest.id, name);
    else await this.startSession(videoId, name);
  }

  /** `videoId`: the recording to show in it; the one that was seen there last by default. */
  async openSession(sessionId: SessionId, name: string, videoId?: VideoId): Promise<void> {
    const which = { sessionId, ...(videoId !== undefined && { videoId }) };
    await this.#open(name, () => this.#parts.bridge.openSession(which));
  }

  async startSession(videoId: VideoId, name: string): Promise<void> {
    await this.#open(name, () => this.#parts.bridge.startSession({ videoId }));
  }

  /** Goes over to another picture stream of the same file, within the session: to a camera beside the endoscope, say. */
  async chooseStream(sessionId: SessionId, video: Video, streamIndex: number): Promise<void> {
    await this.#open(video.displayName, () =>
      this.#parts.bridge.chooseStream({ sessionId, videoId: video.id, streamIndex }),
    );
  }

  /** True where a video was opened from this very file. `uncertain`: it may be a copy of a case's file. */
  async #openFile({ grantId, name }: CopiedFile, uncertain: boolean): Promise<boolean> {
    const { bridge } = this.#parts;
    this.opening = { name, progress: null };
    const lookedUp = await bridge.lookUpVideo({ grantId });
    this.opening = null;
    // What can't be read is said by opening it, which removes a copy, too.
    const known = lookedUp.ok ? lookedUp.value : null;
    if (known?.inBin) return this.#openFromBin({ grantId, name }, known);
    if (known === null || (known.here && !uncertain)) {
      const opened = await this.#open(name, () => bridge.openVideo({ grantId, caseId: null }));
      if (opened && known?.grown) this.notice = knownInWords(name, known).join(' ');
      return opened;
    }
    const way = await this.#ask(knownAs(name, known));
    if (way === 'new') {
      return this.#open(name, () => bridge.openVideo({ grantId, caseId: null, asNewCase: true }));
    }
    if (way === null || known.availability === 'available') await bridge.discardCopy({ grantId });
    if (way === null) return false;
    if (known.availability !== 'available') {
      const moved = await bridge.relinkVideo({ videoId: known.videoId, grantId });
      if (!moved.ok) {
        this.#parts.onFault(moved.error);
        return false;
      }
    }
    await this.openRecent(known.videoId, name);
    return known.availability !== 'available';
  }

  /** Its case is restored first, or the file begins a new one. */
  async #openFromBin({ grantId, name }: CopiedFile, known: KnownVideo): Promise<boolean> {
    const { bridge } = this.#parts;
    const way = await this.#ask(inBin(name, known));
    if (way === 'new') {
      return this.#open(name, () => bridge.openVideo({ grantId, caseId: null, asNewCase: true }));
    }
    if (way === null) {
      await bridge.discardCopy({ grantId });
      return false;
    }
    const restored = await bridge.applyToLibrary({ command: { name: 'case.restore', caseId: known.caseId } });
    if (!restored.ok) {
      this.#parts.onFault(restored.error);
      return false;
    }
    return this.#openFile({ grantId, name }, false);
  }

  async #chooseAmong(file: File, found: readonly FoundFile[]): Promise<FoundFile | null> {
    const value = await this.#ask({
      title: `Which ${file.name}?`,
      text: [
        `${found.length} files hold the same recording, as far as it was compared. Say which one to open.`,
      ],
      ways: found.map((each, index) => ({ value: String(index), label: `${each.folder} · ${each.name}` })),
    });
    return value === null ? null : (found[Number(value)] ?? null);
  }

  /** Null where none was made. */
  async #copy(file: File, { freeBytes }: DroppedFile): Promise<CopiedFile | null> {
    const way = await this.#ask(copyOf(file, freeBytes));
    if (way === 'choose') this.#parts.onChoose();
    if (way !== 'copy') return null;
    this.opening = { name: file.name, progress: { done: 0, total: file.size } };
    this.#copying = new AbortController();
    const copied = await this.#parts.bridge.copyDroppedFile(
      file,
      (progress) => (this.opening = { name: file.name, progress }),
      this.#copying.signal,
    );
    this.#copying = null;
    this.opening = null;
    if (copied.ok) return copied.value;
    if (copied.error.code === 'cancelled') this.notice = copied.error.message;
    else this.#parts.onFault(copied.error);
    return null;
  }

  #ask(question: Omit<Decision, 'answer'>): Promise<string | null> {
    // One question at a time: what was asked before is left as it is.
    this.decision?.answer(null);
    return new Promise((resolve) => {
      this.decision = {
        ...question,
        answer: (value) => {
          this.decision = null;
          resolve(value);
        },
      };
    });
  }

  async #open(name: string, open: () => Promise<Result<OpenSession>>): Promise<boolean> {
    this.opening = { name, progress: null };
    this.notice = null;
    try {
      await this.#parts.onBegin();
      this.#parts.onOpen(unwrap(await open()));
      return true;
    } catch (error) {
      const report = toErrorReport(error);
      // Several may have been tried: which one is it about?
      const named = report.message.includes(name);
      this.#parts.onFault(
        named ? report : { ...report, message: `${name} was not opened. ${report.message}` },
      );
      return false;
    } finally {
      this.opening = null;
    }
  }
}

const busyWith = (name: string): ErrorReport => ({
  code: 'busy',
  message: `${name} is still being opened.`,
  hint: 'Drop the next video when it is there, or stop its copy first.',
});

const inBin = (name: string, { casePseudonym }: KnownVideo): Omit<Decision, 'answer'> => ({
  title: `${casePseudonym} is in the bin`,
  text: [
    `${name} holds a recording of ${casePseudonym}, which was moved to the bin.`,
    'Restored, it has all that was asked and marked in it. A new case begins with nothing, and leaves the bin as it is.',
  ],
  ways: [
    { value: 'new', label: 'Open as a new case' },
    { value: 'restore', label: `Restore ${casePseudonym}`, main: true },
  ],
});

function knownAs(name: string, known: KnownVideo): Omit<Decision, 'answer'> {
  return {
    title: `This recording is known as ${known.casePseudonym}`,
    text: knownInWords(name, known),
    ways: [
      { value: 'new', label: 'Open as a new case' },
      { value: 'go-on', label: `Go on in ${known.casePseudonym}`, main: true },
    ],
  };
}

const byName = new Intl.Collator(undefined, { numeric: true });

const togetherOrOne = (files: readonly File[]): Omit<Decision, 'answer'> => ({
  title: `Open ${files.length} files as one case?`,
  text: [
    'Recorders write an operation as several files. As one case they are one line of time, in this order, which you can change:',
    files.map(({ name }) => name).join(', '),
  ],
  ways: [
    { value: 'first', label: `Only ${files[0]?.name}` },
    { value: 'case', label: 'As one case', main: true },
  ],
});

function copyOf(file: File, freeBytes: number | null): Omit<Decision, 'answer'> {
  const fits = freeBytes === null || freeBytes > file.size;
  const room = freeBytes === null ? '' : ` ${bytes(freeBytes)} are free there.`;
  return {
    title: `Copy ${file.name}?`,
    text: [
      'The browser hides where a dropped file lies, and none of the folders that you have looked into holds it.',
      `A copy would take ${bytes(file.size)} in the data folder.${room}${fits ? '' : ' That is not enough.'}`,
      'Opened from its folder, a video is read where it lies, and nothing is copied.',
    ],
    ways: [
      { value: 'copy', label: `Copy ${bytes(file.size)}`, disabled: !fits },
      { value: 'choose', label: 'Open it from its folder…', main: true },
    ],
  };
}

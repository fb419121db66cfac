import { PresentingMessage, presentingAddress, type Presented } from './presented.ts';

/** A watching window says every two seconds that it is there; in a window behind others this may come more seldom. */
const gone = 90_000;
/** While it plays, places are told no more often than this, in ms: watching windows play by themselves. */
const playingMilliseconds = 250;

/** The side that is presented: opens windows that show its stage without the controls, and tells them what is on it. */
export class Presenter {
  /** How many windows watch. */
  watching = $state(false);
  /** Whether they show the case's pseudonym. */
  showsName = $state(false);
  readonly #id: string;
  readonly #channel: BroadcastChannel;
  #number = 0;
  #over = false;
  #presented: Presented | null = null;
  #told = -Infinity;
  #silence: ReturnType<typeof setTimeout> | undefined;

  /** @param id names this window; it outlives a reload, so that those who watch find it again */
  constructor(id: string, channel: BroadcastChannel) {
    this.#id = id;
    this.#channel = channel;
    channel.addEventListener('message', this.#hear);
  }

  /** Opens a window; a browser may keep it back, which shows in that nobody comes to watch. */
  open(): void {
    window.open(presentingAddress(this.#id), '', 'popup,noopener,width=1280,height=800');
  }

  /** Closes all windows that watch. */
  close(): void {
    this.#post({ kind: 'close', of: this.#id });
    this.watching = false;
  }

  /** Tells what is on the stage; null where nothing is. */
  tell(presented: Presented | null): void {
    const before = this.#presented;
    this.#presented = presented;
    const now = performance.now();
    const goesOn = before?.playing && presented?.playing && isSameBut(before, presented);
    if (goesOn && now - this.#told < playingMilliseconds) return;
    this.#told = now;
    this.#number += 1;
    if (this.watching) this.#post({ kind: 'shown', of: this.#id, number: this.#number, presented });
  }

  dispose(): void {
    if (this.#over) return;
    this.tell(null);
    this.#over = true;
    clearTimeout(this.#silence);
    this.#channel.removeEventListener('message', this.#hear);
    this.#channel.close();
  }

  readonly #hear = ({ data }: MessageEvent<unknown>): void => {
    const heard = PresentingMessage.safeParse(data);
    if (!heard.success || heard.data.of !== this.#id) return;
    const message = heard.data;
    if (message.kind === 'left') this.watching = false;
    if (message.kind !== 'watching') return;
    this.watching = true;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => (this.watching = false), gone);
    const isNew = message.seen !== this.#number;
    this.#post({
      kind: 'shown',
      of: this.#id,
      number: this.#number,
      ...(isNew && { presented: this.#presented }),
    });
  };

  #post(message: PresentingMessage): void {
    // The channel is closed with the window's state; a component may go after it.
    if (this.#over) return;
    this.#channel.postMessage(message);
  }
}

/** Whether nothing but the place differs. */
const isSameBut = (one: Presented, other: Presented): boolean =>
  one.video === other.video &&
  one.hidden === other.hidden &&
  one.pseudonym === other.pseudonym &&
  one.filter === other.filter &&
  one.playing?.rate === other.playing?.rate;

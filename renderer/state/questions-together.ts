import {
  GroupId,
  unwrap,
  type Bridge,
  type CallInput,
  type QuestionId,
} from '../../preload/contract/index.ts';
import type { Frame } from './frames.ts';

/** Questions about one frame, asked one after another; several are one act, which is undone as one. */
export class QuestionsTogether {
  /** Those that were not taken yet, in their order. */
  left: readonly string[];
  readonly #bridge: Pick<Bridge, 'ask'>;
  readonly #video: Pick<CallInput<'ask'>, 'sessionId' | 'videoId' | 'region'>;

  constructor(
    bridge: Pick<Bridge, 'ask'>,
    video: Pick<CallInput<'ask'>, 'sessionId' | 'videoId' | 'region'>,
    questions: readonly string[],
  ) {
    this.#bridge = bridge;
    this.#video = video;
    this.left = questions;
  }

  /** Returns the id of the first, null where there is none. Throws where one is not taken: `left` says which are not. */
  async ask({ location, hash: frameHash }: Frame): Promise<QuestionId | null> {
    const about = { ...this.#video, frameIndex: location.index, frameHash };
    const together = this.left.length > 1 ? { groupId: GroupId.parse(crypto.randomUUID()) } : {};
    let first: QuestionId | null = null;
    for (const question of this.left) {
      const asked = unwrap(await this.#bridge.ask({ ...about, ...together, question }));
      this.left = this.left.slice(1);
      first ??= asked.question.id;
    }
    return first;
  }
}

/** Asks for further versions of an answer, one for each of these settings; several are one act, which is undone as one. */
export async function askVersions(
  bridge: Pick<Bridge, 'askAgain'>,
  about: Omit<CallInput<'askAgain'>, 'settings' | 'groupId'>,
  each: readonly CallInput<'askAgain'>['settings'][],
): Promise<void> {
  const together = each.length > 1 ? { groupId: GroupId.parse(crypto.randomUUID()) } : {};
  for (const settings of each) unwrap(await bridge.askAgain({ ...about, ...together, settings }));
}

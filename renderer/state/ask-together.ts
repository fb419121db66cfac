import {
  GroupId,
  unwrap,
  type Bridge,
  type CallInput,
  type QuestionId,
} from '../../preload/contract/index.ts';

/**
 * Asks questions about one frame, one after another; several are one act. Returns the first question's id, null where there is
 * none. Throws where one is not taken: `onAsked` was called for each that was.
 */
export async function askTogether(
  bridge: Pick<Bridge, 'ask'>,
  about: Omit<CallInput<'ask'>, 'question' | 'groupId'>,
  questions: readonly string[],
  onAsked: () => void,
): Promise<QuestionId | null> {
  const together = questions.length > 1 ? { groupId: GroupId.parse(crypto.randomUUID()) } : {};
  let first: QuestionId | null = null;
  for (const question of questions) {
    const asked = unwrap(await bridge.ask({ ...about, ...together, question }));
    onAsked();
    first ??= asked.question.id;
  }
  return first;
}

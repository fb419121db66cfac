import {
  mostOfPage,
  type CallsInContext,
  type Entry,
  type EntryPage,
  type SessionId,
} from '../../preload/contract/index.ts';

/** Everything that was asked and answered in a session, oldest first. */
export async function entriesOfSession(
  { calls }: { calls: CallsInContext<'listEntries' | 'getEntry'> },
  sessionId: SessionId,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let next: EntryPage['next'] | undefined; next !== null;) {
    const page: EntryPage = await calls.listEntries({
      ...{ sessionId, limit: mostOfPage },
      ...(next !== undefined && { before: next }),
    });
    for (const { question } of page.list) entries.push(await calls.getEntry({ questionId: question.id }));
    next = page.next;
  }
  return entries.reverse();
}

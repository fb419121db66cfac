/** Most questions that are offered again because they were asked. */
const mostRecent = 8;

/** What was asked last, each wording once, without those that are kept. `asked`: the newest first. */
export function recentQuestions(asked: readonly string[], saved: readonly string[]): readonly string[] {
  const kept = new Set(saved);
  return [...new Set(asked)].filter((text) => !kept.has(text)).slice(0, mostRecent);
}

/** The questions of a text: each line is one, and is asked once. */
export const questionsIn = (text: string): readonly string[] => [
  ...new Set(
    text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
];

/** How often it is looked whether another process has written; a look takes about 4 microseconds. */
const EVERY_MILLISECONDS = 200;

/**
 * Calls `onWritten` soon after another process has committed something to the database, whatever it is. SQLite counts for
 * each connection what others have committed (`PRAGMA data_version`), so that nothing has to be read to see it.
 *
 * @param version the number that SQLite counts up; it may throw, as while the database is being replaced
 * @returns how to end that
 */
export function watchOtherProcesses(version: () => number, onWritten: () => void): () => void {
  let known: number | null = null;
  const look = (): void => {
    let now: number;
    try {
      now = version();
    } catch {
      // Whoever next reads or writes says what is wrong with it.
      return;
    }
    const written = known !== null && now !== known;
    known = now;
    if (written) onWritten();
  };
  look();
  const timer = setInterval(look, EVERY_MILLISECONDS);
  timer.unref();
  return () => clearInterval(timer);
}

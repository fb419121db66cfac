/** How often to check whether another process has written. A check takes about 4 microseconds. */
const EVERY_MILLISECONDS = 200;

/**
 * Calls `onWritten` soon after another process has committed anything to the database. SQLite counts this for each
 * connection (`PRAGMA data_version`), so nothing has to be read to notice it.
 *
 * @param version gives the number that SQLite counts up; it may throw, as while the database is being replaced
 * @returns a function that ends this
 */
export function watchOtherProcesses(version: () => number, onWritten: () => void): () => void {
  let known: number | null = null;
  const look = (): void => {
    let now: number;
    try {
      now = version();
    } catch {
      // Whoever next reads or writes gets the error.
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

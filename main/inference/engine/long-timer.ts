/** The longest delay that Node's timers take: with a longer one they fire at once. 24.8 days, in ms. */
const longestDelay = 2 ** 31 - 1;

/**
 * Calls the work once, after a delay that may be as long as a person sets it. It keeps no program running.
 *
 * @param milliseconds 0 or more; `Infinity` is never
 * @returns ends the waiting
 */
export function startLongTimer(work: () => void, milliseconds: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  let left = milliseconds;
  const wait = (): void => {
    const step = Math.min(left, longestDelay);
    left -= step;
    timer = setTimeout(() => (left > 0 ? wait() : work()), step);
    timer.unref();
  };
  if (!Number.isNaN(milliseconds)) wait();
  return () => clearTimeout(timer);
}

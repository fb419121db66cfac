import { createContext, Script, type Context } from 'node:vm';

const script = new Script('work()');
let context: Context | undefined;

/**
 * Runs work of this thread that may not come to an end, such as a pattern or a template that a model brings along, and
 * interrupts it when its time is over. That is no fence: what runs is our own code, with a clock beside it.
 *
 * @throws Error when the time is over; what the work throws
 */
export function withinTime<T>(milliseconds: number, work: () => T): T {
  context ??= createContext(Object.create(null) as Context);
  context['work'] = work;
  try {
    return script.runInContext(context, { timeout: milliseconds }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new Error(`it took more than ${Math.round(milliseconds / 1000)} s, and was stopped`, {
      cause: error,
    });
  } finally {
    context['work'] = undefined;
  }
}

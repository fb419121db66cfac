import { refusalOf } from './file-errors.ts';

/** Whether a process of this machine lives. */
export function isAlive(processId: number): boolean {
  // 0 and less stand for groups of processes.
  if (processId <= 0) return false;
  try {
    // Signal 0 is not sent; it only asks whether the process is there.
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // A process of another account may not be asked, so it lives.
    return refusalOf(error) === 'denied';
  }
}

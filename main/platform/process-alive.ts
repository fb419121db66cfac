import { refusalOf } from './file-errors.ts';

/** Whether a process of this machine is running. */
export function isAlive(processId: number): boolean {
  // `kill` takes 0 and negative numbers for groups of processes.
  if (processId <= 0) return false;
  try {
    // Signal 0 ends nothing: it only asks whether the process is there.
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // The system denies this only for a process of another account, so there is one.
    return refusalOf(error) === 'denied';
  }
}

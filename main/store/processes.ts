/** Whether a process of this machine lives. */
export function isAlive(processId: number): boolean {
  // 0 and less stand for groups of processes.
  if (processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another account.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

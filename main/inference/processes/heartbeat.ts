import { Worker } from 'node:worker_threads';

/** What a process tells of itself while its first thread may be blocked. */
export interface Heartbeat {
  readonly residentBytes: number;
  /** Milliseconds of processor time since its start. */
  readonly processorMilliseconds: number;
}

/** Starts this process's heartbeat. It neither keeps the process alive nor ends it. */
export function startHeartbeat(): void {
  const heartbeat = new Worker(new URL('./heartbeat-thread.ts', import.meta.url));
  heartbeat.on('error', (error: Error) => console.error(`no heartbeat: ${error.message}`));
  heartbeat.unref();
}

/** The numbers of a line of the heartbeat; null for any other line. */
export function readHeartbeat(line: string): Heartbeat | null {
  const numbers = /^heartbeat (\d+) (\d+)$/.exec(line.trim());
  if (numbers === null) return null;
  return { residentBytes: Number(numbers[1]), processorMilliseconds: Number(numbers[2]) };
}

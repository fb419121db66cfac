import type { Job, ModelState } from '../../preload/contract/index.ts';

/** A step that is done several times over, such as opening the graphs to measure threads, begins anew each time. */
export function neverBack(before: ModelState | null, now: ModelState): ModelState {
  const same = before?.phase === 'loading' && now.phase === 'loading' && before.activity === now.activity;
  if (!same || before.progress === null || now.progress === null) return now;
  return { ...now, progress: Math.max(before.progress, now.progress) };
}

/** Jobs that wait or run, in the order of their start: that of a queue. */
export function withJob(jobs: readonly Job[], job: Job): readonly Job[] {
  if (!['running', 'queued', 'paused'].includes(job.state)) return jobs.filter(({ id }) => id !== job.id);
  return jobs.some(({ id }) => id === job.id)
    ? jobs.map((other) => (other.id === job.id ? job : other))
    : [...jobs, job];
}

/** Knows all long work that waits or runs, with its progress and end, so that a person can watch and stop each piece. */
export { isUnderWay, JobRegistry, type JobOptions, type NewJob, type RunningJob } from './job-registry.ts';

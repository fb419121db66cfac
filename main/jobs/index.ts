/** What runs now: every piece of long work, with its progress, its end and its own way to be stopped. */
export { isUnderWay, JobRegistry, type JobOptions, type NewJob, type RunningJob } from './job-registry.ts';

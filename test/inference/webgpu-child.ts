import { jobs, type JobName } from './webgpu-jobs.ts';

/**
 * Does one job on WebGPU, and ends. The driver is found by this process's environment, and what goes wrong in a
 * driver may end it.
 */
const [name, parameters] = JSON.parse(process.argv[2]!) as [JobName, never[]];
const job = jobs[name] as (...given: never[]) => Promise<unknown>;
process.send!(await job(...parameters));
process.disconnect();

import { resolve } from 'node:path';
import { withoutTelemetry } from '../main/inference/no-telemetry.ts';

/**
 * Where Node 22 and later keep what they compiled. Tests start hundreds of processes of the same files, and half of what
 * the start of one costs is taking their types away and compiling them.
 */
export const compiledFiles = {
  NODE_COMPILE_CACHE: resolve(import.meta.dirname, '..', 'node_modules', '.cache', 'node'),
} as const;

/** The environment of tests and of the processes that they start. */
export const testEnvironment = { ...withoutTelemetry, ...compiledFiles, WORKSTATION_FETCH: 'no' } as const;

import type Database from 'better-sqlite3';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { migrations, type Migration } from './migrations/index.ts';

export const latestVersion = migrations.length;

export function schemaVersion(database: Database.Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

export const storeNewer = (path: string, version: number): WorkstationError =>
  new WorkstationError(
    'store-newer',
    `The database ${path} was written by a newer version of the workstation (its schema is ${version}, this one knows ${latestVersion}). It was left as it is.`,
    'Install the newer version of the workstation, or start this one with --home and another folder.',
  );

/**
 * Brings the schema up to the latest step, one transaction each. The version is read again inside each
 * transaction, since another process may be migrating the same file.
 */
export function migrate(
  database: Database.Database,
  steps: readonly Migration[] = migrations,
  onStep: (step: Migration) => void = () => undefined,
): void {
  for (const [position, step] of steps.entries()) {
    if (step.version !== position + 1) {
      throw new Error(`migration '${step.name}' is number ${step.version} but stands at ${position + 1}`);
    }
    database
      .transaction(() => {
        if (schemaVersion(database) >= step.version) return;
        step.up(database);
        database.pragma(`user_version = ${step.version}`);
        onStep(step);
      })
      .immediate();
  }
}

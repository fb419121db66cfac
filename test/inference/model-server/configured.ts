import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readServerConfiguration, type ServerConfiguration } from '../../../main/inference/server/index.ts';

/** What every configuration needs, whoever is asked. */
export const leastSettings = {
  enabled: true,
  url: 'https://localhost:8000/v1',
  model: 'surgery-r1',
  answerFormat: 'think-answer-json',
};

/** A folder for an administrator's files. */
export interface ConfigurationFolder {
  readonly folder: string;
  /** Writes `server.json` with these settings beside the least, readable by its owner alone, and its path. */
  write(settings: object, mode?: number): Promise<string>;
  read(settings: object): Promise<ServerConfiguration | null>;
  remove(): Promise<void>;
}

export async function makeConfigurationFolder(): Promise<ConfigurationFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'server-configuration-'));
  const place = path.join(folder, 'server.json');
  const write = async (settings: object, mode = 0o600): Promise<string> => {
    await rm(place, { force: true });
    await writeFile(place, JSON.stringify({ ...leastSettings, ...settings }), { mode });
    return place;
  };
  return {
    folder,
    write,
    read: async (settings) => readServerConfiguration([await write(settings)]),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

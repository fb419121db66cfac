import type { Catalogue, CatalogueModel, PreparedModel } from '../../models/import/index.ts';
import { toErrorReport, WorkstationError, type ErrorReport } from '../../preload/contract/index.ts';
import {
  configurationPlaces,
  createEngineChoice,
  createServerEngine,
  inspectServer,
  readServerConfiguration,
  serverDirectory,
  serverModelId,
  type ProbeOptions,
  type ServerConfiguration,
  type ServerReport,
} from '../inference/server/index.ts';
import type { Engine } from '../inference/index.ts';

/** How an administrator has set up the hospital's server, and what is wrong with that. */
export interface ServerSetting {
  readonly configuration: ServerConfiguration | null;
  readonly problem: ErrorReport | null;
}

/** Reads the administrator's file. A wrong one is reported and counts as none, so that local models go on answering. */
export async function readServerSetting(home: string): Promise<ServerSetting> {
  try {
    return { configuration: await readServerConfiguration(configurationPlaces(home)), problem: null };
  } catch (error) {
    return { configuration: null, problem: toErrorReport(error) };
  }
}

/**
 * Tries out the administrator's setting in the same way as choosing the server's model does.
 * @param file read instead of those of the system and the data folder
 * @throws WorkstationError naming the file and the setting, or what is wrong with the server.
 */
export async function checkServer(
  home: string,
  file: string | null,
  options: ProbeOptions,
): Promise<ServerReport> {
  const places = file === null ? configurationPlaces(home) : [file];
  const configuration = await readServerConfiguration(places);
  if (configuration !== null) return inspectServer(configuration, options);
  throw new WorkstationError(
    'not-found',
    `No server is set up, or it is switched off: looked at ${places.join(', ')}.`,
    'Write one of these files as docs/SERVER.md says, with "enabled": true.',
  );
}

/** The engine of this machine or, if a server is set up, one that passes questions to whichever model is chosen. */
export function engineWithServer(
  local: Engine,
  configuration: ServerConfiguration | null,
  log: (line: string) => void,
): Engine {
  if (configuration === null) return local;
  return createEngineChoice(local, createServerEngine(configuration, { log }));
}

/** Adds the server's model to the end of the catalogue. It is used only when a person chooses it, and can't be removed here. */
export function catalogueWithServer(
  catalogue: Catalogue,
  configuration: ServerConfiguration | null,
): Catalogue {
  if (configuration === null) return catalogue;
  const model = describe(configuration);
  return {
    ...catalogue,
    list: async () => [...(await catalogue.list()), model],
    prepare: async (modelId, options) =>
      modelId === model.id ? prepared(model) : catalogue.prepare(modelId, options),
    remove: async (modelId) => {
      if (modelId !== model.id) return catalogue.remove(modelId);
      throw new WorkstationError(
        'not-allowed',
        'The model on the server was set up by the administrator.',
        'Choose another model; the administrator can switch the server off in server.json.',
      );
    },
  };
}

function describe(configuration: ServerConfiguration): CatalogueModel {
  const { name, model, version, domain, domainNote, licence, dtype, regions, weightsSha256 } = configuration;
  return {
    id: serverModelId(configuration),
    name: name ?? model,
    version,
    embedded: false,
    domain,
    domainNote,
    licence,
    regions,
    kind: 'server',
    dtype,
    bytes: null,
    sourceSha256: weightsSha256 ?? null,
    canAsk: true,
    problem: null,
    directory: serverDirectory,
  };
}

function prepared(model: CatalogueModel): PreparedModel {
  const { id, name, version, embedded, domain, domainNote, licence, regions } = model;
  return {
    directory: serverDirectory,
    summary: { id, name, version, embedded, domain, domainNote, licence, ...(regions && { regions }) },
    importAgain: null,
  };
}

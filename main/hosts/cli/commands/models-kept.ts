import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  WorkstationError,
  type AnswerFormat,
  type ModelEntry,
  type ModelId,
  type ModelImport,
  type WeightDtype,
} from '../../../../preload/contract/index.ts';
import type { ExitCode } from '../../exit-codes.ts';
import type { CommandLineWorkstation } from '../../hosted.ts';
import { act, type CommandContext } from '../command.ts';

/** For a line of progress: ", 3 min left", or nothing where it is not known. */
export const timeLeft = (seconds: number | null): string =>
  seconds === null
    ? ''
    : seconds < 90
      ? `, ${Math.ceil(seconds)} s left`
      : `, ${Math.ceil(seconds / 60)} min left`;

/** The commands about models that the window lists too. */
export function addKeptModels(models: Command): void {
  act(models.command('list').description('the models that can be asked, and which of them is'), list);
  act(
    models
      .command('use')
      .argument('<model>', 'id or name of a listed model, "embedded", or a folder, which is then listed')
      .description('ask this model from now on, in the window and here; the choice is remembered'),
    use,
  );
  act(
    models
      .command('remove')
      .argument('<model>', 'id or name of a listed model')
      .option('--yes', 'delete it; without this, what would be deleted is only said')
      .description('delete an imported model from the data folder, or take one in place off the list'),
    remove,
  );
}

async function list(context: CommandContext): Promise<void> {
  const { output } = context;
  const workstation = await context.workstation();
  const models = await workstation.calls.listModels({});
  for (const model of models) {
    output.line(`${model.chosen ? '*' : ' '} ${model.id}`);
    output.line(`  ${model.name} ${model.version}, ${facts(model)}`);
    if (model.domainNote !== '') output.line(`  ${model.domainNote}`);
    if (model.source !== null) output.line(`  from ${model.source}`);
    if (model.problem) output.line(`  ${model.problem.message} ${model.problem.hint}`);
  }
  const imports = (await workstation.calls.listModelImports({})).filter(({ state }) => state !== 'done');
  for (const { name, dtype, source } of imports) {
    output.line(
      `  An import of ${name} as ${dtype} was interrupted; the same import of ${source} goes on with it.`,
    );
  }
  output.result({ models, imports });
}

function facts({ kind, dtype, bytes, canAsk }: ModelEntry): string {
  const parts = [
    kind === 'in-place' ? 'used in place' : kind,
    dtype,
    bytes === null ? null : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`,
    canAsk ? null : 'cannot be asked',
  ];
  return parts.filter((part) => part !== null).join(', ');
}

async function use(context: CommandContext, _options: object, named: string): Promise<void> {
  const { output } = context;
  const workstation = await context.workstation();
  const chosen = await findOrAdd(workstation, named);
  const stopListening = workstation.onEvent((event) => {
    if (event.type !== 'model' || event.state.phase !== 'loading') return;
    output.progress(event.state.activity ?? 'Loading the model', event.state.progress ?? 0, 1);
  });
  try {
    const state = await workstation.calls.chooseModel({ modelId: chosen.id });
    output.line(`${chosen.name} answers from now on, on ${state.device}.`);
    if (chosen.domainNote !== '') output.line(`Note      ${chosen.domainNote}`);
    output.result({ id: chosen.id, name: chosen.name, sha256: state.sha256, device: state.device });
  } finally {
    stopListening();
  }
}

async function remove(
  context: CommandContext,
  { yes }: { yes?: boolean },
  named: string,
): Promise<ExitCode | void> {
  const { output } = context;
  const workstation = await context.workstation();
  const model = await find(workstation, named);
  if (yes !== true) {
    throw new WorkstationError(
      'invalid-input',
      model.kind === 'in-place'
        ? `${model.name} would be taken off the list; its folder stays.`
        : `${model.name} (${facts(model)}) would be deleted from the data folder; what it was imported from stays.`,
      'Say so with --yes.',
    );
  }
  await workstation.calls.removeModel({ modelId: model.id });
  output.line(model.kind === 'in-place' ? `${model.name} is off the list.` : `${model.name} is deleted.`);
  output.result({ id: model.id });
}

export interface ImportIntoData {
  checkpoint: string;
  base: string | undefined;
  dtype: WeightDtype;
  answerFormat: AnswerFormat | undefined;
  use: boolean;
}

/** Imports into the data folder, as the window does; Ctrl-C stops it, and the same import goes on with it. */
export async function importIntoData(
  context: CommandContext,
  { checkpoint, base, dtype, answerFormat, use: useIt }: ImportIntoData,
): Promise<void> {
  const { output, signal } = context;
  const workstation = await context.workstation();
  const { calls } = workstation;
  const folderId = (await workstation.grantFolder(checkpoint)).grantId;
  const baseId = base === undefined ? null : (await workstation.grantFolder(base)).grantId;
  const ended = Promise.withResolvers<ModelImport>();
  const stopListening = workstation.onEvent((event) => {
    if (event.type !== 'model-import') return;
    const { state, activity, secondsLeft, done, total } = event.import;
    if (state !== 'running') ended.resolve(event.import);
    else output.progress(`${activity ?? 'Importing the model'}${timeLeft(secondsLeft)}`, done, total);
  });
  let stop = (): void => undefined;
  try {
    const { jobId } = await calls.importModel({
      ...{ folderId, baseId, dtype },
      ...(answerFormat !== undefined && { answerFormat }),
    });
    stop = () => void (jobId && calls.cancelJob({ jobId }).catch(() => undefined));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const { modelId, error, state } = await ended.promise;
    if (error) throw new WorkstationError(error.code, error.message, error.hint);
    if (state !== 'done') {
      throw new WorkstationError(
        'cancelled',
        'The import was stopped.',
        'Run it again: it goes on where it stopped.',
      );
    }
    const model = await find(workstation, modelId);
    output.line(`${model.name} ${model.version} imported as ${dtype}; its self-test passed.`);
    output.line(`Model     ${model.id}`);
    output.line(`Domain    ${model.domain}. ${model.domainNote}`);
    if (useIt) {
      await calls.chooseModel({ modelId });
      output.line('It answers from now on.');
    } else output.line(`To ask it from now on: models use ${model.id}`);
    output.result({ id: model.id, name: model.name, dtype, sha256: model.sourceSha256, chosen: useIt });
  } finally {
    stopListening();
    signal.removeEventListener('abort', stop);
  }
}

/** The folder that a person means: by its path, or by a listed model's id or name. */
export async function folderOf(context: CommandContext, named: string): Promise<string> {
  if (existsSync(named)) return named;
  const workstation = await context.workstation();
  const models = await workstation.calls.listModels({});
  const matches = matching(models, named);
  // Not a listed one: whoever opens it says what is wrong with the path.
  return matches.length === 1 ? workstation.modelFolder(matches[0]!.id, context.signal) : named;
}

async function findOrAdd(workstation: CommandLineWorkstation, named: string): Promise<ModelEntry> {
  if (!statSync(named, { throwIfNoEntry: false })?.isDirectory()) return find(workstation, named);
  const { grantId } = await workstation.grantFolder(resolve(named));
  return workstation.calls.addModelFolder({ folderId: grantId });
}

async function find(workstation: CommandLineWorkstation, named: string): Promise<ModelEntry> {
  const models = await workstation.calls.listModels({});
  const matches = matching(models, named);
  if (matches.length === 1) return matches[0]!;
  throw new WorkstationError(
    'not-found',
    matches.length === 0
      ? `There is no model '${named}' here.`
      : `There are ${matches.length} models named '${named}': ${matches.map(({ id }) => id).join(', ')}.`,
    matches.length === 0 ? 'See: models list. A folder is added by its path.' : 'Name one by its id.',
  );
}

/** Models by id, else by name; "embedded" means the embedded one. */
function matching(models: readonly ModelEntry[], named: string): ModelEntry[] {
  if (named === 'embedded') return models.filter(({ kind }) => kind === 'embedded');
  const byId = models.filter(({ id }) => id === (named as ModelId));
  return byId.length > 0 ? byId : models.filter(({ name }) => name === named);
}

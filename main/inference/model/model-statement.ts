import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ModelDescription, type AnswerFormat, type ModelManifest } from '../../../preload/contract/model.ts';
import { readJson, readModelFile } from './model-files.ts';

/** What a person may put beside a folder's config.json to say of its model what nobody else says. */
export const statementName = 'surgery-r1.json';

/** Everything may be left out. `variant` says which graphs to use where a folder has several. */
const Statement = z.strictObject({ ...ModelDescription.partial().shape, variant: z.string().optional() });
export type Statement = z.infer<typeof Statement>;

/**
 * A domain that is stated without a note has none: the usual one says that nobody knows.
 * @throws WorkstationError `model-altered-file` naming the field that means nothing
 */
export async function readStatement(folder: string): Promise<Statement> {
  if (!existsSync(path.join(folder, statementName))) return {};
  const hint = 'Correct the file, whose fields docs/IN-PLACE.md lists, or remove it.';
  const said = await readJson(folder, statementName, Statement, hint);
  return said.domain === undefined ? said : { domainNote: '', ...said };
}

export interface AnswerFormatSources {
  /** What a person asks for now. */
  readonly wish?: AnswerFormat | undefined;
  /** What was written down of the model, the strongest word first. */
  readonly said: readonly { readonly answerFormat?: AnswerFormat | undefined }[];
  readonly architecture: ModelManifest['architecture'];
}

/**
 * How the model of a folder writes its answers: as is asked for, else as is said of it, else in Surgery-R1's tags where
 * its chat template speaks of them, else in the family's own way to ground, if it has one.
 */
export async function answerFormatOf(
  folder: string,
  { wish, said, architecture }: AnswerFormatSources,
): Promise<AnswerFormat> {
  const told = wish ?? said.find(({ answerFormat }) => answerFormat !== undefined)?.answerFormat;
  if (told !== undefined) return told;
  for (const name of ['chat_template.jinja', 'chat_template.json', 'tokenizer_config.json']) {
    if (!existsSync(path.join(folder, name))) continue;
    if ((await readModelFile(folder, name)).includes('<answer>')) return 'think-answer-json';
  }
  return architecture === 'qwen2_5_vl' ? 'qwen-bbox-list' : 'none';
}

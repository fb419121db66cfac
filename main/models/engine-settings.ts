import { join } from 'node:path';
import { z } from 'zod';
import { WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import type { EngineOptions } from '../inference/index.ts';
import { reasonInWords, refusalOf } from '../platform/file-errors.ts';
import { readPlainText } from '../platform/plain-file.ts';

/** `engine.json` in the data folder, by which an administrator may set up the engine. Everything has a default. */
const EngineFile = z.strictObject({
  memoryCeilingMegabytes: z
    .int()
    .min(256)
    .max(2 ** 30)
    .optional(),
  /** At most ten years, which means for ever here. */
  idleMinutes: z.number().min(0).max(5_256_000).optional(),
});

export interface EngineSettings {
  readonly options: Pick<EngineOptions, 'memoryCeilingBytes' | 'idleMinutes' | 'cacheFolder'>;
  /** What is wrong with the file. Its settings are then ignored, so that a mistake in it does not stop the workstation. */
  readonly problem: ErrorReport | null;
}

/** Reads `engine.json`. @param home the data folder */
export async function readEngineSettings(home: string): Promise<EngineSettings> {
  const cacheFolder = join(home, 'cache', 'engine');
  try {
    const file = EngineFile.parse(JSON.parse(await readPlainText(join(home, 'engine.json'))));
    const { memoryCeilingMegabytes, idleMinutes } = file;
    return {
      options: {
        cacheFolder,
        ...(memoryCeilingMegabytes === undefined
          ? {}
          : { memoryCeilingBytes: memoryCeilingMegabytes * 2 ** 20 }),
        ...(idleMinutes === undefined ? {} : { idleMinutes }),
      },
      problem: null,
    };
  } catch (error) {
    const options = { cacheFolder };
    if (refusalOf(error) === 'missing') return { options, problem: null };
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const what = issue
      ? `${issue.path.join('.') || 'the file'}: ${issue.message}`
      : error instanceof SyntaxError
        ? 'it is not valid JSON'
        : reasonInWords(error);
    const problem = new WorkstationError(
      'invalid-input',
      `The engine’s settings in engine.json are not used: ${what}.`,
      'Correct the file in the data folder (memoryCeilingMegabytes, idleMinutes) or remove it, and start again.',
      { cause: error },
    );
    return { options, problem: problem.toReport() };
  }
}

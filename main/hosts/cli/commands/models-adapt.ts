import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { act, wholeNumber } from '../command.ts';
import { decodePicture } from '../picture.ts';

interface Options {
  base: string;
  data: string[];
  reviewed: string[];
  out: string;
  labels?: string;
  several: 'union' | 'largest';
  holdOut?: string;
  newPatientFrames?: number;
  onePatient?: boolean;
  method: 'lora' | 'full';
  fromScratch?: boolean;
  steps: number;
  seed: number;
  name: string;
  config?: string;
  fresh?: boolean;
}

const collect = (value: string, before: string[]): string[] => [...before, value];
/** The model that comes with the program. */
const EMBEDDED = resolve(import.meta.dirname, '../../../../models/nano');

/** `models adapt`: a site's own marked pictures and a base model to a model of its own. */
export function addAdapt(models: Command): void {
  act(
    models
      .command('adapt')
      .option('--base <dir>', 'model to begin from: one that this training code made', EMBEDDED)
      .option(
        '--data <dir>',
        'marked pictures: img/PATIENT/... with masks beside them, or boxes as COCO or CVAT write them; may be given again',
        collect,
        [],
      )
      .option(
        '--reviewed <dir>',
        'review sheet (data review) with verdicts, to be taught; may be given again',
        collect,
        [],
      )
      .requiredOption('--out <dir>', 'folder for everything that is made; the same command goes on in it')
      .option('--labels <file>', 'JSON that names the values of masks; labels.json in the folder by default')
      .addOption(
        new Option(
          '--several <rule>',
          'several things of one name in a picture: a box around all, or of the largest',
        )
          .choices(['union', 'largest'])
          .default('union'),
      )
      .option('--hold-out <patient>', 'whom to measure on; the patient with the fewest pictures by default')
      .option(
        '--new-patient-frames <n>',
        'teach so many frames of the held-out patient’s first recording, and measure on their others',
        wholeNumber(0),
      )
      .option('--one-patient', 'there is one patient alone: nobody is held out, and the report says so')
      .addOption(
        new Option('--method <name>', 'adapters alone, or all weights')
          .choices(['lora', 'full'])
          .default('full'),
      )
      .option('--from-scratch', 'begin from fresh weights of the same shape, for comparison')
      .option('--steps <n>', 'training steps of 8 pictures', wholeNumber(1), 300)
      .option('--seed <n>', 'of every draw', wholeNumber(0), 1)
      .option('--name <id>', 'id of the model that is made', 'adapted')
      .option('--config <file>', 'training configuration in place of models/training/adapt.json')
      .option('--fresh', 'forget what an earlier run left in --out')
      .description(
        'adapt a model to marked pictures of a site, measure it by patient, and make it ready for models import',
      ),
    async ({ output, signal }, options: Options) => {
      const { adaptModel, reportLines } = await import('../../../../models/adapt/index.ts');
      const { base, data, reviewed, out, several, holdOut, newPatientFrames, method, steps, seed, name } =
        options;
      const report = await adaptModel(
        {
          ...{ base, annotated: data, reviewed, out, several, method, steps, seed, name },
          heldOut: holdOut ?? null,
          onePatient: options.onePatient === true,
          fromScratch: options.fromScratch === true,
          fresh: options.fresh === true,
          ...(options.labels !== undefined && { labels: options.labels }),
          ...(newPatientFrames !== undefined && { newPatientFrames }),
          ...(options.config !== undefined && { config: options.config }),
        },
        {
          signal,
          picture: decodePicture,
          onProgress: (what, done, total) => output.progress(what, done, total),
          onNote: (line) => output.note(line),
        },
      );
      for (const line of reportLines(report)) output.line(line);
      output.line();
      output.line(`Now: models import ${report.model} --use`);
      output.result(report);
    },
  );
}

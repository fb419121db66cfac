import { Option, type Command } from 'commander';
import type { Part } from '../../../../models/evaluation/index.ts';
import { WorkstationError } from '../../../../preload/contract/index.ts';
import { act, wholeNumber } from '../command.ts';
import type { EvaluateOptions } from '../evaluation.ts';
import type { Output } from '../output.ts';
import { requireModelForVariant, variantOption } from '../variant-option.ts';

export function addEvaluate(program: Command): void {
  const evaluate = program
    .command('evaluate')
    .description('ask a model every question of a data set and measure its answers')
    .option('--data <dir>', 'a folder that data build wrote, or pictures and labels in EndoVis-VQLA layout')
    .addOption(
      new Option('--split <name>', 'test by default where the folder has splits').choices([
        'train',
        'validation',
        'test',
      ]),
    )
    .option('--train <dir>', 'data whose answers the blind floor learns, where --data has no training part')
    .option('--model <dir>', 'model folder, instead of the embedded model')
    .addOption(variantOption())
    .option('--answers <file>', 'score the answers in this file (JSONL) instead of asking a model')
    .option('--limit <n>', 'ask at most so many questions, spread over the set', wholeNumber(1))
    .option('--out <file>', 'write FILE.json, FILE.md, FILE.svg, and keep answers in FILE.answers.jsonl')
    .option('--fresh', 'forget the answers that an earlier run kept beside --out')
    .option('--label <name>', "what the run is called in tables; the model's name by default")
    .option('--seed <n>', 'seed that the model was trained with, noted for tables', wholeNumber(0))
    .option('--strict', 'stop at the first question that cannot be measured');
  act(evaluate, async (context, options: Partial<EvaluateOptions>) => {
    const { data } = options;
    if (data === undefined) {
      throw new WorkstationError(
        'invalid-input',
        'What to measure on is not named.',
        'Name a data set with --data DIR, or compare reports with: evaluate compare A.json B.json.',
      );
    }
    requireModelForVariant(options);
    const { runEvaluation } = await import('../evaluation.ts');
    const report = await runEvaluation(context, { ...options, data });
    const { figures } = report;
    const { output } = context;
    output.line(`${report.label}: ${report.model.name}`);
    output.line(
      '                questions  accuracy  blind floor  macro F    mIoU  mIoU, reference  illusions',
    );
    showPart(output, 'overall', figures.overall);
    for (const [type, part] of Object.entries(figures.byType)) showPart(output, type, part);
    output.line(`The blind floor was fitted on ${figures.blindFloorFittedOn}.`);
    if (report.problems.length > 0) {
      output.line(`Left out, ${report.problems.length} in all:`);
      for (const { where, what } of report.problems.slice(0, 10)) output.line(`  ${where}: ${what}`);
    }
    output.result(report);
  });

  act(
    evaluate
      .command('compare')
      .argument('<reports...>', 'JSON files that evaluate --out wrote')
      .description('one table over several reports: mean and spread over the runs of each label'),
    async ({ output }, _options, files: string[]) => {
      const { compareReports, comparisonMarkdown, readReport } =
        await import('../../../../models/evaluation/index.ts');
      const groups = compareReports(await Promise.all(files.map((file) => readReport(file))));
      for (const line of comparisonMarkdown(groups).trimEnd().split('\n')) output.line(line);
      output.result({ groups });
    },
  );
}

function showPart(output: Output, name: string, part: Part): void {
  const number = (value: number | null, width: number): string =>
    (value === null ? '-' : value.toFixed(3)).padStart(width);
  output.line(
    name.padEnd(16) +
      String(part.questions).padStart(9) +
      number(part.accuracy, 10) +
      number(part.blindFloor, 13) +
      number(part.macroF, 9) +
      number(part.miou, 8) +
      number(part.miouReference, 17) +
      number(part.illusions.rate, 11),
  );
}

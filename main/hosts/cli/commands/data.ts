import type { Command } from 'commander';
import { addDataBuild } from './data-build.ts';
import { addDataConvert } from './data-convert.ts';
import { addDataReview } from './data-review.ts';
import { addDataValidate } from './data-validate.ts';

export function addData(program: Command): void {
  const data = program
    .command('data')
    .description('data sets for training: build from annotated pictures, validate, convert');
  addDataBuild(data);
  addDataValidate(data);
  addDataConvert(data);
  addDataReview(data);
}

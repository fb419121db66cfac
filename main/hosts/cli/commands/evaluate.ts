import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import type { Figures } from '../../../../models/evaluation/index.ts';
import { act, wholeNumber } from '../command.ts';

interface EvaluateOptions {
  dataset: string;
  model?: string;
  limit?: number;
}

export function addEvaluate(program: Command): void {
  act(
    program
      .command('evaluate')
      .requiredOption('--dataset <dir>', 'pictures and labels in the layout of EndoVis-18-VQLA')
      .option('--model <dir>', 'model folder, instead of the embedded model')
      .option('--limit <n>', 'ask at most so many questions, spread over the set', wholeNumber(1))
      .description('ask a model every question of a data set and measure its answers'),
    async ({ output, workstation: open, signal }, { dataset, model, limit }: EvaluateOptions) => {
      const { readEndoVis } = await import('../../../../models/data/index.ts');
      const { evaluate } = await import('../../../../models/evaluation/index.ts');
      const { rows, skipped } = await readEndoVis(dataset, { signal });
      const workstation = await open();
      const state = await (model === undefined
        ? workstation.calls.loadModel({ modelId: null })
        : workstation.loadModelFolder(model));
      // Several questions on a picture come one after the other: it is decoded once.
      let last: { file: string; picture: Awaited<ReturnType<typeof readPicture>> } | null = null;
      const evaluation = await evaluate({
        rows,
        signal,
        ...(limit === undefined ? {} : { limit }),
        answer: async (row) => {
          if (last?.file !== row.image) last = { file: row.image, picture: await readPicture(row.image) };
          return workstation.askImage(last.picture, row.question, signal);
        },
        onProgress: ({ done, total }) => output.progress('Asking', done, total),
      });
      const { questions, accuracy, macroF, miou, miouReference, blindFloor, byType } = evaluation;
      output.line(`${state.model?.name ?? 'The model'} on ${state.device ?? 'this machine'}`);
      output.line('                questions  accuracy  macro F    mIoU  blind floor');
      output.line(row('all', evaluation));
      for (const [type, figures] of Object.entries(byType)) output.line(row(type, figures));
      output.line(`mIoU as the reference code computes it: ${miouReference.toFixed(3)}`);
      output.line(`The blind floor was fitted on ${evaluation.blindFloorFittedOn}.`);
      if (skipped.length > 0) output.line(`${skipped.length} lines or files of the data set were left out.`);
      output.result({
        questions,
        accuracy,
        macroF,
        miou,
        miouReference,
        blindFloor,
        byType,
        blindFloorFittedOn: evaluation.blindFloorFittedOn,
        unparsable: evaluation.unparsable,
        byStatus: evaluation.byStatus,
        skipped: skipped.length,
        model: { id: state.model?.id ?? null, sha256: state.sha256, device: state.device },
      });
    },
  );
}

function row(name: string, figures: Figures): string {
  const number = (value: number, width: number) => value.toFixed(3).padStart(width);
  return (
    name.padEnd(16) +
    String(figures.questions).padStart(9) +
    number(figures.accuracy, 10) +
    number(figures.macroF, 9) +
    number(figures.miou, 8) +
    number(figures.blindFloor, 13)
  );
}

async function readPicture(file: string) {
  const { decodePicture } = await import('../picture.ts');
  const picture = await decodePicture(file);
  const size = `${picture.width}x${picture.height}:`;
  return { ...picture, hash: createHash('sha256').update(size).update(picture.rgb).digest('hex') };
}

import { ModelRunner, openModelDirectory } from '../../main/inference/index.ts';
import { checkThatModelSees } from '../../main/inference/index.ts';

/**
 * Opens a model on the CPU in this process and looks whether its output changes with the picture. Large models are
 * imported in a process of their own (`runImport`), which may run out of memory without harm to anybody.
 *
 * @throws WorkstationError `model-mismatch` for a blind or broken model, and what opening it does
 */
export async function testThatModelSees(directory: string, signal?: AbortSignal): Promise<void> {
  const model = await openModelDirectory(directory, signal ? { signal } : {});
  const runner = await ModelRunner.open(model, { device: 'cpu' });
  try {
    await checkThatModelSees(runner);
  } finally {
    await runner.dispose();
  }
}

import { ModelRunner, openModelDirectory } from '../../main/inference/index.ts';
import { checkThatModelSees } from '../../main/inference/vision-self-test.ts';
import { toErrorReport } from '../../preload/contract/errors.ts';
import type { SelfTestReply } from './self-test.ts';

/** Tests the model in the folder that is its argument, says how it went, and ends. */
async function test(directory: string): Promise<SelfTestReply> {
  try {
    const runner = await ModelRunner.open(await openModelDirectory(directory), { device: 'cpu' });
    await checkThatModelSees(runner);
    await runner.dispose();
    return null;
  } catch (error) {
    return toErrorReport(error);
  }
}

const reply = await test(process.argv[2]!);
process.send!(reply, () => process.disconnect());

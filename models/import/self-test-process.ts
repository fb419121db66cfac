import { toErrorReport } from '../../preload/contract/errors.ts';
import { openAndLook, type SelfTestReply } from './self-test.ts';

/** Tests the model in the folder that is its argument, says how it went, and ends. */
const reply: SelfTestReply = await openAndLook(process.argv[2]!).then(() => null, toErrorReport);
process.send!(reply, () => process.disconnect());

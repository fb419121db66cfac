import { setTimeout as sleep } from 'node:timers/promises';
import { openVideo } from '../../main/video/index.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';

/**
 * Does with each file named in the arguments all that the workstation does with a video: looks at it, counts its frames,
 * decodes one and converts it for playing. One line each: its frames, or the code of its refusal. Run under `strace` to see
 * what is opened on the way.
 */
for (const path of process.argv.slice(2)) {
  try {
    const video = await openVideo(path);
    const { frames } = await video.buildIndex();
    await video.frame(frames - 1);
    const { stream } = await video.transcodedStream(0);
    for await (const chunk of stream) void chunk;
    video.dispose();
    console.log(`${frames} frames`);
  } catch (error) {
    if (!(error instanceof WorkstationError)) throw error;
    console.log(error.code);
  }
}
// Whatever a tool had begun to ask for would arrive by now.
await sleep(300);

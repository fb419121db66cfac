import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { FrameIndex, SessionId } from '../../../../preload/contract/index.ts';
import { answerForMachines, answerForPeople, askAndWait, waitForIndex } from '../asking.ts';
import { offerToFetch } from '../../offer.ts';
import { act, type CommonOptions } from '../command.ts';
import { readScenes, truthFor } from '../truth.ts';
import { writeNamedFile } from '../picture.ts';
import { streamTo } from './ask.ts';

const frameIndex = 180;
const tool = 'monopolar_curved_scissors';
/** Besides where an instrument is: a list, yes or no, and what no picture tells. */
const otherQuestions = [
  'Which instruments are in view?',
  'Is there any stapler in view?',
  'Should I clip this vessel?',
];
const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const truthFile = fileURLToPath(new URL('../../../../resources/clip/demo.json', import.meta.url));

/** The main job in a terminal: what `npm run demo` runs. */
export function addDemo(program: Command): void {
  act(
    program
      .command('demo')
      .description('open the bundled clip, ask, keep the answer and find it again; exits by itself'),
    async (context, options: CommonOptions) => {
      const { output, signal } = context;
      const home = options.home ?? (await mkdtemp(join(tmpdir(), 'surgery-r1-demo-')));
      if (options.json !== true) {
        await offerToFetch({
          repository,
          window: false,
          say: (line) => output.line(line),
          environment: process.env,
          input: process.stdin,
          output: process.stdout,
        });
      }
      const started = performance.now();
      const first = await context.openAt(home);

      output.line('1  Open the bundled clip and read its frame index');
      const open = await first.openDemonstration();
      const video = await waitForIndex(first, open.video, context);
      output.line(`   ${video.frameCount} frames, ${video.width} x ${video.height}, ${video.codec}`);

      output.line(`2  Decode frame ${frameIndex} exactly`);
      const frame = await first.media.frame(video.id, frameIndex as FrameIndex, signal);
      output.line(`   presentation time ${frame.pts} ticks, hash ${frame.hash.slice(0, 16)}`);

      const question = `Where is ${tool} located?`;
      output.line(`3  Ask: ${question}`);
      output.write('   ');
      const asking = {
        ...{ open, at: { index: frameIndex as FrameIndex }, question, anyway: false, region: null },
        onText: streamTo(output),
      };
      const answer = await askAndWait(first, asking, context);
      output.write('\n');
      for (const line of answerForPeople(question, answer, video)) output.line(`   ${line}`);
      const truth = truthFor(await readScenes(truthFile), frameIndex, tool, answer.box);
      if (truth) {
        output.line(`   Drawn at  ${truth.place}; the boxes overlap by ${truth.overlap.toFixed(2)} (IoU)`);
      }

      const others = [];
      for (const other of otherQuestions) {
        output.line(`   Ask: ${other}`);
        const given = await askAndWait(
          first,
          { ...asking, question: other, onText: () => undefined },
          context,
        );
        for (const line of answerForPeople(other, given, video)) output.line(`   ${line}`);
        others.push(answerForMachines(other, given, open));
      }

      const { png } = await first.media.still(answer.id);
      const image = await writeNamedFile(join(home, 'demo-answer.png'), png);
      output.line(`4  Frame with box and label written to ${image}`);

      await context.close();
      const second = await context.openAt(home);
      const again = await second.calls.openSession({ sessionId: open.session.id satisfies SessionId });
      const isListed = again.entries.list.some(({ newest }) => newest.id === answer.id);
      const found = await second.calls.getAnswer({ answerId: answer.id });
      if (!isListed || found.raw !== answer.raw)
        throw new Error('the stored answer is not the one that was given');
      const seconds = (performance.now() - started) / 1000;
      output.line(`5  Closed, opened again and found: session ${again.session.number}, same answer`);
      output.line(`Done in ${seconds.toFixed(1)} s. Data folder: ${home}`);
      output.result({
        ...answerForMachines(question, answer, open),
        truth,
        others,
        image,
        home,
        seconds: Number(seconds.toFixed(1)),
      });
    },
  );
}

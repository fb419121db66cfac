import { Option, type Command } from 'commander';
import { SessionId, WorkstationError, type PlaceInVideo } from '../../../../preload/contract/index.ts';
import { answerForMachines, answerForPeople, askAndWait, openFor, waitForIndex } from '../asking.ts';
import { act, wholeNumber, type CommandContext } from '../command.ts';
import type { ExitCode } from '../../exit-codes.ts';
import type { CommandLineWorkstation } from '../../hosted.ts';
import type { Output } from '../output.ts';
import { writeNamedFile } from '../picture.ts';
import { addSampling, samplingOf, type SamplingOptions } from '../sampling-options.ts';

interface AskOptions extends SamplingOptions {
  frame?: number;
  at?: string;
  question: string;
  model?: string;
  server?: boolean;
  image?: string;
  session?: string;
}

export function addAsk(program: Command): void {
  act(
    addSampling(program.command('ask'))
      .argument('<video>', 'video file')
      .addOption(new Option('--frame <n>', 'frame, counted from 0').argParser(wholeNumber(0)).conflicts('at'))
      .option('--at <timecode>', 'hh:mm:ss.mmm, mm:ss or seconds since the first frame')
      .requiredOption('--question <text>', 'what to ask')
      .addOption(
        new Option('--server', "ask the hospital's server, to which the frame is sent").conflicts('model'),
      )
      .option('--model <dir>', 'model folder, instead of the embedded model')
      .option('--image <out.png>', 'also write the frame with the box and label drawn on it')
      .option('--session <id>', 'add to this session of the same video, instead of a new one')
      .description('ask about one frame; the answer is kept in the data folder'),
    ask,
  );
}

async function ask(context: CommandContext, options: AskOptions, video: string): Promise<ExitCode> {
  const { output } = context;
  const at = placeOf(options);
  const sessionId = parseSession(options.session);
  const workstation = await context.workstation();
  const open = await openFor(workstation, video, sessionId);
  await waitForIndex(workstation, open.video, context);
  if (options.model !== undefined) await workstation.loadModelFolder(options.model);
  if (options.server === true) await loadFromServer(workstation);

  const question = options.question;
  const settings = samplingOf(options);
  const asked = { open, at, question, settings, onText: streamTo(output) };
  const answer = await askAndWait(workstation, asked, context);
  output.write('\n');
  for (const line of answerForPeople(question, answer, open.video)) output.line(line);
  let image: string | null = null;
  if (options.image !== undefined && answer.frame) {
    const { png } = await workstation.media.still(answer.id);
    image = await writeNamedFile(options.image, png);
    output.line(`Picture   ${image}`);
  }
  output.line(`Session   ${open.session.id}`);
  output.result({ ...answerForMachines(question, answer, open), ...(image && { image }) });
  // Stopped by Ctrl-C: what was written is kept and told, and the exit code says that it is not complete.
  return context.signal.aborted ? 130 : 0;
}

async function loadFromServer({ calls }: CommandLineWorkstation): Promise<void> {
  const entry = (await calls.listModels({})).find(({ kind }) => kind === 'server');
  if (entry === undefined) {
    throw new WorkstationError(
      'not-found',
      'No server is set up on this machine.',
      'To see what is missing or wrong: npm run -s cli -- server check',
    );
  }
  await calls.loadModel({ modelId: entry.id });
}

/** Prints the model's text as it comes, with a heading before its reasoning. */
export function streamTo(output: Output): (section: 'reasoning' | 'answer', text: string) => void {
  let started = false;
  return (section, text) => {
    if (section !== 'reasoning') return;
    if (!started) output.write("Model's stated reasoning: ");
    started = true;
    output.write(text);
  };
}

function placeOf({ frame, at }: AskOptions): PlaceInVideo {
  if (frame !== undefined) return { index: frame as never };
  if (at !== undefined && at.length > 0 && at.length <= 40) return { timecode: at };
  throw new WorkstationError(
    'invalid-input',
    'No frame was named.',
    'Give --frame with a number, or --at with a timecode.',
  );
}

function parseSession(text: string | undefined): SessionId | null {
  if (text === undefined) return null;
  const parsed = SessionId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new WorkstationError(
    'invalid-input',
    'This is not the id of a session.',
    'List them with: npm run -s cli -- sessions',
  );
}

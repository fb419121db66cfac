import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  Box,
  samplesTemperature,
  SessionId,
  WorkstationError,
  type OpenSession,
  type PlaceInVideo,
} from '../../../../preload/contract/index.ts';
import { exitCodeOf, type ExitCode } from '../../exit-codes.ts';
import type { CommandLineWorkstation } from '../../hosted.ts';
import { agreementInWords, agreementOf } from '../../../../preload/contract/agreement.ts';
import {
  answerForMachines,
  answerForPeople,
  askAll,
  askAndWait,
  openFor,
  origin,
  shortAnswerForPeople,
  waitForIndex,
} from '../asking.ts';
import { act, wholeNumber, type CommandContext } from '../command.ts';
import type { Output } from '../output.ts';
import { writeNamedFile } from '../picture.ts';
import { addEye, chooseEye, type EyeOptions } from '../eye-option.ts';
import { streamOption, type StreamOption } from '../stream-option.ts';
import { requireModelForVariant, variantOption } from '../variant-option.ts';
import {
  addSampling,
  mostSamples,
  samplingOf,
  settingsOfSamples,
  type SamplingOptions,
} from '../sampling-options.ts';

interface AskOptions extends SamplingOptions, StreamOption, EyeOptions {
  frame?: number;
  at?: string;
  question: string[];
  samples?: number;
  model?: string;
  variant?: string;
  server?: boolean;
  image?: string;
  anyway?: boolean;
  region?: Box;
  session?: string;
}

export function addAsk(program: Command): void {
  act(
    addEye(addSampling(program.command('ask')))
      .argument('<video>', 'video file')
      .addOption(streamOption())
      .addOption(new Option('--frame <n>', 'frame, counted from 0').argParser(wholeNumber(0)).conflicts('at'))
      .option('--at <timecode>', 'hh:mm:ss.mmm, mm:ss or seconds since the first frame')
      .requiredOption(
        '--question <text>',
        'what to ask; again for further questions, which are answered together',
        (text: string, before: string[] = []) => [...before, text],
      )
      .addOption(
        new Option(
          '--samples <n>',
          `answers to each question, with seeds that count up (at temperature ${samplesTemperature} unless given): ` +
            'how far they agree tells how sure the model is',
        ).argParser(numberOfSamples),
      )
      .addOption(
        new Option('--server', "ask the hospital's server, to which the frame is sent").conflicts('model'),
      )
      .option('--model <dir>', 'model folder, instead of the embedded model')
      .addOption(variantOption())
      .option(
        '--image <out.png>',
        'also write the frame with the box and label drawn on it (one answer only)',
      )
      .addOption(
        new Option(
          '--region <x,y,w,h>',
          'ask about this part of the frame, in its pixels; the model is given a crop of it beside the whole frame, or ' +
            'alone where it was taught questions about one picture',
        ).argParser(parseRegion),
      )
      .option('--anyway', 'answer a question, too, of a kind that the model was not taught')
      .option('--session <id>', 'add to this session of the same video, instead of a new one')
      .description('ask about one frame; the answer is kept in the data folder'),
    ask,
  );
}

async function ask(context: CommandContext, options: AskOptions, video: string): Promise<ExitCode> {
  const { output } = context;
  const at = placeOf(options);
  requireModelForVariant(options);
  if (options.image !== undefined && (options.question.length > 1 || (options.samples ?? 1) > 1)) {
    throw new WorkstationError(
      'invalid-input',
      'A picture shows one answer.',
      'Ask one question without --samples, or leave --image away.',
    );
  }
  const sessionId = parseSession(options.session);
  const workstation = await context.workstation();
  const open = await openFor(workstation, video, { sessionId, stream: options.stream }, output);
  const counted = await waitForIndex(workstation, open.video, context);
  await chooseEye(workstation, open, counted, { options, output });
  if (options.model !== undefined) await workstation.loadModelFolder(options.model, options.variant);
  if (options.server === true) await loadFromServer(workstation);

  const anyway = options.anyway === true;
  const region = options.region ?? null;
  const settings = settingsOfSamples(samplingOf(options), options.samples ?? 1);
  if (options.question.length * settings.length > 1) {
    return askSeveral(context, {
      workstation,
      open,
      at,
      questions: options.question,
      anyway,
      region,
      settings,
    });
  }
  const [question] = options.question as [string];
  const asked = { open, at, question, anyway, region, settings: settings[0]!, onText: streamTo(output) };
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

interface Several {
  workstation: CommandLineWorkstation;
  open: OpenSession;
  at: PlaceInVideo;
  questions: string[];
  anyway: boolean;
  region: Box | null;
  settings: SamplingOptions[];
}

/** Several questions, or several answers to one: told when all are there, with how far they agree. */
async function askSeveral(context: CommandContext, several: Several): Promise<ExitCode> {
  const { output, signal } = context;
  const { workstation, open, at, questions, anyway, region, settings } = several;
  const total = questions.length * settings.length;
  let done = 0;
  const found = await askAll(
    workstation,
    {
      ...{ open, at, questions, anyway, region, settings },
      onText: () => undefined,
      onAnswer: () => output.progress('Answers', (done += 1), total),
    },
    context,
  );
  const told = questions.map((question, index) => {
    const answers = found[index]!;
    const agreement = settings.length > 1 ? agreementOf(answers) : null;
    output.line(`Question  ${question}`);
    answers.forEach((answer, sample) => {
      if (settings.length > 1) output.line(`Sample    ${sample + 1}, seed ${answer.settings.seed}`);
      for (const line of shortAnswerForPeople(question, answer, open.video)) output.line(line);
    });
    for (const line of agreement === null ? [] : agreementInWords(agreement)) output.line(line);
    output.line();
    return {
      question,
      answers: answers.map((answer) => answerForMachines(question, answer, open)),
      agreement,
    };
  });
  for (const line of origin(found[0]![0]!)) output.line(line);
  output.line(`Session   ${open.session.id}`);
  output.result({ questions: told, session: open.session.id });
  const failed = found.flat().find(({ status }) => status === 'failed');
  if (failed?.error && !signal.aborted) return exitCodeOf(failed.error.code);
  return signal.aborted ? 130 : 0;
}

/** Where it must lie is said by the call, which knows the frame. */
function parseRegion(text: string): Box {
  const [x, y, width, height, ...more] = text.split(',').map((part) => Number(part.trim() || NaN));
  const parsed = Box.safeParse([x!, y!, x! + width!, y! + height!]);
  if (parsed.success && more.length === 0) return parsed.data;
  throw new InvalidArgumentError('It must be four numbers: left, top, width, height, as in 120,80,200,150.');
}

function numberOfSamples(text: string): number {
  const samples = wholeNumber(1)(text);
  if (samples > mostSamples) throw new InvalidArgumentError(`It must be at most ${mostSamples}.`);
  return samples;
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

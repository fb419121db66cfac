import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { silentLog, type Log } from '../platform/log.ts';

/**
 * Seconds of silence on every output after which a media tool counts as hung. A slow 4K seek stays well under it. They are
 * counted in ticks of our own timer, never by a clock: while the machine sleeps no tick comes, and a clock that is set
 * leaves them alone.
 */
const silenceLimitTicks = 120;
const tickMilliseconds = 1000;
const stderrTailLines = 30;
/** A third of a normal process's share: with 10, frames were never ready while a model kept every core busy. */
const backgroundPriority = 5;

export interface ProcessOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether it runs below the priority of what the person is waiting for. */
  readonly background?: boolean | undefined;
  readonly log?: Log | undefined;
  /**
   * Whether it says nothing while it works, like an encoder that writes a file, so that silence does not mean that it
   * hangs.
   */
  readonly silent?: boolean | undefined;
  /** Each line of standard error, without its end. */
  readonly onErrorLine?: ((line: string) => void) | undefined;
  /** How many pipes it writes to besides standard output: file descriptors 3, 4 and so on. */
  readonly channels?: number | undefined;
  /** Milliseconds of one tick of the watch; for tests. */
  readonly tickMilliseconds?: number | undefined;
}

export interface ProcessEnd {
  readonly exitCode: number | null;
  /** Set when the process was killed, by us or by somebody else. */
  readonly killedBy: NodeJS.Signals | null;
  readonly stalled: boolean;
  /** The last lines of standard error, for the log. They may hold a file name. */
  readonly errorTail: readonly string[];
}

export interface RunningProcess {
  readonly stdout: Readable;
  /** The pipes asked for with `channels`, in their order. All of them must be read. */
  readonly channels: readonly Readable[];
  /** Resolves when no more lines of standard error can come, even while standard output is left unread. */
  readonly errorsEnded: Promise<void>;
  /** Resolves when the process has gone and its outputs are closed; rejects only if it could not start. */
  readonly ended: Promise<ProcessEnd>;
  readonly kill: () => void;
}

/**
 * Statically linked Linux builds of ffprobe crash (SIGSEGV) on every MPEG-TS file: reading the programme's name, they load
 * the system's character set modules, which are of another C library. Told of a folder without modules, they do without.
 */
const toolEnvironment =
  process.platform === 'linux' ? { ...process.env, GCONV_PATH: '/nonexistent' } : process.env;

const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Number of media tools at work now; for tests that nothing is left behind. */
export function runningProcesses(): number {
  return running.size;
}

/**
 * Starts `program` with an argument vector (never a shell). Aborting `signal` kills it; the caller sees that in `ended`
 * and decides what it means.
 */
export function startProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const log = options.log ?? silentLog;
  log.debug('Starting a media tool', { program, args });
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', ...Array<'pipe'>(options.channels ?? 0).fill('pipe')],
    windowsHide: true,
    env: toolEnvironment,
  }) as ChildProcessByStdio<null, Readable, Readable>;
  const channels = child.stdio.slice(3) as unknown as Socket[];
  running.add(child);
  if (options.background && child.pid !== undefined) lowerPriority(child.pid, log);

  const kill = () => {
    child.kill('SIGKILL');
  };
  let silentTicks = 0;
  let stalled = false;
  let bytesSeen = 0;
  const outputs = [child.stdout as Socket, ...channels];
  const watchdog = setInterval(() => {
    const bytes = outputs.reduce((sum, output) => sum + output.bytesRead, 0);
    // If the reader takes nothing, the reader is slow and the tool is not silent.
    const isSilent = bytes === bytesSeen && outputs.every((output) => output.readableLength === 0);
    silentTicks = isSilent ? silentTicks + 1 : 0;
    bytesSeen = bytes;
    if (options.silent || silentTicks < silenceLimitTicks) return;
    stalled = true;
    kill();
  }, options.tickMilliseconds ?? tickMilliseconds);
  watchdog.unref();

  const errorTail: string[] = [];
  const decoder = new StringDecoder('utf8');
  let partial = '';
  const takeLine = (line: string) => {
    errorTail.push(line);
    if (errorTail.length > stderrTailLines) errorTail.shift();
    options.onErrorLine?.(line);
  };
  child.stderr.on('data', (chunk: Buffer) => {
    silentTicks = 0;
    const lines = (partial + decoder.write(chunk)).split(/\r?\n|\r/);
    partial = lines.pop() ?? '';
    for (const line of lines) takeLine(line);
  });
  const errorsEnded = new Promise<void>((resolve) => child.stderr.once('close', resolve));

  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    const finish = () => {
      running.delete(child);
      clearInterval(watchdog);
      options.signal?.removeEventListener('abort', kill);
    };
    child.once('error', (error) => {
      finish();
      reject(
        new WorkstationError(
          'ffmpeg-missing',
          `The video tool could not be started (${(error as NodeJS.ErrnoException).code ?? 'unknown cause'}).`,
          'Install ffmpeg, or set FFMPEG_BIN and FFPROBE_BIN to working programs, then start again.',
          { cause: error },
        ),
      );
    });
    child.once('close', (exitCode, killedBy) => {
      finish();
      if (partial) takeLine(partial);
      resolve({ exitCode, killedBy, stalled, errorTail });
    });
  });
  // The promise may settle before anyone waits for it.
  ended.catch(() => undefined);

  if (options.signal?.aborted) kill();
  else options.signal?.addEventListener('abort', kill, { once: true });
  return { stdout: child.stdout, channels, errorsEnded, ended, kill };
}

function lowerPriority(processId: number, log: Log): void {
  try {
    setPriority(processId, backgroundPriority);
  } catch (error) {
    log.debug('The priority of a media tool could not be lowered', { error: String(error) });
  }
}

/** Runs to the end and collects standard output as text (for short answers, such as a probe's). */
export async function readProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessEnd & { output: string; errors: string }> {
  const errors: string[] = [];
  const child = startProcess(program, args, { ...options, onErrorLine: (line) => errors.push(line) });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  const end = await child.ended;
  return { ...end, output: Buffer.concat(chunks).toString('utf8'), errors: errors.join('\n') };
}

/** The lines of a readable stream, without their ends. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let partial = '';
  for await (const chunk of stream) {
    const lines = (partial + decoder.write(chunk as Buffer)).split(/\r?\n/);
    partial = lines.pop() ?? '';
    yield* lines;
  }
  if (partial) yield partial;
}

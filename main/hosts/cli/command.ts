import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, type Command } from 'commander';
import type { DeviceWish } from '../../../preload/contract/devices.ts';
import {
  inContext,
  stackOf,
  toErrorReport,
  windowId,
  WorkstationError,
  type WindowId,
} from '../../../preload/contract/index.ts';
import type { CommandLineWorkstation } from '../hosted.ts';
import { openLogFile, type LogFile } from '../../platform/log-file.ts';
import { exitCodeOf, type ExitCode } from '../exit-codes.ts';
import { Output } from './output.ts';

/** Options that every command has. */
export interface CommonOptions {
  home?: string;
  device?: DeviceWish;
  json?: boolean;
}

/** What a command works with. */
export interface CommandContext {
  output: Output;
  /** The command itself, which is a window of its own. */
  window: WindowId;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Opened at first use, and closed after the command however it ends. */
  workstation: () => Promise<CommandLineWorkstation>;
  /** Opens one on another data folder than the options name. */
  openAt: (home: string) => Promise<CommandLineWorkstation>;
  /** Closes the open workstation before the command's end. */
  close: () => Promise<void>;
}

/**
 * Runs a command's work and turns its end into an exit code: errors as cause and remedy on standard error,
 * Ctrl-C as a request to stop (a second one leaves at once).
 */
export async function runCommand(
  options: CommonOptions,
  work: (context: CommandContext) => Promise<ExitCode | void>,
): Promise<ExitCode> {
  const output = new Output(options.json === true);
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);

  const window = windowId('cli', randomUUID());
  const held: { logFile?: LogFile; workstation?: Promise<CommandLineWorkstation> } = {};
  const close = async () => {
    const { workstation, logFile } = held;
    delete held.workstation;
    delete held.logFile;
    // An opening that failed has nothing to close, and is reported where it was waited for.
    await (await workstation?.catch(() => null))?.dispose();
    await logFile?.close();
  };
  try {
    // Imported here rather than at the top: commands that need no workstation start faster without it.
    const open = async (home: string | null): Promise<CommandLineWorkstation> => {
      const { createWorkstation, defaultHome } = await import('../../workstation.ts');
      const folder = home ?? defaultHome();
      held.logFile = openLogFile(folder);
      const { log } = held.logFile;
      const opened = await createWorkstation({
        home: folder,
        host: 'command-line',
        hostReason: null,
        log,
        exclusive: false,
        ...(options.device === undefined ? {} : { device: options.device }),
      });
      const workstation = {
        ...opened,
        calls: inContext(opened.calls, { actor: opened.localActor.id, window, signal: controller.signal }),
      };
      const { notices } = await workstation.calls.getStatus({});
      for (const notice of notices.filter(({ code }) => code.startsWith('store-'))) output.notice(notice);
      return workstation;
    };
    const code = await work({
      output,
      window,
      signal: controller.signal,
      workstation: () => (held.workstation ??= open(options.home ?? null)),
      openAt: (home) => (held.workstation = open(home)),
      close,
    });
    return code ?? 0;
  } catch (error) {
    const report = toErrorReport(controller.signal.aborted ? stopped() : error);
    if (report.code === 'internal') {
      // A command that opened no workstation has no log yet, and the report says that the log names the cause.
      const { defaultHome } = await import('../../workstation.ts');
      held.logFile ??= openLogFile(options.home ?? defaultHome());
      held.logFile.log({
        level: 'error',
        area: 'command-line',
        message: 'command failed',
        details: { stack: stackOf(error) },
      });
    }
    output.error(report);
    return exitCodeOf(report.code);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await close();
  }
}

const stopped = () =>
  new WorkstationError('cancelled', 'Stopped.', 'Run the command again when you are ready.');

/** Ends the process when the output is out: a pipe's reader may be slower than we are. */
export async function leave(code: ExitCode): Promise<never> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
  );
  process.exit(code);
}

/** Attaches the work to a command; `Options` are its own and the common ones. */
export function act<Options extends object, Arguments extends unknown[]>(
  command: Command,
  work: (context: CommandContext, options: Options, ...args: Arguments) => Promise<ExitCode | void>,
): Command {
  return command.action(async () => {
    const options: Options & CommonOptions = command.optsWithGlobals();
    const args = command.processedArgs as Arguments;
    await leave(await runCommand(options, (context) => work(context, options, ...args)));
  });
}

/** A whole number of at least `minimum`, for commander. */
export const wholeNumber =
  (minimum: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < minimum) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${minimum}.`);
    }
    return value;
  };

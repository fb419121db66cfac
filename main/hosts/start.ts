import './node-version.ts';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { toErrorReport, WorkstationError } from '../../preload/contract/index.ts';
import { exitCodeOf } from './exit-codes.ts';
import { findDisplay, findElectron } from './electron-binary.ts';
import { fileArgument } from './file-argument.ts';
import { offerToFetch } from './offer.ts';
import { openAnotherWindow, serve } from './serve.ts';

/**
 * `npm start`: the Electron window where an Electron binary and a display exist, otherwise the same
 * workstation at a loopback address, with the reason.
 */
const repository = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const usage = `npm start -- [options] [VIDEO]
  VIDEO        a video file that the window opens first
  --home DIR   data folder, instead of the platform's own
  --web        serve to a browser even where Electron could open a window
  --port N     port of 127.0.0.1 for the browser; any free one without it
  --no-open    leave the browser alone
  --fetch, --no-fetch
               fetch what is missing (Electron, a newer ffmpeg) from github.com without
               asking, or don't. WORKSTATION_FETCH=yes or no says the same for good
`;

interface StartOptions {
  home: string | undefined;
  web: boolean;
  port: number;
  open: boolean;
  fetch: boolean | undefined;
  file: string | undefined;
}

function parseOptions(): StartOptions {
  const { values, positionals } = parseArgs({
    options: {
      home: { type: 'string' },
      web: { type: 'boolean', default: false },
      port: { type: 'string', default: '0' },
      open: { type: 'boolean', default: true },
      fetch: { type: 'boolean' },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65535) {
    throw new WorkstationError('invalid-input', `${values.port} is not a port.`, 'Give one from 0 to 65535.');
  }
  if (positionals.length > 1) {
    throw new WorkstationError('invalid-input', 'More than one video is named.', 'Name one.');
  }
  const file = positionals[0] === undefined ? undefined : fileArgument(positionals[0]);
  return { home: values.home, web: values.web, port, open: values.open, fetch: values.fetch, file };
}

/** Builds what is missing or older than its sources. Outside a checkout there is nothing to build. */
function build(): void {
  const tool = join(repository, 'tools', 'build.ts');
  if (!existsSync(tool)) return;
  const { status } = spawnSync(process.execPath, [tool, '--if-stale'], { stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write('The window could not be built. Run npm ci, then start again.\n');
    process.exit(1);
  }
}

/** Why Electron can't be the host; null once it has been and was closed. */
async function runElectron({ home, file }: StartOptions): Promise<string | null> {
  const display = findDisplay(process.env, process.platform);
  if (!display) return 'This machine has no display that Electron could open a window on.';
  const binary = findElectron(join(repository, 'node_modules', 'electron'), process.env);
  if (binary === null) return "Electron's program is not here.";

  const asRoot = process.platform === 'linux' && process.getuid?.() === 0;
  if (asRoot)
    say("Running as root: Chromium's sandbox cannot work and is left out. Use your own account instead.");
  const started = performance.now();
  const child = spawn(
    binary,
    [
      ...(asRoot ? ['--no-sandbox'] : []),
      repository,
      ...(home === undefined ? [] : ['--home', home]),
      ...(file === undefined ? [] : [file]),
    ],
    { stdio: 'inherit' },
  );
  const pass = () => child.kill('SIGTERM');
  process.on('SIGINT', pass);
  process.on('SIGTERM', pass);
  const outcome = await new Promise<number | Error>((resolve) => {
    child.on('error', resolve);
    child.on('exit', (code) => resolve(code ?? 0));
  });
  process.off('SIGINT', pass);
  process.off('SIGTERM', pass);
  if (outcome === 0) return null;
  if (outcome instanceof Error || performance.now() - started < 10_000) {
    return `Electron did not start (${outcome instanceof Error ? outcome.message : `exit code ${outcome}`}).`;
  }
  process.exitCode = outcome;
  return null;
}

async function start(): Promise<void> {
  const options = parseOptions();
  const { defaultHome } = await import('../workstation.ts');
  const home = options.home ?? defaultHome();
  if (await openAnotherWindow({ home, say, openBrowser: options.open, file: options.file }, 0)) return;
  await offerToFetch({
    repository,
    window: !options.web && findDisplay(process.env, process.platform),
    say,
    flag: options.fetch,
    environment: process.env,
    input: process.stdin,
    output: process.stdout,
  });
  build();
  const reason = options.web ? 'Served to the browser, as --web says.' : await runElectron(options);
  if (reason === null) return;

  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await serve({
    home,
    port: options.port,
    reason,
    openBrowser: options.open,
    file: options.file,
    say,
    signal: controller.signal,
  });
}

try {
  await start();
  process.exit();
} catch (error) {
  const { code, message, hint } = toErrorReport(error);
  process.stderr.write(`${message}\n${hint}\n`);
  process.exit(exitCodeOf(code));
}

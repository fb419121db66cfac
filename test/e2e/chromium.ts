import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';

export interface FoundChromium {
  executablePath: string;
  args: readonly string[];
}

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const usual = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** CHROMIUM_BIN, else one that is installed, else the one in @sparticuz/chromium (Linux x64). Null if none. */
export async function findChromium(): Promise<FoundChromium | null> {
  const named = process.env['CHROMIUM_BIN'];
  if (named) return existsSync(named) ? { executablePath: named, args: ['--no-sandbox'] } : null;
  if (process.platform === 'linux' && process.arch === 'x64') {
    // Not its own arguments: they switch off the very checks of a browser that these tests rely on.
    return { executablePath: await unpackChromium(), args: ['--no-sandbox', '--no-zygote'] };
  }
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const executablePath = [...onPath, ...usual].find((path) => existsSync(path));
  return executablePath === undefined ? null : { executablePath, args: ['--no-sandbox'] };
}

/** The browser of @sparticuz/chromium, with the system libraries that it carries where the machine has none. */
async function unpackChromium(): Promise<string> {
  const { default: packaged, inflate, setupLambdaEnvironment } = await import('@sparticuz/chromium');
  const executablePath = await packaged.executablePath();
  if (spawnSync(executablePath, ['--version'], { stdio: 'ignore' }).status !== 0) {
    const libraries = fileURLToPath(
      new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium')),
    );
    setupLambdaEnvironment(join(await inflate(libraries), 'lib'));
  }
  return executablePath;
}

export async function launchChromium(): Promise<Browser> {
  const found = await findChromium();
  if (!found) throw new Error('No Chromium: install one, or set CHROMIUM_BIN to its path.');
  return chromium.launch({
    executablePath: found.executablePath,
    args: [...found.args],
    headless: true,
  });
}

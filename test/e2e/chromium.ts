import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
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
    const { default: packaged } = await import('@sparticuz/chromium');
    return { executablePath: await packaged.executablePath(), args: packaged.args };
  }
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const executablePath = [...onPath, ...usual].find((path) => existsSync(path));
  return executablePath === undefined ? null : { executablePath, args: ['--no-sandbox'] };
}

export async function launchChromium(): Promise<Browser> {
  const found = await findChromium();
  if (!found) throw new Error('No Chromium: install one, or set CHROMIUM_BIN to its path.');
  return chromium.launch({
    executablePath: found.executablePath,
    args: found.args.filter((argument) => !argument.startsWith('--headless')),
    headless: true,
  });
}

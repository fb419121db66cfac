import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longer than a browser takes to start. */
const pageStaysMilliseconds = 60_000;

/**
 * Asks the desktop for its browser. Without one nothing happens: the address is printed anyway.
 *
 * The address holds a token, and the arguments of a program can be read by every account: on macOS the browser is given a
 * page in a folder of this account alone, which leads there. On Linux a browser in a sandbox could not read such a page,
 * and the server asks the kernel whose connection it is instead (web/peer.ts). Windows keeps arguments to the account.
 */
export function openBrowser(
  address: string,
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): void {
  if (platform === 'linux' && !environment['DISPLAY'] && !environment['WAYLAND_DISPLAY']) return;
  const [command, ...args] =
    platform === 'darwin'
      ? ['open', writePage(address)]
      : platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', address]
        : ['xdg-open', address];
  const opener = spawn(command, args, { stdio: 'ignore', detached: true, env: environment });
  opener.on('error', () => undefined);
  opener.unref();
}

/** A page that only this account can read, and that leads to `address`. It is removed after a minute, or at the end. */
export function writePage(address: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'surgery-r1-'));
  const page = join(folder, 'open.html');
  const quoted = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const body = `<a href="${quoted}">Open the workstation</a>`;
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${quoted}">${body}\n`,
    { mode: 0o600 },
  );
  const remove = () => rmSync(folder, { recursive: true, force: true });
  setTimeout(remove, pageStaysMilliseconds).unref();
  process.once('exit', remove);
  return page;
}

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Electron's binary, or null. Looked for in the places where its installer puts it: asking the package
 * itself (`require('electron')`) would start a download.
 */
export function findElectron(packageFolder: string, environment: Environment): string | null {
  const elsewhere = environment['ELECTRON_OVERRIDE_DIST_PATH'];
  const note = join(packageFolder, 'path.txt');
  if (elsewhere === undefined && !existsSync(note)) return null;
  const path = existsSync(note) ? readFileSync(note, 'utf8').trim() : 'electron';
  const binary = isAbsolute(path) ? path : join(elsewhere ?? join(packageFolder, 'dist'), path);
  return existsSync(binary) ? binary : null;
}

/** Whether a window could be opened at all. */
export function findDisplay(environment: Environment, platform: NodeJS.Platform): boolean {
  if (platform === 'darwin' || platform === 'win32') return environment['SSH_CONNECTION'] === undefined;
  return Boolean(environment['DISPLAY'] || environment['WAYLAND_DISPLAY']);
}

/** Lets Electron's own installer fetch the binary. On a closed machine nothing comes of it, and that is fine. */
export async function installElectron(packageFolder: string, timeoutMilliseconds: number): Promise<void> {
  const installer = join(packageFolder, 'install.js');
  if (!existsSync(installer)) return;
  await new Promise<void>((resolve) => {
    const child = spawn(process.execPath, [installer], {
      stdio: 'ignore',
      timeout: timeoutMilliseconds,
      killSignal: 'SIGKILL',
    });
    child.on('error', () => resolve());
    child.on('exit', () => resolve());
  });
}

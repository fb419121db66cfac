import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { app, BrowserWindow, dialog, session } from 'electron';
import { stackOf, toErrorReport, videoEndings, type WindowId } from '../../../preload/contract/index.ts';
import { createWorkstation, defaultHome } from '../../workstation.ts';
import { createDoor } from '../door.ts';
import { openLogFile } from '../../platform/log-file.ts';
import { anotherWindowInWords, askForWindow, keepDoor } from '../running.ts';
import { newSecret } from '../web/security.ts';
import { startWebHost } from '../web/server.ts';
import { startInUtilityProcess } from './engine.ts';
import { FilesToOpen } from './files-to-open.ts';
import { OpenWindows, serveIpc } from './ipc.ts';
import { lockPages, lockSession, silenceChromium } from './lockdown.ts';
import { setMenu } from './menu.ts';

/**
 * The window. It shows the page of the same loopback server that a browser would get, so that pixels and
 * streams have one way; calls come by IPC.
 */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const rendererFolder = join(root, 'dist', 'renderer');
const unpacked = join(process.resourcesPath, 'app.asar.unpacked');
const preload = join(root, 'dist', 'preload', 'index.cjs');

/** @param folder where the command was given: files are named from there */
function readArguments(
  argv: readonly string[],
  folder: string,
): { home: string | undefined; files: string[] } {
  const { values, positionals } = parseArgs({
    args: argv.slice(app.isPackaged ? 1 : 2),
    options: { home: { type: 'string' } },
    strict: false,
    allowPositionals: true,
  });
  const files = positionals
    .map((path) => resolve(folder, path))
    .filter((path) => existsSync(path) && statSync(path).isFile());
  return { home: typeof values.home === 'string' ? values.home : undefined, files };
}

async function run(home: string, filesToOpen: FilesToOpen): Promise<void> {
  const { log, close: closeLog } = openLogFile(home);
  const windows = new OpenWindows();
  /** The dialog belongs to the window that asks for it. */
  const choose = async (asking: WindowId, options: Electron.OpenDialogOptions): Promise<string | null> => {
    const contents = windows.find(asking);
    const window = contents && BrowserWindow.fromWebContents(contents);
    const { canceled, filePaths } = window
      ? await dialog.showOpenDialog(window, options)
      : await dialog.showOpenDialog(options);
    return canceled ? null : (filePaths[0] ?? null);
  };
  const workstation = await createWorkstation({
    home,
    host: 'electron',
    hostReason: null,
    log,
    exclusive: true,
    startEngine: startInUtilityProcess,
    // ffmpeg can't read inside the archive; the clip lies beside it.
    ...(app.isPackaged
      ? {
          resources: {
            clip: join(unpacked, 'resources', 'clip', 'demo.mp4'),
            model: join(root, 'models', 'nano'),
          },
        }
      : {}),
    chooseFile: (asking) =>
      choose(asking, {
        title: 'Open a video',
        properties: ['openFile'],
        filters: [
          { name: 'Video', extensions: [...videoEndings] },
          { name: 'All files', extensions: ['*'] },
        ],
      }),
    chooseFolder: (asking) =>
      choose(asking, {
        title: "Choose a model's folder",
        buttonLabel: 'Choose',
        properties: ['openDirectory'],
      }),
  });
  const secret = newSecret();
  const host = await startWebHost({
    workstation,
    rendererFolder,
    log,
    invitations: { secret, openWindow: () => open() },
  });
  const { origin } = host;
  lockPages(origin, {
    options: windowOptions({ bridge: true }),
    onOpened: (window) => windows.add(window.webContents),
  });
  await lockSession(session.defaultSession, origin);
  const stopIpc = serveIpc({
    door: createDoor({ calls: workstation.calls, actor: () => workstation.localActor.id, log }),
    workstation,
    windows,
    origin,
  });

  const open = () => windows.add(openWindow(host.newAddress()).webContents);
  const removeDoor = keepDoor(home, { processId: process.pid, port: host.port, secret });
  /** The window itself opens the file, as one that was chosen there: it asks where the recording is known already. */
  const offer = async (path: string, to: WindowId | null): Promise<void> => {
    try {
      await workstation.offerFile(path, to);
    } catch (error) {
      const { message, hint } = toErrorReport(error);
      dialog.showErrorBox(message, hint);
    }
  };
  const openFile = async (path: string) => {
    const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0];
    await offer(path, window ? windows.idOf(window.webContents) : null);
    if (window) {
      if (window.isMinimized()) window.restore();
      window.focus();
    } else open();
  };
  onSecondStart(filesToOpen, open);
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) open();
  });
  app.on('window-all-closed', () => app.quit());

  let closing = false;
  app.on('will-quit', (event) => {
    if (closing) return;
    closing = true;
    event.preventDefault();
    stopIpc();
    removeDoor();
    const close = async () => {
      await host.close();
      await workstation.dispose();
      log({ level: 'info', area: 'electron', message: 'closed' });
      await closeLog();
    };
    // Whatever a part says at its end, the window is gone and the process must go too.
    void close()
      .catch((error: unknown) => process.stderr.write(`${stackOf(error)}\n`))
      .finally(() => app.exit());
  });

  setMenu(!app.isPackaged);
  for (const path of filesToOpen.take()) await offer(path, null);
  open();
  filesToOpen.openWith(openFile);
}

/** A second start of the program hands its file to this one, or wants a window. */
function onSecondStart(filesToOpen: FilesToOpen, open: () => void): void {
  app.on('second-instance', (_event, argv, folder) => {
    const file = readArguments(argv, folder).files[0];
    if (file === undefined) open();
    else filesToOpen.add(file);
  });
}

/**
 * A window on a workstation that runs in another process and serves a browser: its page calls that one's server itself.
 */
async function attach(address: string, home: string, filesToOpen: FilesToOpen): Promise<void> {
  const { origin } = new URL(address);
  lockPages(origin, { options: windowOptions({ bridge: false }), onOpened: () => undefined });
  await lockSession(session.defaultSession, origin);
  app.on('window-all-closed', () => app.quit());
  setMenu(!app.isPackaged);
  openWindow(address, { bridge: false });
  const openAnother = async (file: string | null): Promise<void> => {
    const another = await askForWindow(home, 0, file);
    if (another?.address != null) openWindow(another.address, { bridge: false });
  };
  // Each gets a window of its own: this program does not know which of that workstation's windows is looked at.
  filesToOpen.openWith(openAnother);
  onSecondStart(filesToOpen, () => void openAnother(null));
}

async function start(home: string, filesToOpen: FilesToOpen): Promise<void> {
  try {
    await run(home, filesToOpen);
  } catch (error) {
    const locked = toErrorReport(error).code === 'store-locked';
    const another = locked ? await askForWindow(home, 15_000, filesToOpen.take()[0] ?? null) : null;
    if (another === null) throw error;
    for (const line of anotherWindowInWords(another)) process.stdout.write(`${line}\n`);
    if (another.address === null) app.quit();
    else await attach(another.address, home, filesToOpen);
  }
}

/** What every window of ours has, those that a page opens for presenting as well. */
function windowOptions({ bridge }: { bridge: boolean }): Electron.BrowserWindowConstructorOptions {
  return {
    backgroundColor: '#101418',
    title: 'Surgery-R1 Workstation',
    webPreferences: {
      ...(bridge && { preload }),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  };
}

/**
 * @param address lets one window in: each that is opened takes a new one
 * @param options `bridge`: whether calls come by IPC, as they do where the workstation is this process
 */
function openWindow(address: string, { bridge } = { bridge: true }): BrowserWindow {
  const window = new BrowserWindow({
    ...windowOptions({ bridge }),
    width: 1440,
    height: 900,
    minWidth: 900,
    minHeight: 600,
    show: false,
  });
  window.once('ready-to-show', () => window.show());
  void window.loadURL(address);
  return window;
}

const { home, files } = readArguments(process.argv, process.cwd());
const dataFolder = home === undefined ? defaultHome() : resolve(home);
// One instance for each data folder, and Chromium's own files beside the rest of ours.
app.setPath('userData', join(dataFolder, 'electron'));
silenceChromium();

const filesToOpen = new FilesToOpen();
for (const file of files.slice(0, 1)) filesToOpen.add(file);
// Asked before the program is ready where a file was double-clicked in Finder, so listened for at once.
app.on('open-file', (event, path) => {
  event.preventDefault();
  filesToOpen.add(path);
});

if (app.requestSingleInstanceLock()) {
  void app
    .whenReady()
    .then(() => start(dataFolder, filesToOpen))
    .catch((error: unknown) => {
      const { message, hint } = toErrorReport(error);
      process.stderr.write(`${stackOf(error)}\n`);
      dialog.showErrorBox(message, hint);
      app.exit(1);
    });
} else {
  app.quit();
}

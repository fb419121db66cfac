import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { channels } from '../../../preload/channels.ts';
import {
  windowId,
  WorkstationError,
  type DroppedFile,
  type WindowId,
  type WorkstationEvent,
} from '../../../preload/contract/index.ts';
import type { Door, Sender } from '../door.ts';
import type { HostedWorkstation } from '../hosted.ts';

export interface IpcOptions {
  door: Door;
  workstation: HostedWorkstation;
  windows: OpenWindows;
  /** The one origin that the window's page may have. */
  origin: string;
}

/** The windows that this program has open, each with the id that its changes are recorded under. */
export class OpenWindows {
  readonly #open = new Map<WebContents, { id: WindowId; page: AbortController }>();

  /** Takes a window in until it closes. Loading its page anew breaks off what the page before has asked for. */
  add(contents: WebContents): void {
    const open = { id: windowId('electron', randomUUID()), page: new AbortController() };
    this.#open.set(contents, open);
    contents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (!isMainFrame || isSameDocument) return;
      open.page.abort();
      open.page = new AbortController();
    });
    contents.once('destroyed', () => {
      this.#open.delete(contents);
      open.page.abort();
    });
  }

  /** What the window sends of its own; null for one that is not ours. */
  senderOf(contents: WebContents): Sender | null {
    const open = this.#open.get(contents);
    return open === undefined ? null : { trusted: true, window: open.id, signal: open.page.signal };
  }

  /** A window's id by its contents; null for one that is not ours. */
  idOf(contents: WebContents): WindowId | null {
    return this.#open.get(contents)?.id ?? null;
  }

  /** The contents of a window by its id; null once it has gone. */
  find(id: WindowId): WebContents | null {
    return [...this.#open].find(([, open]) => open.id === id)?.[0] ?? null;
  }

  send(event: WorkstationEvent): void {
    for (const contents of this.#open.keys())
      if (!contents.isDestroyed()) contents.send(channels.event, event);
  }
}

/**
 * The only place that listens on IPC. Every message is checked for its frame: the top frame of a window of ours,
 * showing our page. Returns the way to stop sending events.
 */
export function serveIpc({ door, workstation, windows, origin }: IpcOptions): () => void {
  const senderOf = ({ senderFrame, sender }: IpcMainInvokeEvent): Sender => {
    const known = windows.senderOf(sender);
    const ours =
      senderFrame !== null &&
      senderFrame === sender.mainFrame &&
      URL.canParse(senderFrame.url) &&
      new URL(senderFrame.url).origin === origin;
    return known !== null && ours ? known : { trusted: false };
  };

  ipcMain.handle(channels.call, (event, name: unknown, input: unknown) =>
    door.answer(senderOf(event), name, input),
  );
  ipcMain.handle(channels.grantDropped, (event, path: unknown) =>
    door.guard(senderOf(event), 'grant-dropped', async () => {
      // Electron gives an empty path for a File that a script made up.
      if (typeof path !== 'string' || path === '') {
        throw new WorkstationError(
          'invalid-input',
          'What was dropped is not a file on this machine.',
          'Drop a video file from a folder.',
        );
      }
      const grant = await workstation.grantPath(path);
      return {
        found: [{ ...grant, folder: dirname(path) }],
        exact: true,
        freeBytes: null,
      } satisfies DroppedFile;
    }),
  );
  const stop = workstation.onEvent((event) => windows.send(event));
  return () => {
    stop();
    ipcMain.removeHandler(channels.call);
    ipcMain.removeHandler(channels.grantDropped);
  };
}

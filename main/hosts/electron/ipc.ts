import { dirname } from 'node:path';
import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { channels } from '../../../preload/channels.ts';
import { WorkstationError, type DroppedFile } from '../../../preload/contract/index.ts';
import type { Door, Sender } from '../door.ts';
import type { HostedWorkstation } from '../hosted.ts';

export interface IpcOptions {
  door: Door;
  workstation: HostedWorkstation;
  /** The window's contents; null before it opens and after it closes. */
  window: () => WebContents | null;
  /** The one origin that the window's page may have. */
  origin: string;
}

/**
 * The only place that listens on IPC. Every message is checked for its frame: the top frame of our window,
 * showing our page. Returns the way to stop sending events.
 */
export function serveIpc({ door, workstation, window, origin }: IpcOptions): () => void {
  const senderOf = ({ senderFrame, sender }: IpcMainInvokeEvent): Sender => ({
    host: 'electron',
    trusted:
      senderFrame !== null &&
      sender === window() &&
      senderFrame === sender.mainFrame &&
      URL.canParse(senderFrame.url) &&
      new URL(senderFrame.url).origin === origin,
  });

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
  const stop = workstation.onEvent((event) => {
    const contents = window();
    if (contents && !contents.isDestroyed()) contents.send(channels.event, event);
  });
  return () => {
    stop();
    ipcMain.removeHandler(channels.call);
    ipcMain.removeHandler(channels.grantDropped);
  };
}

import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { channels } from './channels.ts';
import { callNames, type Bridge, type WorkstationEvent } from './contract/index.ts';

/**
 * Electron's side of the bridge. It has one named function for each call, so that the page can reach nothing else. The path of
 * a dropped file is read here and sent to the host, so that the page never has it.
 */
const named = callNames.map((name) => [
  name,
  (input: unknown) => ipcRenderer.invoke(channels.call, name, input),
]);

const bridge: Bridge = {
  ...(Object.fromEntries(named) as Omit<Bridge, 'onEvent' | 'grantDroppedFile' | 'copyDroppedFile'>),
  onEvent: (listener) => {
    const pass = (_event: unknown, event: WorkstationEvent) => listener(event);
    ipcRenderer.on(channels.event, pass);
    return () => void ipcRenderer.off(channels.event, pass);
  },
  grantDroppedFile: (file) => ipcRenderer.invoke(channels.grantDropped, webUtils.getPathForFile(file)),
  // Every file that a person can drop here has a path, so nothing ever has to be copied.
  copyDroppedFile: () =>
    Promise.resolve({
      ok: false,
      error: {
        code: 'invalid-input',
        message: 'What was dropped is not a file on this machine.',
        hint: 'Drop a video file from a folder.',
      },
    }),
};

contextBridge.exposeInMainWorld('workstation', bridge);

import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { channels } from './channels.ts';
import { callNames, type Bridge, type WorkstationEvent } from './contract/index.ts';

/**
 * Electron's side of the bridge: one named function for each call, so that the page can reach nothing that
 * the contract doesn't name. A dropped file's path is read here and goes to the host; the page never has it.
 */
const named = callNames.map((name) => [
  name,
  (input: unknown) => ipcRenderer.invoke(channels.call, name, input),
]);

const bridge: Bridge = {
  ...(Object.fromEntries(named) as Omit<Bridge, 'onEvent' | 'grantDroppedFile'>),
  onEvent: (listener) => {
    const pass = (_event: unknown, event: WorkstationEvent) => listener(event);
    ipcRenderer.on(channels.event, pass);
    return () => void ipcRenderer.off(channels.event, pass);
  },
  grantDroppedFile: (file) => ipcRenderer.invoke(channels.grantDropped, webUtils.getPathForFile(file)),
};

contextBridge.exposeInMainWorld('workstation', bridge);

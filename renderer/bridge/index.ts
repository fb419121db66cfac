import type { Bridge } from '../../preload/contract/index.ts';
import type { Connection } from './connection.ts';
import { WebBridge } from './web.ts';

declare global {
  interface Window {
    /** Put there by Electron's preload script; absent in a browser. */
    readonly workstation?: Bridge;
  }
}

/** Electron's bridge where there is one, otherwise calls over HTTP to the page's own origin. */
export function connect(): Connection {
  const bridge = window.workstation;
  if (bridge) return { bridge, onReach: () => () => undefined };
  return new WebBridge(window.location.origin);
}

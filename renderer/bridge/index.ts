import type { Bridge } from '../../preload/contract/index.ts';
import type { Connection } from './connection.ts';
import type { WindowPass } from './pass.ts';
import { WebBridge } from './web.ts';

declare global {
  interface Window {
    /** Put there by Electron's preload script; absent in a browser. */
    readonly workstation?: Bridge;
  }
}

/** Electron's bridge where there is one, otherwise calls over HTTP to the page's own origin. */
export function connect(pass: WindowPass): Connection {
  const bridge = window.workstation;
  if (bridge) return { bridge, onReach: () => () => undefined };
  return new WebBridge(window.location.origin, pass);
}

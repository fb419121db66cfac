import { app, type BrowserWindow, type BrowserWindowConstructorOptions, type Session } from 'electron';

/** Before the app is ready: nothing that Chromium fetches or reports by itself. */
export function silenceChromium(): void {
  for (const name of [
    'disable-background-networking',
    'disable-component-update',
    'disable-domain-reliability',
    'disable-sync',
    'no-pings',
    // Until the session says so itself: what starts before it must not look for a proxy either.
    'no-proxy-server',
  ]) {
    app.commandLine.appendSwitch(name);
  }
  // Services of Google's that a Chromium may ask by itself. (Electron leaves most of them out.)
  app.commandLine.appendSwitch(
    'disable-features',
    'AutofillServerCommunication,CertificateTransparencyComponentUpdater,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints',
  );
}

/**
 * No permission but that of our own page to fill the screen, no request that leaves this machine, no dictionary download. Names are not looked up over HTTPS, and the
 * system's proxy is not asked for: finding one may fetch a script from the network (WPAD).
 */
export async function lockSession(session: Session, origin: string): Promise<void> {
  app.configureHostResolver({ secureDnsMode: 'off', enableAdditionalDnsQueryTypes: false });
  await session.setProxy({ mode: 'direct' });
  session.setPermissionRequestHandler((contents, permission, answer) =>
    answer(permission === 'fullscreen' && contents.getURL().startsWith(`${origin}/`)),
  );
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest((details, answer) => {
    const allowed =
      details.url.startsWith(`${origin}/`) || /^(blob|data|devtools|chrome-extension):/.test(details.url);
    answer({ cancel: !allowed });
  });
  // Only the picture of an answer, and what our own page wrote itself; Electron asks the person where to.
  session.on('will-download', (event, item) => {
    const url = item.getURL();
    if (!url.startsWith(`${origin}/media/stills/`) && !url.startsWith(`blob:${origin}/`))
      event.preventDefault();
  });
}

/** How a window for presenting is opened: the only one that a page may open by itself. */
export interface PresentingWindows {
  readonly options: BrowserWindowConstructorOptions;
  readonly onOpened: (window: BrowserWindow) => void;
}

/** Whether an address is that of a window for presenting another one of this origin. */
const presents = (address: string, origin: string): boolean =>
  new RegExp(`^${origin}/\\?present=[\\w%-]{1,100}$`).test(address);

/** For every page that ever comes to be, ours included: it stays where it is and opens nothing but a window for presenting. */
export function lockPages(origin: string, { options, onOpened }: PresentingWindows): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => {
      if (!event.url.startsWith(`${origin}/`)) event.preventDefault();
    });
    contents.on('will-frame-navigate', (event) => {
      if (!event.url.startsWith(`${origin}/`)) event.preventDefault();
    });
    contents.on('will-redirect', (event) => {
      if (!event.url.startsWith(`${origin}/`)) event.preventDefault();
    });
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) =>
      presents(url, origin) ? { action: 'allow', overrideBrowserWindowOptions: options } : { action: 'deny' },
    );
    contents.on('did-create-window', onOpened);
  });
}

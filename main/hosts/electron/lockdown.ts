import { app, type Session } from 'electron';

/** Before the app is ready: nothing that Chromium fetches or reports by itself. */
export function silenceChromium(): void {
  for (const name of [
    'disable-background-networking',
    'disable-component-update',
    'disable-domain-reliability',
    'disable-sync',
    'no-pings',
  ]) {
    app.commandLine.appendSwitch(name);
  }
}

/** No permission, no request that leaves this machine, no dictionary download. */
export function lockSession(session: Session, origin: string): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest((details, answer) => {
    const allowed =
      details.url.startsWith(`${origin}/`) || /^(blob|data|devtools|chrome-extension):/.test(details.url);
    answer({ cancel: !allowed });
  });
  // Only the picture of an answer, made here; Electron asks the person where to.
  session.on('will-download', (event, item) => {
    if (!item.getURL().startsWith(`${origin}/media/stills/`)) event.preventDefault();
  });
}

/** For every page that ever comes to be, ours included: it stays where it is and opens nothing. */
export function lockPages(origin: string): void {
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
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}

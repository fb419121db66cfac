import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { _electron as electron } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { findDisplay, findElectron } from '../../main/hosts/electron-binary.ts';
import { newHome, removeHome, repository } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

const binary = findElectron(join(repository, 'node_modules', 'electron'), process.env);
const display = findDisplay(process.env, process.platform);
const missing = [binary === null && "Electron's binary", !display && 'a display']
  .filter(Boolean)
  .join(' and ');
if (missing) process.stdout.write(`SKIPPED: the test of Electron's window, for want of ${missing}.\n`);

describe.skipIf(missing !== '')("Electron's window", () => {
  it('is locked down, and answers through the bridge', async () => {
    const built = spawnSync(process.execPath, [join(repository, 'tools/build.ts'), '--if-stale']);
    expect(built.status).toBe(0);
    const home = newHome();
    const asRoot = process.platform === 'linux' && process.getuid?.() === 0;
    const app = await electron.launch({
      executablePath: binary!,
      args: [...(asRoot ? ['--no-sandbox'] : []), repository, '--home', home],
    });
    try {
      const page = await app.firstWindow();
      const review = new WorkstationPage(page);
      await review.waitUntilAskable();
      const reach = await page.evaluate(async () => ({
        node: typeof (globalThis as { require?: unknown }).require,
        process: typeof (globalThis as { process?: unknown }).process,
        bridge: Object.keys(window.workstation ?? {}).filter((name) => /invoke|send|ipc/i.test(name)),
        sessions: (await window.workstation?.listSessions({}))?.ok,
        opened: window.open('https://example.org') === null,
        permission: (await navigator.permissions.query({ name: 'notifications' })).state,
        outside: await fetch('https://example.org').then(
          () => 'reached',
          () => 'blocked',
        ),
      }));
      expect(reach).toEqual({
        node: 'undefined',
        process: 'undefined',
        bridge: [],
        sessions: true,
        opened: true,
        permission: 'denied',
        outside: 'blocked',
      });
      await review.goToFrame(180);
      await review.ask('Where is monopolar_curved_scissors located?');
      expect(await review.waitForAnswer()).toBe('answered');
    } finally {
      await app.close();
      removeHome(home);
    }
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HostedWorkstation } from '../../main/hosts/hosted.ts';
import { writePage } from '../../main/hosts/open-browser.ts';
import { isOtherAccounts, peerAccount } from '../../main/hosts/web/peer.ts';
import { startWebHost } from '../../main/hosts/web/server.ts';

const onLinux = process.platform === 'linux';
/** Only root may take another account's place, which these tests do for a child of theirs. */
const mayChange = onLinux && process.getuid?.() === 0;
const another = 65_534;

/** Presents the token of an address, as this account or as another one; the answer's status. */
async function enterBy(address: string, account: number | null): Promise<number> {
  const script = `
    const account = ${account};
    if (account !== null) { process.setgid(account); process.setuid(account); }
    const { origin, searchParams } = new URL(${JSON.stringify(address)});
    require('node:http')
      .request(origin + '/api/enter', {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
      }, (r) => { console.log(r.statusCode); r.resume(); })
      .end(JSON.stringify({ token: searchParams.get('token') }));
  `;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  return Number(output);
}

describe('whose connection it is', () => {
  it.runIf(onLinux)('is told by the kernel for programs of this machine', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect(port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    expect(await peerAccount(socket)).toBe(process.getuid?.());
    expect(await isOtherAccounts(socket)).toBe(false);
    client.destroy();
    server.close();
  });

  it.runIf(mayChange)('keeps the address of the browser from other accounts, and for its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'web-host-'));
    writeFileSync(join(folder, 'index.html'), '<title>window</title>');
    const host = await startWebHost({
      // Nothing behind the door is reached before the entry.
      workstation: { calls: {}, onEvent: () => () => true } as unknown as HostedWorkstation,
      rendererFolder: folder,
      log: () => undefined,
    });
    const { entryAddress } = host;
    expect(await enterBy(entryAddress, another)).toBe(403);
    expect(await enterBy(entryAddress, another)).toBe(403);
    expect(await enterBy(entryAddress, null)).toBe(200);
    await host.close();
    rmSync(folder, { recursive: true });
  });
});

describe('the page that leads a browser to the workstation', () => {
  it.runIf(process.platform !== 'win32')('is readable by this account alone, and leads there', () => {
    const page = writePage('http://127.0.0.1:1234/?token=a&b="c"');
    expect(statSync(page).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(page)).mode & 0o077).toBe(0);
    expect(readFileSync(page, 'utf8')).toContain('0;url=http://127.0.0.1:1234/?token=a&amp;b=&quot;c&quot;"');
    rmSync(dirname(page), { recursive: true });
    expect(existsSync(page)).toBe(false);
  });
});

import { createServer, request, type RequestOptions, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { newHome, removeHome, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

const home = newHome();
let host: RunningHost;
let origin: string;
let cookie: string;
let usedAddress: string;
let browser: Browser;
let context: BrowserContext;
let foreign: Server;
let foreignOrigin: string;

beforeAll(async () => {
  host = new RunningHost(home);
  usedAddress = await host.address();
  origin = new URL(usedAddress).origin;
  browser = await launchChromium();
  context = await browser.newContext();
  const window = new WorkstationPage(await context.newPage());
  await window.open(usedAddress);
  const held = (await context.cookies())[0];
  cookie = `${held?.name}=${held?.value}`;
  foreign = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<title>elsewhere</title>');
  });
  await new Promise<void>((ready) => foreign.listen(0, '127.0.0.1', ready));
  foreignOrigin = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`;
});

afterAll(async () => {
  foreign.close();
  foreign.closeAllConnections();
  await browser.close();
  await host.stop();
  removeHome(home);
});

function send(
  path: string,
  options: RequestOptions = {},
  body = '',
): Promise<{ status: number; text: string }> {
  const { port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('the running web host', () => {
  it('opens to nobody with a wrong or used token', async () => {
    expect((await send('/?token=wrong')).status).toBe(401);
    const again = new URL(usedAddress);
    expect((await send(again.pathname + again.search)).status).toBe(401);
    await expect.poll(() => host.output.match(/token=/g)?.length).toBe(2);
  });

  it('refuses another Host, another Origin and calls without one', async () => {
    const call = (headers: Record<string, string>) =>
      send(
        '/api/listCases',
        { method: 'POST', headers: { cookie, 'content-type': 'application/json', ...headers } },
        '{}',
      );
    expect((await call({ origin })).status).toBe(200);
    expect((await call({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await call({})).status).toBe(403);
    expect((await call({ origin: 'http://evil.example', host: 'evil.example' })).status).toBe(403);
  });

  it.each([
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/../../built-from.txt',
  ])('leads nowhere by %s', async (path) => {
    const { status, text } = await send(path, { headers: { cookie } });
    expect(status).toBe(404);
    expect(text).not.toMatch(/surgery-r1-workstation|root:/);
  });

  it('tells a page of another port nothing, though the browser would send it the cookie', async () => {
    const page = await context.newPage();
    await page.goto(foreignOrigin);
    const got = await page.evaluate(async (target) => {
      const attempt = async (init: RequestInit, path: string) => {
        try {
          const response = await fetch(target + path, { credentials: 'include', ...init });
          return response.type === 'opaque' ? 'opaque' : await response.text();
        } catch {
          return 'blocked';
        }
      };
      const image = new Promise((resolve) => {
        const picture = new Image();
        picture.onload = () => resolve('loaded');
        picture.onerror = () => resolve('blocked');
        picture.src = `${target}/icon.svg`;
      });
      return {
        read: await attempt({}, '/'),
        call: await attempt({ method: 'POST', body: '{}' }, '/api/listCases'),
        blind: await attempt({ method: 'POST', mode: 'no-cors', body: '{}' }, '/api/clearRecentVideos'),
        image: await image,
      };
    }, origin);
    expect(got).toEqual({
      read: 'blocked',
      call: 'blocked',
      blind: expect.stringMatching(/opaque|blocked/) as string,
      image: 'blocked',
    });

    const frame = await page.evaluate(async (target) => {
      const inner = document.createElement('iframe');
      inner.src = target;
      document.body.append(inner);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return inner.contentDocument?.title ?? 'blocked';
    }, origin);
    expect(frame).toBe('blocked');
    await page.close();
  });

  it('lets one window at a time on a data folder', async () => {
    const second = new RunningHost(home);
    expect(await second.ended()).toBe(5);
    expect(second.output).toContain('Another window of the workstation');
    expect(second.output).toContain('--home');
    expect(second.output).not.toMatch(/\n\s+at /);
  });
});

import { createServer, request, type IncomingHttpHeaders, type RequestOptions, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { newHome, passOf, removeHome, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

const home = newHome();
let host: RunningHost;
let origin: string;
let pass: string;
/** What the browser sent to a server of another port. */
const sentElsewhere: IncomingHttpHeaders[] = [];
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
  pass = await passOf(window.page);
  foreign = createServer((request, response) => {
    sentElsewhere.push(request.headers);
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
    const enter = (token: string | null) =>
      send(
        '/api/enter',
        { method: 'POST', headers: { origin, 'content-type': 'application/json' } },
        JSON.stringify({ token }),
      );
    expect((await enter('wrong')).status).toBe(401);
    expect((await enter(new URL(usedAddress).searchParams.get('token'))).status).toBe(401);
    await expect.poll(() => host.output.match(/token=/g)?.length).toBe(2);
  });

  it('refuses another Host, another Origin and calls without one', async () => {
    const call = (headers: Record<string, string>) =>
      send(
        '/api/listCases',
        {
          method: 'POST',
          headers: { 'x-workstation-pass': pass, 'content-type': 'application/json', ...headers },
        },
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
    const { status, text } = await send(path, { headers: { 'x-workstation-pass': pass } });
    expect(status).toBe(404);
    expect(text).not.toMatch(/surgery-r1-workstation|root:/);
  });

  it('tells a page of another port nothing, and the browser sends that port nothing that lets it in', async () => {
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
    expect(sentElsewhere.length).toBeGreaterThan(0);
    for (const headers of sentElsewhere) {
      expect(JSON.stringify(headers)).not.toContain(pass);
      expect(headers.cookie).toBeUndefined();
      // Its server may send whatever it got, and call itself whatever it likes.
      const used = await send(
        '/api/listCases',
        {
          method: 'POST',
          headers: { ...headers, host: new URL(origin).host, origin, 'content-type': 'application/json' },
        },
        '{}',
      );
      expect(used.status).toBeGreaterThanOrEqual(401);
      expect(used.status).toBeLessThanOrEqual(403);
    }
    await expect.poll(() => context.cookies()).toEqual([]);
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
});

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { mayFetch, type ConsentOptions } from '../../main/hosts/consent.ts';
import { reaches } from '../../main/hosts/offer.ts';

/** A terminal on which `typed` is typed once the question stands there. */
function terminal(typed: string | null): Pick<ConsentOptions, 'input' | 'output'> & { shown: () => string } {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    if (shown.includes('[Y/n]') && typed !== null) input.write(`${typed}\n`);
  });
  return { input, output, shown: () => shown };
}
const nobody = () => ({ input: new PassThrough(), output: new PassThrough() });

describe('a look whether a host can be reached', () => {
  it('ends in time, whatever is there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await reaches('127.0.0.1', port, 5000)).toBe(true);
    server.close();
    await once(server, 'close');
    expect(await reaches('127.0.0.1', port, 5000)).toBe(false);
    expect(await reaches('no-such-host.invalid', 443, 200)).toBe(false);
  });
});

describe('consent to a fetch', () => {
  it('is asked for at a terminal, once, with what it is about', async () => {
    for (const [typed, may] of [
      ['', true],
      ['y', true],
      ['Yes', true],
      ['n', false],
      ['what?', false],
    ] as const) {
      const { shown, ...place } = terminal(typed);
      expect(await mayFetch('Something of 60 MB.', { ...place, environment: {} })).toMatchObject({ may });
      expect(shown()).toContain('Something of 60 MB. Fetch now? [Y/n]');
    }
  });

  it('is a no where nobody answers in time, or the terminal goes away', async () => {
    const silent = terminal(null);
    expect(await mayFetch('X.', { ...silent, environment: {}, patienceMilliseconds: 50 })).toMatchObject({
      may: false,
    });
    const gone = terminal(null);
    const asked = mayFetch('X.', { ...gone, environment: {} });
    (gone.input as PassThrough).end();
    expect(await asked).toMatchObject({ may: false });
  });

  it('is never asked for without a terminal: then nothing is fetched, and it says how it would be', async () => {
    expect(await mayFetch('X.', { ...nobody(), environment: {} })).toEqual({
      may: false,
      how: expect.stringContaining('--fetch') as string,
    });
  });

  it('is given or withheld beforehand by a flag, a variable, or a build server', async () => {
    const at = (environment: Record<string, string>, flag?: boolean) =>
      mayFetch('X.', { ...nobody(), environment, flag });
    expect(await at({}, true)).toEqual({ may: true });
    expect(await at({ WORKSTATION_FETCH: 'no' }, true)).toEqual({ may: true });
    expect(await at({ WORKSTATION_FETCH: 'yes', CI: '1' }, false)).toEqual({ may: false, how: '' });
    for (const yes of ['yes', 'YES', '1', 'true']) {
      expect(await at({ WORKSTATION_FETCH: yes })).toEqual({ may: true });
    }
    expect(await at({ WORKSTATION_FETCH: '' })).toMatchObject({
      may: false,
      how: expect.any(String) as string,
    });
    expect(await at({ WORKSTATION_FETCH: '', CI: '1' })).toEqual({ may: true });
    expect(await at({ WORKSTATION_FETCH: 'no', CI: '1' })).toEqual({ may: false, how: '' });
    expect(await at({ CI: '1' })).toEqual({ may: true });
  });
});

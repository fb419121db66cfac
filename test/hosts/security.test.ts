import { describe, expect, it } from 'vitest';
import { EntryTokens, refuseForeign } from '../../main/hosts/web/security.ts';

const host = '127.0.0.1:4321';
const origin = `http://${host}`;
const foreign = (method: string, headers: Record<string, string>) => refuseForeign(method, headers, 4321);

describe('where a request comes from', () => {
  it.each([
    ['the page itself', 'GET', { host }],
    ['the page itself, by its other name', 'GET', { host: 'localhost:4321' }],
    ['a name in capitals, which is the same name', 'GET', { host: 'LocalHost:4321' }],
    ['a call of the page', 'POST', { host, origin, 'sec-fetch-site': 'same-origin' }],
    [
      'a call by the other name in capitals',
      'POST',
      { host: 'LOCALHOST:4321', origin: 'http://localhost:4321' },
    ],
    ['an address typed by a person', 'GET', { host, 'sec-fetch-site': 'none' }],
    [
      'a link on another page that a person followed',
      'GET',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
  ])('is fine: %s', (_name, method, headers) => {
    expect(foreign(method, headers)).toBeNull();
  });

  it.each([
    ['another name for this machine', 'GET', { host: 'evil.example:4321' }],
    ['another port', 'GET', { host: '127.0.0.1:80' }],
    ['no name at all', 'GET', {}],
    ['another page', 'GET', { host, origin: 'http://evil.example' }],
    ['a call that does not say where it comes from', 'POST', { host }],
    ['a call that says no name and no origin', 'POST', {}],
    ['a call from another site', 'POST', { host, origin, 'sec-fetch-site': 'cross-site' }],
    ['a call from another port', 'POST', { host, origin, 'sec-fetch-site': 'same-site' }],
    [
      'a picture on another page',
      'GET',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    ],
    [
      'a frame in another page',
      'GET',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ],
    [
      'a document that a script of another page fetched',
      'GET',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'document' },
    ],
    [
      'a form sent by another page',
      'POST',
      {
        host,
        origin,
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    ],
  ])('is not: %s', (_name, method, headers) => {
    expect(foreign(method, headers)).toMatch(/another site|does not say/);
  });
});

describe('tokens of the address', () => {
  it('open once; the last twenty are known as used, older ones are nothing', () => {
    const tokens = new EntryTokens();
    expect(tokens.present('')).toBe('wrong');
    expect(tokens.present('anything')).toBe('wrong');
    const used: string[] = [];
    for (let entries = 0; entries < 21; entries += 1) {
      used.push(tokens.current);
      expect(tokens.present(tokens.current)).toBe('accepted');
    }
    expect(tokens.present(used[0]!)).toBe('wrong');
    for (const token of used.slice(1)) expect(tokens.present(token)).toBe('used');
    expect(new Set([...used, tokens.current]).size).toBe(22);
  });
});

import { chmod, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkWrittenAddress,
  guardedLookup,
  isInsideAddress,
} from '../../main/inference/server/addresses.ts';
import { opennessOf } from '../../main/inference/server/configuration.ts';
import { configurationPlaces, readServerConfiguration } from '../../main/inference/server/index.ts';
import {
  leastSettings,
  makeConfigurationFolder,
  type ConfigurationFolder,
} from './model-server/configured.ts';
import { tls } from './model-server/start.ts';

let administrator: ConfigurationFolder;
beforeAll(async () => {
  administrator = await makeConfigurationFolder();
});
afterAll(() => administrator.remove());

const pin = `sha256/${'A'.repeat(43)}=`;

describe('the file', () => {
  test('is the system’s before that of the data folder', () => {
    expect(configurationPlaces('/home/x', 'linux', {})).toEqual([
      '/etc/surgery-r1/server.json',
      path.join('/home/x', 'server.json'),
    ]);
    expect(configurationPlaces('x', 'win32', { ProgramData: 'D:\\Data' })[0]).toBe(
      'D:\\Data\\Surgery-R1\\server.json',
    );
    expect(configurationPlaces('x', 'darwin', {})[0]).toBe(
      '/Library/Application Support/Surgery-R1/server.json',
    );
  });

  test('is off where there is none, and until it is switched on', async () => {
    const missing = path.join(administrator.folder, 'missing.json');
    expect(await readServerConfiguration([missing, path.join(missing, 'below')])).toBeNull();
    expect(await administrator.read({ enabled: false })).toBeNull();
    const place = await administrator.write({});
    await writeFile(place, JSON.stringify({ url: 'half written' }));
    expect(await readServerConfiguration([place])).toBeNull();
    await writeFile(place, JSON.stringify(leastSettings));
    expect(await readServerConfiguration([missing, place])).toMatchObject({ model: 'surgery-r1', key: null });
  });

  test('the first that is there counts, also where it is switched off', async () => {
    const off = path.join(administrator.folder, 'system.json');
    await writeFile(off, '{}', { mode: 0o644 });
    const on = await administrator.write({});
    expect(await readServerConfiguration([off, on])).toBeNull();
  });

  test('has an address with the base of the API', async () => {
    const urlOf = async (url: string): Promise<string | undefined> =>
      (await administrator.read({ url }))?.url.href;
    expect(await urlOf('https://gpu.hospital.local:8000')).toBe('https://gpu.hospital.local:8000/v1');
    expect(await urlOf('https://gpu.hospital.local/ai/v1/')).toBe('https://gpu.hospital.local/ai/v1');
    expect(await urlOf('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080/v1');
    expect(await urlOf('http://[::1]:8080')).toBe('http://[::1]:8080/v1');
  });

  const bad: [setting: string, settings: object, says: RegExp][] = [
    ['url', { url: 'gpu.hospital.local' }, /must be an address/],
    ['url', { url: 'ftp://gpu.hospital.local' }, /must be an address/],
    ['url', { url: 'https://name:secret-word@gpu.local' }, /must not hold a name or password/],
    ['url', { url: 'http://gpu.hospital.local:8000' }, /unencrypted/],
    ['url', { url: 'https://gpu.local/v1?key=secret-word' }, /query/],
    ['modle', { modle: 'x' }, /no setting/],
    ['model', { model: '' }, /./],
    ['key', { key: 'two words secret-word' }, /one word/],
    ['keyFile', { key: 'secret-word', keyFile: 'key' }, /one of them/],
    ['certificatePins.0', { certificatePins: ['sha1/x'] }, /sha256/],
    ['certificatePins', { url: 'http://localhost', certificatePins: [pin] }, /https/],
    ['caFile', { url: 'http://localhost', caFile: 'x' }, /https/],
    ['concurrency', { concurrency: 0 }, /./],
    ['answerFormat', { answerFormat: 'xml' }, /./],
    ['structuredOutput', { structuredOutput: 'json_schema' }, /tags/],
    ['minPixels', { minPixels: 4_000_000 }, /larger than maxPixels/],
  ];
  test.each(bad)('names a bad %s', async (setting, settings, says) => {
    const error = await administrator.read(settings).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'invalid-input',
      hint: expect.stringMatching(/administrator/) as unknown,
    });
    const { message } = error as Error;
    expect(message).toContain(`server.json: ${setting}: `);
    expect(message).toMatch(says);
    expect(message).not.toContain('secret-word');
  });

  test('that is no JSON is named without its content', async () => {
    const place = await administrator.write({});
    await writeFile(place, '{"key": "secret-word",}');
    const error: unknown = await readServerConfiguration([place]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-input' });
    expect(String(error)).not.toContain('secret-word');
  });

  test.skipIf(process.platform === 'win32')('is refused where other accounts may change it', async () => {
    const place = await administrator.write({});
    await chmod(place, 0o666);
    await expect(readServerConfiguration([place])).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('changed by other accounts') as unknown,
    });
    await chmod(place, 0o644);
    expect(await readServerConfiguration([place])).not.toBeNull();
  });

  test.skipIf(process.platform === 'win32')(
    'is refused where others may replace it in its folder',
    async () => {
      const place = await administrator.write({});
      await chmod(administrator.folder, 0o777);
      try {
        await expect(readServerConfiguration([place])).rejects.toMatchObject({
          code: 'not-allowed',
          message: expect.stringMatching(/^The folder of .* may be changed by other accounts/) as unknown,
          hint: expect.stringContaining(`chmod go-w ${await realpath(administrator.folder)}`) as unknown,
        });
      } finally {
        await chmod(administrator.folder, 0o700);
      }
      expect(await readServerConfiguration([place])).not.toBeNull();
    },
  );

  test.each([
    ['the account’s own', [1000, 0o600], [1000, 0o700], null],
    ['the system’s', [0, 0o644], [0, 0o755], null],
    ['the system’s, for a group with its key', [0, 0o640], [0, 0o755], null],
    ['another account’s file', [1001, 0o644], [0, 0o755], { what: 'file', may: 'changed' }],
    ['in another account’s folder', [0, 0o644], [1001, 0o755], { what: 'folder', may: 'changed' }],
    ['in a folder of a group', [0, 0o644], [0, 0o775], { what: 'folder', may: 'changed' }],
    ['in a folder of all', [0, 0o644], [0, 0o777], { what: 'folder', may: 'changed' }],
    ['in a folder of all, where nobody replaces another’s', [1000, 0o600], [0, 0o1777], null],
    ['a group’s file', [1000, 0o664], [1000, 0o700], { what: 'file', may: 'changed' }],
    ['readable, with a key', [1000, 0o644], [1000, 0o700], { what: 'file', may: 'read' }],
  ] as const)('%s', (_, [uid, mode], [folderUid, folderMode], expected) => {
    const holdsKey = expected === null ? (mode & 0o004) === 0 : expected.may === 'read';
    expect(opennessOf({ uid, mode }, { uid: folderUid, mode: folderMode }, 1000, holdsKey)).toEqual(expected);
  });

  test.skipIf(process.platform === 'win32')('that is a pipe or without end is not waited for', async () => {
    const place = await administrator.write({});
    await rm(place);
    await symlink('/dev/zero', place);
    await expect(readServerConfiguration([place])).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringContaining('server.json is a device') as unknown,
    });
    await rm(place);
  });

  test.skipIf(process.platform === 'win32')('is refused where other accounts may read its key', async () => {
    const place = await administrator.write({ key: 'secret-word' });
    await chmod(place, 0o644);
    await expect(readServerConfiguration([place])).rejects.toMatchObject({
      code: 'not-allowed',
      hint: expect.stringContaining('chmod 640') as unknown,
    });
    const keyFile = path.join(administrator.folder, 'key');
    await writeFile(keyFile, 'secret-word\n');
    await chmod(keyFile, 0o644);
    await expect(administrator.read({ keyFile: 'key' })).rejects.toMatchObject({ code: 'not-allowed' });
    await chmod(keyFile, 0o600);
    expect(await administrator.read({ keyFile: 'key' })).toMatchObject({ key: 'secret-word' });
  });

  test('names a key or certificate file that is missing or not one', async () => {
    await expect(administrator.read({ keyFile: 'gone' })).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringMatching(/keyFile: .*gone.*it is not there/) as unknown,
    });
    await expect(administrator.read({ caFile: tls.key })).rejects.toMatchObject({
      message: expect.stringMatching(/caFile: .*no certificate/) as unknown,
    });
    await expect(administrator.read({ caFile: tls.certificate })).resolves.toMatchObject({
      certificateAuthorities: expect.stringContaining('BEGIN CERTIFICATE') as unknown,
    });
  });
});

describe('addresses', () => {
  test.each([
    ['10.1.2.3', true],
    ['172.16.0.1', true],
    ['172.32.0.1', false],
    ['192.168.255.1', true],
    ['192.169.0.1', false],
    ['169.254.1.1', true],
    ['127.0.0.1', true],
    ['8.8.8.8', false],
    ['::1', true],
    ['fe80::1', true],
    ['fd12::1', true],
    ['2001:4860:4860::8888', false],
    ['::ffff:10.0.0.1', true],
    ['::ffff:8.8.8.8', false],
  ])('%s is inside: %s', (address, isInside) => {
    expect(isInsideAddress(address)).toBe(isInside);
  });

  test('written as numbers are judged before anything is connected', () => {
    expect(() => checkWrittenAddress('8.8.8.8', [])).toThrow(/public address/);
    expect(() => checkWrittenAddress('[2001:4860:4860::8888]', [])).toThrow(/public address/);
    expect(() => checkWrittenAddress('8.8.8.8', ['8.8.8.8'])).not.toThrow();
    expect(() => checkWrittenAddress('10.0.0.1', [])).not.toThrow();
  });

  const resolvesTo = (...addresses: string[]) =>
    ((_host: string, _options: object, callback: (error: null, found: object[]) => void) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      )) as unknown as Parameters<typeof guardedLookup>[1];
  const lookUp = (allowedHosts: string[], host: string, ...addresses: string[]): Promise<unknown> =>
    new Promise((resolve) => {
      guardedLookup(allowedHosts, resolvesTo(...addresses))(host, { all: true }, (error, found) =>
        resolve(error ?? found),
      );
    });

  test('of a name are judged as they are looked up, all of them', async () => {
    expect(await lookUp([], 'gpu.local', '10.0.0.1')).toEqual([{ address: '10.0.0.1', family: 4 }]);
    expect(String(await lookUp([], 'gpu.local', '10.0.0.1', '8.8.8.8'))).toContain('public address 8.8.8.8');
    expect(await lookUp(['GPU.local'], 'gpu.local', '8.8.8.8')).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(String(await lookUp(['other.local'], 'gpu.local', '8.8.8.8'))).toContain('public address');
  });
});

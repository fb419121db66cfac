import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  noSiteSettings,
  readSiteSettings,
  siteDifferenceInWords,
  siteDifferences,
  siteFileText,
} from '../../preload/contract/index.ts';

const head = { format: 'surgery-r1-site-settings', version: 1 };
const file = (content: object): string => JSON.stringify({ ...head, ...content });

/** The file of docs/SITE-SETTINGS.md. */
export function documented(): string {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/SITE-SETTINGS.md'), 'utf8');
  const example = /```json\n(.*?)```/s.exec(page)?.[1];
  if (example === undefined) throw new Error('docs/SITE-SETTINGS.md has no example');
  return example;
}

describe('a file of site settings', () => {
  it('is read as documented, and comes out of an export as it went in', () => {
    const settings = readSiteSettings(documented());
    expect(settings).toMatchObject({
      ...{ name: 'Example hospital, urology', thresholds: { unsureBelow: 0.6 } },
      labels: expect.arrayContaining(['Renal hilum']) as string[],
    });
    expect(readSiteSettings(siteFileText(settings))).toEqual(settings);
    expect(readSiteSettings(`\ufeff${file({})}`)).toEqual(noSiteSettings);
  });

  it('has its spaces mended, and its letters composed', () => {
    expect(readSiteSettings(file({ labels: ['  Clip   applier ', 'Pince\u0301'] })).labels).toEqual([
      'Clip applier',
      'Pinc\u00e9',
    ]);
  });

  it.each([
    ['', /can’t be read because it is empty/],
    ['{"format": ', /can’t be read to its end/],
    ['{\n  "format": "surgery-r1-site-settings",\n  "version" 1\n}', /at line 3, column 13/],
    ['[]', /no file of site settings: at \$\.format it says nothing/],
    ['{"hello": 1}', /no file of site settings/],
    [JSON.stringify({ format: 'other', version: 1 }), /at \$\.format it says "other"/],
    [
      JSON.stringify({ ...head, version: 7 }),
      /version 7, written by a newer program; this one reads version 1/,
    ],
    [JSON.stringify({ ...head, version: '1' }), /\$\.version is "1", and must be 1/],
    [file({ labels: 'Stapler' }), /\$\.labels is "Stapler", and must be a list/],
    [file({ labels: ['a', 4] }), /\$\.labels\[1\] is 4, and must be a text/],
    [file({ labels: ['a', 'x'.repeat(200)] }), /\$\.labels\[1\] has 200 characters, and 100 are the most/],
    [file({ labels: ['   '] }), /\$\.labels\[0\] is empty/],
    [
      file({ labels: ['Tissue_Cutting', 'b', 'tissue cutting'] }),
      /\$\.labels\[2\] “tissue cutting” is there already, as number 1/,
    ],
    [
      file({ labels: ['scan\u202egpj'] }),
      /\$\.labels\[0\] has characters that nobody can see: “scan\\u202egpj”/,
    ],
    [file({ segmentNames: [{ list: 'Steps', names: [] }] }), /\$\.segmentNames\[0\]\.names is an empty list/],
    [
      file({ segmentNames: [{ list: 'Steps' }] }),
      /\$\.segmentNames\[0\]\.names is missing: it must be a list/,
    ],
    [
      file({ questionSets: [{ name: 'A', questions: ['b', 'B '] }] }),
      /\$\.questionSets\[0\]\.questions\[1\] “B” is there/,
    ],
    [
      file({ rejectReasons: [{ words: 'bad', means: 'ugly' }] }),
      /\$\.rejectReasons\[0\]\.means is "ugly", and must be "wrong-label"/,
    ],
    [file({ thresholds: { unlikePictures: 'hide' } }), /\$\.thresholds\.unlikePictures/],
    [file({ thresholds: { unsureBelow: 60 } }), /\$\.thresholds\.unsureBelow is 60, and 1 is the most/],
    [file({ colour: 'red' }), /\$ has what no site settings have: "colour"/],
    [
      file({ labels: Array.from({ length: 1001 }, (_, n) => `l${n}`) }),
      /\$\.labels has 1001 entries, and 1000 are the most/,
    ],
    [' '.repeat(10 * 1024 * 1024), /This file has 10240 KiB, and site settings have 256 KiB at most/],
    ['['.repeat(200_000), /can’t be read/],
    [`{"__proto__": {"a": 1}, ${file({}).slice(1)}`, /"__proto__"/],
    [file({ labels: [1, 2, 3] }), /2 more places are wrong/],
  ])('is refused with what is wrong and where: %#', (text, message) => {
    expect(() => readSiteSettings(text)).toThrow(message);
    expect(() => readSiteSettings(text)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });
});

describe('what an import would change', () => {
  const before = readSiteSettings(documented());

  it('is nothing for the same settings, and everything for an empty file', () => {
    expect(siteDifferences(before, before)).toEqual([]);
    const removed = siteDifferences(before, noSiteSettings);
    expect(new Set(removed.map(({ kind }) => kind))).toEqual(new Set(['removed']));
    expect(removed).toHaveLength(1 + 5 + 1 + 2 + 1 + 2);
  });

  it('names each thing that was added, changed, removed and moved', () => {
    const after = readSiteSettings(
      file({
        ...before,
        labels: ['Kidney', 'Bipolar forceps', 'Stapler'],
        rejectReasons: [{ ...before.rejectReasons[0], means: 'both' }],
        thresholds: { unsureBelow: 0.5 },
      }),
    );
    expect(siteDifferences(before, after).map(siteDifferenceInWords)).toEqual([
      'Label added: Stapler',
      'Label removed: Monopolar curved scissors',
      'Label removed: Clip applier',
      'Label removed: Renal hilum',
      'Label changed: order',
      'Reason for rejection changed: console overlay taken for an instrument, from wrong label to wrong label and place',
      'Threshold changed: unsure below, from 0.6 to 0.5',
      'Threshold removed: unlike pictures',
    ]);
  });
});

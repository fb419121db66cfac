import { expect, it } from 'vitest';
import { ErrorReport, Folder, visibleText } from '../../preload/contract/index.ts';

it('writes out what turns letters round, hides, or commands a terminal; the rest stands as it is', () => {
  expect(visibleText('scan\u202e4pm.exe')).toBe('scan\\u202e4pm.exe');
  expect(visibleText('a\u0007b\u009b31m\u2066c\u200bd')).toBe('a\\u0007b\\u009b31m\\u2066c\\u200bd');
  for (const plain of ['Fall 7 – Niere.mp4', '手術.mkv', 'مقص.ts', 'e\u0301', '👩🏽‍⚕️'])
    expect(visibleText(plain)).toBe(plain);
});

it('is how names and messages reach the window', () => {
  const entry = { id: 'g', name: 'x\u202ey.mp4', kind: 'video', sizeBytes: 1, modifiedAt: 1 };
  const folder = Folder.parse({ id: 'f', name: 'n\nm', parentId: null, path: '/n', entries: [entry] });
  expect([folder.name, folder.entries[0]?.name]).toEqual(['n\\u000am', 'x\\u202ey.mp4']);
  const report = { code: 'internal', message: 'a\u202eb\nc', hint: '' };
  expect(ErrorReport.parse(report).message).toBe('a\\u202eb\nc');
});

it('writes out what stands for nothing beyond the first plane, too', () => {
  expect(visibleText('a\u{e0041}b\u3164c')).toBe('a\\u{e0041}b\\u3164c');
});

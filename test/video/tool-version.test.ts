import { describe, expect, it } from 'vitest';
import {
  compareToolVersions,
  hasKnownHoles,
  isTooOldToPack,
  readToolVersion,
  shortVersion,
} from '../../main/video/ffmpeg-version.ts';

/** First lines as these builds print them; those of the first two were taken from the programs themselves. */
const printed = {
  bundled2018: [
    'ffmpeg version N-47683-g0e8eb07980-static https://johnvansickle.com/ffmpeg/  Copyright (c) 2000-2018 the FFmpeg developers',
    'libavcodec     58. 42.100 / 58. 42.100',
  ],
  debian12: [
    'ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026 the FFmpeg developers',
    'configuration: --prefix=/usr --extra-version=0+deb12u1 --enable-gpl',
    'libavcodec     59. 37.100 / 59. 37.100',
  ],
  ubuntu22: [
    'ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright (c) 2000-2021 the FFmpeg developers',
    'libavcodec     58.134.100 / 58.134.100',
  ],
  static7: [
    'ffmpeg version 7.0.2-static https://johnvansickle.com/ffmpeg/  Copyright (c) 2000-2024 the FFmpeg developers',
    'libavcodec     61.  3.100 / 61.  3.100',
  ],
  windows6: [
    'ffmpeg version 6.1.1-essentials_build-www.gyan.dev Copyright (c) 2000-2023 the FFmpeg developers',
    'libavcodec     60. 31.102 / 60. 31.102',
  ],
  mac6: [
    'ffmpeg version 6.0 Copyright (c) 2000-2023 the FFmpeg developers',
    'configuration: --enable-gpl --enable-nonfree',
    'libavcodec     60.  3.100 / 60.  3.100',
  ],
  brew: [
    'ffmpeg version 8.1.2 Copyright (c) 2000-2026 the FFmpeg developers',
    'libavcodec     62. 28.100 / 62. 28.100',
  ],
  branch: [
    'ffmpeg version n7.1.4-12-gabcdef0123-20260801 Copyright (c) 2000-2026 the FFmpeg developers',
    'libavcodec     61. 19.101 / 61. 19.101',
  ],
  nightly: [
    'ffmpeg version N-121000-g0123456789 Copyright (c) 2000-2026 the FFmpeg developers',
    'libavcodec     63.  1.100 / 63.  1.100',
  ],
};
type Name = keyof typeof printed;
const version = (name: Name) => readToolVersion('ffmpeg', printed[name].join('\n'))!;

describe('the version of a build', () => {
  it('is read from releases, from those of distributions, and from snapshots', () => {
    expect(version('bundled2018')).toMatchObject({ release: null, year: 2018, codecs: [58, 42, 100] });
    expect(version('debian12')).toMatchObject({ release: [5, 1, 9], kept: true, year: 2026 });
    expect(version('ubuntu22')).toMatchObject({ release: [4, 4, 2], kept: true, year: 2021 });
    expect(version('static7')).toMatchObject({ release: [7, 0, 2], kept: false, year: 2024 });
    expect(version('windows6')).toMatchObject({ release: [6, 1, 1], kept: false });
    expect(version('branch')).toMatchObject({ release: [7, 1, 4], kept: false });
    expect(version('mac6')).toMatchObject({ release: [6, 0, 0], kept: false, nonfree: true });
    expect(readToolVersion('ffmpeg', 'hello')).toBeNull();
    expect(readToolVersion('ffprobe', printed.brew.join('\n'))).toBeNull();
  });

  it('orders builds by the year of their newest fixes, then by their number', () => {
    const order: Name[] = [
      'bundled2018',
      'ubuntu22',
      'mac6',
      'windows6',
      'static7',
      'debian12',
      'branch',
      'brew',
      'nightly',
    ];
    const shuffled = [...order].sort();
    expect(shuffled.sort((a, b) => compareToolVersions(version(a), version(b)))).toEqual(order);
  });

  it('tells which have known holes', () => {
    const holes = (Object.keys(printed) as Name[]).filter((name) => hasKnownHoles(version(name)));
    expect(holes).toEqual(['bundled2018', 'ubuntu22', 'static7', 'windows6', 'mac6', 'branch']);
    const numbered = (text: string) =>
      hasKnownHoles(
        readToolVersion('ffmpeg', `ffmpeg version ${text} Copyright (c) 2000-2026 the FFmpeg developers`)!,
      );
    expect(['4.4.7', '5.1.9', '6.0.1', '7.0.3', '8.0.2', '8.1.1', '3.4.14'].filter(numbered)).toHaveLength(7);
    expect(['4.4.8', '5.1.10', '6.1.6', '7.1.5', '8.0.3', '8.1.2', '9.0', '10.1'].filter(numbered)).toEqual(
      [],
    );
  });

  it('tells which are too old to be packed', () => {
    const old = (Object.keys(printed) as Name[]).filter((name) => isTooOldToPack(version(name)));
    expect(old).toEqual(['bundled2018', 'ubuntu22']);
  });

  it('is said in short', () => {
    expect(shortVersion(version('bundled2018'))).toBe('of 2018');
    expect(shortVersion(version('debian12'))).toBe('5.1.9');
    expect(shortVersion(version('mac6'))).toBe('6.0');
  });
});

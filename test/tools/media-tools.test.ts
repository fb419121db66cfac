import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FrameIndex } from '../../preload/contract/values.ts';
import { readToolVersion } from '../../main/video/ffmpeg-version.ts';
import { findMediaTools, openVideo } from '../../main/video/index.ts';
import { readProcess } from '../../main/video/process.ts';
import beforePack, { clipFrame, refuseToPack, stagedTools, writePapers } from '../../tools/media-tools.ts';

const requireHere = createRequire(import.meta.url);
const old = (requireHere('@ffmpeg-installer/ffmpeg') as { path: string }).path;
const printed = (first: string, second = '') => readToolVersion('ffmpeg', `${first}\n${second}`);

describe('what may be packed', () => {
  it('is not the build of 2018 that comes with npm', async () => {
    const { output } = await readProcess(old, ['-version']);
    const refusal = refuseToPack('ffmpeg', readToolVersion('ffmpeg', output), readFileSync(old));
    expect(refusal).toContain('2018');
  });

  it('is not a build that may not be passed on, that needs other files, or that does not run', () => {
    const year = 'Copyright (c) 2000-2026 the FFmpeg developers';
    const program = Buffer.from('a static program');
    expect(refuseToPack('ffmpeg', printed(`ffmpeg version 8.1.2 ${year}`), program)).toBeNull();
    expect(
      refuseToPack('ffmpeg', printed(`ffmpeg version 8.1.2 ${year}`, '--enable-nonfree'), program),
    ).toContain('--enable-nonfree');
    for (const library of ['libavcodec.so.59', 'libavcodec.60.dylib', 'avcodec-60.dll']) {
      const linked = Buffer.from(`\0${library}\0`);
      expect(refuseToPack('ffmpeg', printed(`ffmpeg version 8.1.2 ${year}`), linked)).toContain('libraries');
    }
    expect(refuseToPack('ffmpeg', null, program)).toContain('does not run');
  });

  it('stops the packing with the reason and what to do', async () => {
    const { ffprobe } = await findMediaTools();
    const before = { ...process.env };
    process.env['FFMPEG_BIN'] = old;
    process.env['FFPROBE_BIN'] = ffprobe.path;
    try {
      const arch = process.arch === 'arm64' ? 3 : 1;
      await expect(beforePack({ electronPlatformName: process.platform, arch })).rejects.toThrow(
        /2018.*\n.*FFMPEG_BIN/,
      );
    } finally {
      process.env = before;
      rmSync(stagedTools, { recursive: true, force: true });
    }
  });

  it('decodes the bundled clip’s frame as it is known', async () => {
    const video = await openVideo(join(import.meta.dirname, '../../resources/clip/demo.mp4'));
    await video.buildIndex();
    expect((await video.frame(FrameIndex.parse(clipFrame.index))).hash).toBe(clipFrame.hash);
    video.dispose();
  });

  it('has its licence, its hashes and the offer of its source beside it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'papers-'));
    writeFileSync(join(folder, 'ffmpeg'), 'a program');
    writePapers({ platform: 'linux', architecture: 'x64' }, ['ffmpeg 7.0.2-static'], folder);
    expect(readFileSync(join(folder, 'GPL-3.0.txt'), 'utf8')).toContain('GNU GENERAL PUBLIC LICENSE');
    const offer = readFileSync(join(folder, 'SOURCE-OFFER.md'), 'utf8');
    for (const words of [
      'ffmpeg 7.0.2-static',
      'For three years',
      'complete corresponding source',
      'ffmpeg-linux-x64.gz (SHA-256 bfe8a8fc',
      'ffmpeg: SHA-256 ',
    ]) {
      expect(offer).toContain(words);
    }
    rmSync(folder, { recursive: true });
  });
});

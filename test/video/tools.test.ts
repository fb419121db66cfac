import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decoderWarning, findMediaTools, parseEncoders } from '../../main/video/ffmpeg.ts';
import { ClipFolder } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

describe('finding ffmpeg and ffprobe', () => {
  it('finds them on this machine, and says from where and which', async () => {
    const tools = await findMediaTools();
    expect(tools.ffmpeg.version).toMatch(/\S/);
    expect(tools.ffprobe.version).toMatch(/\S/);
    expect(tools.encoders.has('rawvideo')).toBe(true);
    expect(['-vsync', '-fps_mode']).toContain(tools.everyFrame[0]);
  });

  it('takes the program that FFMPEG_BIN names', async () => {
    const { ffmpeg, ffprobe } = await findMediaTools();
    const link = folder.file('my-ffmpeg');
    symlinkSync(ffmpeg.path, link);
    const tools = await findMediaTools({
      environment: { FFMPEG_BIN: link, FFPROBE_BIN: ffprobe.path, PATH: '' },
    });
    expect(tools.ffmpeg).toMatchObject({ path: link, origin: 'environment', version: ffmpeg.version });
  });

  it('refuses a wrong FFMPEG_BIN by name, instead of quietly taking another', async () => {
    const impostor = folder.file('impostor');
    writeFileSync(impostor, '#!/bin/sh\necho hello\n');
    chmodSync(impostor, 0o755);
    for (const wrong of [folder.file('nothing'), impostor, folder.path]) {
      await expect(findMediaTools({ environment: { FFMPEG_BIN: wrong, PATH: '' } })).rejects.toMatchObject({
        code: 'ffmpeg-missing',
        message: expect.stringContaining('FFMPEG_BIN') as string,
        hint: expect.stringContaining('unset') as string,
      });
    }
  });

  it('takes the newest of what is there, whatever the order, and the ffprobe beside it', async () => {
    const programs = folder.file('newest');
    const script = (program: string, line: string) => {
      mkdirSync(`${programs}/${line.split(' ', 1)[0]}`, { recursive: true });
      const path = `${programs}/${line.split(' ', 1)[0]}/${program}`;
      const say = [`${program} version ${line} the FFmpeg developers`, ' V..... rawvideo   raw'];
      writeFileSync(path, `#!/bin/sh\n${say.map((each) => `echo '${each}'`).join('\n')}\n`);
      chmodSync(path, 0o755);
      return path;
    };
    const old = script('ffmpeg', 'N-90000-gabc Copyright (c) 2000-2018');
    const unkept = script('ffmpeg', '7.0.2-static Copyright (c) 2000-2024');
    const kept = script('ffmpeg', '90.1 Copyright (c) 2000-2090');
    const probe = script('ffprobe', '90.1 Copyright (c) 2000-2090');
    const lists = [
      [old, unkept, kept],
      [kept, unkept, old],
      [unkept, kept, old],
    ];
    for (const list of lists) {
      const path = list.map((file) => dirname(file)).join(delimiter);
      const tools = await findMediaTools({ environment: { PATH: path } });
      expect(tools.ffmpeg).toMatchObject({ path: kept, origin: 'system', version: '90.1' });
      expect(tools.ffprobe).toMatchObject({ path: probe, origin: 'beside-ffmpeg' });
      expect(decoderWarning(tools)).toBeNull();
    }
  });

  it('warns of a build with known holes, and says what to do', async () => {
    const { ffmpeg, ffprobe } = await findMediaTools();
    const bundled = (createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg') as { path: string }).path;
    const tools = await findMediaTools({
      environment: { FFMPEG_BIN: bundled, FFPROBE_BIN: ffprobe.path, PATH: '' },
    });
    expect(tools.ffmpeg.details.year).toBe(2018);
    expect(decoderWarning(tools)).toMatchObject({
      code: 'ffmpeg-outdated',
      message: expect.stringContaining('of 2018') as string,
      hint: expect.stringContaining('FFMPEG_BIN') as string,
    });
    expect(ffmpeg.details.year).toBeGreaterThanOrEqual(2018);
  });

  it('looks on the system path', async () => {
    const { ffmpeg, ffprobe } = await findMediaTools();
    const programs = folder.file('programs');
    mkdirSync(programs);
    symlinkSync(ffmpeg.path, `${programs}/ffmpeg`);
    symlinkSync(ffprobe.path, `${programs}/ffprobe`);
    const { onSystemPath } = await import('../../main/video/ffmpeg.ts');
    expect(
      onSystemPath('ffmpeg', { PATH: `/nonexistent:${programs}` }).map((candidate) => candidate.path),
    ).toContain(`${programs}/ffmpeg`);
  });
});

/** Lines as ffmpeg N-47683 prints them. */
it('reads the list of encoders', () => {
  const names = parseEncoders(
    [
      'Encoders:',
      ' V..... = Video',
      ' ------',
      ' V..... libx264              libx264 H.264 / AVC (codec h264)',
      ' VFS... mjpeg                MJPEG (Motion JPEG)',
      ' A..... aac                  AAC (Advanced Audio Coding)',
    ].join('\n'),
  );
  expect([...names]).toEqual(['libx264', 'mjpeg', 'aac']);
});

import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { findMediaTools, parseEncoders } from '../../main/video/ffmpeg.ts';
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

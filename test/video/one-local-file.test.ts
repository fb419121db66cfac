import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { ESLint, Linter } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVideo } from '../../main/video/index.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { ClipFolder, readCounter, x264 } from './clips.ts';
import { pointingFiles, referenceMovie } from './pointing-files.ts';

const folder = new ClipFolder();
const heard: string[] = [];
let listener: Server;
let address: string;
/** Never to be opened when another file was chosen. */
let other: string;
let movie: Buffer;

beforeAll(async () => {
  other = await folder.make('other', { frames: 30, extension: 'mp4', output: x264 });
  movie = readFileSync(await folder.convert(['-i', other, '-c', 'copy'], 'movie.mov'));
  listener = createServer((socket) => {
    heard.push('a connection');
    socket.on('data', (data) => heard.push(data.toString('latin1').split('\r\n')[0] as string));
    socket.on('error', () => undefined);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
});
afterAll(() => {
  listener.close();
  folder.remove();
});

function write(name: string, content: string | Uint8Array): string {
  const path = folder.file(join('case', name));
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function refusal(path: string): Promise<WorkstationError> {
  try {
    (await openVideo(path)).dispose();
  } catch (error) {
    if (error instanceof WorkstationError) return error;
    throw error;
  }
  throw new Error(`${path} was opened.`);
}

describe('a file that names other files or addresses', () => {
  it('is refused, whatever it is called, and nobody is asked for anything', async () => {
    for (const { name, content } of pointingFiles(other, address)) {
      expect(await refusal(write(name, content)), name).toMatchObject({ code: 'video-not-a-video' });
    }
    expect(heard).toEqual([]);
  });

  it('is called what it is, with what to do', async () => {
    const named = async (start: string) => {
      const file = pointingFiles(other, address).find(({ name }) => name.startsWith(start));
      const error = await refusal(write(file?.name ?? '', file?.content ?? ''));
      expect(error.hint).toMatch(/Choose the file with the recording itself/);
      return error.message;
    };
    expect(await named('hls-absolute')).toMatch(/playlist \(M3U8\).*never opened/);
    expect(await named('hls-byte')).toMatch(/playlist \(M3U8\)/);
    expect(await named('wide-text')).toMatch(/playlist \(M3U8\)/);
    expect(await named('dash-file')).toMatch(/manifest \(MPEG-DASH\)/);
    expect(await named('list-relative')).toMatch(/list of files/);
    expect(await named('session-description')).toMatch(/session description \(SDP\)/);
    expect(await named('web-page')).toMatch(/web page/);
    expect(await named('script')).toMatch(/script \(AviSynth\)/);
  });

  it.each(['m3u8', 'M3U', 'mpd', 'ffconcat', 'sdp', 'asx', 'pls', 'xspf', 'ism', 'avs', 'url'])(
    'is refused by its name alone: .%s',
    async (ending) => {
      const error = await refusal(write(`index.${ending}`, readFileSync(other)));
      expect(error).toMatchObject({ code: 'video-not-a-video' });
      expect(error.message).toContain(`.${ending.toLowerCase()}`);
    },
  );

  it('is a QuickTime movie that refers to another, too', async () => {
    expect((await refusal(write('reference-url.mov', referenceMovie(movie, other, 'url ')))).message).toMatch(
      /refers to other files/,
    );
    expect((await refusal(write('reference-alias.mov', referenceMovie(movie, other, 'alis')))).hint).toMatch(
      /self-contained/,
    );
    const alternatives = Buffer.from(movie);
    alternatives.write('rmra', alternatives.indexOf('udta'), 'latin1');
    expect((await refusal(write('alternatives.mov', alternatives))).message).toMatch(/refers to other files/);
  });
});

describe('a name that says something to ffmpeg', () => {
  it.each([
    'x:y.mp4',
    'http:/127.0.0.1/a.mp4',
    '-v.mp4',
    '-i',
    'frame%03d.jpg',
    'frame%03d.mp4',
    'concat:a.mp4|b.mp4',
    'subfile,,start,0,end,9,,:x.mp4',
    'data:video',
    'pipe:0.mp4',
    '*.mp4',
    "it's [1] $HOME `x`.mp4",
    'фильм 手術.mp4',
  ])('is a name and nothing else: %s', async (name) => {
    const video = await openVideo(write(name, readFileSync(other)));
    expect((await video.buildIndex()).frames).toBe(30);
    expect(readCounter(await video.frame(7))).toBe(7);
    const { stream } = await video.transcodedStream(3);
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    expect(bytes).toBeGreaterThan(1000);
    video.dispose();
    expect(heard).toEqual([]);
  });

  it('is read in its own folder, whatever the folder is called and wherever the command runs', async () => {
    write('http:/127.0.0.1/a.mp4', readFileSync(other));
    const driver = join(import.meta.dirname, 'open-everything.ts');
    const output = execFileSync(process.execPath, [driver, 'http:/127.0.0.1/a.mp4', '-v.mp4'], {
      cwd: folder.file('case'),
      encoding: 'utf8',
    });
    expect(output).toBe('30 frames\n30 frames\n');
  });

  it.skipIf(process.platform !== 'linux')('cannot be read where it is no text, and says so', async () => {
    const hidden = Buffer.concat([Buffer.from(`${folder.file('case')}/a`), Buffer.from([0xff, 0xfe])]);
    writeFileSync(Buffer.concat([hidden, Buffer.from('.mp4')]), readFileSync(other));
    const error = await refusal(folder.file('case/a\ufffd\ufffd.mp4'));
    expect(error).toMatchObject({ code: 'file-unreadable' });
    expect(error.hint).toMatch(/Rename it/);
  });
});

describe('something else than a regular file', () => {
  it.skipIf(process.platform === 'win32')('is refused at once, and never waited for', async () => {
    const pipe = folder.file('pipe.mp4');
    execFileSync('mkfifo', [pipe]);
    expect(await refusal(pipe)).toMatchObject({ code: 'video-not-a-video' });
    expect(await refusal('/dev/zero')).toMatchObject({ code: 'video-not-a-video' });
    const socket = createServer().listen(folder.file('socket.mp4'));
    await once(socket, 'listening');
    expect(await refusal(folder.file('socket.mp4'))).toMatchObject({ code: 'video-not-a-video' });
    socket.close();
    symlinkSync('/dev/zero', folder.file('link.mp4'));
    expect(await refusal(folder.file('link.mp4'))).toMatchObject({ code: 'video-not-a-video' });
  });

  it.skipIf(process.platform === 'win32')(
    'is refused where it takes the place of an open video',
    async () => {
      const path = write('replaced.mp4', readFileSync(other));
      const video = await openVideo(path, { cacheBytes: 0 });
      await video.buildIndex();
      renameSync(path, `${path}.old`);
      execFileSync('mkfifo', [path]);
      await expect(video.frame(20)).rejects.toMatchObject({ code: 'video-not-a-video' });
      await expect(video.byteRange(null)).rejects.toMatchObject({ code: 'video-not-a-video' });
      video.dispose();
    },
  );
});

const hasStrace = spawnSync('strace', ['-V']).status === 0;

describe.skipIf(!hasStrace)('what the system sees of it', () => {
  it('is one file of the person for each video, and no connection', () => {
    const good = write('good.mp4', readFileSync(other));
    const pointing = pointingFiles(other, address).map(({ name, content }) => write(name, content));
    const reference = write('reference.mov', referenceMovie(movie, other, 'url '));
    const trace = join(mkdtempSync(join(folder.path, 'trace-')), 'calls');
    const driver = join(import.meta.dirname, 'open-everything.ts');
    const run = spawnSync(
      'strace',
      [
        ...['-f', '-qq', '-s', '4096', '-e', 'trace=open,openat,openat2,connect,execve', '-o', trace],
        ...[process.execPath, driver, good, ...pointing, reference],
      ],
      { encoding: 'utf8' },
    );
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout).toBe(`30 frames\n${'video-not-a-video\n'.repeat(pointing.length + 1)}`);
    const calls = readFileSync(trace, 'utf8').split('\n');
    // The tools were at work, for the good file and for those that only they can tell.
    expect(calls.filter((call) => call.includes('execve(') && call.includes(good)).length).toBeGreaterThan(3);
    const opened = new Set(
      calls
        .flatMap((call) => /open(?:at2?)?\(.*?"([^"]*)"/.exec(call)?.[1] ?? [])
        .filter((path) => path.startsWith(folder.path)),
    );
    expect([...opened].sort()).toEqual([good, ...pointing, reference].sort());
    expect(calls.filter((call) => /connect\(.*AF_INET/.test(call))).toEqual([]);
    rmSync(trace);
    expect(heard).toEqual([]);
  });
});

describe('the lint rule', () => {
  it('lets one module alone name an input to ffmpeg', async () => {
    const lint = new ESLint({ cwd: join(import.meta.dirname, '..', '..') });
    const code = "export const args = (path) => ['-v', 'error', '-i', path];\n";
    const rules = async (filePath: string) => {
      const configured = (await lint.calculateConfigForFile(filePath)) as Linter.Config;
      const rule = configured.rules?.['no-restricted-syntax'];
      return new Linter()
        .verify(code, rule ? [{ rules: { 'no-restricted-syntax': rule } }] : [])
        .map(({ ruleId }) => ruleId);
    };
    expect(await rules('main/video/playback.ts')).toEqual(['no-restricted-syntax']);
    expect(await rules('main/export/still.ts')).toEqual(['no-restricted-syntax']);
    expect(await rules('main/video/media-input.ts')).toEqual([]);
  });
});

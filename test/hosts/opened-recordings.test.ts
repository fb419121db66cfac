import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFor, waitForIndex } from '../../main/hosts/cli/asking.ts';
import { Output } from '../../main/hosts/cli/output.ts';
import type { CommandLineWorkstation } from '../../main/hosts/hosted.ts';
import type { FrameIndex, OpenSession } from '../../preload/contract/index.ts';
import { createWorkstation } from '../../main/workstation.ts';
import { inTests } from '../context.ts';
import { ClipFolder, x264 } from '../video/clips.ts';

const clips = new ClipFolder();
let workstation: CommandLineWorkstation;
let whole: Buffer;

beforeAll(async () => {
  workstation = inTests(
    await createWorkstation({
      home: clips.file('home'),
      host: 'command-line',
      hostReason: null,
      log: () => undefined,
      exclusive: false,
    }),
  );
  const fragments = ['-g', '10', '-bf', '0', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'];
  whole = readFileSync(
    await clips.make('whole', { frames: 60, extension: 'mp4', output: [...x264, ...fragments] }),
  );
});
afterAll(async () => {
  await workstation.dispose();
  clips.remove();
});

/** Written long ago, so that nobody is taken to be writing still. */
function write(name: string, bytes: Buffer): string {
  const path = clips.file(name);
  writeFileSync(path, bytes);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  return path;
}

/** What a command opens, and what it says on standard error while it does. */
async function open(path: string, session?: OpenSession): Promise<{ open: OpenSession; said: string }> {
  let said = '';
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      said += chunk.toString();
      done();
    },
  });
  const output = new Output(true, { stdout: stderr, stderr });
  const opened = await openFor(workstation, path, { sessionId: session?.session.id ?? null }, output);
  await waitForIndex(workstation, opened.video, {
    output,
    signal: new AbortController().signal,
  } as Parameters<typeof waitForIndex>[2]);
  return { open: opened, said };
}

it('a command says what a window says of a recording: its end is missing, it has grown, it is known from another file', async () => {
  const lastFragment = whole.lastIndexOf('moof') - 4;
  const cut = write('recorder.mp4', whole.subarray(0, lastFragment - 500));
  const first = await open(cut);
  expect(first.said).toMatch(/^The end of this recording is missing\. \d\d whole frames are here/);
  expect(first.said).not.toMatch(/grown|holds/);

  write('recorder.mp4', whole);
  const behind = await open(cut, first.open);
  expect(behind.said).toMatch(/^recorder\.mp4 has grown since this session was begun/);
  const { frameCount } = await workstation.calls.getVideo({ videoId: first.open.video.id });
  expect(frameCount).toBeLessThan(60);

  const grown = await open(cut);
  expect(grown.said).toBe(
    `recorder.mp4 has grown since it was last opened: it is the recording of ${first.open.case.pseudonym} with what came since.\n`,
  );
  expect(grown.open.case.id).toBe(first.open.case.id);
  expect(
    (await workstation.media.frame(grown.open.video.id, 59 as FrameIndex, new AbortController().signal))
      .index,
  ).toBe(59);
  expect((await open(cut)).said).toBe('');

  const copy = await open(write('copy.mp4', whole));
  expect(copy.said).toBe(
    `copy.mp4 holds the same recording as recorder.mp4 of ${first.open.case.pseudonym}.\n`,
  );
});

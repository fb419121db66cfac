import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadImage } from '@napi-rs/canvas';
import { afterAll, describe, expect, it } from 'vitest';
import type { Answer, Entry } from '../../preload/contract/index.ts';
import { ClipFolder, x264 } from '../video/clips.ts';

const repository = resolve(import.meta.dirname, '..', '..');
const clip = join(repository, 'resources/clip/demo.mp4');
const folder = mkdtempSync(join(tmpdir(), 'cli-'));
const home = join(folder, 'home');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The last line of standard output, as machines read it. */
  result: Record<string, unknown>;
}

function cli(args: readonly string[], interrupt?: RegExp): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(repository, 'main/hosts/cli/index.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let interrupted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (interrupt?.test(stdout) && !interrupted) {
        interrupted = true;
        child.kill('SIGINT');
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', fail);
    child.on('close', (code) => {
      const last = stdout.trim().split('\n').at(-1) ?? '';
      const result = last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {};
      done({ code, stdout, stderr, result });
    });
  });
}

const json = (...args: string[]) => cli([...args, '--json', '--home', home]);

describe('the command line', () => {
  it('probes a video', async () => {
    const { code, result, stdout } = await json('probe', clip);
    expect(code).toBe(0);
    expect(result).toMatchObject({
      frames: 350,
      width: 640,
      height: 512,
      codec: 'h264',
      variableFrameRate: false,
      durationSeconds: 14,
      joins: [],
    });
    expect(Object.keys(result).sort()).toEqual(
      [
        ...['codec', 'coded', 'container', 'durationSeconds', 'frames', 'height', 'joins', 'timeBase'],
        ...['variableFrameRate', 'width'],
        ...[
          'bytes',
          'decoder',
          'decoderWarning',
          'fingerprint',
          'fingerprintBytes',
          'incomplete',
          'streamIndex',
          'streams',
        ],
      ].sort(),
    );
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });

  const clips = new ClipFolder();
  let of = { both: '', caseId: '', apart: [] as string[] };
  let session = '';
  let taken = '';

  it('names the picture streams of a file, and takes the one that is chosen', async () => {
    const [size, other] = [
      { width: 192, height: 144 },
      { width: 240, height: 180 },
    ];
    const first = await clips.make('first', { frames: 5, extension: 'mp4', output: x264, ...size });
    const second = await clips.make('second', { frames: 7, extension: 'mp4', output: x264, ...other });
    const both = await clips.convert(
      [
        ...['-i', first, '-i', second, '-map', '0', '-map', '1', '-c', 'copy'],
        ...['-metadata:s:v:1', 'title=Room camera'],
      ],
      'both.mkv',
    );
    const told = await cli(['probe', both, '--stream', '1', '--home', home]);
    expect(told.code, told.stderr).toBe(0);
    expect(told.stdout).toMatch(/^Frames {5}7$/m);
    expect(told.stdout).toMatch(/^Stream 0 .*192 x 144/m);
    expect(told.stdout).toMatch(/^Stream 1 .*240 x 180.*this one$/m);
    expect(told.stdout).toMatch(/fingerprint covers all of them/);
    expect((await json('probe', both)).result).toMatchObject({ frames: 5, streamIndex: 0 });
    const out = join(folder, 'stream.png');
    const frame = await json('frame', both, '--stream', '1', '--index', '6', '--out', out);
    expect(frame.code, frame.stderr).toBe(0);
    expect(await loadImage(readFileSync(out))).toMatchObject(other);
    expect((await json('frame', both, '--stream', '4', '--index', '0', '--out', out)).code).toBe(2);

    const apart = ['--home', join(folder, 'streams')];
    const organ = ['--stream', '1', '--frame', '0', '--question', 'What organ is being operated?'];
    const asked = await cli(['ask', both, ...organ, '--json', ...apart]);
    expect(asked.code, asked.stderr).toBe(0);
    const shown = await cli(['sessions', 'show', asked.result['session'] as string, ...apart]);
    expect(shown.stdout).toMatch(/^Case 0001, session 1: both\.mkv, stream 1 \(Room camera\)$/m);
    const caseId = (await cli(['case', 'list', ...apart])).stdout.split(' ')[0]!;
    const added = await cli(['case', 'recordings', 'add', caseId, both, '--stream', '0', ...apart]);
    expect(added.stdout, added.stderr).toMatch(
      /^ +1 .* {2}both\.mkv, stream 1 \(Room camera\) {2}from 00:00:00\.000$/m,
    );
    expect(added.stdout).toMatch(/^ +2 .* {2}both\.mkv, stream 0 {2}from 00:00:00\.000$/m);
    session = asked.result['session'] as string;
    taken = added.stdout.split(/\s+/).find((word) => /^[0-9a-f-]{36}$/.test(word))!;
    of = { both, caseId, apart };
  }, 240_000);

  it('says of each question of a session which stream it is about, and which eye of it', async () => {
    const { both, caseId, apart } = of;
    // With stream 1 out of the case, the session shows stream 0, and is then about both.
    expect((await cli(['case', 'recordings', 'remove', caseId, taken, ...apart])).code).toBe(0);
    const left = ['--frame', '2', '--eye', 'left', '--stereo', 'side-by-side'];
    const where = [...left, '--session', session, '--question', 'Where is suction located?'];
    const eye = await cli(['ask', both, ...where, ...apart]);
    expect(eye.code, eye.stderr).toBe(0);
    expect((await cli(['sessions', ...apart])).stdout).toMatch(
      /session 1: both\.mkv, stream 0, 2 questions$/m,
    );
    const all = await cli(['sessions', 'show', session, ...apart]);
    expect(all.stdout).toMatch(/frame 0 {2}both\.mkv, stream 1 \(Room camera\): What organ/);
    expect(all.stdout).toMatch(/frame 2 {2}both\.mkv, stream 0, left eye \(side by side\): Where is suction/);
    const { result } = await cli(['sessions', 'show', session, '--json', ...apart]);
    const { entries, recordings } = result as { entries: Entry[]; recordings: { id: string }[] };
    const about = entries.map(({ question, answers }) => ({
      ...recordings.find(({ id }) => id === question.videoId),
      eye: answers[0]?.frame?.eye?.eye,
    }));
    expect(about).toMatchObject([
      { name: 'both.mkv', stream: 1, streamTitle: 'Room camera', streams: 2, eye: undefined },
      { stream: 0, streamTitle: null, eye: 'left' },
    ]);
    clips.remove();
  }, 240_000);

  it('writes a frame as PNG and names it', async () => {
    const out = join(folder, 'deep', 'frame.png');
    const { code, result } = await json('frame', clip, '--index', '7', '--out', out);
    expect(code).toBe(0);
    expect(result).toMatchObject({
      index: 7,
      pts: 3584,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(readFileSync(out).subarray(1, 4).toString()).toBe('PNG');
  });

  it('asks, keeps the answer, adds to the session, and lists it', async () => {
    const image = join(folder, 'answer.png');
    const first = await json(
      'ask',
      clip,
      '--frame',
      '180',
      '--question',
      'What organ is being operated?',
      '--image',
      image,
    );
    expect(first.code, first.stderr).toBe(0);
    expect(first.result).toMatchObject({
      frame: { index: 180, pts: 92160, timeBase: [1, 12800] },
      question: 'What organ is being operated?',
      answer: { status: 'answered', label: 'kidney' },
      model: { id: 'surgery-r1-nano' },
    });
    const answer = first.result['answer'] as { raw: string; reasoning: string; evidence: Answer['evidence'] };
    expect(answer.raw).toContain('<answer>');
    expect(answer.reasoning.length).toBeGreaterThan(5);
    expect(answer.evidence?.choices[0]?.label).toBe('kidney');
    expect(readFileSync(image).subarray(1, 4).toString()).toBe('PNG');

    const session = first.result['session'] as string;
    const second = await json(
      'ask',
      clip,
      '--at',
      '00:00:02.000',
      '--question',
      'Where is suction located?',
      '--session',
      session,
      ...['--temperature', '0.5', '--top-k', '20', '--top-p', '0.9', '--seed', '7'],
    );
    expect(second.code, second.stderr).toBe(0);
    expect(second.result).toMatchObject({ session, frame: { index: 50 } });
    const { result } = await json('sessions');
    expect(result['sessions']).toMatchObject([{ id: session, questionCount: 2 }]);
  });

  it('answers several questions together, and says how far samples of one agree', async () => {
    const organ = 'What organ is being operated?';
    const where = 'Where is suction located?';
    const at = ['--frame', '180', '--question', organ, '--question', where];
    const several = await json('ask', clip, ...at, '--samples', '3', '--seed', '5');
    expect(several.code, several.stderr).toBe(0);
    const told = several.result['questions'] as {
      question: string;
      answers: { question: string; answer: { status: string; label: string | null }; session: string }[];
      agreement: { complete: number; labels: object[]; share: number };
    }[];
    expect(told.map(({ question }) => question)).toEqual([organ, where]);
    for (const { question, answers, agreement } of told) {
      expect(answers).toHaveLength(3);
      expect(answers.every((answer) => answer.question === question)).toBe(true);
      expect(agreement.complete).toBe(3);
      expect(agreement.share).toBeGreaterThan(0);
    }
    expect(told[0]).toMatchObject({ agreement: { labels: [{ label: 'kidney', count: 3 }], share: 1 } });

    const people = await cli(['ask', clip, ...at, '--home', home]);
    expect(people.code, people.stderr).toBe(0);
    expect(people.stdout).toContain(`Question  ${organ}\nAnswer    kidney`);
    expect(people.stdout).not.toContain('Understood');
    expect(people.stdout).not.toContain('Agreement');
    const image = ['--image', join(folder, 'two.png')];
    expect((await json('ask', clip, ...at, ...image)).result).toMatchObject({
      error: { code: 'invalid-input', message: 'A picture shows one answer.' },
    });
  });

  it('asks what is typed in words that the model was taught, and says both', async () => {
    const asked = 'What organ is being operated?';
    const at = ['--frame', '180', '--question', "what's the organ?"];
    const { code, result, stderr } = await json('ask', clip, ...at);
    expect(code, stderr).toBe(0);
    expect(result).toMatchObject({
      question: "what's the organ?",
      asked,
      answer: { status: 'answered', label: 'kidney', warnings: [], evidence: { askedAs: asked } },
    });
    const people = await cli(['ask', clip, ...at, '--home', home]);
    expect(people.stdout).toContain(
      `Understood as: ${asked} (--anyway asks your own words)\nAnswer    kidney`,
    );
    // Kept with the answer, whoever reads it later.
    const own = await json('ask', clip, ...at, '--anyway');
    expect(own.result).toMatchObject({ asked: "what's the organ?" });
    expect((own.result['answer'] as { warnings: string[] }).warnings).toContain('question-untaught');
  });

  it('stops at Ctrl-C, keeps what was written, and says so by its exit code', async () => {
    const args = [
      'ask',
      clip,
      '--frame',
      '60',
      '--question',
      'What is the state of prograsp_forceps?',
      '--home',
      home,
    ];
    const { code, stdout, stderr } = await cli(args, /stated reasoning: /);
    expect(code).toBe(130);
    expect(stdout + stderr).toMatch(/Stopped/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('takes a session only with its own video', async () => {
    const sessions = (await json('sessions')).result['sessions'] as { id: string }[];
    const other = join(folder, 'other.mp4');
    // The same file with more behind it would be a recording that has grown; one other byte makes another recording.
    const bytes = readFileSync(clip);
    bytes[bytes.length >> 1]! ^= 0xff;
    writeFileSync(other, bytes);
    const { code, result } = await json(
      'ask',
      other,
      '--frame',
      '1',
      '--question',
      'What?',
      '--session',
      sessions[0]!.id,
    );
    expect(code).toBe(3);
    expect(result).toMatchObject({ error: { code: 'file-changed' } });
  });

  const empty = join(folder, 'empty.mp4');
  const cut = join(folder, 'cut.mp4');
  writeFileSync(empty, '');
  cpSync(clip, cut);
  truncateSync(cut, 5000);
  it.each([
    [['probe', join(folder, 'none.mp4')], 3, 'file-missing'],
    [['probe', empty], 3, 'file-empty'],
    [['probe', cut], 3, /^(video|file)-/],
    [['probe', join(repository, 'package.json')], 3, 'video-not-a-video'],
    [['frame', clip, '--index', '350', '--out', join(folder, 'x.png')], 2, 'frame-out-of-range'],
    [['frame', clip, '--index', '-1', '--out', join(folder, 'x.png')], 2, 'invalid-input'],
    [['ask', clip, '--question', 'What?'], 2, 'invalid-input'],
    [['ask', clip, '--frame', '1', '--at', '1', '--question', 'What?'], 2, 'invalid-input'],
    [['ask', clip, '--frame', '1', '--question', 'What?', '--session', 'unknown'], 2, 'not-found'],
    [['ask', clip, '--frame', '1', '--question', 'What?', '--temperature', '9'], 2, 'invalid-input'],
    [['ask', clip, '--frame', '1', '--question', 'What?', '--seed', '-1'], 2, 'invalid-input'],
    [['ask', clip, '--frame', '1', '--question', 'What?', '--samples', '65'], 2, 'invalid-input'],
    [['models', 'check', folder], 4, /^model-/],
    [['evaluate', '--data', folder], 3, 'data-malformed'],
    [['sessions', '--home', '/dev/null/home'], 5, 'store-unwritable'],
    [['nonsense'], 2, 'invalid-input'],
    [[], 2, 'invalid-input'],
  ] as const)('%j ends with %i and %s, cause and remedy in words', async (args, exit, expected) => {
    const { code, result, stderr } = await cli([
      ...args,
      '--json',
      ...(args.includes('--home' as never) ? [] : ['--home', home]),
    ]);
    const error = result['error'] as { code: string; message: string; hint: string };
    expect({ code, error: error.code }).toEqual({
      code: exit,
      error: typeof expected === 'string' ? expected : (expect.stringMatching(expected) as string),
    });
    expect(stderr).toContain(error.message);
    expect(stderr).toContain(error.hint);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('draws scenes, and measures the model on them', async () => {
    const out = join(folder, 'scenes');
    expect(await json('scenes', '--frames', '2', '--seed', '900', '--out', out)).toMatchObject({ code: 0 });
    expect(existsSync(join(out, 'seq_1', 'left_frames', 'frame000.png'))).toBe(true);
    const { code, result, stderr } = await json('evaluate', '--data', out, '--limit', '4');
    expect(code, stderr).toBe(0);
    expect(result).toMatchObject({
      format: 'surgery-r1-evaluation',
      data: { questions: 4, synthetic: true },
      figures: { overall: { questions: 4, accuracy: expect.any(Number) as number } },
      problems: [],
    });
  });

  it('draws scenes of another size, and refuses what is none', async () => {
    const out = join(folder, 'small-scenes');
    const run = ['scenes', '--frames', '1', '--seed', '901', '--out', out, '--format', 'jpg', '--size'];
    for (const size of ['448', '0x360', '448x360x3'])
      expect(await json(...run, size)).toMatchObject({ code: 2 });
    expect(await json(...run, '448x360')).toMatchObject({ code: 0 });
    const picture = await loadImage(join(out, 'seq_1', 'left_frames', 'frame000.jpg'));
    expect([picture.width, picture.height]).toEqual([448, 360]);
  });

  it('imports a checkpoint and compares it with golden numbers', async () => {
    const out = join(folder, 'model');
    const golden = join(repository, 'test/fixtures/golden');
    const imported = await json(
      'models',
      'import',
      join(golden, 'model_tied'),
      '--out',
      out,
      '--dtype',
      'fp32',
    );
    expect(imported.code, imported.stderr).toBe(0);
    const { code, result, stderr } = await json(
      'models',
      'check',
      out,
      '--golden',
      join(golden, '2b_224x224_exact'),
    );
    expect(code, stderr).toBe(0);
    expect(result).toMatchObject({
      integersEqual: true,
      tokensEqual: true,
      pixelValues: expect.any(Number) as number,
    });
    expect(result['imageFeatures']).toBeLessThan(1e-3);
    expect(result['logits']).toBeLessThan(2e-3);
  });
});

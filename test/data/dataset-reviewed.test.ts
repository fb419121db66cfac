import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createCanvas } from '@napi-rs/canvas';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ActorId,
  Answer,
  Question,
  Track,
  Verdict,
  type FrameTimes,
  type Segment,
} from '../../preload/contract/index.ts';
import {
  buildDataset,
  loadWriter,
  readReviewSheet,
  reviewSheet,
  sheetTracks,
  validateDataset,
} from '../../models/data/index.ts';
import type { ReviewedSession, ReviewSheet } from '../../models/data/index.ts';
import { recogniseQuestion } from '../../models/data/dataset/recognise.ts';
import { reviewedRecords } from '../../models/data/dataset/reviewed.ts';
import { DatasetRecord } from '../../models/data/dataset/record.ts';
import { spansOf } from '../../models/data/dataset/writer.ts';

const endovis = resolve(import.meta.dirname, '../fixtures/data/EndoVis-18-VQLA');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reviewed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (split: 'train' | 'test', out = join(folder, 'set')): DatasetRecord[] =>
  readFileSync(join(out, `${split}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => DatasetRecord.parse(JSON.parse(line)));

const anna = ActorId.parse('anna');
const hash = 'a'.repeat(64);
const location = { index: 7, pts: 700, seconds: 0.7, timecode: '00:00:00.700' };
const answer = (n: number, changes: object) => ({
  id: `a${n}`,
  questionId: `q${n}`,
  sessionId: 's1',
  status: 'answered',
  label: 'Idle',
  box: [10, 10, 50, 40],
  reasoning: 'The suction lies in the upper left. Its closed jaws touch nothing. This is idle.',
  raw: '',
  probability: 0.9,
  notes: [],
  frame: { fingerprint: 'f', index: 7, pts: 700, timeBase: [1, 1000], hash },
  model: { id: 'nano', name: 'Nano', sha256: hash, device: 'cpu', domain: 'synthetic' },
  settings: {},
  modelInput: null,
  tokens: null,
  timings: null,
  error: null,
  createdAt: 1000 + n,
  endedAt: 2000 + n,
  ...changes,
});

/** A session as it was reviewed, with these questions and answers. */
function session(...entries: { text: string; answers: object[] }[]): ReviewedSession {
  return {
    session: { id: 's1' as ReviewedSession['session']['id'] },
    video: { width: 160, height: 128 },
    entries: entries.map(({ text, answers }, n) => ({
      question: Question.parse({ id: `q${n}`, sessionId: 's1', videoId: 'v1', text, location, createdAt: 0 }),
      answers: answers.map((changes, version) =>
        Answer.parse(answer(n, version === 0 ? changes : { id: `a${n}v${version + 1}`, ...changes })),
      ),
      verdicts: [],
    })),
  };
}

const imageOf = (index: number, of = hash): string => `frames/frame00000${index}-${of.slice(0, 8)}.png`;

/** Writes a sheet with its one picture, as `data review` does. */
function write(sheet: ReviewSheet, name = 'sheet'): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'frames'), { recursive: true });
  const canvas = createCanvas(160, 128);
  writeFileSync(join(root, imageOf(7)), canvas.encodeSync('png'));
  writeFileSync(join(root, 'session.json'), JSON.stringify(sheet));
  return root;
}

describe('a reviewed session', () => {
  const opened = session(
    { text: 'What is the state of suction?', answers: [{ label: 'Suction' }, {}] },
    {
      text: 'where is the clip applier?',
      answers: [{ label: 'left-top', reasoning: 'Nonsense in the lower right.' }],
    },
    { text: 'What organ is this?', answers: [{ label: 'liver', box: [20, 20, 140, 110] }] },
    {
      text: 'Locate the stapler.',
      answers: [{ status: 'not-visible', label: 'not visible', box: null, reasoning: '' }],
    },
    { text: 'Is there a leak?', answers: [{}] },
    { text: 'Where is stapler located?', answers: [{ status: 'failed', frame: null }] },
    { text: 'What is the state of stapler?', answers: [{}] },
  );

  it('becomes a sheet of its newest whole answers, not judged yet', () => {
    const sheet = reviewSheet(opened, { actor: anna, reviewer: 'Dr. A' }, 5);
    expect(
      sheet.entries.map(({ question, questionType, subject }) => [question, questionType, subject]),
    ).toEqual([
      ['What is the state of suction?', 'state', 'suction'],
      ['where is the clip applier?', 'location', 'clip_applier'],
      ['What organ is this?', 'organ', null],
      ['Locate the stapler.', 'grounding', 'stapler'],
      ['Is there a leak?', null, null],
      ['What is the state of stapler?', 'state', 'stapler'],
    ]);
    expect(sheet.entries[0]).toMatchObject({
      answer: { label: 'Idle', model: { name: 'Nano' } },
      image: imageOf(7),
      width: 160,
      verdict: null,
    });
  });

  it('has a picture of its own for another recording or eye, in the size that boxes are in', () => {
    const frame = {
      ...opened.entries[0]!.answers[0]!.frame!,
      hash: 'b'.repeat(64),
      picture: { width: 80, height: 128 },
    };
    const eye = session({ text: 'What organ is this?', answers: [{ frame }] });
    expect(reviewSheet(eye, { actor: anna, reviewer: null }, 5).entries).toMatchObject([
      { image: imageOf(7, frame.hash), width: 80, height: 128 },
    ]);
  });

  it('has the verdicts that its reviewer gave in the window, on whichever version', () => {
    const said = (answerId: string, actor: string, judgement: object | null) =>
      Verdict.parse({ answerId, questionId: 'q0', actor, judgement, marks: [], note: 'seen' });
    const [first, ...others] = opened.entries;
    const rejected = { decision: 'rejected', at: 3, reason: 'wrong-place' };
    const verdicts = [
      said('a0', 'anna', rejected),
      said('a0v2', 'anna', null),
      said('a0v2', 'bert', { decision: 'accepted', at: 4 }),
    ];
    const judged = { ...opened, entries: [{ ...first!, verdicts }, ...others] };
    const sheet = reviewSheet(judged, { actor: anna, reviewer: null }, 5);
    expect(sheet.entries[0]).toMatchObject({ answer: { id: 'a0', label: 'Suction' }, verdict: rejected });
    expect(sheet.entries.slice(1).every(({ verdict }) => verdict === null)).toBe(true);
    const bert = reviewSheet(judged, { actor: ActorId.parse('bert'), reviewer: null }, 5);
    expect(bert.entries[0]).toMatchObject({
      answer: { id: 'a0v2' },
      verdict: { decision: 'accepted', at: 4 },
    });
  });

  it('has boxes over frames, each marked as set by hand or interpolated, and no records of them', async () => {
    const keyFrame = (index: number, x: number, isVisible = true) => ({
      location: { index, pts: index * 40, seconds: index / 25, timecode: '00:00:00.000' },
      ...{ hash, box: [x, 0, x + 10, 10], isVisible },
    });
    const track = (id: string, actor: string) =>
      Track.parse({
        ...{ id, sessionId: 's1', videoId: 'v1', segmentId: 'g1', label: 'Needle', eye: null, actor },
        picture: { width: 160, height: 128 },
        keyFrames: [keyFrame(2, 0), keyFrame(4, 20), keyFrame(5, 20, false), keyFrame(8, 60)],
        createdAt: 9,
      });
    const segment = {
      id: 'g1',
      name: 'Suture',
      span: { videoId: 'v1', from: 3, to: 8 },
    } as unknown as Segment;
    const times: FrameTimes = {
      ...{ timeBase: [1, 1000], endTicks: 400 },
      ticks: Float64Array.from({ length: 10 }, (_, index) => index * 40),
    };
    const marks = { tracks: [track('t1', 'anna'), track('t2', 'bert')], segments: [segment] };
    const tracks = await sheetTracks(marks, anna, async () => ({ fingerprint: 'f', times }));
    expect(tracks.map(({ trackId }) => trackId)).toEqual(['t1']);
    expect(
      tracks[0]!.boxes.map(({ index, box, interpolated }) => [index, Math.round(box[0]), interpolated]),
    ).toEqual([
      [3, 10, true],
      [4, 20, false],
      [8, 60, false],
    ]);
    expect(tracks[0]!.boxes.every(({ interpolated, hash: own }) => interpolated === (own === null))).toBe(
      true,
    );
    const sheet = { ...reviewSheet(session(), { actor: anna, reviewer: null }, 5), tracks };
    writeFileSync(join(folder, 'session.json'), JSON.stringify(sheet));
    expect((await readReviewSheet(folder)).tracks).toEqual(tracks);
    expect(reviewedRecords(sheet, { source: 's', split: 'train', onProblem: () => undefined })).toEqual([]);
  });

  it('gives records of what was accepted or corrected, with where they come from', async () => {
    const sheet = reviewSheet(opened, { actor: anna, reviewer: 'Dr. A' }, 5);
    const [state, place, organ, absent, open, rejected] = sheet.entries;
    state!.verdict = { decision: 'accepted', at: 11 };
    place!.verdict = { decision: 'accepted', at: 12 };
    organ!.verdict = { decision: 'corrected', at: 13, label: 'kidney', box: [0, 0, 60, 60] };
    absent!.verdict = { decision: 'accepted', at: 14 };
    open!.verdict = { decision: 'accepted', at: 15 };
    rejected!.verdict = { decision: 'rejected', at: 16, reason: 'both' };
    const out = join(folder, 'set');
    const built = await buildDataset({
      sources: [{ folder: endovis, split: 'test' }],
      reviewed: [write(sheet)],
      out,
    });
    expect(built.firstProblems.filter(({ source }) => source === 'sheet')).toEqual([
      {
        source: 'sheet',
        file: 'session.json',
        line: null,
        reason: 'question q4: a question outside the grammar, without its questionType filled in',
      },
    ]);
    const records = read('train');
    expect(records.map(({ label, reasoning, wording, kind }) => [label, reasoning, wording, kind])).toEqual([
      // Sound reasoning of the model is kept; what contradicts the box, or is empty, is the grammar's.
      [
        'Idle',
        'The suction lies in the upper left. Its closed jaws touch nothing. This is idle.',
        'dataset',
        'chain-of-thought',
      ],
      [
        'left-top',
        'The clip applier is seen left of the middle and above the middle. That is the upper left of the view.',
        'paraphrase',
        'chain-of-thought',
      ],
      [
        'kidney',
        'The organ is being operated on. It lies in the upper left. This is the kidney.',
        'paraphrase',
        'chain-of-thought',
      ],
      [
        'not visible',
        'No stapler is seen in this view. The question cannot be answered here.',
        'dataset',
        'grounding-qa',
      ],
    ]);
    expect(records[2]).toMatchObject({ subject: 'kidney', box: [0, 0, 60, 60], sequence: 's1' });
    expect(records[2]?.provenance).toEqual({
      type: 'reviewed',
      sessionId: 's1',
      questionId: 'q2',
      answerId: 'a2',
      verdict: 'corrected',
      reviewer: 'Dr. A',
      reviewedAt: 13,
      model: { name: 'Nano', sha256: hash },
      answeredAt: 1002,
      frame: { fingerprint: 'f', index: 7, hash },
    });
    expect((await validateDataset(out, { images: true })).faults).toEqual([]);
    expect(readFileSync(join(out, 'DATA_CARD.md'), 'utf8')).toContain('sessions reviewed in the workstation');
  });

  it('teaches what the model was asked, and keeps what was typed', async () => {
    const asked = 'What is the state of suction?';
    const evidence = {
      askedAs: asked,
      labelLogProbability: null,
      boxLogProbability: null,
      choices: [],
      entropy: null,
    };
    const sheet = reviewSheet(
      session({ text: 'is the sucker idle', answers: [{ evidence }] }),
      { actor: anna, reviewer: null },
      5,
    );
    expect(sheet.entries).toMatchObject([
      { question: 'is the sucker idle', askedAs: asked, questionType: 'state', subject: 'suction' },
    ]);
    sheet.entries[0]!.verdict = { decision: 'accepted', at: 11 };
    await buildDataset({
      sources: [{ folder: endovis, split: 'test' }],
      reviewed: [write(sheet)],
      out: join(folder, 'set'),
    });
    expect(read('train')).toMatchObject([
      { question: asked, wording: 'dataset', provenance: { typed: 'is the sucker idle' } },
    ]);
  });

  it('is refused when it is given twice, judged by nobody, or malformed', async () => {
    const sheet = reviewSheet(opened, { actor: anna, reviewer: null }, 5);
    const root = write(sheet);
    const build = (...reviewed: string[]) =>
      buildDataset({ sources: [], reviewed, out: join(folder, 'set') });
    await expect(build(root)).rejects.toMatchObject({ message: /train split would be empty/ });
    await expect(build(root, write(sheet, 'again'))).rejects.toMatchObject({
      message: /session s1 was given twice/,
    });
    writeFileSync(
      join(root, 'session.json'),
      JSON.stringify({ ...sheet, entries: [{ ...sheet.entries[0], verdict: { decision: 'yes', at: 1 } }] }),
    );
    await expect(build(root)).rejects.toMatchObject({
      code: 'data-malformed',
      message: /entries\.0\.verdict/,
    });
    writeFileSync(join(root, 'session.json'), '{');
    await expect(build(root)).rejects.toMatchObject({ message: /is no review sheet/ });
    await expect(build(folder)).rejects.toMatchObject({ code: 'file-missing' });
  });
});

describe('recognising a question', () => {
  it('knows every wording however it is spelt, and nothing else', () => {
    expect(recogniseQuestion('WHERE is   clip_applier located?')).toEqual({
      questionType: 'location',
      subject: 'clip_applier',
      wording: 'dataset',
    });
    expect(recogniseQuestion('mark the kidney with a box.')).toMatchObject({
      questionType: 'grounding',
      subject: 'kidney',
    });
    expect(recogniseQuestion('What can the suction be seen doing?')).toMatchObject({ wording: 'held-out' });
    expect(recogniseQuestion('Where is the exit?')).toBeNull();
  });
});

describe("a site's own writer", () => {
  const module = (text: string): string => {
    const path = join(folder, 'writer.mjs');
    writeFileSync(path, text);
    return path;
  };
  const build = async (path: string, strict = false) =>
    buildDataset({
      sources: [{ folder: join(endovis, 'seq_2'), split: 'test' }],
      out: join(folder, 'set'),
      writer: await loadWriter(path),
      strict,
    });

  it('replaces reasoning, whose places and label are found and marked', async () => {
    const path = module(
      `export const write = (record) => record.questionType === 'state'
        ? 'In the upper left the tip of the suction draws blood, so the state is Suction.' : null;`,
    );
    await build(path);
    const records = read('test');
    const state = records.find(({ questionType }) => questionType === 'state');
    expect(state?.spans.map(([a, b, role]) => [state.reasoning?.slice(a, b), role])).toEqual([
      ['In', 'presence'],
      [' upper left', 'place'],
      [' suction', 'label'],
      [' Suction', 'label'],
    ]);
    expect(records.find(({ questionType }) => questionType === 'organ')?.reasoning).toMatch(/^The organ/);
    expect((await validateDataset(join(folder, 'set'))).faults).toEqual([]);
    expect(readFileSync(join(folder, 'set', 'DATA_CARD.md'), 'utf8')).toContain("A site's own writer");
  });

  it('has records named whose reasoning contradicts the annotation', async () => {
    const wrong = `export const write = ({ questionType }) =>
      questionType === 'location' ? 'The suction lies in the lower right.' : null;`;
    const built = await build(module(wrong));
    expect(built.problems).toBe(3);
    expect(built.firstProblems[0]?.reason).toMatch(
      /record seq_2\/left_frames\/frame000#\d+: the writer's reasoning: "lower right" does not go with/,
    );
    expect(read('test').some(({ questionType }) => questionType === 'location')).toBe(false);
    rmSync(join(folder, 'set'), { recursive: true });
    await expect(build(module(wrong), true)).rejects.toMatchObject({ code: 'data-malformed' });
  });

  it.each([
    ["export const write = () => 'No tool is here.';", /begins with "No"/],
    ["export const write = () => '';", /an empty text/],
    ["export const write = () => 'The <answer> is left.';", /answer tags/],
  ])('is checked: %s', async (text, reason) => {
    await expect(build(module(text))).rejects.toMatchObject({ message: reason });
  });

  it('is named when it fails, returns something else, or is none', async () => {
    await expect(
      build(module('export const write = () => { throw new Error("no net"); };')),
    ).rejects.toMatchObject({
      message: /failed on record seq_2\/.*#0: no net/,
    });
    rmSync(join(folder, 'writer.mjs'));
    const other = join(folder, 'other.mjs');
    writeFileSync(other, 'export const write = () => 3;');
    await expect(build(other)).rejects.toMatchObject({ message: /returned number for record/ });
    const none = join(folder, 'none.mjs');
    writeFileSync(none, 'export const writer = () => null;');
    await expect(loadWriter(none)).rejects.toMatchObject({ message: /exports no function write/ });
    await expect(loadWriter(join(folder, 'gone.mjs'))).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('has no span cut a word or overlap another', () => {
    expect(spansOf('(The) left-top', 'left-top', '')).toEqual([[5, 14, 'place']]);
    expect(spansOf('The stapler and staplers.', 'stapler', '')).toEqual([
      [0, 3, 'presence'],
      [3, 11, 'label'],
    ]);
  });
});

describe('the command line', () => {
  /** Not by spawnSync: it would keep the test's process from answering the runner for as long as the command runs. */
  const cli = async (...args: string[]) => {
    const entry = resolve(import.meta.dirname, '../../main/hosts/cli/index.ts');
    const all = [entry, 'data', ...args, '--json', '--home', join(folder, 'home')];
    const { code, stdout, stderr } = await promisify(execFile)(process.execPath, all).then(
      (ended) => ({ ...ended, code: 0 }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    const last = stdout.trim().split('\n').at(-1) || '{}';
    return { code, stderr, result: JSON.parse(last) as Record<string, unknown> };
  };

  it('builds, validates and converts, and says by its exit code what is wrong', async () => {
    const out = join(folder, 'set');
    const built = await cli('build', '--source', endovis, '--published-split', '--out', out);
    expect(built.code, built.stderr).toBe(0);
    expect(built.result).toMatchObject({ counts: { train: { frames: 2 }, test: { frames: 1 } } });
    const sound = await cli('validate', out, '--images');
    expect(sound.code, sound.stderr).toBe(0);
    const converted = await cli(
      'convert',
      out,
      '--format',
      'ms-swift',
      '--space',
      'per-mille',
      '--out',
      join(folder, 'c'),
    );
    expect(converted.code, converted.stderr).toBe(0);
    writeFileSync(join(out, 'train.jsonl'), '{}\n');
    const faulty = await cli('validate', out);
    expect(faulty.code, faulty.stderr).toBe(1);
    expect(faulty.result).toMatchObject({ sound: false });
    const usage = await Promise.all([
      cli('build', '--source', endovis, '--split-by-sequence', '0.5,0.1', '--out', out),
      cli('build', '--source', endovis, '--kinds', 'poems', '--out', out),
      cli('build', '--out', join(folder, 'none')),
      cli('review', 'no such session', '--out', join(folder, 'r')),
    ]);
    expect(usage.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(usage[1]?.stderr).toContain('"poems" is none of');
  });
});

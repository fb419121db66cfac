import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvaluationReport } from '../../models/evaluation/index.ts';

const repository = resolve(import.meta.dirname, '..', '..');
const pictures = join(repository, 'test/fixtures/data/EndoVis-18-VQLA');
const folder = mkdtempSync(join(tmpdir(), 'evaluate-'));
const data = join(folder, 'data');
const answers = join(folder, 'answers.jsonl');
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  result: Record<string, unknown>;
}

function evaluate(...args: string[]): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(
      process.execPath,
      ['main/hosts/cli/index.ts', 'evaluate', ...args, '--home', join(folder, 'home')],
      { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', fail);
    child.on('close', (code) => {
      const last = stdout.trim().split('\n').at(-1) ?? '';
      const result = last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {};
      done({ code, stdout, stderr, result });
    });
  });
}

const lines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

const record = (n: number, picture: string, question: string, questionType: string, label: string) => ({
  id: `s/seq_2/left_frames/${picture}#${n}`,
  kind: 'visual-qa',
  split: 'test',
  source: 's',
  sequence: 'seq_2',
  image: `seq_2/left_frames/${picture}.png`,
  width: 1280,
  height: 1024,
  questionType,
  subject: questionType === 'organ' ? label : 'suction',
  question,
  wording: 'dataset',
  label,
  box: label === 'not visible' ? null : [100, 200, 300, 400],
  reasoning: null,
  spans: [],
  provenance: { type: 'annotation', file: 'seq_2/vqla/label/frame000_QAL.txt', line: 1 },
});
const rows = [
  record(0, 'frame000', 'What organ is being operated?', 'organ', 'kidney'),
  record(0, 'frame009', 'What organ is being operated?', 'organ', 'kidney'),
  record(1, 'frame000', 'What is the state of suction?', 'state', 'Idle'),
  record(2, 'frame000', 'Where is suction located?', 'location', 'not visible'),
];

beforeAll(() => {
  mkdirSync(data);
  const described = {
    format: 'surgery-r1-54k-style',
    formatVersion: 1,
    sources: [{ name: 's', root: pictures, layout: 'endovis' }],
    options: {},
    counts: {},
  };
  writeFileSync(join(data, 'dataset.json'), JSON.stringify(described));
  writeFileSync(join(data, 'test.jsonl'), lines(rows));
  const header = {
    format: 'surgery-r1-answers',
    formatVersion: 1,
    model: 'sft-0',
    split: 'test',
    settings: { temperature: 0 },
  };
  const said = rows
    .slice(0, 3)
    .map(({ id, label, box }) => ({ id, label, box, reasoning: '', wellFormed: true }));
  // As many programs write it: without a line break behind the last answer.
  writeFileSync(answers, lines([header, ...said]).trimEnd());
});

describe('evaluate', () => {
  it('asks the model, names what it cannot measure, and goes on from kept answers to the same files', async () => {
    const out = join(folder, 'out', 'nano');
    const first = await evaluate('--data', data, '--out', out);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toContain('frame009#0: The picture');
    const written = EvaluationReport.parse(JSON.parse(readFileSync(`${out}.json`, 'utf8')));
    expect(written).toMatchObject({
      model: { id: 'surgery-r1-nano', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      data: { layout: 'dataset', split: 'test', questions: 3, frames: 1, synthetic: false },
      settings: { temperature: 0 },
      timing: { answeredNow: 3, answeredBefore: 0 },
    });
    expect(written.problems.map(({ where }) => where)).toEqual([rows[1]?.id]);
    const kept = readFileSync(`${out}.answers.jsonl`);
    const half = kept.indexOf('\n', kept.indexOf('\n') + 1) + 20;
    writeFileSync(`${out}.answers.jsonl`, kept.subarray(0, half));
    const figure = readFileSync(`${out}.svg`, 'utf8');
    const text = readFileSync(`${out}.md`, 'utf8');

    const second = await evaluate('--data', data, '--out', `${out}.json`, '--json');
    expect(second.code, second.stderr).toBe(0);
    expect(readFileSync(`${out}.answers.jsonl`).equals(kept)).toBe(true);
    expect(readFileSync(`${out}.svg`, 'utf8')).toBe(figure);
    expect(readFileSync(`${out}.md`, 'utf8')).toBe(text);
    expect({ ...second.result, timing: null }).toEqual({ ...written, timing: null });
    expect(second.result['timing']).toMatchObject({ answeredNow: 2, answeredBefore: 1 });
  });

  it('stops at the first thing that cannot be measured when it is strict', async () => {
    const { code, result } = await evaluate('--data', data, '--answers', answers, '--strict', '--json');
    expect(code).toBe(3);
    expect(result).toMatchObject({
      error: { code: 'data-malformed', message: `${rows[3]?.id}: no answer in the file.` },
    });
  });

  it('scores answers from a file, and compares runs', async () => {
    const outs = ['0', '1'].map((seed) => join(folder, `sft-${seed}`));
    for (const [seed, out] of outs.entries()) {
      const run = ['--data', data, '--answers', answers, '--label', 'SFT', '--seed', `${seed}`, '--out', out];
      const { code, stdout, stderr } = await evaluate(...run);
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/overall +3 +1\.000/);
      expect(stdout).toContain(`${rows[3]?.id}: no answer in the file`);
    }
    const { code, stdout } = await evaluate('compare', ...outs.map((out) => `${out}.json`));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\| SFT \| 2 \| 1\.000 ± 0\.000 \|/m);
  });

  it('names an --out that cannot be written', async () => {
    const run = ['--data', data, '--answers', answers, '--out', '/proc/none/sft'];
    const { code, stderr } = await evaluate(...run);
    expect(code).toBe(5);
    expect(stderr).toContain("can't be written to /proc/none/sft.json");
  });

  it.each([
    ['no data', [], 2, '--data DIR'],
    [
      'answers that are not there',
      ['--data', data, '--answers', join(folder, 'none.jsonl')],
      3,
      'none.jsonl',
    ],
  ])('with %s ends with cause and remedy', async (_name, args, code, words) => {
    const ended = await evaluate(...args);
    expect({ code: ended.code, words: ended.stderr.includes(words) }, ended.stderr).toEqual({
      code,
      words: true,
    });
  });
});

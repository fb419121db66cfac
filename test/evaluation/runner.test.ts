import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAnswerStore } from '../../models/evaluation/answer-store.ts';
import { parseAnswers } from '../../models/evaluation/answers.ts';
import { spread, type EvaluationRow, type RowAnswer } from '../../models/evaluation/rows.ts';
import { answerRows, type RunOptions } from '../../models/evaluation/runner.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { question, said } from './rows.ts';

const rows = [
  question('a', 'organ', 'kidney'),
  question('b', 'organ', 'kidney'),
  question('a', 'state', 'Idle'),
  question('b', 'state', 'Cutting'),
];

function run(more: Partial<RunOptions> = {}): ReturnType<typeof answerRows> {
  return answerRows({
    rows,
    pictureSha256: async ({ image }) => `sha of ${image}`,
    answer: async (row) => said(row.label),
    now: () => 0,
    ...more,
  });
}

describe('asking every row', () => {
  it('asks about one picture at a time, and says how far it is', async () => {
    const asked: EvaluationRow[] = [];
    const progress: unknown[] = [];
    let time = 0;
    const result = await run({
      answer: async (row) => {
        asked.push(row);
        time += 2000;
        return said(row.label);
      },
      now: () => time,
      onProgress: (report) => progress.push(report),
    });
    expect(asked).toEqual([rows[0], rows[2], rows[1], rows[3]]);
    expect(result.answered.map(({ row }) => row)).toEqual(asked);
    expect(progress).toEqual([
      { done: 0, total: 4, secondsLeft: null },
      { done: 1, total: 4, secondsLeft: 6 },
      { done: 2, total: 4, secondsLeft: 4 },
      { done: 3, total: 4, secondsLeft: 2 },
      { done: 4, total: 4, secondsLeft: 0 },
    ]);
    expect(result).toMatchObject({ answeredNow: 4, answeredBefore: 0, problems: [] });
  });

  it('goes on without a picture that cannot be read, unless it is strict', async () => {
    const answer = (row: EvaluationRow): Promise<RowAnswer> =>
      row.image === 'b'
        ? Promise.reject(new WorkstationError('data-malformed', 'The picture b is none.', 'Check it.'))
        : Promise.resolve(said(row.label));
    const result = await run({ answer });
    expect(result.answered).toHaveLength(2);
    expect(result.problems).toEqual([
      { where: rows[1]?.id, what: 'The picture b is none.' },
      { where: rows[3]?.id, what: 'The picture b is none.' },
    ]);
    await expect(run({ answer, strict: true })).rejects.toThrow('The picture b is none.');
  });

  it('stops between rows when told to, and passes on what the model throws', async () => {
    const stop = new AbortController();
    let asked = 0;
    const stopped = run({
      signal: stop.signal,
      answer: async () => {
        asked++;
        stop.abort();
        return said('kidney');
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect(asked).toBe(1);
    await expect(run({ answer: () => Promise.reject(new Error('engine lost')) })).rejects.toThrow(
      'engine lost',
    );
  });
});

describe('answers that are kept', () => {
  let folder: string;
  let file: string;
  const header = {
    format: 'surgery-r1-answers',
    formatVersion: 1,
    model: 'nano',
    modelSha256: 'a'.repeat(64),
    settings: { temperature: 0, device: 'CPU' },
  } as const;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'evaluation-'));
    file = join(folder, 'out.answers.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs with the file until `fail` answers were given; returns how many were asked. */
  async function keep(fail = Infinity, more: Partial<RunOptions> = {}, head: object = {}): Promise<number> {
    const store = openAnswerStore(file, { ...header, ...head });
    let asked = 0;
    try {
      await run({
        store,
        answer: async (row) => {
          if (asked === fail) throw new Error('killed');
          asked++;
          return said(row.label, [1, 2, 3, 4], { reasoning: 'é', probability: 0.5 });
        },
        ...more,
      });
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'killed') throw error;
    } finally {
      store.close();
    }
    return asked;
  }

  it('go on after an interrupt, and end as the same bytes', async () => {
    await keep();
    const whole = readFileSync(file, 'utf8');
    rmSync(file);
    expect(await keep(2)).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe(`${whole.split('\n').slice(0, 3).join('\n')}\n`);
    expect(await keep()).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe(whole);
    expect(await keep()).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(whole);
  });

  it('lose half a last line and no more, wherever the writing broke off', async () => {
    await keep();
    const whole = readFileSync(file);
    // Within the header, within an answer, and just before the last line break.
    for (const bytes of [40, whole.indexOf(10) + 30, whole.length - 30, whole.length - 1]) {
      writeFileSync(file, whole);
      truncateSync(file, bytes);
      expect(await keep()).toBeGreaterThan(0);
      expect(readFileSync(file).equals(whole), `${bytes} bytes`).toBe(true);
    }
  });

  it('are read back as they were given', async () => {
    await keep();
    const store = openAnswerStore(file, header);
    const result = await run({ store, answer: () => Promise.reject(new Error('asked again')) });
    store.close();
    expect(result).toMatchObject({ answeredNow: 0, answeredBefore: 4 });
    expect(result.answered[0]?.answer).toMatchObject({
      label: 'kidney',
      box: [1, 2, 3, 4],
      reasoning: 'é',
      probability: 0.5,
      wellFormed: true,
    });
  });

  it('of another model, other settings, another picture or question are refused', async () => {
    await keep();
    await expect(keep(Infinity, {}, { modelSha256: 'b'.repeat(64) })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('model nano (aaaaaaaaaaaa), not nano (bbbbbbbbbbbb)') as string,
    });
    await expect(keep(Infinity, {}, { settings: { temperature: 1 } })).rejects.toThrow('other settings');
    await expect(keep(Infinity, { pictureSha256: async () => 'redrawn' })).rejects.toThrow(
      `the picture of ${rows[0]?.id} is another now`,
    );
    const reworded = rows.map((row) => ({ ...row, question: 'Which?' }));
    await expect(keep(Infinity, { rows: reworded })).rejects.toMatchObject({ code: 'invalid-input' });
    // The order of settings is none of their meaning.
    expect(await keep(Infinity, {}, { settings: { device: 'CPU', temperature: 0 } })).toBe(0);
  });

  it('are not gone on from when the file is damaged or none of ours', async () => {
    await keep();
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, [lines[0], '{"id": 3}', ...lines.slice(2)].join('\n'));
    await expect(keep()).rejects.toMatchObject({
      code: 'data-malformed',
      message: expect.stringContaining('out.answers.jsonl:2') as string,
    });
    writeFileSync(file, 'a shopping list\n');
    await expect(keep()).rejects.toMatchObject({ code: 'data-malformed' });
  });

  it('name the file and the remedy when it cannot be written', () => {
    writeFileSync(join(folder, 'taken'), '');
    // A folder below /proc refuses by ENOENT, on which Node's own recursive mkdir never returns.
    for (const where of [join(folder, 'taken', 'x.jsonl'), '/proc/none/x.jsonl']) {
      expect(() => openAnswerStore(where, header)).toThrow(
        expect.objectContaining({ code: 'store-unwritable' }),
      );
    }
    expect(() => openAnswerStore('/dev/full', header)).toThrow(
      expect.objectContaining({ code: 'store-full' }),
    );
  });

  it('stand in the file as any answers do', async () => {
    await keep();
    const { header: read, lines, problems } = parseAnswers(readFileSync(file, 'utf8'), 'out.answers.jsonl');
    expect(read).toEqual(header);
    expect([...lines.keys()]).toHaveLength(4);
    expect(problems).toEqual([]);
  });
});

describe('a limit', () => {
  const many = Array.from({ length: 40 }, (_, frame) =>
    (['organ', 'state', 'location'] as const).map((type) => question(`f${frame}`, type, 'x')),
  ).flat();

  it('takes whole frames spread over the set', () => {
    const some = spread(many, 12);
    expect(some).toHaveLength(12);
    expect([...new Set(some.map(({ image }) => image))]).toEqual(['f0', 'f10', 'f20', 'f30']);
  });

  it('never takes more than there is, nor less than asked', () => {
    expect(spread(many, 500)).toHaveLength(120);
    expect(spread(many, 1)).toHaveLength(1);
    const uneven = [question('a', 'organ', 'x'), ...many.slice(0, 30)];
    for (let limit = 1; limit <= uneven.length; limit++) expect(spread(uneven, limit)).toHaveLength(limit);
  });
});

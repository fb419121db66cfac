import Database from 'better-sqlite3';
import { join } from 'node:path';
import { percentile, type BenchTable } from '../table.ts';
import { openWithAnswers } from './many-marked.ts';

const ANSWERS = 100_000;
const ROUNDS = 20;

/** Narrowing a list of 100,000 answers, from the choice to the rows on the screen, beside what SQLite takes to find the same. */
export async function run(): Promise<BenchTable> {
  const opened = await openWithAnswers(ANSWERS);
  try {
    const { page } = opened.window;
    const choose = (option: string): Promise<number> =>
      page.evaluate(async (wanted) => {
        const select = document.querySelector<HTMLSelectElement>('select[aria-label="Label or model"]')!;
        const value = [...select.options].find(({ text }) => text === wanted)!.value;
        const size = () => document.querySelector('[aria-setsize]')?.getAttribute('aria-setsize');
        const before = size();
        const start = performance.now();
        select.value = value;
        select.dispatchEvent(new Event('change', { bubbles: true }));
        while (size() === before) await new Promise((drawn) => requestAnimationFrame(drawn));
        await new Promise((drawn) => requestAnimationFrame(drawn));
        return performance.now() - start;
      }, option);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      times.push(await choose('Retraction'));
      times.push(await choose('Any label or model'));
    }
    const database = new Database(join(opened.home, 'workstation.db'), { readonly: true });
    const query = database.prepare(`SELECT question_id FROM answers WHERE label = 'Retraction'`).pluck();
    const theirs = Array.from({ length: ROUNDS }, () => {
      const start = performance.now();
      query.all();
      return performance.now() - start;
    });
    database.close();
    const ours = percentile(times, 0.95);
    return {
      title: `A list of ${ANSWERS.toLocaleString('en')} answers in the window`,
      rows: [
        { name: 'filter: one label, and all again, p95', value: ours, unit: 'ms', atMost: 100 },
        {
          name: '  times what SQLite takes for that label',
          value: ours / percentile(theirs, 0.95),
          unit: 'x',
        },
      ],
    };
  } finally {
    await opened.close();
  }
}

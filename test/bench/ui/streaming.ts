import { newHome } from '../../e2e/host.ts';
import { openWindow } from '../../e2e/opened-window.ts';
import type { BenchTable } from '../table.ts';
import { load } from './processes.ts';

const QUESTIONS = ['What organ is being operated?', 'Where is the scissors?', 'What is the scissors doing?'];

/** How long the page holds itself up while an answer comes token by token: what takes more than 100 ms is felt. */
export async function run(): Promise<BenchTable> {
  const opened = await openWindow(newHome(), { viewport: { width: 1440, height: 900 } });
  opened.context.setDefaultTimeout(120_000);
  try {
    const { window } = opened;
    const { page } = window;
    await window.waitUntilAskable();
    // The browser tells of tasks of 50 ms and more.
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { longTasks: tasks });
      new PerformanceObserver((seen) =>
        tasks.push(...seen.getEntries().map(({ duration }) => duration)),
      ).observe({
        type: 'longtask',
      });
    });
    const told = (): Promise<number[]> =>
      page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks.splice(0));
    await page.waitForTimeout(3000);
    const atRest = await told();
    const streaming: number[] = [];
    for (const question of QUESTIONS) {
      await window.ask(question);
      await window.waitForAnswer();
      streaming.push(...(await told()));
      await window.step(1);
      // A step is another thing than a stream.
      await told();
    }
    return {
      title: `The window while ${QUESTIONS.length} answers stream`,
      rows: [
        { name: 'the longest task of the page', value: Math.max(0, ...streaming), unit: 'ms', atMost: 100 },
        { name: '  tasks of 50 ms and more', value: streaming.length, unit: '' },
        { name: '  of these at rest, in 3 s', value: atRest.length, unit: '' },
        { name: 'processes that wanted a core meanwhile', value: load(), unit: '' },
      ],
    };
  } finally {
    await opened.close();
  }
}

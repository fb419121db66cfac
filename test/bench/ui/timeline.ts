import { percentile, type BenchTable } from '../table.ts';
import { openWithAnswers } from './many-marked.ts';

const ANSWERS = 20_000;
const FRAMES = 120;

/** Zooming and panning a timeline of 20,000 answers, one notch of the wheel for each frame that the browser draws. */
export async function run(): Promise<BenchTable> {
  const opened = await openWithAnswers(ANSWERS);
  try {
    const { page } = opened.window;
    const drive = (how: 'zoom' | 'pan' | 'rest'): Promise<number[]> =>
      page.evaluate(
        async ([what, count]) => {
          const track = document.querySelector('.track')!;
          const { left, width } = track.getBoundingClientRect();
          const times: number[] = [];
          let last = await new Promise<number>((drawn) => requestAnimationFrame(drawn));
          for (let frame = 0; frame < count; frame += 1) {
            // There and back: from all of it to single frames, and along a stretch.
            const direction = frame % 60 < 30 ? -1 : 1;
            const wheel = { clientX: left + width * 0.4, bubbles: true, cancelable: true };
            if (what === 'zoom')
              track.dispatchEvent(
                new WheelEvent('wheel', { ...wheel, deltaY: direction * 80, ctrlKey: true }),
              );
            if (what === 'pan')
              track.dispatchEvent(new WheelEvent('wheel', { ...wheel, deltaY: -direction * 25 }));
            const now = await new Promise<number>((drawn) => requestAnimationFrame(drawn));
            times.push(now - last);
            last = now;
          }
          return times;
        },
        [how, FRAMES] as const,
      );
    // The browser's own thread time: what a frame costs, however busy the machine is with something else.
    const devtools = await opened.context.newCDPSession(page);
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const taskMilliseconds = async (): Promise<number> => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
    };
    const system = await opened.browser.newBrowserCDPSession();
    const allMilliseconds = async (): Promise<number> => {
      const { processInfo } = await system.send('SystemInfo.getProcessInfo');
      return 1000 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    };
    const costing = async (how: 'zoom' | 'pan' | 'rest') => {
      const [task, all] = [await taskMilliseconds(), await allMilliseconds()];
      const times = await drive(how);
      const cost = ((await taskMilliseconds()) - task) / FRAMES;
      return { times, cost, ofAll: ((await allMilliseconds()) - all) / FRAMES };
    };
    const rate = (times: readonly number[]): number =>
      1000 / (times.reduce((sum, time) => sum + time, 0) / times.length);
    await drive('zoom');
    const rest = await costing('rest');
    const zoom = await costing('zoom');
    await page.keyboard.press('z');
    await page.keyboard.press('z');
    const pan = await costing('pan');
    return {
      title: `A timeline with ${ANSWERS.toLocaleString('en')} answers`,
      rows: [
        { name: 'zooming', value: rate(zoom.times), unit: 'frames/s', atLeast: 50 },
        { name: '  the longest frame in twenty, p95', value: percentile(zoom.times, 0.95), unit: 'ms' },
        { name: '  the page’s processor time of a frame', value: zoom.cost, unit: 'ms', atMost: 20 },
        { name: '  the whole browser’s, which draws without a graphics card', value: zoom.ofAll, unit: 'ms' },
        { name: 'panning', value: rate(pan.times), unit: 'frames/s', atLeast: 50 },
        { name: '  the longest frame in twenty, p95', value: percentile(pan.times, 0.95), unit: 'ms' },
        { name: '  the page’s processor time of a frame', value: pan.cost, unit: 'ms', atMost: 20 },
        { name: '  the whole browser’s, which draws without a graphics card', value: pan.ofAll, unit: 'ms' },
        { name: 'the same window at rest, for comparison', value: rate(rest.times), unit: 'frames/s' },
        { name: '  the page’s processor time of a frame', value: rest.cost, unit: 'ms' },
        { name: '  the whole browser’s, which draws without a graphics card', value: rest.ofAll, unit: 'ms' },
      ],
    };
  } finally {
    await opened.close();
  }
}

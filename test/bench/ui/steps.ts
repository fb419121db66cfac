import { launchChromium } from '../../e2e/chromium.ts';
import { newHome, removeHome, RunningHost } from '../../e2e/host.ts';
import { WorkstationPage } from '../../e2e/pages/workstation-page.ts';
import { ClipFolder } from '../../video/clips.ts';
import { percentile, type BenchRow, type BenchTable } from '../table.ts';
import { mpvStepsBack } from './mpv.ts';
import { keepNoCopies, load } from './processes.ts';

const group = 250;
const framesPerSecond = 25;
const stepsPerSecond = 8;
const reverseSeconds = 8;

/**
 * 40 s of 1080p with noise, as cameras have it, in groups of 250 frames. The noise keeps it from being decoded faster than any
 * recording.
 */
function makeGroups(folder: ClipFolder): Promise<string> {
  const picture = 'testsrc2=s=1920x1080:r=25:d=10,noise=alls=8:allf=t';
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '30', '-pix_fmt', 'yuv420p'];
  const keys = ['-g', String(group), '-keyint_min', String(group), '-sc_threshold', '0', '-bf', '2'];
  return folder
    .convert(['-f', 'lavfi', '-i', picture, ...x264, ...keys], 'one group.mp4')
    .then((one) => folder.convert(['-stream_loop', '3', '-i', one, '-c', 'copy'], 'groups of 250.mp4'));
}

/** Steps and reverse play in the window, from the key to the frame on the screen. */
export async function run(): Promise<BenchTable> {
  const clips = new ClipFolder();
  const home = newHome();
  const file = await makeGroups(clips);
  const host = new RunningHost(home, {}, file);
  const browser = await launchChromium();
  try {
    const window = new WorkstationPage(await browser.newPage({ viewport: { width: 1440, height: 900 } }));
    const { page } = window;
    page.setDefaultTimeout(60_000);
    await keepNoCopies(page);
    await page.goto(await host.address());
    await window.waitUntilAskable();

    await window.goToFrame(375);
    await window.step(5);
    const kept = await stepping(window, { count: 5, by: -1 });
    const forwards = await stepping(window, { count: 40, by: 1, from: 480 });
    const backwards = await stepping(window, { count: 40, by: -1, from: 519 });
    const nearEdge = (times: readonly number[]): number => Math.max(...times.slice(15, 25));

    await window.goToFrame(920);
    await page.waitForTimeout(3000);
    const reverse = await reversed(window);
    const mpv = await mpvStepsBack(file, { from: 519, count: 40 });

    const edge = `over a group’s edge at ${stepsPerSecond} steps/s`;
    const ownBack = percentile(backwards, 0.95);
    const rows: BenchRow[] = [
      {
        name: 'a step among frames that are here, p95',
        value: percentile(kept, 0.95),
        unit: 'ms',
        atMost: 50,
      },
      { name: `${edge}, forwards, worst`, value: nearEdge(forwards), unit: 'ms', atMost: 250 },
      { name: `${edge}, backwards, worst`, value: nearEdge(backwards), unit: 'ms', atMost: 250 },
      { name: '  40 such steps back, p95', value: ownBack, unit: 'ms' },
      ...(mpv === null
        ? []
        : [
            {
              name: '  as a part of what mpv’s frame-back-step takes, p95',
              value: ownBack / percentile(mpv, 0.95),
              unit: 'x',
            },
          ]),
      {
        name: `J at 1x for ${reverseSeconds} s over groups of ${group}: speed, as a part of the video’s`,
        value: reverse.speed,
        unit: 'x',
        atLeast: 0.95,
      },
      { name: '  frames shown of those passed over', value: reverse.shown * 100, unit: '%' },
      { name: '  the longest that one frame stood', value: reverse.longest, unit: 'ms' },
      { name: 'processes that wanted a core meanwhile', value: load(), unit: '' },
    ];
    return { title: `Steps and reverse play at 1080p, groups of ${group} frames`, rows };
  } finally {
    await browser.close();
    await host.stop();
    removeHome(home);
    clips.remove();
  }
}

/** Single steps, at their pace or one after another; returns what each took from the key to the frame on the screen, in ms. */
async function stepping(
  window: WorkstationPage,
  { count, by, from }: { count: number; by: 1 | -1; from?: number },
): Promise<number[]> {
  if (from !== undefined) await window.goToFrame(from);
  return window.page.evaluate(
    async ([steps, direction, pause]) => {
      const canvas = document.querySelector('canvas[data-part="frame"]')!;
      const key = direction > 0 ? { key: '.', code: 'Period' } : { key: ',', code: 'Comma' };
      const drawn = (): Promise<number> => new Promise((now) => requestAnimationFrame(now));
      const times: number[] = [];
      let index = Number(canvas.getAttribute('data-frame-index'));
      let due = performance.now();
      for (let step = 0; step < steps; step += 1) {
        due += pause;
        while (performance.now() < due) await drawn();
        const begun = performance.now();
        index += direction;
        document.body.dispatchEvent(new KeyboardEvent('keydown', { ...key, bubbles: true }));
        document.body.dispatchEvent(new KeyboardEvent('keyup', { ...key, bubbles: true }));
        while (canvas.getAttribute('data-frame-index') !== String(index)) await drawn();
        await drawn();
        times.push(performance.now() - begun);
      }
      return times;
    },
    [count, by, from === undefined ? 0 : 1000 / stepsPerSecond] as const,
  );
}

interface Reverse {
  /** Seconds of the video over seconds of the clock. */
  readonly speed: number;
  /** Part of the frames passed over that were on the screen. */
  readonly shown: number;
  /** The longest time between two pictures, in ms. */
  readonly longest: number;
}

/** Plays backwards, and looks at each picture that the browser draws. */
async function reversed({ page }: WorkstationPage): Promise<Reverse> {
  const looks = await page.evaluate(async (seconds) => {
    const canvas = document.querySelector('canvas[data-part="frame"]')!;
    const seen: { at: number; index: number }[] = [];
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', code: 'KeyJ', bubbles: true }));
    document.body.dispatchEvent(new KeyboardEvent('keyup', { key: 'j', code: 'KeyJ', bubbles: true }));
    const begun = performance.now();
    for (let at = begun; at < begun + seconds * 1000;) {
      at = await new Promise<number>((drawn) => requestAnimationFrame(drawn));
      const index = Number(canvas.getAttribute('data-frame-index'));
      if (seen.at(-1)?.index !== index) seen.push({ at, index });
    }
    return seen;
  }, reverseSeconds);
  await page.keyboard.press('k');
  const [first, last] = [looks[0]!, looks.at(-1)!];
  const passed = first.index - last.index;
  const waits = looks.slice(1).map(({ at }, place) => at - looks[place]!.at);
  return {
    speed: passed / framesPerSecond / ((last.at - first.at) / 1000),
    shown: (looks.length - 1) / passed,
    longest: Math.max(...waits),
  };
}

import { spawnSync } from 'node:child_process';
import { findMediaTools } from '../../../main/video/index.ts';
import { launchChromium } from '../../e2e/chromium.ts';
import { newHome, removeHome, RunningHost } from '../../e2e/host.ts';
import { WorkstationPage } from '../../e2e/pages/workstation-page.ts';
import { ClipFolder } from '../../video/clips.ts';
import { percentile, type BenchRow, type BenchTable } from '../table.ts';
import { framesOfHours, hours, makeLongFile, plainFfmpeg } from './long-file.ts';
import { keepNoCopies, load, memory, withoutModel } from './processes.ts';
import { anHoursReview, reviewedActions } from './review-script.ts';

/** A recording of six hours: how soon it is there, what an hour's review of it costs in memory, and how fast it is stepped through. */
export async function run(): Promise<BenchTable> {
  const clips = new ClipFolder();
  const home = newHome();
  const file = await makeLongFile(clips);
  // Read once: what the disk's cache holds is the same for both sides.
  const ffmpegSeconds = await plainFfmpeg(file, 0);
  const farSeconds = await plainFfmpeg(file, hours * 3600 - 100.02);
  const scan = await plainScan(file);
  const host = new RunningHost(home, {}, file);
  const browser = await launchChromium();
  try {
    const window = new WorkstationPage(await browser.newPage({ viewport: { width: 1440, height: 900 } }));
    const { page } = window;
    page.setDefaultTimeout(120_000);
    await keepNoCopies(page);
    const address = await host.address();
    const begun = performance.now();
    const since = (): number => (performance.now() - begun) / 1000;
    await page.goto(address);
    await page
      .locator('canvas[data-moving="true"], canvas[data-frame-index]')
      .first()
      .waitFor({ state: 'attached' });
    const firstPicture = since();
    await window.frame.waitForAny();
    const indexed = since();
    await window.waitUntilAskable();
    const asked = await ask(window);
    const rows: BenchRow[] = [
      { name: 'window to its first picture, without an index', value: firstPicture, unit: 's', atMost: 2 },
      { name: '  times a plain ffmpeg to its first picture', value: firstPicture / ffmpegSeconds, unit: 'x' },
      {
        name: `index of ${framesOfHours.toLocaleString('en')} frames in the background`,
        value: indexed,
        unit: 's',
        atMost: 10,
      },
      { name: '  as a part of what ffprobe takes to list its packets', value: indexed / scan, unit: 'x' },
      {
        name: 'a question in the sixth hour, from Enter until it is taken',
        value: asked,
        unit: 's',
        atMost: 2,
      },
      { name: '  times a plain ffmpeg to a frame there', value: asked / farSeconds, unit: 'x' },
    ];
    const atRest = await memory(host, browser);
    const steps = await anHoursReview(window);
    const busy = withoutModel(await memory(host, browser));
    // After a while at rest: what is let go by itself by then is not counted.
    await page.waitForTimeout(20_000);
    const after = await memory(host, browser);
    rows.push(
      {
        name: `an hour’s review (${reviewedActions} actions): steps among frames that are here, p95`,
        value: percentile(steps, 0.95),
        unit: 'ms',
        atMost: 50,
      },
      {
        name: 'memory after it, all processes without the model',
        value: withoutModel(after),
        unit: 'MiB',
        atMost: 700,
      },
      { name: '  at once, before it rests', value: busy, unit: 'MiB' },
      { name: '  before it', value: withoutModel(atRest), unit: 'MiB' },
      { name: '  the workstation', value: after.workstation, unit: 'MiB' },
      { name: '  its tools', value: after.tools, unit: 'MiB' },
      { name: '  the page', value: after.pages, unit: 'MiB' },
      {
        name: '  the rest of the browser, which draws without a graphics card',
        value: after.browser,
        unit: 'MiB',
      },
      { name: '  beside it, the engine with the embedded model', value: after.engine, unit: 'MiB' },
      { name: 'processes that wanted a core meanwhile', value: load(), unit: '' },
    );
    return { title: `A recording of ${hours} hours at 1080p`, rows };
  } finally {
    await browser.close();
    await host.stop();
    removeHome(home);
    clips.remove();
  }
}

async function ask(window: WorkstationPage): Promise<number> {
  await window.goToFrame(framesOfHours - 2500);
  await window.page.keyboard.press('q');
  await window.askField.fill('What organ is being operated?');
  const begun = performance.now();
  await window.askField.press('Enter');
  await window.answer.panel.getByText('What organ is being operated?').waitFor();
  const taken = (performance.now() - begun) / 1000;
  await window.askField.press('Escape');
  await window.waitForAnswer();
  return taken;
}

/** Seconds that ffprobe takes to list the times of all packets, which is what an index is made of elsewhere. */
async function plainScan(path: string): Promise<number> {
  const { ffprobe } = await findMediaTools();
  const begun = performance.now();
  spawnSync(
    ffprobe.path,
    ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts', '-of', 'csv', path],
    {
      stdio: 'ignore',
    },
  );
  return (performance.now() - begun) / 1000;
}

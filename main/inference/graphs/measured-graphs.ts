import { performance } from 'node:perf_hooks';
import { env } from '../onnx-runtime.ts';
import type { ModelDirectory } from '../model/model-directory.ts';
import type { ModelGraphs } from './model-graphs.ts';
import { recall, remember } from '../devices/thread-memory.ts';
import {
  defaultSetting,
  machineName,
  settingInWords,
  settingsToTry,
  type ThreadSetting,
} from '../devices/thread-setting.ts';

/** A setting, and why it is that one, in words for a person. */
export interface ExplainedSetting extends ThreadSetting {
  readonly reason: string;
}

export interface OpenMeasuredOptions {
  /** Asked for by number: nothing is measured. */
  readonly threads?: number;
  /** Where measurements are remembered; without it nothing is measured. */
  readonly cacheFolder?: string;
  readonly onMeasure?: () => void;
  /** Told when a measurement cannot be remembered. */
  readonly log?: (line: string) => void;
  /** For tests. */
  readonly settings?: readonly ThreadSetting[];
  readonly today?: () => Date;
  readonly now?: () => number;
}

/** How long a measurement may take. It may take three times as long as opening the model if that is longer. */
const budgetMilliseconds = 2000;
/** A setting must be this much faster than the default to replace it, because smaller differences come and go. */
const worthwhile = 0.97;
const steps = 7;
const promptTokens = 32;
/**
 * What an answer does between two tokens, in ms. Threads that don't spin fall asleep in it: without a pause they looked
 * as fast as those that do, and were slower by 5 to 20 % in answers.
 */
const betweenTokens = 0.7;

/**
 * Opens the graphs of a model with the threads that suit it on this machine: as measured once and remembered, or
 * measured now, within a short budget. Each setting in turn opens the graphs, reads a short prompt, and decodes some
 * tokens; the fastest by its median wins. The graphs of one setting are closed before those of the next are opened, so
 * that the weights are in memory once.
 */
export async function openMeasured(
  model: ModelDirectory,
  open: (setting: ThreadSetting) => Promise<ModelGraphs>,
  options: OpenMeasuredOptions,
): Promise<{ graphs: ModelGraphs; setting: ExplainedSetting }> {
  const { cacheFolder, threads } = options;
  const fixed = async (setting: ThreadSetting, reason: string) => ({
    graphs: await open(setting),
    setting: { ...setting, reason },
  });
  if (threads !== undefined) {
    const setting = { threads, spinning: false };
    return fixed(setting, `${settingInWords(setting)}, as asked for`);
  }
  if (cacheFolder === undefined) {
    return fixed(defaultSetting(), `${settingInWords(defaultSetting())}, the default`);
  }
  const what = {
    modelSha256: model.sha256,
    runtimeVersion: env.versions.node ?? env.versions.common,
    machine: machineName(),
  };
  const known = await recall(cacheFolder, what);
  if (known !== null) {
    const { found, measuredAt } = known;
    return fixed(known, `${settingInWords(known)}, measured ${measuredAt}: ${found}`);
  }
  options.onMeasure?.();
  const { graphs, setting, found } = await measure(model, open, options);
  const measuredAt = (options.today?.() ?? new Date()).toISOString().slice(0, 10);
  const { threads: count, spinning } = setting;
  const trouble = await remember(cacheFolder, what, { threads: count, spinning, found, measuredAt });
  if (trouble !== null) options.log?.(`threads measured, but not remembered: ${trouble}`);
  return {
    graphs,
    setting: { ...setting, reason: `${settingInWords(setting)}, measured ${measuredAt}: ${found}` },
  };
}

interface Timing {
  readonly setting: ThreadSetting;
  /** Medians, in ms: of a token, and of a short prompt. */
  readonly step: number;
  readonly prompt: number;
}

/** A short answer behind a frame: a question of some prompts' length, and the tokens written. */
const cost = ({ step, prompt }: Timing): number => 64 * step + 4 * prompt;

async function measure(
  model: ModelDirectory,
  open: (setting: ThreadSetting) => Promise<ModelGraphs>,
  options: OpenMeasuredOptions,
): Promise<{ graphs: ModelGraphs; setting: ThreadSetting; found: string }> {
  const now = options.now ?? (() => performance.now());
  const start = now();
  const timings: Timing[] = [];
  const candidates = options.settings ?? settingsToTry();
  let graphs: ModelGraphs | null = null;
  let opened: ThreadSetting | null = null;
  let longest = 0;
  let budget = budgetMilliseconds;
  let untried = 0;
  try {
    for (const setting of candidates) {
      const begun = now();
      if (timings.length > 0 && begun - start + longest > budget) {
        untried += 1;
        continue;
      }
      await graphs?.dispose();
      graphs = null;
      try {
        graphs = await open(setting);
      } catch (error) {
        // The default must work. If another setting does not, nothing is lost.
        if (timings.length === 0) throw error;
        untried += 1;
        continue;
      }
      opened = setting;
      if (timings.length === 0) budget = Math.max(budget, 3 * (now() - begun));
      timings.push({ setting, ...(await time(model, graphs, now)) });
      longest = Math.max(longest, now() - begun);
    }
    const [usual] = timings;
    const fastest = timings.reduce((best, timing) => (cost(timing) < cost(best) ? timing : best));
    const chosen = cost(fastest) < worthwhile * cost(usual!) ? fastest : usual!;
    if (graphs === null || opened !== chosen.setting) {
      await graphs?.dispose();
      graphs = null;
      graphs = await open(chosen.setting);
    }
    return { graphs, setting: chosen.setting, found: inWords(chosen, timings, untried) };
  } catch (error) {
    await graphs?.dispose();
    throw error;
  }
}

function inWords(chosen: Timing, timings: readonly Timing[], untried: number): string {
  const milliseconds = (timing: Timing): string => `${timing.step.toPrecision(2)} ms a token`;
  const others = timings
    .filter((timing) => timing !== chosen)
    .map((timing) => `${settingInWords(timing.setting)} ${milliseconds(timing)}`);
  const rest = untried === 0 ? '' : `; ${untried} more not tried`;
  return [milliseconds(chosen), ...others].join('; ') + rest;
}

/** Reads a prompt of nothing in particular, twice, and decodes behind it. */
async function time(
  model: ModelDirectory,
  graphs: ModelGraphs,
  now: () => number,
): Promise<{ step: number; prompt: number }> {
  const { hiddenSize, maxPositions } = model.manifest.parameters;
  const tokens = Math.max(1, Math.min(promptTokens, Math.floor((maxPositions - steps) / 2)));
  const cache = graphs.decoder.newCache(2 * tokens + steps);
  const run = async (count: number): Promise<number> => {
    const past = cache.length;
    const positions = Int32Array.from({ length: 3 * count }, (_, index) => past + (index % count));
    const embeddings = Float32Array.from({ length: count * hiddenSize }, (_, index) => Math.sin(index) / 50);
    const begun = now();
    await graphs.decoder.run({ tokens: count, embeddings, positions, attention: null, logits: 1 }, cache);
    return now() - begun;
  };
  try {
    // The first runs of a session reserve room for their values, so they do not represent an answer.
    await run(tokens);
    await run(1);
    const prompt = await run(tokens);
    const times: number[] = [];
    for (let step = 1; step < steps; step += 1) {
      keepBusy(betweenTokens);
      times.push(await run(1));
    }
    return { prompt, step: times.sort((first, second) => first - second)[Math.floor(times.length / 2)]! };
  } finally {
    cache.dispose();
  }
}

/** This uses the real clock, whatever clock the measurement uses. */
function keepBusy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

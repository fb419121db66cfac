import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkstation } from '../../main/workstation.ts';
import { calls, mostOfPage, type EntryPage } from '../../preload/contract/index.ts';
import { asItsPerson } from '../context.ts';
import { addLongSession } from '../store/long-session.ts';
import { percentile, type BenchTable } from './table.ts';

const ANSWERS = 20_000;
const TRIES = 20;

/** How long the main thread is at something that nobody else can use it in, in ms of its processor time. */
async function onMainThread<T>(work: () => Promise<T>): Promise<{ milliseconds: number; value: T }> {
  const before = process.threadCpuUsage?.() ?? process.cpuUsage();
  const value = await work();
  const { user, system } = process.threadCpuUsage?.(before) ?? process.cpuUsage(before);
  return { milliseconds: (user + system) / 1000, value };
}

/** What a session of one long night costs whoever opens it. */
export async function longSession(): Promise<BenchTable> {
  const home = mkdtempSync(join(tmpdir(), 'workstation-long-'));
  try {
    const sessionId = addLongSession(home, ANSWERS);
    const options = {
      host: 'command-line' as const,
      hostReason: null,
      log: () => undefined,
      exclusive: false,
    };
    const workstation = await createWorkstation({ home, ...options });
    try {
      return await measure(asItsPerson(workstation).calls, sessionId);
    } finally {
      await workstation.dispose();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function measure(
  workstation: ReturnType<typeof asItsPerson>['calls'],
  sessionId: Parameters<typeof workstation.openSession>[0]['sessionId'],
): Promise<BenchTable> {
  // As the door does: the result is checked against the contract, then written as text.
  const open = async () =>
    JSON.stringify(calls.openSession.output.parse(await workstation.openSession({ sessionId })));
  const page = async (before: EntryPage['next']) => {
    const read = await workstation.listEntries({
      ...{ sessionId, limit: mostOfPage },
      ...(before !== null && { before }),
    });
    return { read, text: JSON.stringify(calls.listEntries.output.parse(read)) };
  };
  const opened = [];
  for (let tries = 0; tries < TRIES; tries++) opened.push(await onMainThread(open));
  const first = calls.openSession.output.parse(JSON.parse(opened.at(-1)?.value ?? ''));
  const pages = [];
  for (let next = first.entries.next; next !== null;) {
    const read = await onMainThread(() => page(next));
    pages.push(read);
    next = read.value.read.next;
  }
  const listed =
    first.entries.list.length + pages.reduce((sum, { value }) => sum + value.read.list.length, 0);
  if (listed !== ANSWERS || first.entryCount !== ANSWERS)
    throw new Error(`${listed} of ${ANSWERS} were listed`);
  const whole = [];
  for (const { question } of first.entries.list) {
    const asked = { questionId: question.id };
    whole.push(
      await onMainThread(async () => calls.getEntry.output.parse(await workstation.getEntry(asked))),
    );
  }
  const times = (all: readonly { milliseconds: number }[]): number[] =>
    all.map(({ milliseconds }) => milliseconds);
  return {
    title: `A session of ${ANSWERS.toLocaleString('en')} answers, on the main thread (processor time)`,
    rows: [
      {
        name: 'open it, with all of its first screen, p95',
        value: percentile(times(opened), 0.95),
        unit: 'ms',
        atMost: 150,
      },
      { name: 'what the first screen is sent as', value: (opened[0]?.value.length ?? 0) / 1024, unit: 'KiB' },
      {
        name: `a page of ${mostOfPage} more, p95`,
        value: percentile(times(pages), 0.95),
        unit: 'ms',
        atMost: 150,
      },
      { name: 'all pages together', value: times(pages).reduce((sum, time) => sum + time, 0), unit: 'ms' },
      {
        name: 'one answer with all that is kept of it, p95',
        value: percentile(times(whole), 0.95),
        unit: 'ms',
      },
    ],
  };
}

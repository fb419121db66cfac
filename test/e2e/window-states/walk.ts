import type { Keyboard, Locator, Page } from 'playwright-core';
import type { RunningHost } from '../host.ts';
import type { WorkstationPage } from '../pages/workstation-page.ts';
import type { StateSheets } from './sheets.ts';

/** What a walk through the window has at hand. */
export interface Desk {
  readonly page: Page;
  readonly window: WorkstationPage;
  readonly keyboard: Keyboard;
  readonly host: RunningHost;
  readonly news: News;
  /** A recording of patterns that the person has, by its path; its folder is in the person's own. */
  readonly recording: string;
  /** Another one, whose place a browser hides. */
  readonly dropped: string;
  /** The open dialog. */
  readonly dialog: Locator;
  /** Asks on a frame and waits for the end of the answer. */
  ask(text: string, frame: number): Promise<void>;
}

/** Holds back what the workstation tells the window, so that what lasts for half a second can be looked at. */
export interface News {
  hold(): Promise<void>;
  /** Lets in what is told until one piece of it is like a pattern, and holds the rest. */
  letInUntil(pattern: RegExp): Promise<void>;
  letGo(): Promise<void>;
}

/** One state of the window: how a person comes to it from the one before. */
export interface State {
  readonly name: string;
  /** What the state is, for a person who looks at its sheet. */
  readonly title: string;
  /** Whether the README shows it, in its own size. */
  readonly isInReadme?: boolean;
  reach(desk: Desk): Promise<void>;
  /** What leads back to where the next one can be reached from. */
  leave?(desk: Desk): Promise<void>;
}

export interface Failure {
  readonly name: string;
  readonly why: string;
}

/**
 * Takes the sheet of every state, in their order. One that can't be reached is kept with its reason, and the walk goes on from the
 * window at rest.
 *
 * @param chosen names of the states to take; the others are gone through without a picture. Empty for all
 */
export async function takeStates(
  states: readonly State[],
  { desk, sheets, chosen }: { desk: Desk; sheets: StateSheets; chosen: readonly string[] },
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const { name, title, isInReadme, reach, leave } of states) {
    try {
      await reach(desk);
      if (chosen.length === 0 || chosen.includes(name)) {
        await sheets.take(name, title, { isAlsoBySelf: isInReadme === true });
      }
      await leave?.(desk);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failures.push({ name, why });
      console.log(`${name}: FAILED: ${why.split('\n')[0]}`);
      await sheets.takeFailed(name).catch(() => undefined);
      await rest(desk).catch(() => undefined);
    }
  }
  return failures;
}

/** Closes whatever is open, and has the window load anew, so that the next state begins as after any other. */
async function rest({ page, window, keyboard, news, host }: Desk): Promise<void> {
  await news.letGo().catch(() => undefined);
  for (let press = 0; press < 4; press += 1) await keyboard.press('Escape');
  if (page.url() === 'about:blank') await page.goto(await host.address());
  else await page.reload();
  await window.waitUntilAskable();
}

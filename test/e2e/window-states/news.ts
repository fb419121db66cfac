import type { BrowserContext, Page } from 'playwright-core';
import type { News } from './walk.ts';

interface Held {
  holdNews?: boolean;
  heldNews?: { readonly text: string; tell(): void }[];
}

/** In every page of a context, news of the workstation waits while it is held, and then arrives in its order. */
export async function withHeldNews(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const held = globalThis as Held;
    held.heldNews = [];
    globalThis.EventSource = class extends EventSource {
      override set onmessage(listener: ((event: MessageEvent) => void) | null) {
        super.onmessage = (event) => {
          const tell = (): void => listener?.(event);
          if (held.holdNews) held.heldNews?.push({ text: String(event.data), tell });
          else tell();
        };
      }
    };
  });
}

export const newsOf = (page: Page): News => ({
  hold: () =>
    page.evaluate(() => {
      (globalThis as Held).holdNews = true;
    }),
  async letInUntil({ source }) {
    await page.waitForFunction((wanted) => {
      const { heldNews = [] } = globalThis as Held;
      while (heldNews.length > 0) {
        const { text, tell } = heldNews.shift()!;
        tell();
        if (new RegExp(wanted).test(text)) return true;
      }
      return false;
    }, source);
  },
  letGo: () =>
    page.evaluate(() => {
      const held = globalThis as Held;
      held.holdNews = false;
      for (const { tell } of held.heldNews?.splice(0) ?? []) tell();
    }),
});

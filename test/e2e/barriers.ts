import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What a person with a screen reader, a keyboard or weak sight would stumble over; each with the place. */
export async function barriersOf(page: Page): Promise<string[]> {
  // Not as a script of the page, which its content security policy refuses.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: engine } = globalThis as unknown as { axe: typeof axe };
    return (await engine.run(document, { resultTypes: ['violations'] })).violations;
  });
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}

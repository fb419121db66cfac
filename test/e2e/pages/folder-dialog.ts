import type { Page } from 'playwright-core';

/** From the places on, wherever the folder dialog began: it goes on where something was last looked for. */
export async function goToPlaces(page: Page): Promise<void> {
  // Until it has come to a folder, nothing tells whether it is at the places already.
  await page.locator('dialog .place strong').filter({ hasText: /./ }).waitFor();
  const places = page.getByRole('button', { name: 'Places', exact: true });
  if (await places.isEnabled()) await places.click();
}

/** Exhibits of a lesson that is open. */

import type { Page } from "playwright-core";

/** What an exhibit says of where its run comes from. */
export const mark = (page: Page, number = 1) => page.locator(`figure[data-exhibit="${number}"] .mark [role=status]`);

/** What it says of a run of the reader's own, with the build that computed it. */
export const COMPUTED_HERE = /^Computed in this tab, just now, in [\d.]+ m?s on cpu \((simd128|relaxed-simd)/;

/** Waits until an exhibit has been computed here; gives what it says of that. */
export async function live(page: Page, number = 1): Promise<string> {
  await page.waitForSelector(`figure[data-exhibit="${number}"][data-progress="done"]`, { timeout: 90_000 });
  return (await mark(page, number).textContent()) ?? "";
}

/** Puts the keys into the ask box: where a question goes on, and where the focus goes when what held it is gone. */
export const focusAsk = (): void => document.querySelector<HTMLTextAreaElement>('[data-part="ask"]')?.focus();

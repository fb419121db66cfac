/** Whether the character only parts words in a label. */
export function isSeparator(character: string): boolean {
  return /[\s_-]/.test(character);
}

/** A label without what doesn't change its meaning: case, and which separators stand between its words. */
export function plainLabel(label: string): string {
  return label
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ');
}

import type { CaseStretch } from '../case-time.ts';
import { formatTimecode } from '../frames.ts';

/** "4:05", "1:02:03", "0:07.5": a length as short as it can be read. */
export function lengthInWords(seconds: number): string {
  const code = formatTimecode(Math.abs(seconds));
  const [whole, fraction = ''] = code.split('.') as [string, string?];
  const rest = fraction.replace(/0+$/, '');
  return `${whole.replace(/^00:0?/, '')}${rest === '' ? '' : `.${rest}`}`;
}

/** What is known of the gap before a recording, in words. */
export function gapInWords({ kind, statedSeconds }: CaseStretch['gap']): string {
  const length = lengthInWords(statedSeconds ?? 0);
  switch (kind) {
    case 'first':
      return 'The first recording of the case.';
    case 'unknown':
      return 'How long nothing was recorded before it is unknown: no clock says when it began. It is shown right behind the one before.';
    case 'contradiction':
      return `By the clocks it begins ${length} before the end of the one before. It is shown right behind that.`;
    case 'apart':
      return `It begins ${length} after the one before, which is too long to be drawn. It is shown right behind that.`;
    case 'stated':
    case 'clock': {
      const by = kind === 'stated' ? 'as was stated by hand' : 'by the files’ clocks';
      return statedSeconds !== null && statedSeconds > 1
        ? `Nothing was recorded for ${length} before it, ${by}.`
        : `It goes on right behind the one before, ${by}.`;
    }
  }
}

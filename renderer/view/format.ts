import {
  grouped,
  visibleText,
  type ModelTeaching,
  type QuestionTemplate,
} from '../../preload/contract/index.ts';

/** Numbers and times as the window writes them. */

export { decoding, grouped, readable } from '../../preload/contract/index.ts';

/** What a person or a model wrote, as it can be shown: its lines stay, and what would hide or turn letters round is written out. */
export const written = (text: string): string => visibleText(text, '\n\t');

/** Whole seconds as hh:mm:ss. */
export function clock(seconds: number): string {
  const whole = Math.floor(Math.max(0, seconds));
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** A timecode as short as it can be read: "26:47", "1:02:03". */
export function shortClock(seconds: number): string {
  return clock(seconds)
    .replace(/^00:/, '')
    .replace(/^0(\d:)/, '$1');
}

/** 1536000 -> "1.5 MB"; decimal units, as file managers and disks count. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** "today 14:20", "yesterday 09:05", "3 Nov 2026", in local time. */
export function day(timestamp: number, now: number): string {
  const at = new Date(timestamp);
  const time = timeOfDay(timestamp).slice(0, 5);
  const days = Math.round((midnight(now) - midnight(timestamp)) / 86_400_000);
  if (days === 0) return `today ${time}`;
  if (days === 1) return `yesterday ${time}`;
  const month = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  return `${month} ${time}`;
}

/** Local time as hh:mm:ss. */
export function timeOfDay(timestamp: number): string {
  return new Date(timestamp).toLocaleTimeString('en-GB', { hour12: false });
}

function midnight(timestamp: number): number {
  return new Date(timestamp).setHours(0, 0, 0, 0);
}

/** 0.123 -> "12 %", with a thin space that doesn't break. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}\u202f%`;
}

/** -0.1378 -> "−0.14", with a minus sign. */
export function signed(value: number): string {
  return value.toFixed(2).replace('-', '\u2212').replace('\u22120.00', '0.00');
}

/** What a model can be asked with one click: further kinds only where it states them. */
export const offeredTemplates = (
  templates: readonly QuestionTemplate[],
  taught: ModelTeaching | undefined,
): QuestionTemplate[] =>
  templates.filter(
    ({ id, stated }) => stated !== true || (taught?.kinds.some(({ kind }) => kind === id) ?? false),
  );

/**
 * A template's question in short: "What is the state of scissors?" -> "State of scissors?", since what tells questions apart
 * comes first. What a person put in words of their own stands as it was typed.
 */
export function shortQuestion(text: string, templates: readonly QuestionTemplate[]): string {
  const isTemplate = templates.some(
    (template) =>
      template.text === text || template.tools.some((tool) => template.text.replace('{tool}', tool) === text),
  );
  if (!isTemplate) return written(text);
  const rest = text.replace(/^What is the (?=\S)/, '');
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** 1834 -> "1.8 s", 412 -> "412 ms". */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** "1 answer", "2 answers". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

import type { AnswerSettings } from '../domain.ts';
import { visibleText } from '../visible-text.ts';

/** Shown wherever an answer of such a model is shown or exported; null if there is nothing to add. */
export const domainWords = {
  synthetic: 'trained on synthetic scenes',
  general: 'not trained on surgery',
  unknown: 'training not stated',
  surgical: null,
} as const;

/** Makes a model's label readable, "Tissue_Manipulation" -> "Tissue manipulation", with hidden characters made visible. */
export function readable(label: string): string {
  const words = visibleText(label.replaceAll('_', ' ').trim());
  const lower = words.replace(/\b[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

/** 48213 -> "48 213", with thin spaces. */
export function grouped(count: number): string {
  const sign = count < 0 ? '\u2212' : '';
  return sign + String(Math.abs(count)).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** How the words of an answer were chosen: "greedy", or "drawn at 0.7, seed 5". */
export function decoding({ temperature, seed }: Pick<AnswerSettings, 'temperature' | 'seed'>): string {
  return temperature === 0 ? 'greedy' : `drawn at ${temperature}, seed ${seed}`;
}

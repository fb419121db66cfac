import type { AnswerSettings } from '../domain.ts';
import { visibleText } from '../visible-text.ts';

/** Said wherever an answer of such a model is shown or leaves the workstation; null where there is nothing to add. */
export const domainWords = {
  synthetic: 'trained on synthetic scenes',
  general: 'not trained on surgery',
  unknown: 'training not stated',
  surgical: null,
} as const;

/** "Tissue_Manipulation" -> "Tissue manipulation": the model's label as a person reads it, and nothing that hides in it. */
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

/** "greedy", or "drawn at 0.7, seed 5": how the answer's words were chosen. */
export function decoding({ temperature, seed }: Pick<AnswerSettings, 'temperature' | 'seed'>): string {
  return temperature === 0 ? 'greedy' : `drawn at ${temperature}, seed ${seed}`;
}

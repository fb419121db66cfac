import { AnswerSettings, type Answer, type GivenSettings as Given } from '../../preload/contract/domain.ts';
import type { AskRequest } from '../inference/index.ts';

/** What a person may set; what is left out is the model's own choice. */
export type SettingsInput = Given | undefined;
export type GivenSettings = NonNullable<AskRequest['settings']>;

/** Whether a person wanted an answer to a question that the model was not taught; it may have declined it itself, by a label. */
export const wasAnsweredAnyway = ({ status, label, evidence }: Answer): boolean =>
  evidence?.question !== undefined && (status !== 'refused' || label !== null);

/**
 * The settings that an answer was written with. Where the model never began (no prompt was counted), what is not
 * a person's choice stands at the contract's default, which need not be the model's own: that is left out.
 */
export function settingsOf({ settings, tokens }: Answer): GivenSettings {
  if (tokens !== null && tokens.prompt > 0) return settings;
  const defaults = new Map<string, unknown>(Object.entries(AnswerSettings.parse({})));
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => defaults.get(name) !== value));
}

export function definedOnly(settings: SettingsInput): GivenSettings {
  if (settings === undefined) return {};
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

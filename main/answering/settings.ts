import { AnswerSettings, type Answer, type GivenSettings as Given } from '../../preload/contract/domain.ts';
import type { AskRequest } from '../inference/index.ts';

/** What a person may set; what is left out is the model's own choice. */
export type SettingsInput = Given | undefined;
export type GivenSettings = NonNullable<AskRequest['settings']>;

/** Whether a person wanted an untaught question answered. A refusal with a label came from the model itself, so it was asked. */
export const wasAnsweredAnyway = ({ status, label, evidence }: Answer): boolean =>
  evidence?.question !== undefined && (status !== 'refused' || label !== null);

/**
 * The settings that an answer was written with. If the model never began (no prompt was counted), values that equal the
 * contract's defaults are left out, because the model would have chosen its own.
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

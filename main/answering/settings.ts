import { AnswerSettings, type Answer, type GivenSettings as Given } from '../../preload/contract/domain.ts';
import { isUnlike, wasKeptBack } from '../../preload/contract/doubts.ts';
import type { AskRequest } from '../inference/index.ts';

/** What a person may set; what is left out is the model's own choice. */
export type SettingsInput = Given | undefined;
export type GivenSettings = NonNullable<AskRequest['settings']>;

/**
 * Whether a person wanted an answer to an untaught question, or, in their own words, on a picture unlike those of the training:
 * when it is asked again, they want it again.
 */
export const wasAnsweredAnyway = (answer: Answer): boolean =>
  !wasKeptBack(answer) &&
  (answer.evidence?.question !== undefined || (isUnlike(answer) && answer.evidence?.askedAs === undefined));

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

import { z } from 'zod';

/** A press of a key as the record of it: `Control+Shift+k`, with `KeyboardEvent.key` at its end, letters small. */
export const KeyPress = z
  .string()
  .max(40)
  .regex(/^(?:Control\+)?(?:Shift\+)?(?:.|[A-Z][A-Za-z0-9]+)$/u);
export type KeyPress = z.infer<typeof KeyPress>;

/**
 * The keys that a person chose. Commands are named as the window's table names them; what it does not know is kept and passed over,
 * so that a program of another version does no harm to it.
 */
export const KeyChoices = z.strictObject({
  version: z.literal(1),
  /** By command: the presses that mean it instead of its own; none: it has no key. */
  pressed: z.record(z.string().regex(/^[a-z0-9-]{1,60}$/), z.array(KeyPress).max(8)),
  /** Whether a letter, digit or sign without Control does anything: WCAG 2.1.4 wants that it can be switched off. */
  single: z.boolean(),
});
export type KeyChoices = z.infer<typeof KeyChoices>;

export const mostSavedQuestions = 100;

/** What a person set for themselves, in whichever window. It is no change of a review, so it is not in the record. */
export const Preferences = z.strictObject({
  keys: KeyChoices,
  /** Whether the tour of the window is still to be offered. */
  tour: z.enum(['to-offer', 'over']),
  /** Questions that the person keeps at hand, the newest first. */
  savedQuestions: z.array(z.string().trim().min(1).max(2000)).max(mostSavedQuestions),
});
export type Preferences = z.infer<typeof Preferences>;

/** Parts to set; what is left out stays. */
export const PreferenceChange = z.strictObject({
  keys: Preferences.shape.keys.exactOptional(),
  tour: Preferences.shape.tour.exactOptional(),
  savedQuestions: Preferences.shape.savedQuestions.exactOptional(),
});
export type PreferenceChange = z.infer<typeof PreferenceChange>;

export const defaultPreferences: Preferences = {
  keys: { version: 1, pressed: {}, single: true },
  tour: 'to-offer',
  savedQuestions: [],
};

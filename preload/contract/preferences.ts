import { z } from 'zod';

/** A key press as text, such as `Control+Shift+k`. It ends with `KeyboardEvent.key`, whose letters are small. */
export const KeyPress = z
  .string()
  .max(40)
  .regex(/^(?:Control\+)?(?:Shift\+)?(?:.|[A-Z][A-Za-z0-9]+)$/u);
export type KeyPress = z.infer<typeof KeyPress>;

/**
 * The keys that a person chose. Commands have the names of the window's table. Unknown names are kept and ignored, so that
 * another version of the program does not lose them.
 */
export const KeyChoices = z.strictObject({
  version: z.literal(1),
  /** For each command, the key presses that replace its default ones; an empty list means that it has no key. */
  pressed: z.record(z.string().regex(/^[a-z0-9-]{1,60}$/), z.array(KeyPress).max(8)),
  /** Whether a letter, digit or sign without Control has an effect. WCAG 2.1.4 requires that this can be switched off. */
  single: z.boolean(),
});
export type KeyChoices = z.infer<typeof KeyChoices>;

export const mostSavedQuestions = 100;

/** A person's own settings, which hold in all their windows. They are no change of a review, and so not in the record. */
export const Preferences = z.strictObject({
  keys: KeyChoices,
  /** Whether the tour of the window is still to be offered. */
  tour: z.enum(['to-offer', 'over']),
  /** Questions that the person saved for use again, newest first. */
  savedQuestions: z.array(z.string().trim().min(1).max(2000)).max(mostSavedQuestions),
});
export type Preferences = z.infer<typeof Preferences>;

/** The preferences to change. What is left out stays. */
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

import { z } from 'zod';
import { ShownName } from './visible-text.ts';

/** The id of whoever acts: a person, a model or a program. It is made once and never given to anyone else. */
export const ActorId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .brand<'ActorId'>();
export type ActorId = z.infer<typeof ActorId>;

export const Actor = z.object({
  id: ActorId,
  kind: z.enum(['person', 'model', 'program']),
  /** For a person, the name of their account in the operating system. It is shown, but never exported. */
  name: ShownName,
});
export type Actor = z.infer<typeof Actor>;

const windowKinds = ['electron', 'web', 'cli'] as const;
export type WindowKind = (typeof windowKinds)[number];

/** The id of one window, or of one run of a command. It begins with the kind of host, so that the record tells that, too. */
export const WindowId = z
  .string()
  .regex(new RegExp(`^(${windowKinds.join('|')})-[A-Za-z0-9]{8,40}$`))
  .brand<'WindowId'>();
export type WindowId = z.infer<typeof WindowId>;

/** A new window's id. `random`: 8 to 40 letters and digits that were never used before, such as a UUID. */
export const windowId = (kind: WindowKind, random: string): WindowId =>
  WindowId.parse(`${kind}-${random.replaceAll('-', '')}`);

/** Who makes a call, and from which window. The host supplies this, never the caller's input, so nobody can pose as another. */
export interface CallContext {
  readonly actor: ActorId;
  readonly window: WindowId;
  /**
   * Aborts when nobody waits for the result any more, because the request was cancelled or its window closed. Calls that only
   * read obey it; a call that changes something, or asks a question, is completed.
   */
  readonly signal: AbortSignal;
}

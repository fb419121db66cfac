import { z } from 'zod';
import { ShownName } from './visible-text.ts';

/** Who acts: a person, a model or a program. An id is made once and never given to anyone else. */
export const ActorId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .brand<'ActorId'>();
export type ActorId = z.infer<typeof ActorId>;

export const Actor = z.object({
  id: ActorId,
  kind: z.enum(['person', 'model', 'program']),
  /** For a person, the name of the account of the operating system: it is shown, and stands in no export. */
  name: ShownName,
});
export type Actor = z.infer<typeof Actor>;

const windowKinds = ['electron', 'web', 'cli'] as const;
export type WindowKind = (typeof windowKinds)[number];

/** One window, or one run of a command. The kind of host stands before it, so that a record says it by itself. */
export const WindowId = z
  .string()
  .regex(new RegExp(`^(${windowKinds.join('|')})-[A-Za-z0-9]{8,40}$`))
  .brand<'WindowId'>();
export type WindowId = z.infer<typeof WindowId>;

/** A new window's id. `random`: 8 to 40 letters and digits that were never used before, such as a UUID. */
export const windowId = (kind: WindowKind, random: string): WindowId =>
  WindowId.parse(`${kind}-${random.replaceAll('-', '')}`);

/** Who makes a call, and from where; the door knows it from the host, never from the input. */
export interface CallContext {
  readonly actor: ActorId;
  readonly window: WindowId;
  /**
   * Aborts when nobody waits for the result any more: the request was broken off, or its window has gone. Calls that only
   * read heed it; one that changes something, or asks, goes on to its end.
   */
  readonly signal: AbortSignal;
}

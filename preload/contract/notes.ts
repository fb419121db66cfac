import { z } from 'zod';

export const mostNoteLength = 4000;

/** What a person wrote about a frame, a segment or an answer; empty if they wrote nothing. */
export const Note = z.string().max(mostNoteLength);
export type Note = z.infer<typeof Note>;

import { z } from 'zod';

/**
 * Whether and how the sound of a recording can be heard. `none`: it has none. `native`: a browser plays it from the file itself.
 * `converted`: it is converted while it plays, together with the picture. `left-out`: it has sound that can't be played in time
 * with its frames.
 */
export const Sound = z.enum(['none', 'native', 'converted', 'left-out']);
export type Sound = z.infer<typeof Sound>;

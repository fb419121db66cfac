export type { StillContent } from './caption.ts';
export { drawFrame, drawStill } from './still.ts';

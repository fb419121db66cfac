export { drawFrame, drawStill, type StillContent } from './still.ts';

export { drawFrame, drawStill, putFrame, type Picture, type StillContent } from './still.ts';

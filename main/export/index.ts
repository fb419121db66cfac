export { disclaimer, drawFrame, drawStill, type Picture, type StillContent } from './still.ts';

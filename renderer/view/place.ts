import {
  FrameIndex,
  parseTimecode,
  WorkstationError,
  type PlaceInVideo,
} from '../../preload/contract/index.ts';

/**
 * Reads what a person typed into "go to": `#120` or `120` is a frame, anything else that can be read as a
 * timecode is a time. Null where it is neither.
 */
export function parsePlace(text: string): PlaceInVideo | null {
  const typed = text.replace(/[\s\u2009\u202f]/g, '');
  const frame = /^#?(\d{1,12})$/.exec(typed);
  if (frame) return { index: FrameIndex.parse(Number(frame[1])) };
  try {
    parseTimecode(typed);
    return { timecode: typed };
  } catch (error) {
    if (error instanceof WorkstationError) return null;
    throw error;
  }
}

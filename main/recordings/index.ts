/** The videos of all cases: their rows, their files, those held open, and the times of their frames. */
export { addRecording, listRecordings } from './case-recordings.ts';
export { mustBeRecordingOf } from './case-order.ts';
export { createCase, demonstrationCase, renameCase, type CaseContext } from './cases.ts';
export { lookUpVideo } from './known-videos.ts';
export { describeDecoder, extractFrame, inspectVideo } from './video-report.ts';
export type { LookOptions, VideoJoin, VideoReport } from './video-report.ts';
export { VideoLibrary, type VideoContext } from './library.ts';
export { createVideoMedia, type VideoMedia } from './media.ts';
export type * from './ports.ts';
export { recentVideos } from './recent-videos.ts';
export { openVideoFile } from './video-files.ts';

/**
 * The endings of video files. The folder browser, the system's dialog, dropped files and file associations all use this
 * list. The content is checked when a file is opened; one with another ending can still be opened by its path.
 */
export const videoEndings: readonly string[] = (
  'mp4 m4v mov qt mkv webm avi divx wmv asf mpg mpeg mpe m1v m2v mp2 vob ps dat ts mts m2ts m2t tp trp mxf gxf dv ogv ogm ' +
  'flv f4v 3gp 3g2 y4m ivf nut rm mjpeg mjpg h264 264 h265 hevc 265 dcm dicom'
).split(' ');

const endings = new Set(videoEndings);

/** Whether a file name ends like that of a video. @param name with or without folders */
export function hasVideoEnding(name: string): boolean {
  const [, ending] = /[^/\\]\.([^./\\]+)$/.exec(name) ?? [];
  return ending !== undefined && endings.has(ending.toLowerCase());
}

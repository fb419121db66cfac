import {
  eyeInWords,
  layoutInWords,
  type PictureStream,
  type StereoLayout,
  type Video,
} from '../../preload/contract/index.ts';

/** One picture stream of several, as a list of choices shows it. */
export function streamInWords({ index, title, width, height, isDefault }: PictureStream): string {
  const size = width > 0 && height > 0 ? ` · ${width} x ${height}` : '';
  return `${title ?? `Stream ${index}`}${size}${isDefault ? ' · default' : ''}`;
}

/** How the file says that both eyes lie in the picture on show; null where it says nothing. */
export const statedLayout = ({
  streams,
  streamIndex,
}: Pick<Video, 'streams' | 'streamIndex'>): StereoLayout | null =>
  streams.find(({ index }) => index === streamIndex)?.stereo ?? null;

/** What to say beside the picture: which eye it is, or that a file which says that it is stereo is shown whole; else null. */
export function eyeOnShow(video: Pick<Video, 'eye' | 'streams' | 'streamIndex'>): string | null {
  if (video.eye) return eyeInWords(video.eye);
  const stated = statedLayout(video);
  return stated && `stereo, ${layoutInWords(stated)}: both eyes are on show`;
}

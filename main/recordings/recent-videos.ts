import type { RecentVideo } from '../../preload/contract/domain.ts';
import { cases, videos, type Store } from '../store/index.ts';
import type { VideoLibrary } from './library.ts';

const mostRecent = 20;

/** The videos that were opened last, the newest first. */
export async function recentVideos({
  store: { database },
  library,
}: {
  store: Store;
  library: VideoLibrary;
}): Promise<RecentVideo[]> {
  const found = videos.listRecentVideos(database, mostRecent);
  const pseudonyms = new Map(cases.listCases(database).map(({ id, pseudonym }) => [id, pseudonym]));
  return Promise.all(
    found.map(async (video) => ({
      videoId: video.id,
      displayName: video.displayName,
      casePseudonym: pseudonyms.get(video.caseId) ?? 'Case that can’t be read',
      openedAt: video.openedAt,
      availability: await library.availability(video),
    })),
  );
}

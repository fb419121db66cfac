import type { Found } from '../../preload/contract/index.ts';
import type { Workstation } from './workstation.svelte.ts';

/** Goes to what was found: its session, recording and frame. Of a case to its latest session. */
export async function openFound(workstation: Workstation, found: Found): Promise<void> {
  const { opener } = workstation;
  if (found.kind === 'case') {
    await workstation.refreshLibrary();
    const latest = workstation.sessions.find(({ caseId }) => caseId === found.caseId);
    if (latest) await opener.openSession(latest.id, found.casePseudonym);
    return;
  }
  const videoId = videoOf(found);
  const isHere =
    workstation.review?.session.id === found.sessionId &&
    (videoId === undefined || workstation.review.recordings.find(videoId) !== null);
  if (!isHere) await opener.openSession(found.sessionId, found.casePseudonym, videoId);
  const { review } = workstation;
  if (review?.session.id !== found.sessionId) return;
  if (found.kind === 'answer') {
    await review.show(found.questionId);
    await review.goToAnswer();
  } else if (found.kind === 'track') {
    const track = review.tracks.all.find(({ id }) => id === found.id);
    if (track) await review.tracks.choose(track);
  } else if (found.kind !== 'session') {
    await review.player.goToFrame({ videoId: found.videoId, index: found.frameIndex });
  }
}

function videoOf(found: Found) {
  if (found.kind === 'answer') return found.entry.question.videoId;
  return 'videoId' in found ? found.videoId : undefined;
}

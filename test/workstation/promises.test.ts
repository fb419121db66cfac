import { FakeWorkstation, hashOf } from '../renderer/fake-workstation.ts';
import { promises } from './promises.ts';
import { longLived, noticesOfDecoder } from './workstations.ts';

promises('the one of tests of the window', async () => {
  const fake = new FakeWorkstation();
  const hash = async (_video: unknown, index: number) => hashOf(index);
  return { calls: fake.calls, onEvent: fake.onEvent, notices: [], hash };
});

const real = longLived();

promises('the real one', async () => {
  const { calls, onEvent, media } = await real();
  const { signal } = new AbortController();
  return {
    ...{ calls, onEvent, notices: await noticesOfDecoder() },
    hash: async (video, index) => (await media.frame(video, index, signal)).hash,
  };
});

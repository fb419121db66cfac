import { FakeWorkstation, hashOf } from '../renderer/fake-workstation.ts';
import { promises } from './promises.ts';
import { longLived } from './workstations.ts';

promises('the one of tests of the window', async () => {
  const fake = new FakeWorkstation();
  return { calls: fake.calls, onEvent: fake.onEvent, hash: async (_video, index) => hashOf(index) };
});

const real = longLived();

promises('the real one', async () => {
  const { calls, onEvent, media } = await real();
  const { signal } = new AbortController();
  return { calls, onEvent, hash: async (video, index) => (await media.frame(video, index, signal)).hash };
});

// @vitest-environment happy-dom
import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { damagedPicture } from '../../preload/contract/index.ts';
import Stage from '../../renderer/components/Stage.svelte';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { FakeWorkstation, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

// happy-dom plays nothing, so it has no frames to tell of.
Object.assign(HTMLVideoElement.prototype, {
  requestVideoFrameCallback: () => 0,
  cancelVideoFrameCallback: () => undefined,
});

afterEach(cleanup);

test('a frame at which the file is damaged is marked on the stage, and no other is', async () => {
  const pixels = new FramePixels();
  const fake = new FakeWorkstation();
  const workstation = new Workstation(
    { bridge: fake.bridge, onReach: () => () => undefined },
    pixels.fetch,
    () => now,
  );
  await workstation.start();
  await vi.waitFor(() => expect(workstation.review?.player.shown).not.toBeNull());
  const review = workstation.review!;
  const here = review.player.shown!.location.index;
  pixels.damaged.add(here + 1);
  render(Stage, { workstation, review });
  expect(screen.queryByText(damagedPicture)).toBeNull();
  void review.player.step(1);
  expect(await screen.findByText(damagedPicture)).toBeTruthy();
  void review.player.step(-1);
  await vi.waitFor(() => expect(screen.queryByText(damagedPicture)).toBeNull());
  workstation.dispose();
});

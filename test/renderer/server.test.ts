// @vitest-environment happy-dom
import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';
import ModelChips from '../../renderer/components/ModelChips.svelte';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { FakeWorkstation, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let workstation: Workstation;

afterEach(() => {
  cleanup();
  workstation.dispose();
});

async function show(model: Partial<FakeWorkstation['model']>): Promise<void> {
  const fake = new FakeWorkstation();
  fake.model = { ...fake.model, ...model };
  workstation = new Workstation(
    { bridge: fake.bridge, onReach: () => () => undefined },
    new FramePixels().fetch,
    () => now,
  );
  await workstation.start();
  render(ModelChips, { workstation, onModels: () => undefined });
}

test('that frames leave this machine stands beside the model, and where they go', async () => {
  const server = 'gpu.hospital.local:8000';
  const deviceReason = `Frames are sent to ${server} (administrator's setting).`;
  await show({ device: `Server ${server}`, server, deviceReason });
  expect(screen.getByText(`frames go to ${server}`).title).toBe(deviceReason);
  expect(screen.getByRole('button', { name: /Server gpu\.hospital\.local:8000/ })).toBeTruthy();
});

test('of a model on this machine nothing of the kind is said', async () => {
  await show({});
  expect(screen.queryByText(/frames go to/)).toBeNull();
});

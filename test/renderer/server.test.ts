// @vitest-environment happy-dom
import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';
import Banner from '../../renderer/components/Banner.svelte';
import BottomBar from '../../renderer/components/BottomBar.svelte';
import ModelChips from '../../renderer/components/ModelChips.svelte';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { FakeWorkstation, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

const server = 'gpu.hospital.local:8000';
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
  const deviceReason = `Frames are sent to ${server} (administrator's setting).`;
  await show({ device: `Server ${server}`, server, deviceReason });
  expect(screen.getByText(`frames go to ${server}`).title).toBe(deviceReason);
  expect(screen.getByRole('button', { name: 'Surgery-R1 nano · server' })).toBeTruthy();
  render(BottomBar, { workstation, onModels: () => undefined });
  expect(screen.getByText(`Frames go to ${server}`)).toBeTruthy();
  expect(screen.queryByText('No network')).toBeNull();
});

test('a server that went silent is called a server, not a process of this machine', async () => {
  const error = { code: 'unavailable' as const, message: 'Connection refused.', hint: 'Ask who runs it.' };
  await show({ phase: 'restarting', server, error });
  expect(screen.getByRole('button', { name: 'Surgery-R1 nano · waiting for the server' })).toBeTruthy();
  render(Banner, { workstation });
  expect(screen.getByRole('status').textContent).toContain('The server does not answer. Connection refused.');
  expect(workstation.askObstacle).toContain('The server does not answer.');
});

test('of a model on this machine nothing of the kind is said', async () => {
  await show({});
  expect(screen.queryByText(/frames go to/)).toBeNull();
});

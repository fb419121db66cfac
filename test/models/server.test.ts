import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../../preload/contract/index.ts';
import { leastSettings } from '../inference/model-server/configured.ts';
import { startModelServer, tls, type ModelServer } from '../inference/model-server/start.ts';
import { askAndWait, workstations, type OpenedWorkstation } from '../workstation/workstations.ts';

/** The server writes a script; what is tested is who is asked, and what is kept of it. */
const { root, start: startOn } = workstations();
let server: ModelServer;

beforeAll(async () => {
  server = await startModelServer({ model: 'surgery-r1', tls });
});
afterAll(() => server.stop());

async function start(name: string, settings: object | null): Promise<OpenedWorkstation> {
  const home = join(root, name);
  await mkdir(home, { recursive: true });
  if (settings !== null) {
    const url = `https://localhost:${server.port}`;
    const content = { ...leastSettings, url, caFile: tls.certificate, maxPixels: 200_704, ...settings };
    await writeFile(join(home, 'server.json'), JSON.stringify(content), { mode: 0o600 });
  }
  return startOn(name, { host: 'command-line', hostReason: null, exclusive: false });
}

async function ask(workstation: OpenedWorkstation): Promise<Answer> {
  return askAndWait(workstation, await workstation.openDemonstration(), 20, 'What organ is being operated?');
}

test('without the administrator there is no server', async () => {
  for (const settings of [null, { enabled: false }]) {
    const workstation = await start(`none-${settings === null}`, settings);
    expect((await workstation.calls.listModels({})).map(({ kind }) => kind)).toEqual(['embedded']);
    expect((await workstation.calls.getStatus({})).notices).toEqual([]);
  }
});

test('a setting that is wrong is told, and the models here go on', async () => {
  const workstation = await start('wrong', { url: 'http://gpu.hospital.local' });
  const { notices } = await workstation.calls.getStatus({});
  expect(notices).toEqual([
    expect.objectContaining({ message: expect.stringContaining('server.json: url: ') as unknown }),
  ]);
  expect((await workstation.calls.listModels({})).map(({ kind }) => kind)).toEqual(['embedded']);
});

test('nothing is sent before a person chooses the server; then it answers, and the answer says so', async () => {
  const workstation = await start('chosen', { name: 'Surgery-R1 7B', domain: 'surgical' });
  const entries = await workstation.calls.listModels({});
  const entry = entries.at(-1)!;
  expect(entry).toMatchObject({
    kind: 'server',
    name: 'Surgery-R1 7B',
    source: `localhost:${server.port}`,
    chosen: false,
  });
  expect((await server.seen()).requests).toBe(0);

  const tried: (string | undefined)[] = [];
  workstation.onEvent((event) => {
    if (event.type !== 'model' || event.state.phase !== 'loading') return;
    // Before anything is done about it, what is wished for has not been looked up.
    if (event.state.activity !== null) tried.push(event.state.server);
  });
  const state = await workstation.calls.chooseModel({ modelId: entry.id });
  // It is said while the server is tried, too.
  expect(new Set(tried)).toEqual(new Set([`localhost:${server.port}`]));
  expect(state).toMatchObject({
    phase: 'ready',
    device: `Server localhost:${server.port}`,
    server: `localhost:${server.port}`,
    deviceReason: `Frames are sent to localhost:${server.port} (administrator's setting).`,
    sha256: null,
    memoryBytes: null,
    substitution: null,
  });
  expect(workstation.engineProcessId()).toBeNull();

  const answer = await ask(workstation);
  expect(answer).toMatchObject({
    status: 'answered',
    label: 'liver',
    model: {
      id: 'server:surgery-r1',
      name: 'Surgery-R1 7B',
      sha256: null,
      device: `Server localhost:${server.port}`,
      domain: 'surgical',
    },
  });
  // Kept as it was told, and readable again.
  const kept = await workstation.calls.openLastSession({});
  expect(kept?.entries.list[0]?.newest.id).toBe(answer.id);
  expect(await workstation.calls.getAnswer({ answerId: answer.id })).toEqual(answer);
  await expect(workstation.calls.removeModel({ modelId: entry.id })).rejects.toMatchObject({
    code: 'not-allowed',
  });
});

test('back at the embedded model no frame is sent any more', async () => {
  const workstation = await start('back', {});
  const [embedded, served] = await workstation.calls.listModels({});
  await workstation.calls.loadModel({ modelId: served!.id });
  await workstation.calls.loadModel({ modelId: embedded!.id });
  const { requests } = await server.seen();
  expect((await workstation.calls.getModelState({})).server).toBeUndefined();
  const answer = await ask(workstation);
  expect(answer.model).toMatchObject({
    id: 'surgery-r1-nano',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
  });
  expect((await server.seen()).requests).toBe(requests);
});

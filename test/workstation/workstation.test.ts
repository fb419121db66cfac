import Database from 'better-sqlite3';
import { appendFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  calls,
  iou,
  type Box,
  type FrameIndex,
  type ModelId,
  type OpenSession,
} from '../../preload/contract/index.ts';
import { askAndWait, noticesOfDecoder, workstations, type OpenedWorkstation } from './workstations.ts';

const model = join(import.meta.dirname, '../../models/nano');
const clip = join(import.meta.dirname, '../../resources/clip/demo.mp4');

interface ClipTruth {
  frames: { index: number; organ: { label: string; box: Box } }[];
}

const { root, start, close } = workstations();

async function lastSession(workstation: OpenedWorkstation): Promise<OpenSession> {
  const session = await workstation.calls.openLastSession({});
  if (session === null) throw new Error('no session');
  return session;
}

describe('a new data folder', () => {
  it('lands in the demonstration case, answers, and finds everything again after a restart', async () => {
    const before = await start('first');
    const session = await lastSession(before);
    expect(session.case.demonstration).toBe(true);
    const texts: string[] = [];
    before.onEvent((event) => {
      if (event.type === 'answer-text' && event.section === 'reasoning') texts.push(event.text);
    });
    const answer = await askAndWait(before, session, 120, 'What organ is being operated?');
    expect(answer).toMatchObject({ status: 'answered', label: 'kidney', model: { domain: 'synthetic' } });
    expect(texts.length).toBeGreaterThan(3);
    expect(texts.join('').trim()).toBe(answer.reasoning);
    const truth = JSON.parse(
      await readFile(join(import.meta.dirname, '../../resources/clip/demo.json'), 'utf8'),
    ) as ClipTruth;
    const organ = truth.frames.find(({ index }) => index === 120)?.organ.box;
    expect(iou(answer.box as Box, organ as Box)).toBeGreaterThan(0.3);
    await before.calls.savePosition({ sessionId: session.session.id, frameIndex: 42 as FrameIndex });
    await close(before);

    const after = await start('first');
    const again = await lastSession(after);
    expect(again.session).toMatchObject({ id: session.session.id, frameIndex: 42 });
    expect(again.entries.list.map(({ newest }) => newest.id)).toEqual([answer.id]);
    expect(await after.calls.getAnswer({ answerId: answer.id })).toEqual(answer);
    // The same pixels, the same model, greedy: the same words.
    const repeated = await askAndWait(after, again, 120, 'What organ is being operated?');
    expect(repeated.raw).toBe(answer.raw);
    expect(repeated.frame).toEqual(answer.frame);
  });

  it('whose record somebody has edited by hand says so at the next start', async () => {
    const before = await start('edited');
    const { session } = await lastSession(before);
    await before.calls.renameCase({ caseId: session.caseId, pseudonym: 'Another' });
    await close(before);
    const database = new Database(join(root, 'edited', 'workstation.db'));
    for (const name of database
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'change_bodies'`)
      .pluck()
      .all())
      database.exec(`DROP TRIGGER ${String(name)}`);
    database
      .prepare(
        `UPDATE change_bodies SET edits = replace(edits, 'Another', 'Nobody') WHERE seq = (SELECT max(seq) FROM changes)`,
      )
      .run();
    database.close();

    const after = await start('edited');
    const notices = async (): Promise<string[]> =>
      (await after.calls.getStatus({})).notices.map(({ code }) => code);
    await expect.poll(notices, { timeout: 10_000 }).toContain('record-broken');
    // Everything else goes on.
    expect((await lastSession(after)).case.pseudonym).toBe('Another');
    await close(after);
  });

  it('says what every call of the contract promises', async () => {
    const workstation = await start('contract');
    const status = await workstation.calls.getStatus({});
    expect(calls.getStatus.output.parse(status)).toMatchObject({
      host: 'web',
      notices: await noticesOfDecoder(),
      restoreOffered: false,
      fileDialog: false,
    });
    const models = calls.listModels.output.parse(await workstation.calls.listModels({}));
    expect(models[0]).toMatchObject({ embedded: true, domain: 'synthetic' });
    expect(await workstation.calls.chooseVideo({})).toBeNull();
    const state = await workstation.calls.loadModel({ modelId: null });
    expect(calls.loadModel.output.parse(state)).toMatchObject({ phase: 'ready', device: 'CPU', error: null });
  });
});

describe('a second window on the same data folder', () => {
  it('is refused with the remedy', async () => {
    const first = await start('locked');
    let engines = 0;
    const startEngine = (): never => {
      engines += 1;
      throw new Error('no engine is wanted here');
    };
    const handles = (): number =>
      process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length;
    const before = handles();
    await expect(start('locked', { startEngine })).rejects.toMatchObject({ code: 'store-locked' });
    expect(engines).toBe(0);
    expect(handles()).toBeLessThanOrEqual(before);
    // The first window has lost nothing by it, and the folder is free when it is closed.
    expect(await first.calls.listCases({})).toEqual([]);
    await close(first);
    await close(await start('locked'));
  });
});

describe('closing', () => {
  it('twice is harmless, ends the engine, and waits for an import under way', async () => {
    const home = join(root, 'closing');
    const workstation = await start('closing');
    const begun = Promise.withResolvers<void>();
    workstation.onEvent((event) => {
      if (event.type === 'model' && event.state.activity?.startsWith('Preparing')) begun.resolve();
    });
    await begun.promise;
    await workstation.dispose();
    expect(await readdir(join(home, 'models'))).toEqual([]);
    await workstation.dispose();
    expect(workstation.engineProcessId()).toBeNull();
    await expect(workstation.calls.listCases({})).rejects.toThrow();
    await rm(home, { recursive: true });
  });

  it('a listener that fails does not end the work that it is told of', async () => {
    const lines: string[] = [];
    const workstation = await start('listener', {
      exclusive: false,
      log: ({ area, message }) => lines.push(`${area}: ${message}`),
    });
    const end = workstation.onEvent(() => {
      throw new Error('the window is gone');
    });
    const session = await workstation.openDemonstration();
    const answer = await askAndWait(workstation, session, 0, 'What organ is being operated?');
    expect(answer.status).toBe('answered');
    expect(lines).toContain('events: a listener failed');
    end();
  });
});

describe('a model that cannot be used', () => {
  it('is named in the state and in the answer, and the session goes on', async () => {
    const altered = join(root, 'altered-model');
    await cp(model, altered, { recursive: true });
    const weights = join(altered, 'model.safetensors');
    const bytes = await readFile(weights);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(weights, bytes);
    const workstation = await start('bad-model', { resources: { clip, model: altered } });
    const session = await lastSession(workstation);
    const answer = await askAndWait(workstation, session, 0, 'What organ is being operated?');
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'model-altered-file' } });
    expect(answer.error?.message).toContain('model.safetensors');
    const state = await workstation.calls.getModelState({});
    expect(state).toMatchObject({ phase: 'failed', error: { code: 'model-altered-file' } });
    expect(await workstation.calls.listSessions({})).toHaveLength(1);
  });

  it('unknown models and unimported checkpoints are refused with the remedy', async () => {
    const workstation = await start('unknown-model');
    await expect(workstation.calls.loadModel({ modelId: 'nothing' as ModelId })).rejects.toMatchObject({
      code: 'not-found',
    });
    const checkpoint = join(import.meta.dirname, '../fixtures/golden/model_tied');
    await expect(workstation.loadModelFolder(checkpoint)).rejects.toMatchObject({
      code: 'model-missing-file',
      hint: expect.stringContaining('models import') as string,
    });
    // The model in use before stays, and answers.
    expect(await workstation.calls.getModelState({})).toMatchObject({ phase: 'ready', error: null });
    const answer = await askAndWait(
      workstation,
      await lastSession(workstation),
      3,
      'What organ is being operated?',
    );
    expect(answer.status).toBe('answered');
  });

  it('an import that was damaged on the disk is made again from the checkpoint', async () => {
    const home = join(root, 'damaged-import');
    const before = await start('damaged-import');
    const { sha256 } = await before.calls.loadModel({ modelId: null });
    await close(before);
    const [name] = await readdir(join(home, 'models'));
    await appendFile(join(home, 'models', name ?? '', 'onnx', 'decoder.onnx_data'), 'x');
    const after = await start('damaged-import');
    expect(await after.calls.loadModel({ modelId: null })).toMatchObject({ phase: 'ready', sha256 });
  });
});

describe('the engine process', () => {
  it('may be killed in mid-answer: the answer is kept as stopped, and the next one comes', async () => {
    const workstation = await start('killed');
    const session = await lastSession(workstation);
    await askAndWait(workstation, session, 10, 'What organ is being operated?');
    const killed = workstation.onEvent((event) => {
      if (event.type !== 'answer-text') return;
      killed();
      process.kill(workstation.engineProcessId() ?? Number.NaN, 'SIGKILL');
    });
    const stopped = await askAndWait(workstation, session, 50, 'Where is prograsp forceps located?');
    expect(stopped).toMatchObject({ status: 'stopped', error: { code: 'engine-lost' } });
    const next = await askAndWait(workstation, session, 50, 'What organ is being operated?');
    expect(next.status).toBe('answered');
  });
});

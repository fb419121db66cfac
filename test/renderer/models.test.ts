// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WorkstationError } from '../../preload/contract/index.ts';
import BottomBar from '../../renderer/components/BottomBar.svelte';
import ModelChips from '../../renderer/components/ModelChips.svelte';
import ModelsDialog from '../../renderer/components/ModelsDialog.svelte';
import { Models } from '../../renderer/state/models.svelte.ts';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { parameterWords, timeLeft } from '../../renderer/view/models.ts';
import { checkpointReport, folderModel, importedModel, runningImport } from './fake-models.ts';
import { FakeWorkstation, id, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let fake: FakeWorkstation;
let workstation: Workstation;

beforeEach(async () => {
  fake = new FakeWorkstation();
  fake.status = { ...fake.status, fileDialog: true };
  workstation = new Workstation(
    { bridge: fake.bridge, onReach: () => () => undefined },
    new FramePixels().fetch,
    () => now,
  );
  await workstation.start();
});

afterEach(() => {
  cleanup();
  workstation.dispose();
});

const show = (): void => void render(ModelsDialog, { workstation, onClose: () => undefined });
const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name, hidden: true });
const press = (name: string | RegExp) => fireEvent.click(button(name));
const item = (name: string): HTMLElement => screen.getByTitle(name).closest('li')!;

describe('the list of models', () => {
  test('says of each what it is, what it was taught on, and which is in use', async () => {
    fake.models = [...fake.models, importedModel, { ...folderModel, canAsk: false }];
    show();
    expect(await screen.findByText('in use')).toBeTruthy();
    expect(item('Surgery-R1 nano').textContent).toContain('embedded · 0.1.0 · 8 bits · 18 MB');
    expect(item('Surgery-R1 nano').textContent).toContain('do not trust it on real video');
    expect(item('surgery-r1-7b').textContent).toContain('imported · 3f9a1c2b7d10 · 4 bits · 5.2 GB');
    expect(item('surgery-r1-7b').textContent).toContain('does not say what it was taught on');
    expect(item(folderModel.name).textContent).toContain('cannot be asked');
    expect(within(item(folderModel.name)).getByRole('button', { name: /^Use/, hidden: true })).toHaveProperty(
      'disabled',
      true,
    );
  });

  test('a click chooses another; a failure is shown in place and the list stays', async () => {
    fake.models = [...fake.models, importedModel];
    show();
    await screen.findByText('in use');
    fake.failures.set('chooseModel', new WorkstationError('out-of-memory', 'Too large.', 'Choose 4 bits.'));
    await press(/^Use surgery-r1-7b/);
    expect((await screen.findByRole('alert', { hidden: true })).textContent).toContain('Choose 4 bits.');
    fake.failures.clear();
    await press(/^Use surgery-r1-7b/);
    await vi.waitFor(() => expect(within(item('surgery-r1-7b')).getByText('in use')).toBeTruthy());
    expect(workstation.model?.model?.id).toBe(importedModel.id);
    expect(screen.queryByRole('alert', { hidden: true })).toBeNull();
  });

  test('one is removed only after a second word; the embedded one never', async () => {
    fake.models = [...fake.models, importedModel];
    show();
    await screen.findByText('in use');
    expect(screen.queryByRole('button', { name: /^Remove Surgery-R1 nano/, hidden: true })).toBeNull();
    await press(/^Remove surgery-r1-7b/);
    expect(fake.logged('removeModel')).toEqual([]);
    expect(screen.getByText(/5.2 GB will be deleted from the data folder/)).toBeTruthy();
    // What undoes nothing has the focus.
    expect(document.activeElement).toBe(button('Keep'));
    await press('Keep');
    expect(screen.queryByText(/will be deleted/)).toBeNull();
    expect(document.activeElement).toBe(button(/^Remove surgery-r1-7b/));
    await press(/^Remove surgery-r1-7b/);
    await press('Remove');
    await vi.waitFor(() => expect(fake.logged('removeModel')).toEqual([{ modelId: importedModel.id }]));
    await vi.waitFor(() => expect(screen.queryByTitle('surgery-r1-7b')).toBeNull());
  });
});

describe('a folder', () => {
  test('is looked at first: what it is, what it needs, and what suits this machine', async () => {
    show();
    await press('Add a model from a folder…');
    expect(await screen.findByText('A checkpoint to import')).toBeTruthy();
    expect(screen.getByText('8.3 billion parameters · 17 GB · 16-bit floats')).toBeTruthy();
    const [q8, int4, fp16, fp32] = screen.getAllByRole<HTMLInputElement>('radio', { hidden: true });
    expect([q8, int4, fp16, fp32].map((radio) => radio!.value)).toEqual(['q8', 'int4', 'fp16', 'fp32']);
    expect(int4!.checked).toBe(true);
    expect(fp32!.disabled).toBe(true);
    expect(screen.getByText('recommended here')).toBeTruthy();
    expect(screen.getByText('Needs more than is free on the disk.')).toBeTruthy();
    await fireEvent.click(q8!);
    await press('Import');
    await vi.waitFor(() =>
      expect(fake.logged('importModel')).toEqual([{ folderId: 'folder1', baseId: null, dtype: 'q8' }]),
    );
    expect(await screen.findByText('Converting the weights')).toBeTruthy();
    expect(screen.getByText(/about 7 min left/)).toBeTruthy();
  });

  test('that cannot be imported says what is missing, and another can be chosen', async () => {
    fake.report = {
      ...checkpointReport,
      files: [{ name: 'tokenizer.json', present: false }],
      choices: [],
      problem: { code: 'model-no-tokenizer', message: 'No tokenizer.', hint: 'Copy it.' },
    };
    show();
    await press('Add a model from a folder…');
    expect((await screen.findByRole('alert', { hidden: true })).textContent).toContain('Copy it.');
    expect(screen.getByText('tokenizer.json: missing')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Import', hidden: true })).toBeNull();
    fake.report = checkpointReport;
    await press('Choose another folder…');
    await vi.waitFor(() => expect(button('Import')).toBeTruthy());
  });

  test('of an adapter asks for its base model', async () => {
    fake.report = {
      ...checkpointReport,
      kind: 'adapter',
      adapter: { base: 'Qwen/Qwen2.5-VL-7B-Instruct', baseFolder: null, rank: 64 },
      problem: { code: 'model-missing-file', message: 'No base.', hint: 'Choose its folder below.' },
    };
    show();
    await press('Add a model from a folder…');
    await vi.waitFor(() => button('Choose the base model’s folder…'));
    // The next step, not a failure.
    expect(screen.queryByRole('alert', { hidden: true })).toBeNull();
    expect(screen.getByText(/Choose the folder of\s+Qwen\/Qwen2.5-VL-7B-Instruct/)).toBeTruthy();
    await press('Choose the base model’s folder…');
    expect(await screen.findByText('/models/base')).toBeTruthy();
    await press('Import');
    await vi.waitFor(() =>
      expect(fake.logged('importModel')).toEqual([{ folderId: 'folder1', baseId: 'folder1', dtype: 'int4' }]),
    );
  });

  test('that is damaged though nothing is missing does not call its files all there', async () => {
    const problem = {
      code: 'model-altered-file' as const,
      message: 'It ends early.',
      hint: 'Copy it again.',
    };
    fake.report = { ...checkpointReport, choices: [], problem };
    show();
    await press('Add a model from a folder…');
    expect(await screen.findByText('A checkpoint that cannot be imported as it is')).toBeTruthy();
    expect(screen.queryByText(/all there/)).toBeNull();
  });

  test('larger than the machine’s memory says that, not that memory is taken just now', async () => {
    const choices = checkpointReport.choices.map((choice) => ({ ...choice, fitsDisk: true }));
    fake.report = { ...checkpointReport, choices };
    show();
    await press('Add a model from a folder…');
    await vi.waitFor(() => button('Import'));
    // 42 and 21 GB of 16 GB.
    expect(screen.getAllByText('Needs more memory than this machine has.')).toHaveLength(2);
  });

  test('of an adapter with a base that does not fit offers another base first', async () => {
    fake.report = {
      ...checkpointReport,
      kind: 'adapter',
      adapter: { base: null, baseFolder: '/models/other', rank: 64 },
      choices: [],
      problem: { code: 'model-mismatch', message: 'Shapes differ.', hint: 'It has to belong to it.' },
    };
    show();
    await press('Add a model from a folder…');
    await vi.waitFor(() => button('Choose another base model…'));
    expect(screen.getByText('A LoRA adapter that cannot be imported as it is')).toBeTruthy();
    expect(button('Choose another base model…').classList.contains('main')).toBe(true);
    expect(button('Choose another folder…').classList.contains('main')).toBe(false);
  });

  test('of graphs is added as it lies', async () => {
    fake.report = { ...checkpointReport, kind: 'in-place', choices: [], files: [] };
    show();
    await press('Add a model from a folder…');
    await vi.waitFor(() => button('Add it to the list'));
    await press('Add it to the list');
    await vi.waitFor(() => expect(item(folderModel.name).textContent).toContain('used in place'));
    // Its version says the same as its kind: once is enough.
    expect(item(folderModel.name).textContent.match(/used in place/g)).toHaveLength(1);
    expect(fake.logged('importModel')).toEqual([]);
  });
});

describe('an import', () => {
  test('is stopped, gone on with, and used at its end', async () => {
    fake.imports = [runningImport];
    show();
    await vi.waitFor(() => button('Stop'));
    await press('Stop');
    expect(fake.logged('cancelJob')).toEqual([{ jobId: 'job9' }]);
    fake.imports = [{ ...runningImport, state: 'interrupted', activity: null }];
    fake.emit({ type: 'model-import', import: fake.imports[0]! });
    await vi.waitFor(() => button('Go on'));
    await press('Go on');
    await vi.waitFor(() => button('Stop'));
    const done = { ...runningImport, state: 'done' as const, activity: null };
    fake.models = [...fake.models, importedModel];
    fake.imports = [done];
    fake.emit({ type: 'model-import', import: done });
    fake.emit({ type: 'models' });
    expect(await screen.findByText(/The self-test passed/)).toBeTruthy();
    expect(workstation.announcer.text).toBe('surgery-r1-7b is imported');
    await press('Use this model now');
    await vi.waitFor(() => expect(fake.logged('chooseModel')).toEqual([{ modelId: importedModel.id }]));
    await vi.waitFor(() => expect(screen.queryByText(/The self-test passed/)).toBeNull());
  });

  test('that failed shows the remedy in place, and can be tried again or discarded', async () => {
    const error = { code: 'store-full' as const, message: 'The disk is full.', hint: 'Free some space.' };
    fake.imports = [{ ...runningImport, state: 'failed', activity: null, error }];
    show();
    expect((await screen.findByRole('alert', { hidden: true })).textContent).toContain('Free some space.');
    expect(button('Try again')).toBeTruthy();
    await press('Discard');
    await vi.waitFor(() =>
      expect(fake.logged('discardModelImport')).toEqual([{ modelId: runningImport.modelId }]),
    );
    await vi.waitFor(() => expect(screen.queryByRole('alert', { hidden: true })).toBeNull());
  });
});

describe('an import whose dialog was closed', () => {
  const line = (onModels: () => void): void => void render(BottomBar, { workstation, onModels });

  test('says at the bottom of the window that it ended, and leads back to it', async () => {
    const onModels = vi.fn();
    line(onModels);
    fake.emit({ type: 'model-import', import: runningImport });
    expect(screen.queryByRole('button')).toBeNull();
    fake.emit({ type: 'model-import', import: { ...runningImport, state: 'done', activity: null } });
    const done = await screen.findByRole('button', { name: /surgery-r1-7b\s+is imported/ });
    await fireEvent.click(done);
    expect(onModels).toHaveBeenCalledOnce();
    await workstation.models.discard(runningImport);
    await vi.waitFor(() => expect(screen.queryByRole('button')).toBeNull());
  });

  test('leads back to it while it goes on', async () => {
    const onModels = vi.fn();
    line(onModels);
    const job = {
      id: runningImport.jobId!,
      kind: 'import' as const,
      title: 'Importing surgery-r1-7b',
      subject: null,
    };
    fake.emit({ type: 'job', job: { ...job, done: 1, total: 4, state: 'running', error: null } });
    await fireEvent.click(await screen.findByRole('button', { name: /Importing surgery-r1-7b\s*: 25 %/ }));
    expect(onModels).toHaveBeenCalledOnce();
  });

  test('is counted with others, so that none is cut to its first letter', async () => {
    line(() => undefined);
    const states = ['done', 'failed', 'done'] as const;
    states.forEach((state, index) =>
      fake.emit({
        type: 'model-import',
        import: { ...runningImport, modelId: id<typeof importedModel.id>(`model${index}`), state },
      }),
    );
    expect(await screen.findByRole('button', { name: '3 imports have ended: see…' })).toBeTruthy();
    expect(screen.getAllByRole('button')).toHaveLength(1);
  });

  test('says so, too, when it failed', async () => {
    line(() => undefined);
    const error = { code: 'store-full' as const, message: 'The disk is full.', hint: 'Free some space.' };
    fake.emit({ type: 'model-import', import: { ...runningImport, state: 'failed', error } });
    expect(await screen.findByRole('button', { name: /could not be imported/ })).toBeTruthy();
  });
});

describe('beside the model’s name', () => {
  const chips = (): void => void render(ModelChips, { workstation, onModels: () => undefined });

  test('it is said when another than the chosen one answers, and why', async () => {
    const substitution = { code: 'not-found' as const, message: 'It is gone.', hint: 'Choose another.' };
    fake.emit({ type: 'model', state: { ...fake.model, substitution } });
    chips();
    expect(screen.getByText('not the chosen model').title).toBe('It is gone.');
    await fireEvent.click(screen.getByRole('button', { name: /nano/ }));
    expect(screen.getByRole('alert').textContent).toContain('Choose another.');
  });

  test('memory, its bounds, threads and their reasons are told', async () => {
    chips();
    await fireEvent.click(screen.getByRole('button', { name: /nano/ }));
    const details = screen.getByRole('dialog').textContent;
    expect(details).toContain('61 MB in use');
    expect(details).toContain('155 MB expected');
    expect(details).toContain('2.0 GB at most');
    // For those who look for it.
    expect(screen.getByText('Technical details').closest('details')!.open).toBe(false);
    expect(details).toContain('1.4 times as fast as 1');
  });

  test('a model that rests says why, and may be asked', async () => {
    const unloadedReason = 'Unloaded after 15 minutes without a question.';
    fake.emit({
      type: 'model',
      state: { ...fake.model, phase: 'unloaded', unloadedReason, memoryBytes: null },
    });
    chips();
    await fireEvent.click(screen.getByRole('button', { name: 'Surgery-R1 nano · resting' }));
    expect(screen.getByRole('dialog').textContent).toContain('The next question loads it again.');
    expect(workstation.askObstacle).toBeNull();
  });

  test('training that is not stated is a warning', () => {
    const model = { ...fake.model.model!, id: id<typeof importedModel.id>('x'), domain: 'unknown' as const };
    fake.emit({ type: 'model', state: { ...fake.model, model } });
    chips();
    expect(screen.getByText('training not stated')).toBeTruthy();
  });
});

test('counts and times are in words', () => {
  expect(parameterWords(3_754_622_976)).toBe('3.8 billion parameters');
  expect(parameterWords(3_400_000)).toBe('3.4 million parameters');
  expect(timeLeft(0.2)).toBe('about 1 s left');
  expect(timeLeft(412)).toBe('about 7 min left');
  expect(timeLeft(9000)).toBe('about 2.5 h left');
});

describe('a call that nobody answers', () => {
  test.each([
    ['chooseModel', (models: Models) => models.choose(importedModel.id)],
    ['removeModel', (models: Models) => models.remove(importedModel)],
    ['resumeModelImport', (models: Models) => models.resume(runningImport)],
    ['inspectModelFolder', (models: Models) => models.take(id('folder'), 'folder', 'model')],
    ['listModels', (models: Models) => models.refresh()],
  ] as const)('leaves the dialog alive: %s', async (name, act) => {
    fake.models = [...fake.models, importedModel];
    let tries = 0;
    const gone = (): Promise<never> => {
      tries += 1;
      return Promise.reject(new Error('the process is gone'));
    };
    const bridge = { ...fake.bridge, [name]: gone };
    const { announcer } = workstation;
    const models = new Models({ bridge, announcer, onState: () => undefined });
    await act(models);
    expect(models.fault?.code).toBe('internal');
    expect([models.busy, models.choosing, models.candidate]).toEqual([false, null, null]);
    // The next try is made, and not passed over.
    await act(models);
    expect(tries).toBe(2);
  });
});

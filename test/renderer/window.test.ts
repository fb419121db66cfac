// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WorkstationError, type Job } from '../../preload/contract/index.ts';
import type { Reach } from '../../renderer/bridge/connection.ts';
import Banner from '../../renderer/components/Banner.svelte';
import BottomBar from '../../renderer/components/BottomBar.svelte';
import DropTarget from '../../renderer/components/DropTarget.svelte';
import GoToDialog from '../../renderer/components/GoToDialog.svelte';
import Library from '../../renderer/components/Library.svelte';
import StageStates from '../../renderer/components/StageStates.svelte';
import ModelChips from '../../renderer/components/ModelChips.svelte';
import StreamChooser from '../../renderer/components/StreamChooser.svelte';
import { Keyboard } from '../../renderer/state/keyboard.ts';
import { Recordings } from '../../renderer/state/recordings.svelte.ts';
import { keysStay } from '../../renderer/state/keys-stay.ts';
import { TaskQueue } from '../../preload/contract/task-queue.ts';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { FakeWorkstation, fakeVideo, id, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let fake: FakeWorkstation;
let workstation: Workstation;
let changeReach: (reach: Reach) => void;

beforeEach(() => {
  fake = new FakeWorkstation();
  workstation = new Workstation(
    {
      bridge: fake.bridge,
      onReach: (listener) => {
        changeReach = listener;
        return () => undefined;
      },
    },
    new FramePixels().fetch,
    () => now,
  );
});

afterEach(() => {
  cleanup();
  workstation.dispose();
});

describe('model and device', () => {
  test('are named, with what weakens the answer beside them', async () => {
    await workstation.start();
    render(ModelChips, { workstation, onModels: () => undefined });
    expect(screen.getByRole('button', { name: 'Surgery-R1 nano · CPU' })).toBeTruthy();
    expect(screen.getByText('trained on synthetic scenes')).toBeTruthy();
    expect(screen.queryByText('CPU fallback')).toBeNull();
  });

  test('a CPU that stands in for a GPU is a warning, with its reason', async () => {
    fake.model = { ...fake.model, deviceFallback: true, deviceReason: 'No adapter was found.' };
    await workstation.start();
    render(ModelChips, { workstation, onModels: () => undefined });
    expect(screen.getByText('CPU fallback').title).toBe('No adapter was found.');
  });

  test('a step of loading that is done again does not count backwards; the next begins at its own', async () => {
    await workstation.start();
    const loading = (activity: string, progress: number): void =>
      fake.emit({ type: 'model', state: { ...fake.model, phase: 'loading', activity, progress } });
    loading('Measuring which threads are fastest', 0.76);
    loading('Measuring which threads are fastest', 0.5);
    expect(workstation.model?.progress).toBe(0.76);
    loading('Testing that the model sees', 0.1);
    expect(workstation.model?.progress).toBe(0.1);
  });

  test('a refused model says why, and can be tried again', async () => {
    const error = { code: 'model-altered-file' as const, message: 'A file differs.', hint: 'Restore it.' };
    fake.model = { ...fake.model, phase: 'failed', device: null, error };
    await workstation.start();
    render(ModelChips, { workstation, onModels: () => undefined });
    await fireEvent.click(screen.getByRole('button', { name: /not loaded/ }));
    expect(screen.getByRole('alert').textContent).toContain('A file differs.');
    await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(fake.logged('loadChosenModel')).toEqual([{}]);
  });
});

describe('the line of truth', () => {
  test('tells of work in the background, and when all was saved', async () => {
    fake.jobs = [
      {
        id: id('j'),
        kind: 'index',
        title: 'Building the frame index',
        subject: null,
        done: 48_213,
        total: 241_440,
        state: 'running',
        error: null,
      },
    ];
    await workstation.start();
    render(BottomBar, { workstation, onModels: () => undefined });
    expect(screen.getByText('Education and research use. Not a medical device.')).toBeTruthy();
    expect(screen.getByText('No network')).toBeTruthy();
    expect(screen.getByText(/48.213 of 241.440 frames, 19 %/)).toBeTruthy();
    const at = new Date(2026, 10, 22, 14, 31, 7).getTime();
    fake.emit({ type: 'saved', at });
    expect(await screen.findByText('All changes saved 14:31:07')).toBeTruthy();
    // The model's loading stands at the top already, in the engine's own percent.
    const loading = {
      ...fake.jobs[0]!,
      id: id<Job['id']>('k'),
      kind: 'model' as const,
      title: 'Loading the model',
    };
    fake.emit({ type: 'job', job: loading });
    fake.emit({ type: 'job', job: { ...fake.jobs[0]!, state: 'done' } });
    await vi.waitFor(() => expect(screen.queryByText(/Building/)).toBeNull());
    expect(screen.queryByText(/Loading the model/)).toBeNull();
  });
});

describe('a lost connection', () => {
  test('is said with its remedy, and everything is asked for again when it is back', async () => {
    await workstation.start();
    render(Banner, { workstation });
    changeReach('lost');
    expect((await screen.findByRole('alert')).textContent).toContain('npm start');
    expect(workstation.askObstacle).toBe('The workstation is not connected.');
    fake.model = { ...fake.model, device: 'WebGPU' };
    changeReach('connected');
    await vi.waitFor(() => expect(workstation.model?.device).toBe('WebGPU'));
    expect(screen.queryByRole('alert')).toBeNull();
    expect(workstation.askObstacle).toBeNull();
  });

  test('brings the end of an answer that came meanwhile', async () => {
    fake.addEntry('What organ?', 0, { status: 'running' });
    await workstation.start();
    const entry = fake.entries[0]!;
    const running = entry.answers[0]!;
    expect(workstation.review!.stoppable?.id).toBe(running.id);
    changeReach('lost');
    fake.entries = [{ ...entry, answers: [{ ...running, status: 'stopped', reasoning: 'It is' }] }];
    changeReach('connected');
    await vi.waitFor(() => expect(workstation.review?.answer?.status).toBe('stopped'));
  });
});

describe('a file with several picture streams', () => {
  const camera = { codec: 'h264', width: 320, height: 256, title: null, isDefault: false, isCover: false };
  const streams = [
    { ...camera, index: 0, title: 'Room camera' },
    { ...camera, index: 1, width: 640, height: 512, isDefault: true },
    { ...camera, index: 2, codec: 'mjpeg', isCover: true },
  ];

  test('lets one be chosen, within the session', async () => {
    fake.video = { ...fakeVideo, streams, streamIndex: 1 };
    await workstation.start();
    const { opener, review } = workstation;
    render(StreamChooser, { sessionId: review!.session.id, video: review!.video, opener });
    const list = screen.getByRole<HTMLSelectElement>('combobox', { name: 'Picture stream' });
    expect([...list.options].map(({ text }) => text)).toEqual([
      'Room camera · 320 x 256',
      'Stream 1 · 640 x 512 · default',
    ]);
    expect(list.value).toBe('1');
    await fireEvent.change(list, { target: { value: '0' } });
    await vi.waitFor(() => expect(workstation.review?.video.streamIndex).toBe(0));
    expect(fake.logged('chooseStream')).toEqual([
      { sessionId: review!.session.id, videoId: 'video1', streamIndex: 0 },
    ]);
  });

  test('is shown no list where there is nothing to choose', async () => {
    await workstation.start();
    const one = { ...fakeVideo, streams: [streams[1]!, streams[2]!], streamIndex: 1 };
    render(StreamChooser, {
      sessionId: workstation.review!.session.id,
      video: one,
      opener: workstation.opener,
    });
    expect(screen.queryByRole('combobox')).toBeNull();
  });
});

describe('opening', () => {
  test('the last session comes back by itself', async () => {
    await workstation.start();
    expect(workstation.review?.session.id).toBe('session1');
  });

  test('an empty library invites to open a video', async () => {
    fake.last = null;
    await workstation.start();
    expect(workstation.review).toBeNull();
    render(Library, { workstation, onOpen: () => undefined });
    expect(screen.getByText(/Nothing here yet/)).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'Open a video…' }));
    expect(workstation.browsing).toBe('open');
  });

  test('uses the system’s dialog where the host has one', async () => {
    fake.status = { ...fake.status, host: 'electron', fileDialog: true };
    await workstation.start();
    await workstation.chooseVideo('open');
    expect(fake.logged('openVideo')).toEqual([{ grantId: 'grant1', caseId: null }]);
    expect(workstation.browsing).toBeNull();
  });

  test('a video that cannot be opened says why, and the session stays', async () => {
    await workstation.start();
    const before = workstation.review;
    fake.failures.set(
      'openVideo',
      new WorkstationError(
        'video-no-picture',
        'notes.mp3 holds sound only.',
        'Choose a file with a picture.',
      ),
    );
    await workstation.opener.openDropped(new File(['x'], 'notes.mp3'));
    expect(workstation.faults).toMatchObject([
      { code: 'video-no-picture', message: 'notes.mp3 holds sound only.' },
    ]);
    expect(workstation.review).toBe(before);
    expect(workstation.opener.opening).toBeNull();
  });

  test('a folder that is dropped is no video: where models are added is said', async () => {
    await workstation.start();
    render(DropTarget, { workstation });
    const drop = new Event('drop', { cancelable: true });
    const folder = { webkitGetAsEntry: () => ({ isDirectory: true }) };
    Object.assign(drop, {
      dataTransfer: { types: ['Files'], files: [new File([], 'surgery-r1-7b')], items: [folder] },
    });
    globalThis.dispatchEvent(drop);
    expect(workstation.faults).toMatchObject([{ message: 'surgery-r1-7b is a folder, not a video.' }]);
    expect(workstation.faults[0]?.hint).toContain('under Models');
    expect(fake.logged('openVideo')).toEqual([]);
  });

  test('a failure that does not say which file it is about is told with its name', async () => {
    await workstation.start();
    fake.failures.set(
      'openVideo',
      new WorkstationError('video-not-a-video', 'It is no video.', 'Choose one.'),
    );
    await workstation.opener.openDropped(new File(['x'], 'letter.mp4'));
    expect(workstation.faults).toMatchObject([{ message: 'letter.mp4 was not opened. It is no video.' }]);
  });

  test('a recent video goes on with its latest session', async () => {
    await workstation.start();
    await workstation.refreshLibrary();
    render(Library, { workstation, onOpen: () => undefined });
    await fireEvent.click(screen.getByRole('button', { name: /^demo\.mp4/ }));
    await vi.waitFor(() => expect(fake.logged('openSession')).toEqual([{ sessionId: 'session1' }]));
    expect(fake.logged('startSession')).toEqual([]);
  });

  test('a session opened anew opens where the reviewer stood a moment ago', async () => {
    await workstation.start();
    await workstation.review?.player.showIndex(11);
    await workstation.opener.openSession(id('session1'), 'demo.mp4');
    const order = fake.log
      .map(({ name }) => name)
      .filter((name) => /^(savePosition|openSession)$/.test(name));
    expect(order).toEqual(['savePosition', 'openSession']);
    expect(workstation.review?.session.frameIndex).toBe(11);
  });

  test('a moved file is located again', async () => {
    fake.video = { ...fake.video, availability: 'missing' };
    await workstation.start();
    await workstation.take(id('grant1'), 'demo.mp4', 'relink');
    expect(fake.logged('relinkVideo')).toEqual([{ videoId: 'video1', grantId: 'grant1' }]);
    expect(workstation.review?.video.availability).toBe('available');
    await vi.waitFor(() => expect(workstation.review?.player.shown).not.toBeNull());
  });

  test('a file that vanishes while it is open can be located at once, and nothing is asked of it', async () => {
    const pixels = new FramePixels();
    workstation.dispose();
    const connection = { bridge: fake.bridge, onReach: () => () => undefined };
    workstation = new Workstation(connection, pixels.fetch, () => now);
    await workstation.start();
    const { review } = workstation;
    if (!review) throw new Error('the fake workstation has no session');
    await review.player.showIndex(20);
    render(StageStates, { workstation, review });
    const error = { code: 'file-missing', message: 'It is gone.', hint: 'Locate it.' };
    pixels.failing.set(21, { status: 404, body: { ok: false, error } });
    fake.video = { ...fake.video, availability: 'missing' };
    await review.player.step(1);
    expect(await screen.findByRole('button', { name: 'Locate the file…' })).toBeTruthy();
    expect(workstation.askObstacle).toBe('The video file is not there.');

    fake.failures.set(
      'relinkVideo',
      new WorkstationError('file-changed', 'This is another file.', 'Choose the original.'),
    );
    await workstation.take(id('grant1'), 'other.mp4', 'relink');
    expect(await screen.findByText('This is another file.')).toBeTruthy();
    // It is about this session's file alone: no bar over the window, none in the next session.
    expect(workstation.faults).toEqual([]);
    fake.failures.clear();
    pixels.failing.clear();
    await workstation.take(id('grant1'), 'demo.mp4', 'relink');
    await vi.waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
    expect(review.player.shown?.location.index).toBe(20);
    expect(workstation.askObstacle).toBeNull();
    await review.player.step(1);
    expect(review.player.shown?.location.index).toBe(21);
  });
});

describe('go to', () => {
  test('takes a frame or a time, and refuses what is neither or too far', async () => {
    const onGo = vi.fn();
    const onClose = vi.fn();
    const recordings = new Recordings(new FakeWorkstation().open(), new FakeWorkstation().bridge);
    render(GoToDialog, { video: fakeVideo, recordings, onGo, onClose });

    const field = screen.getByLabelText('Frame or time');
    const form = field.closest('form')!;
    await fireEvent.input(field, { target: { value: 'soon' } });
    await fireEvent.submit(form);
    expect(screen.getByRole('alert').textContent).toContain('neither a frame number nor a time');
    await fireEvent.input(field, { target: { value: '#350' } });
    await fireEvent.submit(form);
    expect(screen.getByRole('alert').textContent).toContain('The last frame is 349.');
    expect(onGo).not.toHaveBeenCalled();
    await fireEvent.input(field, { target: { value: '00:00:04.000' } });
    await fireEvent.submit(form);
    expect(onGo).toHaveBeenCalledWith({ timecode: '00:00:04.000' });
    expect(onClose).toHaveBeenCalledOnce();
  });
});

describe('keys', () => {
  const actions = {
    find: vi.fn(),
    library: vi.fn(),
    settings: vi.fn(),
    shortcuts: vi.fn(),
    goTo: vi.fn(),
    focusAsk: vi.fn(),
  };
  let keyboard: Keyboard;

  beforeEach(async () => {
    vi.clearAllMocks();
    await workstation.start();
    await vi.waitFor(() => expect(workstation.review?.player.shown).not.toBeNull());
    keyboard = new Keyboard(workstation, actions);
    window.addEventListener('keydown', keyboard.down);
    window.addEventListener('keyup', keyboard.up);
  });

  afterEach(() => {
    window.removeEventListener('keydown', keyboard.down);
    window.removeEventListener('keyup', keyboard.up);
    document.body.replaceChildren();
  });

  const press = (key: string, target: EventTarget = document.body): boolean =>
    target.dispatchEvent(new KeyboardEvent('keydown', { key, code: key, bubbles: true, cancelable: true }));

  test('step, zoom and open dialogs wherever the focus is', async () => {
    press('.');
    window.dispatchEvent(new KeyboardEvent('keyup', { key: '.', code: '.' }));
    await vi.waitFor(() => expect(workstation.review?.player.shown?.location.index).toBe(1));
    press('?');
    expect(actions.shortcuts).toHaveBeenCalledOnce();
    press('g');
    expect(actions.goTo).toHaveBeenCalledOnce();
    press('q');
    expect(actions.focusAsk).toHaveBeenCalledOnce();
  });

  test('are text where text is typed, but for Escape', async () => {
    const field = document.createElement('textarea');
    document.body.append(field);
    expect(press('.', field)).toBe(true);
    expect(press('?', field)).toBe(true);
    expect(actions.shortcuts).not.toHaveBeenCalled();
    expect(press('Escape', field)).toBe(false);
  });

  test('leave an open dialog and menus alone', () => {
    const menu = document.createElement('div');
    menu.setAttribute('role', 'menu');
    document.body.append(menu);
    expect(press('g', menu)).toBe(true);
    const dialog = document.createElement('dialog');
    dialog.setAttribute('open', '');
    document.body.append(dialog);
    expect(press('g')).toBe(true);
    expect(press(' ')).toBe(true);
    expect(actions.goTo).not.toHaveBeenCalled();
  });

  test('give Space to the video wherever the focus is, so that no button is pressed by it', () => {
    const play = vi.spyOn(workstation.review!.player, 'togglePlay').mockResolvedValue();
    const button = document.createElement('button');
    document.body.append(button);
    expect(press(' ', button)).toBe(false);
    expect(play).toHaveBeenCalledOnce();
    const release = (): boolean =>
      button.dispatchEvent(
        new KeyboardEvent('keyup', { key: ' ', code: ' ', bubbles: true, cancelable: true }),
      );
    expect(release()).toBe(false);
    expect(release()).toBe(true);
    expect(press('Enter', button)).toBe(true);
    workstation.review = null;
    expect(press(' ', button)).toBe(true);
  });

  test('play backwards with J, and no faster than 8 times forwards with L', async () => {
    const { player } = workstation.review!;
    const reverse = vi.spyOn(player, 'reverse').mockResolvedValue();
    press('j');
    expect(reverse).toHaveBeenCalledOnce();
    player.motion.moving = true;
    const rates: number[] = [];
    for (let presses = 0; presses < 5; presses += 1) {
      press('l');
      await vi.waitFor(() => expect(player.rate).toBeGreaterThan(1));
      rates.push(player.rate);
    }
    expect(rates).toEqual([2, 4, 8, 8, 8]);
    player.motion.moving = false;
    expect(player.rate).toBe(1);
  });

  test('a click on what the pointer works takes no focus, and ends typing', async () => {
    const area = document.createElement('div');
    const field = document.createElement('textarea');
    const button = document.createElement('button');
    area.append(button);
    document.body.append(field, area);
    const end = keysStay(area);
    field.focus();
    const click = new MouseEvent('mousedown', { bubbles: true, cancelable: true });
    button.dispatchEvent(click);
    expect(click.defaultPrevented).toBe(true);
    expect(document.activeElement).toBe(document.body);
    button.focus();
    expect(document.activeElement).toBe(button);
    end();
  });
});

test('thumbnails come a few at a time, and those no longer wanted never', async () => {
  const queue = new TaskQueue({ most: () => 2 });
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const outs = [0, 1, 2, 3].map((number) =>
    queue.add(() => {
      begun.push(number);
      return new Promise<void>((resolve) => ends.push(resolve));
    }),
  );
  expect(begun).toEqual([0, 1]);
  outs[2]!();
  ends[0]!();
  await vi.waitFor(() => expect(begun).toEqual([0, 1, 3]));
});

import { beforeEach, describe, expect, it } from 'vitest';
import type { ActorId } from '../../preload/contract/context.ts';
import {
  Box,
  type AnswerId,
  type FrameIndex,
  type QuestionId,
  type VideoId,
} from '../../preload/contract/values.ts';
import {
  answers,
  endAnswer,
  moveBoxesToDisplayed,
  cases,
  models,
  preferences,
  questions,
  sessions,
  sessionViews,
  settings,
  videos,
  type ModelRecord,
  type Store,
} from '../../main/store/index.ts';
import { defaultPreferences } from '../../preload/contract/preferences.ts';
import { statement } from '../../main/store/database.ts';
import { answersIn, questionsIn } from './asked.ts';
import { open, temporaryFolder } from './helpers.ts';
import { aCase, aQuestion, aVideo, fullAnswer, noon, runningAnswer } from './rows.ts';
import { addAnswer, addCase, addQuestion, addSession, removeQuestion, tester } from './write.ts';

let store: Store;
const id = <T extends string>(text: string): T => text as T;
const id2 = (index: number): FrameIndex => index as FrameIndex;
const begin = (name: string, caseId: string, videoId: string, at = noon) =>
  addSession(store, { id: name, caseId, videoId, at });

beforeEach(() => {
  store = open(temporaryFolder());
  addCase(store, aCase('a'));
  addCase(store, aCase('b', { createdAt: noon + 1 }));
  videos.insertVideo(store.database, aVideo('v', 'a'));
  videos.insertVideo(store.database, aVideo('w', 'b', { openedAt: noon + 5 }));
});

describe('cases', () => {
  it('come back as they went in, newest first', () => {
    expect(cases.findCase(store.database, id('a'))).toEqual(aCase('a'));
    expect(cases.listCases(store.database).map((found) => found.id)).toEqual(['b', 'a']);
    expect(cases.findCase(store.database, id('none'))).toBeNull();
  });

  it('the demonstration is not counted among them', () => {
    addCase(store, aCase('demo', { demonstration: true }));
    expect(cases.countCases(store.database)).toBe(2);
    expect(cases.findDemonstrationCase(store.database)?.id).toBe('demo');
  });
});

describe('videos', () => {
  it('come back as they went in', () => {
    expect(videos.findVideo(store.database, id('v'))).toEqual(aVideo('v', 'a'));
    const problem = { code: 'file-missing', message: 'gone', hint: 'connect the disk' } as const;
    const changed = aVideo('v', 'a', { path: '/moved/v.mp4', frameCount: null, index: 'failed', problem });
    videos.updateVideo(store.database, changed);
    expect(videos.findVideo(store.database, id('v'))).toEqual(changed);
  });

  it('are found by their content, in a case or in any', () => {
    videos.insertVideo(
      store.database,
      aVideo('again', 'b', { fingerprint: 'print-of-v', openedAt: noon + 9 }),
    );
    const found = videos.findVideosByFingerprint(store.database, 'print-of-v');
    expect(found.map((video) => video.id)).toEqual(['again', 'v']);
    expect(videos.findVideoInCase(store.database, id('a'), 'print-of-v')?.id).toBe('v');
    expect(videos.findVideoInCase(store.database, id('a'), 'print-of-w')).toBeNull();
  });

  it('list the recent ones last opened first, until the list is cleared', () => {
    expect(videos.listRecentVideos(store.database, 9).map((video) => video.id)).toEqual(['w', 'v']);
    expect(videos.listRecentVideos(store.database, 1).map((video) => video.id)).toEqual(['w']);
    videos.clearRecentVideos(store.database);
    expect(videos.listRecentVideos(store.database, 9)).toEqual([]);
    expect(videos.findVideo(store.database, id('w'))?.recent).toBe(false);
  });
});

describe('sessions', () => {
  it('are numbered within their case', () => {
    expect(begin('1', 'a', 'v').number).toBe(1);
    expect(begin('2', 'a', 'v').number).toBe(2);
    expect(begin('3', 'b', 'w').number).toBe(1);
    expect(sessions.findLastSessionOfCase(store.database, id('a'))?.id).toBe('2');
  });

  it('remember the place and which was opened last', () => {
    begin('1', 'a', 'v', noon);
    begin('2', 'a', 'v', noon + 1);
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('2');
    sessions.markSessionOpened(store.database, id('1'), noon + 2);
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('1');
  });

  it('keep for each person where they stand, and are not changed by it', () => {
    const [before] = [begin('1', 'a', 'v', noon), begin('2', 'a', 'v', noon + 1)];
    const stand = (actor: string, session: string, frameIndex: number): void => {
      const view = { actor: id<ActorId>(actor), videoId: id<VideoId>('v'), frameIndex: id2(frameIndex) };
      sessionViews.saveView(store.database, id(session), view, noon + 3);
    };
    stand('anna', '1', 41);
    stand('bert', '1', 7);
    stand('anna', '1', 42);
    expect(() => stand('anna', 'none', 41)).toThrow('FOREIGN KEY');
    const seenBy = (actor: string) =>
      sessions
        .listSessions(store.database, id(actor))
        .map(({ id: session, frameIndex }) => [session, frameIndex]);
    expect(seenBy('anna')).toEqual([
      ['2', 0],
      ['1', 42],
    ]);
    expect(seenBy('bert').at(-1)).toEqual(['1', 7]);
    expect(seenBy('nobody').at(-1)).toEqual(['1', 0]);
    const found = sessions.findSession(store.database, id('1'));
    expect(found).toEqual(before);
    expect(sessions.asSeenBy(store.database, id('bert'), found!).frameIndex).toBe(7);
  });

  it('are listed with case, video and the questions that are not deleted', () => {
    begin('1', 'a', 'v');
    for (const name of ['p', 'q']) addQuestion(store, aQuestion(name, '1'));
    removeQuestion(store, aQuestion('q', '1'));
    expect(sessions.listSessions(store.database, tester.actor)).toMatchObject([
      { id: '1', casePseudonym: 'Case a', videoName: 'v.mp4', questionCount: 1 },
    ]);
  });
});

describe('questions', () => {
  beforeEach(() => {
    begin('1', 'a', 'v');
    addQuestion(store, aQuestion('q', '1'));
  });

  it('come back as they went in', () => {
    expect(questions.findQuestion(store.database, id('q'))).toEqual({ ...aQuestion('q', '1'), videoId: 'v' });
  });

  it('are hidden and brought back, never removed', () => {
    removeQuestion(store, aQuestion('q', '1'));
    expect(questionsIn(store.database, id('1'))).toEqual([]);
    expect(questions.findQuestion(store.database, id('q'))).not.toBeNull();
    addQuestion(store, aQuestion('q', '1'));
    expect(questionsIn(store.database, id('1'))).toHaveLength(1);
    expect(() => removeQuestion(store, aQuestion('none', '1'))).toThrow('was deleted');
  });
});

describe('answers', () => {
  beforeEach(() => {
    begin('1', 'a', 'v');
    addQuestion(store, aQuestion('q', '1'));
  });

  it('of earlier versions get their boxes moved onto the displayed picture, once', () => {
    const old = fullAnswer('x', 'q', '1');
    const boxless = { ...fullAnswer('y', 'q', '1'), box: null };
    for (const answer of [old, boxless]) addAnswer(store, answer);
    const picture = { width: 576, height: 1024 };
    const move = () =>
      moveBoxesToDisplayed(store, id<VideoId>('v'), picture, ([x1, y1, x2, y2]) =>
        Box.parse([y1, x1, y2, x2]),
      );
    move();
    move();
    const [x1, y1, x2, y2] = old.box!;
    expect(answers.findAnswer(store.database, id<AnswerId>('x'))).toEqual({
      ...old,
      box: [y1, x1, y2, x2],
      frame: { ...old.frame, picture },
    });
    expect(answers.findAnswer(store.database, id<AnswerId>('y'))?.box).toBeNull();
  });

  it('come back whole: frame, model, settings, tokens, timings, raw text', () => {
    addAnswer(store, runningAnswer('x', 'q', '1'));
    expect(answers.findAnswer(store.database, id<AnswerId>('x'))).toEqual(runningAnswer('x', 'q', '1'));
    endAnswer(store, fullAnswer('x', 'q', '1'));
    expect(answers.findAnswer(store.database, id<AnswerId>('x'))).toEqual(fullAnswer('x', 'q', '1'));
    const listed = {
      ...fullAnswer('l', 'q', '1'),
      label: '2',
      box: null,
      items: [
        { label: 'suction', box: [1.5, 2, 30.25, 40] as [number, number, number, number] },
        { label: 'stapler', box: null },
      ],
    };
    addAnswer(store, runningAnswer('l', 'q', '1'));
    endAnswer(store, listed);
    expect(answers.findAnswer(store.database, id<AnswerId>('l'))).toEqual(listed);
  });

  it('keep every version in order', () => {
    for (const name of ['x', 'y', 'z']) {
      addAnswer(store, runningAnswer(name, 'q', '1'));
    }
    const versions = answers.listAnswers(store.database, id<QuestionId>('q'));
    expect(versions.map((answer) => answer.id)).toEqual(['x', 'y', 'z']);
    expect(answersIn(store.database, id('1'))).toEqual(versions);
  });

  it('take text while running, and none after', () => {
    addAnswer(store, runningAnswer('x', 'q', '1'));
    answers.savePartialAnswer(store.database, id('x'), { raw: 'so far', reasoning: 'far' }, noon);
    expect(answers.findAnswer(store.database, id('x'))).toMatchObject({ raw: 'so far', reasoning: 'far' });
    endAnswer(store, fullAnswer('x', 'q', '1'));
    answers.savePartialAnswer(store.database, id('x'), { raw: 'late', reasoning: '' }, noon);
    expect(answers.findAnswer(store.database, id('x'))).toEqual(fullAnswer('x', 'q', '1'));
  });
});

describe('models and settings', () => {
  const record = (name: string, addedAt: number): ModelRecord => ({
    id: id(name),
    kind: 'imported',
    state: 'importing',
    name,
    source: `/checkpoints/${name}`,
    base: null,
    dtype: 'q8',
    answerFormat: name === 'late' ? 'json' : null,
    addedAt,
  });

  it('models come back as they went in, oldest first, change and go', () => {
    models.putModel(store.database, record('late', noon + 1));
    models.putModel(store.database, record('early', noon));
    expect(models.listModels(store.database)).toEqual([record('early', noon), record('late', noon + 1)]);
    models.putModel(store.database, { ...record('early', noon), state: 'ready', base: '/base' });
    expect(models.findModel(store.database, id('early'))).toMatchObject({ state: 'ready', base: '/base' });
    expect(models.removeModel(store.database, id('early'))).toBe(true);
    expect(models.removeModel(store.database, id('early'))).toBe(false);
    expect(models.findModel(store.database, id('early'))).toBeNull();
  });

  it('a setting is what it was last set to, and one that is none of ours is told', () => {
    expect(settings.readSetting(store.database, 'model')).toBeNull();
    settings.writeSetting(store.database, 'model', 'one');
    settings.writeSetting(store.database, 'model', 'another');
    expect(settings.readSetting(store.database, 'model')).toBe('another');
    settings.writeSetting(store.database, 'model', null);
    expect(settings.readSetting(store.database, 'model')).toBeNull();
    store.database.run(statement('test.spoil', `UPDATE settings SET value = '7'`));
    expect(settings.readSetting(store.database, 'model')).toBeNull();
    expect(store.notices[0]?.message).toContain('1 setting');
  });
});

describe('what a person set for themselves', () => {
  const keys = { version: 1, pressed: { accept: ['y'] }, single: false } as const;
  const spoil = (json: string): unknown =>
    store.database.run(statement('test.spoil', 'UPDATE settings SET value = :json'), { json });
  const kept = (): unknown =>
    JSON.parse(
      String(
        (store.database.get(statement('test.kept', 'SELECT value FROM settings')) as { value: string }).value,
      ),
    );
  const read = (actor = 'one') => preferences.readPreferences(store.database, id<ActorId>(actor));
  const write = (changed: Parameters<typeof preferences.writePreferences>[2], actor = 'one') =>
    preferences.writePreferences(store.database, id<ActorId>(actor), changed);

  it('is each person’s own, and changed in parts', () => {
    expect(read()).toEqual(defaultPreferences);
    write({ keys: { ...keys, pressed: { accept: ['y'] } } });
    expect(write({ tour: 'over' })).toEqual({ ...defaultPreferences, keys, tour: 'over' });
    expect(read('two')).toEqual(defaultPreferences);
  });

  it.each([
    ['a later version', JSON.stringify({ keys: { version: 2, layers: [] }, tour: 'over' }), 'over'],
    [
      'nonsense in one part',
      JSON.stringify({ keys: { version: 1, pressed: { accept: 'y' } }, tour: 'over' }),
      'over',
    ],
    ['nonsense', '7', 'to-offer'],
    ['no JSON at all', '{', 'to-offer'],
  ])('of %s is as if it were not set, and told; the other parts hold', (_what, json, tour) => {
    write({ tour: 'over' });
    spoil(json);
    expect(read()).toEqual({ ...defaultPreferences, tour });
    expect(store.notices[0]?.message).toContain('1 setting');
  });

  it('keeps beside it what it writes over and could not read', () => {
    write({ tour: 'over' });
    spoil(JSON.stringify({ keys: { version: 2, layers: [1] }, tour: 'over', later: true }));
    write({ keys: { ...keys, pressed: {} } });
    expect(kept()).toMatchObject({ 'keys/unread': { version: 2, layers: [1] }, tour: 'over', later: true });
    expect(read().keys.single).toBe(false);
  });
});

describe('a clock that is set back', () => {
  it('changes nothing in what was opened, changed or asked last', () => {
    const back = noon - 1_000_000_000;
    begin('1', 'a', 'v', noon);
    begin('2', 'b', 'w', back);
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('2');
    expect(sessions.listSessions(store.database, tester.actor).map((session) => session.id)).toEqual([
      '2',
      '1',
    ]);
    sessions.markSessionOpened(store.database, id('1'), back + 1);
    sessions.touchSession(store.database, id('1'), back + 1);
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('1');
    expect(sessions.listSessions(store.database, tester.actor).map((session) => session.id)).toEqual([
      '1',
      '2',
    ]);
    videos.updateVideo(store.database, aVideo('v', 'a', { openedAt: back }));
    expect(videos.listRecentVideos(store.database, 9).map((video) => video.id)).toEqual(['v', 'w']);
    addQuestion(store, aQuestion('q1', '1', { createdAt: noon }));
    addQuestion(store, aQuestion('q2', '1', { createdAt: back }));
    expect(questionsIn(store.database, id('1')).map((question) => question.id)).toEqual(['q1', 'q2']);
  });

  it('passes over the last opened session where that can’t be read', () => {
    begin('1', 'a', 'v', noon);
    begin('2', 'a', 'v', noon + 1);
    store.database.run(statement('test.spoil', `UPDATE sessions SET created_at = -1 WHERE id = '2'`));
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('1');
  });
});

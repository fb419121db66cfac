import { beforeEach, describe, expect, it } from 'vitest';
import {
  Box,
  type AnswerId,
  type CaseId,
  type FrameIndex,
  type QuestionId,
  type SessionId,
  type VideoId,
} from '../../preload/contract/values.ts';
import {
  answers,
  cases,
  models,
  questions,
  sessions,
  settings,
  videos,
  type ModelRecord,
  type Store,
} from '../../main/store/index.ts';
import { statement } from '../../main/store/database.ts';
import { open, temporaryFolder } from './helpers.ts';
import { aCase, aQuestion, aVideo, fullAnswer, noon, runningAnswer } from './rows.ts';

let store: Store;
const id = <T extends string>(text: string): T => text as T;
const addSession = (name: string, caseId: string, videoId: string, at = noon) =>
  sessions.insertSession(store.database, {
    id: id<SessionId>(name),
    caseId: id<CaseId>(caseId),
    videoId: id<VideoId>(videoId),
    frameIndex: 0 as FrameIndex,
    at,
  });

beforeEach(() => {
  store = open(temporaryFolder());
  cases.insertCase(store.database, aCase('a'));
  cases.insertCase(store.database, aCase('b', { createdAt: noon + 1 }));
  videos.insertVideo(store.database, aVideo('v', 'a'));
  videos.insertVideo(store.database, aVideo('w', 'b', { openedAt: noon + 5 }));
});

describe('cases', () => {
  it('come back as they went in, newest first', () => {
    expect(cases.findCase(store.database, id('a'))).toEqual(aCase('a'));
    expect(cases.listCases(store.database).map((found) => found.id)).toEqual(['b', 'a']);
    expect(cases.findCase(store.database, id('none'))).toBeNull();
  });

  it('are renamed, and the demonstration is not counted among them', () => {
    expect(cases.renameCase(store.database, id('a'), 'Nephrectomy 12')).toBe(true);
    expect(cases.renameCase(store.database, id('none'), 'x')).toBe(false);
    expect(cases.findCase(store.database, id('a'))?.pseudonym).toBe('Nephrectomy 12');
    cases.insertCase(store.database, aCase('demo', { demonstration: true }));
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
    expect(addSession('1', 'a', 'v').number).toBe(1);
    expect(addSession('2', 'a', 'v').number).toBe(2);
    expect(addSession('3', 'b', 'w').number).toBe(1);
    expect(sessions.findLastSessionOfCase(store.database, id('a'))?.id).toBe('2');
  });

  it('remember the place and which was opened last', () => {
    addSession('1', 'a', 'v', noon);
    addSession('2', 'a', 'v', noon + 1);
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('2');
    sessions.markSessionOpened(store.database, id('1'), noon + 2);
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('1');
    expect(sessions.savePosition(store.database, id('1'), 41 as FrameIndex, noon + 3)).toBe(true);
    expect(sessions.savePosition(store.database, id('none'), 41 as FrameIndex, noon)).toBe(false);
    expect(sessions.findSession(store.database, id('1'))).toMatchObject({
      frameIndex: 41,
      updatedAt: noon + 3,
    });
  });

  it('are listed with case, video and the questions that are not deleted', () => {
    addSession('1', 'a', 'v');
    for (const name of ['p', 'q']) questions.insertQuestion(store.database, aQuestion(name, '1'));
    questions.setQuestionDeleted(store.database, id('q'), noon);
    expect(sessions.listSessions(store.database)).toMatchObject([
      { id: '1', casePseudonym: 'Case a', videoName: 'v.mp4', questionCount: 1 },
    ]);
  });
});

describe('questions', () => {
  beforeEach(() => {
    addSession('1', 'a', 'v');
    questions.insertQuestion(store.database, aQuestion('q', '1'));
  });

  it('come back as they went in', () => {
    expect(questions.findQuestion(store.database, id('q'))).toEqual(aQuestion('q', '1'));
  });

  it('are hidden and brought back, never removed', () => {
    expect(questions.setQuestionDeleted(store.database, id('q'), noon)).toBe(true);
    expect(questions.listQuestions(store.database, id('1'))).toEqual([]);
    expect(questions.findQuestion(store.database, id('q'))).not.toBeNull();
    questions.setQuestionDeleted(store.database, id('q'), null);
    expect(questions.listQuestions(store.database, id('1'))).toHaveLength(1);
    expect(questions.setQuestionDeleted(store.database, id('none'), noon)).toBe(false);
  });
});

describe('answers', () => {
  beforeEach(() => {
    addSession('1', 'a', 'v');
    questions.insertQuestion(store.database, aQuestion('q', '1'));
  });

  it('of earlier versions get their boxes moved onto the displayed picture, once', () => {
    const old = fullAnswer('x', 'q', '1');
    const boxless = { ...fullAnswer('y', 'q', '1'), box: null };
    for (const answer of [old, boxless]) answers.insertAnswer(store.database, answer, process.pid);
    const picture = { width: 576, height: 1024 };
    const move = () =>
      answers.moveBoxesToDisplayed(store.database, id<VideoId>('v'), picture, ([x1, y1, x2, y2]) =>
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
    answers.insertAnswer(store.database, runningAnswer('x', 'q', '1'), process.pid);
    expect(answers.findAnswer(store.database, id<AnswerId>('x'))).toEqual(runningAnswer('x', 'q', '1'));
    answers.updateAnswer(store.database, fullAnswer('x', 'q', '1'));
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
    answers.insertAnswer(store.database, listed, 1);
    expect(answers.findAnswer(store.database, id<AnswerId>('l'))).toEqual(listed);
  });

  it('keep every version in order', () => {
    for (const name of ['x', 'y', 'z']) {
      answers.insertAnswer(store.database, runningAnswer(name, 'q', '1'), process.pid);
    }
    const versions = answers.listAnswers(store.database, id<QuestionId>('q'));
    expect(versions.map((answer) => answer.id)).toEqual(['x', 'y', 'z']);
    expect(answers.listAnswersOfSession(store.database, id('1'))).toEqual(versions);
  });

  it('take text while running, and none after', () => {
    answers.insertAnswer(store.database, runningAnswer('x', 'q', '1'), process.pid);
    answers.savePartialAnswer(store.database, id('x'), { raw: 'so far', reasoning: 'far' }, noon);
    expect(answers.findAnswer(store.database, id('x'))).toMatchObject({ raw: 'so far', reasoning: 'far' });
    answers.updateAnswer(store.database, fullAnswer('x', 'q', '1'));
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

describe('a clock that is set back', () => {
  it('changes nothing in what was opened, changed or asked last', () => {
    const back = noon - 1_000_000_000;
    addSession('1', 'a', 'v', noon);
    addSession('2', 'b', 'w', back);
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('2');
    expect(sessions.listSessions(store.database).map((session) => session.id)).toEqual(['2', '1']);
    sessions.markSessionOpened(store.database, id('1'), back + 1);
    sessions.savePosition(store.database, id('1'), 3 as FrameIndex, back + 1);
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('1');
    expect(sessions.listSessions(store.database).map((session) => session.id)).toEqual(['1', '2']);
    videos.updateVideo(store.database, aVideo('v', 'a', { openedAt: back }));
    expect(videos.listRecentVideos(store.database, 9).map((video) => video.id)).toEqual(['v', 'w']);
    questions.insertQuestion(store.database, aQuestion('q1', '1', { createdAt: noon }));
    questions.insertQuestion(store.database, aQuestion('q2', '1', { createdAt: back }));
    expect(questions.listQuestions(store.database, id('1')).map((question) => question.id)).toEqual([
      'q1',
      'q2',
    ]);
  });

  it('passes over the last opened session where that can’t be read', () => {
    addSession('1', 'a', 'v', noon);
    addSession('2', 'a', 'v', noon + 1);
    store.database.run(statement('test.spoil', `UPDATE sessions SET created_at = -1 WHERE id = '2'`));
    expect(sessions.findLastOpenedSession(store.database)?.id).toBe('1');
  });
});

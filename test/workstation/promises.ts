import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  examineQuestion,
  calls as contract,
  entrySummaryOf,
  isUnderWay,
  type AnswerId,
  type CallContext,
  type CallInput,
  type CallName,
  type CallOutput,
  type ErrorReport,
  type FrameIndex,
  type OpenSession,
  type QuestionId,
  type SessionId,
  type VideoId,
  type WorkstationCalls,
  type WorkstationEvent,
} from '../../preload/contract/index.ts';
import { testContext } from '../context.ts';

/** A workstation, or what stands in for it, with a session to go back to and a model that can be asked. */
export interface Promising {
  calls: WorkstationCalls;
  onEvent: (listener: (event: WorkstationEvent) => void) => () => void;
  /** What it says by itself, before anything is asked of it. */
  notices: ErrorReport[];
  /** The hash of a frame's picture, as the window learns it with the pixels. */
  hash: (videoId: VideoId, index: FrameIndex) => Promise<string>;
}

const at = (index: number): FrameIndex => index as FrameIndex;

/**
 * What a workstation promises to a window. The real one and the one that stands in for it in tests of the window are held
 * to the same, so that those tests prove something.
 */
export function promises(name: string, make: () => Promise<Promising>): void {
  describe(`what a workstation promises: ${name}`, () => {
    let workstation: Promising;
    let opened: OpenSession;
    const events: WorkstationEvent[] = [];
    const context = testContext();

    /** As the door makes it: what goes in and what comes out are of the contract's shape. */
    async function call<N extends CallName>(called: N, input: CallInput<N>): Promise<CallOutput<N>> {
      const perform = workstation.calls[called] as (input: unknown, context: CallContext) => Promise<unknown>;
      const value = await perform(contract[called].input.parse(input), context);
      return contract[called].output.parse(value) as CallOutput<N>;
    }

    const refusal = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => null,
        (error: unknown) => (error as { code?: unknown }).code,
      );

    const questions = async (): Promise<string[]> =>
      (await call('listEntries', { sessionId: opened.session.id })).list
        .map(({ question }) => question.text)
        .reverse();

    async function ask(question: string, index = 7) {
      const frameHash = await workstation.hash(opened.video.id, at(index));
      return call('ask', { sessionId: opened.session.id, frameIndex: at(index), frameHash, question });
    }

    async function ended(answerId: AnswerId) {
      await expect
        .poll(async () => isUnderWay((await call('getAnswer', { answerId })).status), { timeout: 60_000 })
        .toBe(false);
      return call('getAnswer', { answerId });
    }

    beforeAll(async () => {
      workstation = await make();
      workstation.onEvent((event) => events.push(event));
      const last = await call('openLastSession', {});
      if (last === null) throw new Error('there is no session');
      opened = last;
      const indexed = async (): Promise<void> =>
        expect((await call('getVideo', { videoId: opened.video.id })).index).toBe('ready');
      await vi.waitFor(indexed, { timeout: 60_000 });
    });

    it('says what it is, who acts in which window, and which questions the models were taught', async () => {
      const status = await call('getStatus', {});
      expect(status.notices).toEqual(workstation.notices);
      expect(status).toMatchObject({ actor: { kind: 'person' }, window: context.window });
      const templates = await call('listQuestionTemplates', {});
      const always = templates.filter(({ stated }) => stated !== true);
      expect(always.map(({ id }) => id)).toEqual(['state', 'location', 'organ']);
      // Of further kinds those that the model states are offered; each can be asked as it stands.
      const taught = (await call('getModelState', {})).model?.taught;
      const offered = templates.filter(({ id }) => taught?.kinds.some(({ kind }) => kind === id));
      for (const { text, tools } of offered) {
        for (const tool of tools.length > 0 ? tools : ['']) {
          const question = text.replace('{tool}', tool);
          expect(examineQuestion(question, taught!).taught, question).toBe(true);
        }
      }
    });

    it('finds frames by number and time, and names one that is not there', async () => {
      const { id: videoId } = opened.video;
      const tenth = await call('locate', { videoId, at: { index: at(10) } });
      expect(await call('locate', { videoId, at: { seconds: tenth.seconds } })).toEqual(tenth);
      expect(await call('locate', { videoId, at: { timecode: tenth.timecode } })).toEqual(tenth);
      const none = call('locate', { videoId, at: { index: at(1_000_000) } });
      expect(await refusal(none)).toBe('frame-out-of-range');
    });

    it('takes a question about the picture that was seen, tells every window, and lists it', async () => {
      events.length = 0;
      const asked = await ask('What organ is being operated?');
      expect(asked.question).toMatchObject({
        sessionId: opened.session.id,
        text: 'What organ is being operated?',
        location: { index: 7 },
      });
      expect(asked.answer.frame).toMatchObject({
        index: 7,
        hash: await workstation.hash(opened.video.id, at(7)),
      });
      expect(events.find(({ type }) => type === 'changes')).toMatchObject({
        changes: [{ command: 'question.ask', actor: context.actor, window: context.window }],
        entries: [{ question: asked.question, answers: [{ id: asked.answer.id }] }],
      });
      expect(await questions()).toContain('What organ is being operated?');
      const again = await call('openSession', { sessionId: opened.session.id });
      expect(again.entries.list[0]?.question).toEqual(asked.question);
      await call('stopAnswer', { answerId: asked.answer.id });
      await ended(asked.answer.id);
    });

    it('refuses one about another picture, or about none, and keeps nothing of it', async () => {
      const before = await questions();
      const sessionId = opened.session.id;
      const other = await workstation.hash(opened.video.id, at(8));
      const asking = { sessionId, frameIndex: at(7), frameHash: other, question: 'What?' };
      expect(await refusal(call('ask', asking))).toBe('frame-mismatch');
      const beyond = { ...asking, frameIndex: at(1_000_000) };
      expect(await refusal(call('ask', beyond))).toBe('frame-out-of-range');
      expect(await questions()).toEqual(before);
    });

    it('adds versions to an answer with the settings that are given, about the same picture', async () => {
      const { question, answer } = await ask('Where is suction located?', 9);
      await call('stopAnswer', { answerId: answer.id });
      await ended(answer.id);
      const frameHash = await workstation.hash(opened.video.id, at(9));
      const settings = { temperature: 0.7, seed: 11 };
      const again = await call('askAgain', { questionId: question.id, frameHash, settings });
      expect(again.answer).toMatchObject({ questionId: question.id, settings, frame: answer.frame });
      await call('stopAnswer', { answerId: again.answer.id });
      await ended(again.answer.id);
      const entry = await call('getEntry', { questionId: question.id });
      expect(entry.answers.map(({ id }) => id)).toEqual([answer.id, again.answer.id]);
      const other = await workstation.hash(opened.video.id, at(8));
      const wrong = call('askAgain', { questionId: question.id, frameHash: other });
      expect(await refusal(wrong)).toBe('frame-mismatch');
    });

    it('stops the answer that is named, tells it, and leaves one that has ended as it is', async () => {
      const { answer } = await ask('What is the state of suction?', 11);
      await call('stopAnswer', { answerId: answer.id });
      const stopped = await ended(answer.id);
      expect(
        events.some(
          (event) =>
            event.type === 'answer' && event.answer.id === answer.id && event.answer.endedAt !== null,
        ),
      ).toBe(true);
      await call('stopAnswer', { answerId: answer.id });
      expect(await call('getAnswer', { answerId: answer.id })).toEqual(stopped);
    });

    it('hides a question and brings it back as it is then, in its place', async () => {
      const before = await questions();
      const { question, answer } = await ask('Is the stapler in view?', 12);
      await ask('And after it?', 13).then(({ answer: { id } }) => call('stopAnswer', { answerId: id }));
      events.length = 0;
      await call('deleteQuestion', { questionId: question.id });
      expect(await questions()).toEqual([...before, 'And after it?']);
      await call('stopAnswer', { answerId: answer.id });
      const now = await ended(answer.id);
      const restored = await call('restoreQuestion', { questionId: question.id });
      expect(restored).toMatchObject({ question, answers: [now] });
      expect(await questions()).toEqual([...before, question.text, 'And after it?']);
      const told = events.filter((event) => event.type === 'changes');
      expect(told.filter(({ changes }) => changes.some(({ window }) => window !== null))).toMatchObject([
        { changes: [{ edits: [{ entity: 'question', id: question.id, after: null }] }], entries: [] },
        { changes: [{ command: 'question.restore' }], entries: [restored] },
      ]);
    });

    it('renames a case and tells every window', async () => {
      events.length = 0;
      const renamed = await call('renameCase', { caseId: opened.case.id, pseudonym: 'Case 7' });
      expect(renamed).toEqual({ ...opened.case, pseudonym: 'Case 7' });
      expect(events).toMatchObject([
        { type: 'changes', changes: [{ command: 'case.rename', kind: 'do', edits: [{ after: renamed }] }] },
        { type: 'sessions' },
      ]);
    });

    it('takes back what was done in a session, the last of it first, and does it again', async () => {
      const sessionId = opened.session.id;
      const before = await questions();
      const { seq } = await call('openSession', { sessionId });
      const { question, answer } = await ask('Is the clip in view?', 14);
      await call('stopAnswer', { answerId: answer.id });
      const ending = await ended(answer.id);
      await call('deleteQuestion', { questionId: question.id });
      expect(await call('getUndoable', { sessionId })).toEqual({
        undo: 'Delete question: “Is the clip in view?”',
        redo: null,
      });
      events.length = 0;
      const first = await call('undo', { sessionId });
      expect(first).toMatchObject({
        what: 'Delete question: “Is the clip in view?”',
        change: { kind: 'undo', command: 'question.delete', sessionId },
      });
      expect(await questions()).toEqual([...before, question.text]);
      const second = await call('undo', { sessionId });
      expect(second.what).toBe('Ask: “Is the clip in view?”');
      expect(await questions()).toEqual(before);
      expect(events).toMatchObject([
        { type: 'changes', changes: [{ kind: 'undo' }], entries: [{ question }] },
        { type: 'changes', changes: [{ kind: 'undo' }], entries: [] },
      ]);
      expect((await call('redo', { sessionId })).what).toBe(second.what);
      const entry = await call('getEntry', { questionId: question.id });
      expect(entry).toMatchObject({ question, answers: [ending] });
      const [listed] = (await call('listEntries', { sessionId, limit: 1 })).list;
      expect(listed).toEqual(entrySummaryOf(entry, opened.video));

      const { changes, more, entries: present } = await call('changesSince', { seq });
      expect(present).toEqual([entry]);
      const mine = changes.filter(({ kind }) => kind !== 'record');
      expect(mine.map(({ kind, command }) => `${kind} ${command}`)).toEqual([
        'do question.ask',
        'do question.delete',
        'undo question.delete',
        'undo question.ask',
        'redo question.ask',
      ]);
      expect(changes.map((change) => change.seq)).toEqual(changes.map((_, index) => seq + 1 + index));
      expect(more).toBe(false);

      expect((await call('redo', { sessionId })).what).toBe(first.what);
      expect(await refusal(call('redo', { sessionId }))).toBe('not-found');
      await call('restoreQuestion', { questionId: question.id });
      expect(await refusal(call('redo', { sessionId }))).toBe('not-found');
      expect(await call('checkRecord', { sinceLast: false })).toMatchObject({ ok: true, broken: null });
    });

    it('opens a session where the reviewer last stood', async () => {
      const sessionId = opened.session.id;
      await call('savePosition', { sessionId, frameIndex: at(33) });
      expect((await call('openSession', { sessionId })).session.frameIndex).toBe(33);
      expect((await call('openLastSession', {}))?.session).toMatchObject({ id: sessionId, frameIndex: 33 });
    });

    it('says of what it does not know that it is not there', async () => {
      const hash = await workstation.hash(opened.video.id, at(0));
      const none = 'none';
      for (const unknown of [
        call('getAnswer', { answerId: none as AnswerId }),
        call('stopAnswer', { answerId: none as AnswerId }),
        call('deleteQuestion', { questionId: none as QuestionId }),
        call('restoreQuestion', { questionId: none as QuestionId }),
        call('askAgain', { questionId: none as QuestionId, frameHash: hash }),
        call('listEntries', { sessionId: none as SessionId }),
        call('openSession', { sessionId: none as SessionId }),
        call('undo', { sessionId: none as SessionId }),
        call('redo', { sessionId: none as SessionId }),
        call('getUndoable', { sessionId: none as SessionId }),
        call('savePosition', { sessionId: none as SessionId, frameIndex: at(0) }),
        call('getVideo', { videoId: none as VideoId }),
        call('ask', { sessionId: none as SessionId, frameIndex: at(0), frameHash: hash, question: 'What?' }),
      ])
        expect(await refusal(unknown)).toBe('not-found');
    });
  });
}

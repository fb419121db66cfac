import { describe, expect, it } from 'vitest';
import { createDoor, type Sender } from '../../main/hosts/door.ts';
import type { LogEntry } from '../../main/platform/log.ts';
import {
  ActorId,
  WorkstationError,
  type CallContext,
  type WorkstationCalls,
} from '../../preload/contract/index.ts';
import { testContext } from '../context.ts';

const { window, signal } = testContext();
const page: Sender = { trusted: true, window, signal };

function doorOver(answers: Partial<WorkstationCalls>) {
  const entries: LogEntry[] = [];
  const door = createDoor({
    calls: answers as WorkstationCalls,
    actor: () => ActorId.parse('surgeon'),
    log: (entry) => entries.push(entry),
    newErrorId: () => 'e1',
  });
  return { door, entries };
}

const aCase = { id: 'case-1', pseudonym: 'A', createdAt: 1, demonstration: false };

describe('the door', () => {
  it('runs a call that is known and parses', async () => {
    const { door } = doorOver({ listCases: () => Promise.resolve([aCase] as never) });
    expect(await door.answer(page, 'listCases', {})).toEqual({ ok: true, value: [aCase] });
  });

  it('says who acts, in which window, and for how long the result is waited for', async () => {
    let told: CallContext | undefined;
    const { door } = doorOver({
      listCases: (_input, context) => {
        told = context;
        return Promise.resolve([]);
      },
    });
    await door.answer(page, 'listCases', { actor: 'somebody else' });
    expect(told).toBeUndefined();
    await door.answer(page, 'listCases', {});
    expect(told).toEqual({ actor: 'surgeon', window, signal });
    expect(told?.signal).toBe(signal);
  });

  it('gives the answering side the parsed input, not what was sent', async () => {
    const { door } = doorOver({
      createCase: ({ pseudonym }) => Promise.resolve({ ...aCase, pseudonym } as never),
    });
    const answer = await door.answer(page, 'createCase', { pseudonym: '  B  ' });
    expect(answer).toMatchObject({ ok: true, value: { pseudonym: 'B' } });
  });

  it.each(['toString', '__proto__', 'constructor', 'nonsense', 7, null])('has no call %s', async (name) => {
    const { door } = doorOver({});
    expect(await door.answer(page, name, {})).toMatchObject({ ok: false, error: { code: 'not-found' } });
  });

  it('refuses a sender that the host does not trust, before anything runs', async () => {
    let ran = false;
    const { door } = doorOver({
      listCases: () => {
        ran = true;
        return Promise.resolve([]);
      },
    });
    const answer = await door.answer({ trusted: false }, 'listCases', {});
    expect(answer).toMatchObject({ ok: false, error: { code: 'not-allowed' } });
    expect(ran).toBe(false);
  });

  it('names the field that does not parse, and never its value', async () => {
    const { door } = doorOver({});
    const answer = await door.answer(page, 'createCase', { pseudonym: 7, patient: 'Jane Roe' });
    expect(answer).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
    expect(JSON.stringify(answer)).toContain('pseudonym');
    expect(JSON.stringify(answer)).not.toContain('Jane Roe');
  });

  it('hands on an error that a person can act on', async () => {
    const { door } = doorOver({
      listCases: () => Promise.reject(new WorkstationError('store-full', 'The disk is full.', 'Free some.')),
    });
    expect(await door.answer(page, 'listCases', {})).toEqual({
      ok: false,
      error: { code: 'store-full', message: 'The disk is full.', hint: 'Free some.' },
    });
  });

  it('keeps the text and stack of an unforeseen error to the log, under an id', async () => {
    const { door, entries } = doorOver({ listCases: () => Promise.reject(new Error('secret /home/x')) });
    const answer = await door.answer(page, 'listCases', {});
    expect(answer).toMatchObject({ ok: false, error: { code: 'internal' } });
    expect(JSON.stringify(answer)).toContain('e1');
    expect(JSON.stringify(answer)).not.toContain('secret');
    const logged = entries.find((entry) => entry.level === 'error');
    expect(logged?.details?.['errorId']).toBe('e1');
    expect(logged?.details?.['stack']).toContain('secret /home/x');
  });

  it('does not let an answer through that breaks the contract', async () => {
    const { door } = doorOver({ listCases: () => Promise.resolve([{ id: 'x' }] as never) });
    expect(await door.answer(page, 'listCases', {})).toMatchObject({
      ok: false,
      error: { code: 'internal' },
    });
  });
});

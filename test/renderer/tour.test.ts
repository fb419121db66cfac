import { expect, it } from 'vitest';
import { Tour } from '../../renderer/state/tour.svelte.ts';

type Window = ConstructorParameters<typeof Tour>[0];

/** A window as far as the tour asks for it, with a case open. */
function windowOn(demonstration: boolean): Window & { opened: string[]; tour: 'to-offer' | 'over' } {
  const given = {
    opened: [] as string[],
    tour: 'to-offer' as 'to-offer' | 'over',
    review: {
      case: { demonstration },
      player: { shown: null },
      entries: [],
      judging: { own: null },
      answer: null,
    },
    preferences: {
      get values() {
        return { tour: given.tour };
      },
      change: async (changed: { tour: 'over' }) => {
        given.tour = changed.tour;
        return true;
      },
    },
    announcer: { say: () => undefined },
    bridge: {
      listCases: async () => ({ ok: true, value: [{ id: 'demo', demonstration: true }] }),
      listSessions: async () => ({ ok: true, value: [{ id: 's1', caseId: 'demo', casePseudonym: 'Demo' }] }),
    },
    opener: {
      openSession: async (id: string) => {
        given.opened.push(id);
        given.review = { ...given.review, case: { demonstration: true } };
      },
    },
  };
  return given as unknown as Window & { opened: string[]; tour: 'to-offer' | 'over' };
}

it('is offered in the demonstration case alone, and no more once it was left or declined', () => {
  expect(new Tour(windowOn(false)).isOffered).toBe(false);
  const window = windowOn(true);
  const tour = new Tour(window);
  expect(tour.isOffered).toBe(true);
  tour.decline();
  expect(tour.isOffered).toBe(false);
  expect(window.tour).toBe('over');
});

it('never goes over somebody’s own case: it opens the demonstration first', async () => {
  const window = windowOn(false);
  const tour = new Tour(window);
  await tour.start();
  expect(window.opened).toEqual(['s1']);
  expect(tour.step).toBe('step');
  expect(tour.leave()).toBe(true);
  expect(tour.leave()).toBe(false);
});

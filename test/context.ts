import type { Workstation } from '../main/workstation.ts';
import {
  ActorId,
  inContext,
  windowId,
  type CallContext,
  type CallName,
  type CallsInContext,
  type WorkstationCalls,
} from '../preload/contract/index.ts';

/** Who calls in tests: somebody in a window of a browser that waits for every result. */
export const testContext = (given: Partial<CallContext> = {}): CallContext => ({
  actor: ActorId.parse('tester'),
  window: windowId('web', '0123456789abcdef'),
  signal: new AbortController().signal,
  ...given,
});

/** What answers the contract's calls, with its calls made in the context of the tests. */
export type InTests<Calling, Names extends CallName = CallName> = Omit<Calling, 'calls'> & {
  calls: CallsInContext<Names>;
};

/** Makes the calls of a workstation, or of a part of it, as a test does that does not mind who calls. */
export function inTests<Names extends CallName, Calling extends { calls: Pick<WorkstationCalls, Names> }>(
  calling: Calling & { calls: Pick<WorkstationCalls, Names> },
  context = testContext(),
): InTests<Calling, Names> {
  return { ...calling, calls: inContext<Names>(calling.calls, context) };
}

/** A workstation as tests call it: as its local profile, from one window. */
export type OpenedWorkstation = InTests<Workstation>;

export const asItsPerson = (workstation: Workstation): OpenedWorkstation =>
  inTests(workstation, testContext({ actor: workstation.localActor.id }));

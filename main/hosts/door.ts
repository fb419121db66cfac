import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import {
  calls,
  stackOf,
  toErrorReport,
  WorkstationError,
  type ActorId,
  type CallContext,
  type CallName,
  type ErrorReport,
  type Result,
  type WindowId,
  type WorkstationCalls,
} from '../../preload/contract/index.ts';
import type { LogSink } from '../platform/log.ts';

/** Who sent a call, as the host found it out. What a host doesn't trust, the door refuses. */
export type Sender =
  | { readonly trusted: false }
  | {
      readonly trusted: true;
      readonly window: WindowId;
      /** Aborts when the request is broken off, or its window goes. */
      readonly signal: AbortSignal;
    };

export interface Door {
  /** Answers one call. Never throws. */
  answer: (sender: Sender, name: unknown, input: unknown) => Promise<Result<unknown>>;
  /** What may be told of a failure. What isn't ours is logged under an id, and told without its text. */
  report: (name: string, error: unknown) => ErrorReport;
  /** The same care for work of a host's own that isn't a call of the contract, a dropped file for instance. */
  guard: <T>(sender: Sender, name: string, work: (context: CallContext) => Promise<T>) => Promise<Result<T>>;
  /** The same for work that nobody has to be let in for: the letting in itself. */
  attempt: <T>(name: string, work: () => Promise<T>) => Promise<Result<T>>;
}

export interface DoorOptions {
  calls: WorkstationCalls;
  /** Who acts in every window of this host now: another database may know the same person by another id. */
  actor: () => ActorId;
  log: LogSink;
  newErrorId?: () => string;
}

/**
 * The one wrapper that takes every call of every host: who sent it, does the name exist, does the input
 * parse, run it in its context, does the output parse, and `{ok, value}` or `{ok: false, error}` as the answer.
 */
export function createDoor({
  calls: answers,
  actor,
  log,
  newErrorId = () => randomBytes(4).toString('hex'),
}: DoorOptions): Door {
  function report(name: string, error: unknown): ErrorReport {
    const known = toErrorReport(error);
    if (known.code !== 'internal') {
      log({
        level: 'info',
        area: 'door',
        message: 'call refused',
        details: { call: name, code: known.code },
      });
      return known;
    }
    const errorId = newErrorId();
    log({
      level: 'error',
      area: 'door',
      message: 'call failed',
      details: { call: name, errorId, stack: stackOf(error) },
    });
    return {
      code: 'internal',
      message: `Something went wrong inside the workstation (error ${errorId}).`,
      hint: `Try again. If it happens again, the log in the data folder names the cause under ${errorId}.`,
    };
  }

  async function attempt<T>(name: string, work: () => Promise<T>): Promise<Result<T>> {
    try {
      return { ok: true, value: await work() };
    } catch (error) {
      return { ok: false, error: report(name, error) };
    }
  }

  const guard: Door['guard'] = (sender, name, work) =>
    attempt(name, async () => {
      if (!sender.trusted) {
        throw new WorkstationError(
          'not-allowed',
          'This page may not use the workstation.',
          'Use the window that the workstation itself opened.',
        );
      }
      return work({ actor: actor(), window: sender.window, signal: sender.signal });
    });

  async function run<N extends CallName>(name: N, input: unknown, context: CallContext): Promise<unknown> {
    const schema: { input: z.ZodType; output: z.ZodType } = calls[name];
    const parsed = schema.input.safeParse(input);
    if (!parsed.success) {
      throw new WorkstationError(
        'invalid-input',
        `The call '${name}' was given something it doesn't take: ${describeIssues(parsed.error)}`,
        'Check what was entered, then try again.',
      );
    }
    // The schema just proved the type that the compiler can't follow through the lookup by name.
    const value = await (answers[name] as (input: unknown, context: CallContext) => Promise<unknown>)(
      parsed.data,
      context,
    );
    const output = schema.output.safeParse(value);
    if (!output.success) {
      throw new Error(`output of '${name}' breaks the contract: ${describeIssues(output.error)}`);
    }
    return output.data;
  }

  return {
    report,
    attempt,
    guard,
    answer: (sender, name, input) =>
      guard(sender, typeof name === 'string' ? name.slice(0, 60) : 'unnamed', async (context) => {
        if (typeof name !== 'string' || !Object.hasOwn(calls, name)) {
          throw new WorkstationError(
            'not-found',
            'The workstation has no such call.',
            'Reload the window: it may be older than the workstation that serves it.',
          );
        }
        return run(name as CallName, input, context);
      }),
  };
}

/** Where and what, without the value: it may name a patient. */
function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`)
    .join('; ');
}

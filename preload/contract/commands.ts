import { z } from 'zod';
import { AnswerId } from './values.ts';
import { RejectReason, StepMark } from './verdicts.ts';

/** Four numbers as a person gave them: whether they are a box of the frame is for the command to say, in words. */
const Corners = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** What is longer than any limit that a command states in words is not looked at. */
const mostText = 20_000;

/**
 * What a person does, as data: each command is planned by a pure function and goes through one `apply`, where it is checked,
 * recorded, told to all windows, and can be undone and done again.
 */
export const Command = z.discriminatedUnion('name', [
  /** The answer is right as it stands. */
  z.strictObject({ name: z.literal('verdict.accept'), answerId: AnswerId }),
  z.strictObject({ name: z.literal('verdict.reject'), answerId: AnswerId, reason: RejectReason }),
  /** What is true instead: both label and box; a box of null says that there is nothing to point at. */
  z.strictObject({
    name: z.literal('verdict.correct'),
    answerId: AnswerId,
    label: z.string().max(mostText),
    box: Corners.nullable(),
  }),
  /** Of the step with this number, from 0, of the answer's reasoning; null takes its mark away. */
  z.strictObject({
    name: z.literal('verdict.mark'),
    answerId: AnswerId,
    step: z.int().min(0),
    mark: StepMark.nullable(),
  }),
  /** An empty note is none. */
  z.strictObject({ name: z.literal('verdict.note'), answerId: AnswerId, note: z.string().max(mostText) }),
  /** Takes the decision away, and leaves marks and note. */
  z.strictObject({ name: z.literal('verdict.reopen'), answerId: AnswerId }),
]);
export type Command = z.infer<typeof Command>;

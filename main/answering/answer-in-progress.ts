import type { Answer, ModelStamp } from '../../preload/contract/domain.ts';
import { deviceName, EngineLostError, type EngineText, type ModelInfo } from '../inference/index.ts';

/** The answer so far, as its text comes in. */
export class AnswerInProgress {
  answer: Answer;
  /** Whether the model is to answer even a question that it was not taught. */
  readonly anyway: boolean;
  /** Whether there is text that has not been saved. */
  changed = false;
  /** Characters of each section so far. */
  #lengths = { reasoning: 0, answer: 0 };

  constructor(answer: Answer, anyway: boolean) {
    this.answer = answer;
    this.anyway = anyway;
  }

  /** Notes which model answers. The last one known stays if the engine has none loaded at the moment. */
  stamp(model: ModelInfo | null): void {
    if (model === null) return;
    const { id, name, version, sha256, domain, regions } = model;
    const { frame } = this.answer;
    this.answer = {
      ...this.answer,
      // Until the answer says it itself, which one that fails never does.
      ...(frame?.crop && regions && { frame: { ...frame, crop: { ...frame.crop, given: regions } } }),
      model: { id, name, version, sha256, domain, device: deviceName(model) } satisfies ModelStamp,
    };
  }

  write(raw: string): void {
    this.answer = { ...this.answer, raw };
    this.changed = true;
  }

  /** Drops what was written, because the engine begins the answer again. */
  clear(): void {
    this.answer = { ...this.answer, raw: '', reasoning: '' };
    this.#lengths = { reasoning: 0, answer: 0 };
    this.changed = true;
  }

  /** Adds a piece of text, and returns at which character of its section it begins. */
  add({ section, text }: EngineText): number {
    const at = this.#lengths[section];
    this.#lengths[section] += text.length;
    if (section === 'reasoning') {
      this.answer = { ...this.answer, reasoning: this.answer.reasoning + text };
      this.changed = true;
    }
    return at;
  }

  /** The answer as it stands after an error. An engine that was lost tells what it had written by then. */
  left(error: unknown): Answer {
    if (!(error instanceof EngineLostError)) return this.answer;
    const { raw, reasoning, label } = error.partial;
    return { ...this.answer, raw, reasoning, label };
  }
}

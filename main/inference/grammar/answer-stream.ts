import type { AnswerFormat } from '../../../preload/contract/model.ts';

/** A piece of the answer as it is written, tags removed. */
export interface AnswerText {
  readonly section: 'reasoning' | 'answer';
  readonly text: string;
}

const tags = ['<think>', '</think>', '<answer>', '</answer>'] as const;
type Tag = (typeof tags)[number];

/** Length of the longest end of `text` that a tag may still start with; 0 when there is none. */
function openTagLength(text: string): number {
  for (let length = Math.min(text.length, '</answer>'.length - 1); length > 0; length -= 1) {
    const end = text.slice(-length);
    if (tags.some((tag) => tag.startsWith(end))) return length;
  }
  return 0;
}

/**
 * Sorts streamed text into reasoning and answer. Half a tag is held back until it is a whole one or none, so
 * that no part of a tag is ever shown. Text before any tag counts as reasoning (a chat template may have
 * opened the block already), white space outside the blocks is dropped.
 */
export class AnswerSplitter {
  #held = '';
  #section: AnswerText['section'] = 'reasoning';
  #inside = false;
  #started = false;

  /** @param format How the model declares to write; an object or list without tags is the answer itself. */
  constructor(format: AnswerFormat = 'think-answer-json') {
    if (format === 'json' || format === 'qwen-bbox-list') this.#section = 'answer';
  }

  /** Takes the next text of the model and returns what can be shown. */
  push(text: string): AnswerText[] {
    const shown: AnswerText[] = [];
    let rest = this.#held + text;
    for (;;) {
      const found = nextTag(rest);
      if (found === undefined) break;
      this.#emit(rest.slice(0, found.at), shown);
      this.#enter(found.tag);
      rest = rest.slice(found.at + found.tag.length);
    }
    const held = openTagLength(rest);
    this.#emit(rest.slice(0, rest.length - held), shown);
    this.#held = rest.slice(rest.length - held);
    return shown;
  }

  /** Returns what was held back: at the end of the text, half a tag is plain text. */
  finish(): AnswerText[] {
    const shown: AnswerText[] = [];
    this.#emit(this.#held, shown);
    this.#held = '';
    return shown;
  }

  #enter(tag: Tag): void {
    this.#inside = tag === '<think>' || tag === '<answer>';
    this.#section = tag === '<think>' ? 'reasoning' : 'answer';
    this.#started = false;
  }

  #emit(text: string, shown: AnswerText[]): void {
    const visible = this.#started ? text : text.trimStart();
    if (visible === '' || (!this.#inside && visible.trim() === '')) return;
    this.#started = true;
    const last = shown.at(-1);
    if (last?.section === this.#section) {
      shown[shown.length - 1] = { section: this.#section, text: last.text + visible };
    } else {
      shown.push({ section: this.#section, text: visible });
    }
  }
}

function nextTag(text: string): { at: number; tag: Tag } | undefined {
  let first: { at: number; tag: Tag } | undefined;
  for (const tag of tags) {
    const at = text.indexOf(tag);
    if (at >= 0 && (first === undefined || at < first.at)) first = { at, tag };
  }
  return first;
}

import type { AnswerFormat } from '../../../preload/contract/model.ts';

/** A format that there is a grammar of. */
export type ConstrainedFormat = Exclude<AnswerFormat, 'none'>;

export interface GrammarOptions {
  readonly format: ConstrainedFormat;
  /** The labels to choose from, the absent one among them; null for any text. */
  readonly labels: readonly string[] | null;
  /** The label that goes with `null` in place of a box. */
  readonly absent: string;
  /** Other labels that go with `null`: "no", and those that decline to answer. Needs `labels`. */
  readonly boxless?: readonly string[];
  /** Where an answer may be a list of objects; needs `labels`. */
  readonly lists?: ListOptions | null;
  /** Size of the model's coordinate space, in its own units. */
  readonly extent: { readonly width: number; readonly height: number };
  /** Coordinates are multiples of this many units. */
  readonly step: number;
  /** The prompt ends inside `<think>` already. */
  readonly opened: boolean;
}

/** `[{"label": "2", "bbox_2d": null}, {"label": "suction", "bbox_2d": [...]}, {...}]` */
export interface ListOptions {
  /** Labels that may stand first, without a box, and say of the list what its items do not: "2", "yes". */
  readonly heads: readonly string[];
  /** Labels of what has a box. */
  readonly items: readonly string[];
  /** Most items of a list. */
  readonly most: number;
}

/** A text of which there are finitely many: a label or a coordinate. */
export interface GrammarUnit {
  /** Equal for units with the same choices in the same surroundings. */
  readonly key: string;
  readonly kind: 'label' | 'number';
  /** How much of it is written. */
  readonly written: string;
  choices(): readonly string[];
  /** The fixed text right before it, and right after this choice. */
  readonly before: string;
  after(choice: string): string;
  /** The state in which nothing more can be added to it; null where it is not complete. */
  end(): GrammarState | null;
  /** Where a space may stand before it: the state in which one must. */
  readonly lead: (() => GrammarState) | null;
  /** Whether the other choices are worth telling: those of an answer's label are, of a list's fifth item not. */
  readonly alternatives: boolean;
}

/**
 * A state of the automaton over bytes. Texts are "binary strings": one character of code 0..255 for each byte
 * of UTF-8, so that tokens which hold a part of a character are matched like all others.
 */
export interface GrammarState {
  /** Equal for states that behave alike. */
  readonly key: string;
  readonly part: 'reasoning' | 'form' | 'label' | 'box' | 'done';
  /** Bytes that may follow; null where almost any may. */
  readonly bytes: readonly number[] | null;
  step(byte: number): GrammarState | null;
  /** In free text: what ends it from here. Null elsewhere, and in the middle of a character. */
  readonly closing: string | null;
  readonly unit: GrammarUnit | null;
}

import { LRUCache } from 'lru-cache';
import type { ModelManifest } from '../../../preload/contract/model.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { AnswerConstraint } from './answer-constraint.ts';
import { AnswerGrammar } from './answer-grammar.ts';
import type { GrammarOptions } from './grammar-state.ts';
import { toBinary } from '../model/token-bytes.ts';
import { CanonicalTokens } from './canonical-tokens.ts';
import { answerLabels } from './label-sets.ts';
import { MaskCache, TokenVocabulary } from './token-vocabulary.ts';
import type { ModelTokenizer } from '../model/tokenizer.ts';

/** The absent label of models that don't name theirs. */
export const usualAbsentLabel = 'not visible';

/** Grammars kept: one for each size of image and set of labels. */
const grammarsKept = 16;
/** Tokens that a label gets where any text may be one. */
export const openLabelTokens = 24;

export interface ConstraintRequest {
  readonly question: string;
  /** Size of the image as the model sees it. */
  readonly resized: Size;
  /** The prompt's text, whose end tells whether the reasoning is open already. */
  readonly prompt: string;
  readonly jumpForward: boolean;
  /** Tokens that may be written; where they are too few for the longest list, the answer is of one thing. */
  readonly limit?: number;
}

interface Kept {
  readonly grammar: AnswerGrammar;
  readonly masks: MaskCache;
  readonly reserve: number;
}

/** The grammars of one model's answers, over its own tokens. */
export class AnswerConstraints {
  readonly #manifest: ModelManifest;
  readonly #grammars = new LRUCache<string, Kept>({ max: grammarsKept });
  readonly #vocabulary: TokenVocabulary;
  readonly #canonical: CanonicalTokens;

  /** Sorts the vocabulary, which takes a moment where it has 150,000 tokens. */
  constructor(manifest: ModelManifest, tokenizer: ModelTokenizer) {
    this.#manifest = manifest;
    this.#vocabulary = new TokenVocabulary(tokenizer.tokenList(manifest.parameters.vocabularySize));
    this.#canonical = new CanonicalTokens((text) => tokenizer.encode(text), this.#vocabulary);
  }

  /** For one answer; null where the model declares no format that there is a grammar of. */
  open(request: ConstraintRequest): { constraint: AnswerConstraint; reserve: number } | null {
    const { answerFormat, coordinateSpace, coordinateStep, labels } = this.#manifest;
    if (answerFormat === 'none') return null;
    const extent = coordinateSpace === 'normalized-1000' ? { width: 1000, height: 1000 } : request.resized;
    const options: GrammarOptions = {
      format: answerFormat,
      ...answerLabels(request.question, labels),
      absent: labels?.absent ?? usualAbsentLabel,
      extent: { width: extent.width, height: extent.height },
      step: coordinateStep ?? 1,
      opened: request.prompt.trimEnd().endsWith('<think>'),
    };
    const whole = this.#grammar(options);
    const short = options.lists && whole.reserve >= (request.limit ?? Infinity);
    const kept = short ? this.#grammar({ ...options, lists: null }) : whole;
    const closers = new Set([
      ...this.#manifest.parameters.tokens.end,
      ...this.#vocabulary.startingWith('<answer>'),
    ]);
    const constraint = new AnswerConstraint({
      grammar: kept.grammar,
      masks: kept.masks,
      vocabulary: this.#vocabulary,
      canonical: this.#canonical,
      closers,
      jumpForward: request.jumpForward,
    });
    return { constraint, reserve: kept.reserve };
  }

  #grammar(options: GrammarOptions): Kept {
    const key = JSON.stringify(options);
    const known = this.#grammars.get(key);
    if (known !== undefined) return known;
    const kept = {
      grammar: new AnswerGrammar(options),
      masks: new MaskCache(this.#vocabulary),
      reserve: this.#reserve(options),
    };
    this.#grammars.set(key, kept);
    return kept;
  }

  /** Tokens that the longest answer of a grammar takes after its reasoning. */
  #reserve(options: GrammarOptions): number {
    const corner = String(Math.floor(Math.max(options.extent.width, options.extent.height)));
    const object = (label: string): string =>
      `{"label": "${label}", "bbox_2d": [${[corner, corner, corner, corner].join(', ')}]}`;
    const longest = (labels: readonly string[]): number =>
      Math.max(
        ...labels.map(
          (label) => this.#canonical.encode(toBinary(`</think><answer>${object(label)}</answer>`)).length,
        ),
      );
    const { lists } = options;
    // As many items as the model was taught, and the label before them.
    const list = lists ? (lists.most + 1) * longest([...lists.items, ...lists.heads]) : 0;
    return Math.max(list, longest(options.labels ?? [''])) + (options.labels === null ? openLabelTokens : 0);
  }
}

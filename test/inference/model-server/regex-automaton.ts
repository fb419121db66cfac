/**
 * Regular expressions one character at a time, as servers hold a model to them: which characters may follow, and
 * whether the text may end. Knows literals, escapes, classes, groups, `|`, `*`, `+`, `?` and `{m,n}`.
 */
type Node =
  | { readonly kind: 'characters'; readonly fits: (character: string) => boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly from: number; readonly to: number };

interface State {
  /** Where it goes with a character; null for a state that only leads on. */
  readonly fits: ((character: string) => boolean) | null;
  next: number[];
}

/** The texts that a pattern lets through, followed from its start. */
export class RegexAutomaton {
  readonly #states: State[] = [];
  readonly #start: number;
  readonly #accept: number;

  constructor(pattern: string) {
    this.#accept = this.#add(null);
    this.#start = this.#build(new Parser(pattern).parse(), this.#accept);
  }

  get start(): ReadonlySet<number> {
    return this.#spread([this.#start]);
  }

  accepts(at: ReadonlySet<number>): boolean {
    return at.has(this.#accept);
  }

  /** Whether anything may follow. */
  open(at: ReadonlySet<number>): boolean {
    return [...at].some((state) => this.#states[state]!.fits !== null);
  }

  /** Null where the text doesn't fit. */
  follow(at: ReadonlySet<number>, text: string): ReadonlySet<number> | null {
    let now = at;
    for (const character of text) {
      const next = [...now].flatMap((index) => {
        const state = this.#states[index]!;
        return state.fits?.(character) === true ? state.next : [];
      });
      if (next.length === 0) return null;
      now = this.#spread(next);
    }
    return now;
  }

  #add(fits: State['fits'], next: number[] = []): number {
    return this.#states.push({ fits, next }) - 1;
  }

  /** Returns the state in which the node begins; it ends in `then`. */
  #build(node: Node, then: number): number {
    switch (node.kind) {
      case 'characters':
        return this.#add(node.fits, [then]);
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.#build(part, after), then);
      case 'choice':
        return this.#add(
          null,
          node.options.map((option) => this.#build(option, then)),
        );
      case 'repeat': {
        let at = then;
        if (node.to === Infinity) {
          const loop = this.#add(null, [then]);
          this.#states[loop]!.next.push(this.#build(node.node, loop));
          at = loop;
        } else {
          for (let extra = node.from; extra < node.to; extra += 1) {
            at = this.#add(null, [then, this.#build(node.node, at)]);
          }
        }
        for (let needed = 0; needed < node.from; needed += 1) at = this.#build(node.node, at);
        return at;
      }
    }
  }

  #spread(states: readonly number[]): ReadonlySet<number> {
    const reached = new Set<number>();
    const left = [...states];
    for (let state = left.pop(); state !== undefined; state = left.pop()) {
      if (reached.has(state)) continue;
      reached.add(state);
      const { fits, next } = this.#states[state]!;
      if (fits === null) left.push(...next);
    }
    return reached;
  }
}

class Parser {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#pattern.length) throw new Error(`unexpected ${this.#peek()} at ${this.#at}`);
    return node;
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? '';
  }

  #take(): string {
    const character = this.#peek();
    if (character === '') throw new Error('the pattern ends too soon');
    this.#at += 1;
    return character;
  }

  #choice(): Node {
    const options = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#take();
      options.push(this.#sequence());
    }
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (!['', '|', ')'].includes(this.#peek())) parts.push(this.#repeated(this.#single()));
    return { kind: 'sequence', parts };
  }

  #repeated(node: Node): Node {
    const sign = this.#peek();
    if (!['*', '+', '?', '{'].includes(sign)) return node;
    this.#take();
    if (sign === '*') return { kind: 'repeat', node, from: 0, to: Infinity };
    if (sign === '+') return { kind: 'repeat', node, from: 1, to: Infinity };
    if (sign === '?') return { kind: 'repeat', node, from: 0, to: 1 };
    let counts = '';
    while (this.#peek() !== '}') counts += this.#take();
    this.#take();
    const [from, to] = counts.split(',').map(Number);
    return { kind: 'repeat', node, from: from!, to: to ?? from! };
  }

  #single(): Node {
    const character = this.#take();
    if (character === '(') {
      const node = this.#choice();
      if (this.#take() !== ')') throw new Error('a group is not closed');
      return node;
    }
    if (character === '[') return this.#class();
    const literal = character === '\\' ? this.#escape() : character;
    return { kind: 'characters', fits: (found) => found === literal };
  }

  #escape(): string {
    const character = this.#take();
    if (character === 'n') return '\n';
    if (character === 't') return '\t';
    if (character === 'x') return String.fromCharCode(parseInt(this.#take() + this.#take(), 16));
    return character;
  }

  #class(): Node {
    const inverted = this.#peek() === '^';
    if (inverted) this.#take();
    const ranges: [string, string][] = [];
    while (this.#peek() !== ']') {
      const from = this.#member();
      const ranged = this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']';
      if (ranged) this.#take();
      ranges.push([from, ranged ? this.#member() : from]);
    }
    this.#take();
    return {
      kind: 'characters',
      fits: (found) => ranges.some(([from, to]) => found >= from && found <= to) !== inverted,
    };
  }

  #member(): string {
    const character = this.#take();
    return character === '\\' ? this.#escape() : character;
  }
}

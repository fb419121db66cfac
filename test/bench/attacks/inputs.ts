import type { z } from 'zod';
import type { Random } from '../../../models/data/scenes/random.ts';

/** Values that programs have stumbled over. */
const nested = (levels: number): unknown => {
  let value: unknown = [];
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
};
const hostile: readonly unknown[] = [
  null,
  true,
  '',
  ' ',
  '\0',
  'x'.repeat(100_000),
  '../../../../etc/passwd',
  '..\\..\\Windows\\win.ini',
  '/dev/zero',
  '\\\\host\\share',
  '\u001b[2J\u202e',
  '\ud800',
  "'; DROP TABLE cases; --",
  '%00%2e%2e/',
  '__proto__',
  'constructor',
  -1,
  -0,
  0.5,
  2 ** 31,
  2 ** 53,
  1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  [],
  {},
  [[]],
  nested(2000),
  Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key${index}`, index])),
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
];

/** As far as zod's own description of a schema is read here. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly items?: readonly z.ZodType[];
  readonly valueType?: z.ZodType;
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
  readonly in?: z.ZodType;
}

/** Makes inputs for a call by its schema. Identifiers come from what earlier calls gave back. */
export class Inputs {
  readonly #ids = new Map<string, unknown[]>();

  /** Takes up whatever may be asked for again, by the names that it has. */
  learn(value: unknown, name = '', depth = 0): void {
    if (depth > 6) return;
    if (Array.isArray(value)) for (const one of value.slice(0, 20)) this.learn(one, name, depth + 1);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value))
        this.learn(inner, key === 'id' ? `${name}Id` : key, depth + 1);
    } else if (/(Id|hash|Hash)$/.test(name) && typeof value === 'string') {
      const known = this.#ids.get(name) ?? [];
      if (!known.includes(value)) known.push(value);
      this.#ids.set(name, known.slice(-50));
    }
  }

  make(schema: z.ZodType, random: Random): unknown {
    const input = this.#value(schema, '', random);
    return random.chance(0.5) ? input : this.#spoilt(input, random);
  }

  #value(schema: z.ZodType, name: string, random: Random): unknown {
    const definition = schema.def as unknown as Definition;
    const inner = (of: z.ZodType | undefined): unknown => (of ? this.#value(of, name, random) : null);
    switch (definition.type) {
      case 'object':
        return Object.fromEntries(
          Object.entries(definition.shape ?? {}).flatMap(([key, of]) => {
            const value = this.#value(of, key, random);
            return value === undefined ? [] : [[key, value]];
          }),
        );
      case 'optional':
        return random.chance(0.4) ? inner(definition.innerType) : undefined;
      case 'nullable':
        return random.chance(0.6) ? inner(definition.innerType) : null;
      case 'default':
      case 'readonly':
      case 'nonoptional':
      case 'catch':
        return inner(definition.innerType);
      case 'pipe':
        return inner(definition.in);
      case 'array':
        return Array.from({ length: random.integer(0, 4) }, () => inner(definition.element));
      case 'tuple':
        return (definition.items ?? []).map((item) => inner(item));
      case 'union':
        return inner(random.pick(definition.options ?? []));
      case 'record':
        return { [String(this.#text('', random))]: inner(definition.valueType) };
      case 'enum':
        return random.pick(Object.values(definition.entries ?? { none: 'none' }));
      case 'literal':
        return random.pick(definition.values ?? [null]);
      case 'boolean':
        return random.chance(0.5);
      case 'number':
      case 'int':
        return random.pick([0, 1, 2, 7, 100, 119, 349, 350, 0.5, 1e6]);
      default:
        return this.#text(name, random);
    }
  }

  #text(name: string, random: Random): unknown {
    const alike = [...this.#ids].filter(([known]) => known.toLowerCase() === name.toLowerCase());
    const any = [...this.#ids.values()].flat();
    const pool = alike.flatMap(([, ids]) => ids);
    if (pool.length > 0 && random.chance(0.85)) return random.pick(pool);
    if (name.endsWith('Id') && any.length > 0 && random.chance(0.5)) return random.pick(any);
    return random.pick([
      '00:00:01.000',
      '#12',
      'What organ is being operated?',
      'a',
      'é 日本 \u{1f600}',
      'f'.repeat(64),
    ]);
  }

  /** The input with a hostile value in one of its places, or with a place too many or too few. */
  #spoilt(input: unknown, random: Random): unknown {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) return random.pick(hostile);
    const copy: Record<string, unknown> = { ...input };
    const keys = Object.keys(copy);
    const way = random.integer(0, 4);
    if (way === 0) return random.pick(hostile);
    if (way === 1 || keys.length === 0)
      return { ...copy, [random.pick(['extra', 'constructor', ''])]: random.pick(hostile) };
    const key = random.pick(keys);
    if (way === 2) delete copy[key];
    else copy[key] = random.chance(0.3) ? this.#spoilt(copy[key], random) : random.pick(hostile);
    return copy;
  }
}

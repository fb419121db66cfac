/**
 * Just enough of WebAssembly's binary format (https://webassembly.github.io/spec/core/binary) for kernels over bytes
 * in 128-bit vectors, written as expressions: `i32x4.add(get(sum), load(get(at)))`. Node has no other way to the
 * vector instructions of a processor that needs no compiled file for each platform.
 */
export type Code = readonly number[];

/** A function of a module: parameters are 32-bit integers, and so are the locals, but for `vectors` behind them. */
export interface WasmFunction {
  readonly parameters: number;
  readonly integers: number;
  readonly vectors: number;
  readonly body: Code;
}

const integerType = 0x7f;
const vectorType = 0x7b;
const noResult = 0x40;

/** LEB128, unsigned. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128, signed. */
function signed(value: number): number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

function list(items: readonly Code[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function section(id: number, items: readonly Code[]): number[] {
  const content = list(items);
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): number[] {
  return list(Array.from(value, (letter) => [letter.charCodeAt(0)]));
}

/** Bytes of a module with these functions, on a memory that it imports as `engine.memory`. */
export function wasmModule(functions: Readonly<Record<string, WasmFunction>>): Uint8Array<ArrayBuffer> {
  const all = Object.entries(functions);
  const types = all.map(([, { parameters }]) => [
    0x60,
    ...list(Array<Code>(parameters).fill([integerType])),
    0,
  ]);
  const memory = [...text('engine'), ...text('memory'), 0x02, 0x00, ...unsigned(1)];
  const exported = all.map(([name], index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = all.map(([, { integers, vectors, body }]) => {
    const locals = list([
      [...unsigned(integers), integerType],
      [...unsigned(vectors), vectorType],
    ]);
    const content = [...locals, ...body, 0x0b];
    return [...unsigned(content.length), ...content];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      all.map((_, index) => unsigned(index)),
    ),
    ...section(7, exported),
    ...section(10, bodies),
  ]);
}

const operation =
  (...opcode: number[]) =>
  (...operands: Code[]): Code => [...operands.flat(), ...opcode];

const vectorOperation = (opcode: number): ((...operands: Code[]) => Code) =>
  operation(0xfd, ...unsigned(opcode));

/** An access to memory at `address + offset`, without a promise of alignment. */
const access =
  (...opcode: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const constant = (value: number): Code => [0x41, ...signed(value)];

/** Adds to a local. */
export const advance = (local: number, by: Code): Code => set(local, integers.add(get(local), by));

/** Does the steps once, and again as long as the condition holds after them. */
export const repeatWhile = (condition: Code, ...steps: Code[]): Code => [
  ...[0x03, noResult],
  ...steps.flat(),
  ...condition,
  ...[0x0d, 0],
  0x0b,
];

export const integers = {
  add: operation(0x6a),
  subtract: operation(0x6b),
  isBelow: operation(0x49),
  load: access(0x28),
};

export const vectors = {
  load: access(0xfd, 0x00),
  /** The same 32 bits four times. */
  loadRepeated: access(0xfd, 0x09),
  store: (address: Code, value: Code): Code => [...address, ...value, 0xfd, 0x0b, 0, 0],
  /** The first 32 bits. */
  storeFirst: (address: Code, value: Code): Code => [...address, ...value, 0xfd, ...unsigned(0x5a), 0, 0, 0],
  zero: [0xfd, 0x0c, ...Array<number>(16).fill(0)] as Code,
  repeated: vectorOperation(0x11),
  /** Bytes by their places in the first operand, 0..15, and the second, 16..31. */
  shuffle: (first: Code, second: Code, places: readonly number[]): Code => [
    ...first,
    ...second,
    ...[0xfd, 0x0d],
    ...places,
  ],
  /** Eight bytes to 16 bits each. */
  widenLow: vectorOperation(0x89),
  widenHigh: vectorOperation(0x8a),
  /** 16-bit products, the sums of each two neighbours: four 32-bit numbers. */
  dot: vectorOperation(0xba),
  add: vectorOperation(0xae),
  shiftLeft: vectorOperation(0xab),
  shiftRight: vectorOperation(0xac),
  /** 32-bit numbers of two vectors to 16 bits, and these to bytes; what does not fit becomes the nearest that does. */
  narrowToShorts: vectorOperation(0x85),
  narrowToBytes: vectorOperation(0x66),
};

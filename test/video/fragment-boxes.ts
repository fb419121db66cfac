/** A box of ISO media around its content. */
export function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}

export const numbers = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, place) => bytes.writeUInt32BE(value, place * 4));
  return bytes;
};

/** Where each fragment begins, and where the samples behind its head end. */
function fragmentsOf(bytes: Buffer): { start: number; end: number }[] {
  const found = [];
  for (let at = bytes.indexOf('moof'); at >= 0; at = bytes.indexOf('moof', at + 4)) {
    const start = at - 4;
    const samples = start + bytes.readUInt32BE(start);
    found.push({ start, end: samples + bytes.readUInt32BE(samples) });
  }
  return found;
}

/** An index (`sidx`) of what follows it at once; `stride` ticks of `clock` are one entry. A size with the first bit set is an index's. */
const index = (clock: number, first: number, stride: number, sizes: readonly number[]): Buffer =>
  box(
    'sidx',
    numbers(0, 1, clock, first, 0, sizes.length, ...sizes.flatMap((size) => [size, stride, 0x90000000])),
  );

/** Puts an index of all fragments, of a second each, behind the table of contents, as recorders for networks do. */
export function withFragmentIndex(bytes: Buffer, clock: number): Buffer {
  const fragments = fragmentsOf(bytes);
  const [first, last] = [fragments[0]!.start, fragments.at(-1)!.end];
  const sizes = fragments.map(({ start, end }) => end - start);
  return Buffer.concat([
    bytes.subarray(0, first),
    index(clock, 0, clock, sizes),
    bytes.subarray(first, last),
  ]);
}

/** Puts an index of its own before each fragment; `stride` are the ticks of one. */
export function withIndexEach(bytes: Buffer, clock: number, stride = clock): Buffer {
  const fragments = fragmentsOf(bytes);
  return Buffer.concat([
    bytes.subarray(0, fragments[0]!.start),
    ...fragments.flatMap(({ start, end }, place) => [
      index(clock, place * stride, stride, [end - start]),
      bytes.subarray(start, end),
    ]),
  ]);
}

/** Puts an index of an index of all fragments behind the table of contents. */
export function withIndexOfIndex(bytes: Buffer, clock: number): Buffer {
  const inner = withFragmentIndex(bytes, clock);
  const at = inner.indexOf('sidx') - 4;
  const size = inner.readUInt32BE(at);
  const outer = index(clock, 0, clock, [(0x80000000 | size) >>> 0]);
  return Buffer.concat([inner.subarray(0, at), outer, inner.subarray(at)]);
}

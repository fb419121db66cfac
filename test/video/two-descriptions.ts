import { readFileSync } from 'node:fs';

/** A box of ISO media around its content. */
function box(type: string, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + bytes.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, bytes]);
}

const numbers = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, place) => bytes.writeUInt32BE(value, place * 4));
  return bytes;
};

/** Content of the first box of a type, found by its name. */
function contentOf(file: Buffer, type: string): Buffer {
  const at = file.indexOf(type, 0, 'latin1');
  return file.subarray(at + 4, at - 4 + file.readUInt32BE(at - 4));
}

/** Rows of `width` numbers of a table that begins with its version and its length. */
function rowsOf(file: Buffer, type: string, width: number): number[][] {
  const content = contentOf(file, type);
  return Array.from({ length: content.readUInt32BE(4) }, (_, row) =>
    Array.from({ length: width }, (__, column) => content.readUInt32BE(8 + 4 * (row * width + column))),
  );
}

function sizesOf(file: Buffer): number[] {
  const content = contentOf(file, 'stsz');
  return Array.from({ length: content.readUInt32BE(8) }, (_, at) => content.readUInt32BE(12 + 4 * at));
}

const table = (type: string, rows: readonly (readonly number[])[]): Buffer =>
  box(type, numbers(0, rows.length, ...rows.flat()));

/**
 * One MP4 of two whose frames are in the order of decoding, without edit lists: the tables of both one behind the other, each part
 * with its own sample description, as recorders write that change their picture on the way.
 */
export function joinDescriptions(paths: readonly [string, string]): Buffer {
  const [one, other] = paths.map((path) => readFileSync(path)) as [Buffer, Buffer];
  const ftyp = box('ftyp', contentOf(one, 'ftyp'));
  const samples = [contentOf(one, 'mdat'), contentOf(other, 'mdat')] as const;
  const place = ftyp.length + 8;
  /** How far the samples of each file have moved. */
  const moved = [
    place - (one.indexOf('mdat', 0, 'latin1') + 4),
    place + samples[0].length - (other.indexOf('mdat', 0, 'latin1') + 4),
  ] as const;
  const chunks = [rowsOf(one, 'stco', 1), rowsOf(other, 'stco', 1)] as const;
  const sizes = [sizesOf(one), sizesOf(other)] as const;
  const keys = [rowsOf(one, 'stss', 1), rowsOf(other, 'stss', 1)] as const;
  const stbl = box(
    'stbl',
    box('stsd', numbers(0, 2), contentOf(one, 'stsd').subarray(8), contentOf(other, 'stsd').subarray(8)),
    table('stts', [...rowsOf(one, 'stts', 2), ...rowsOf(other, 'stts', 2)]),
    table('stss', [...keys[0], ...keys[1].map(([key = 0]) => [key + sizes[0].length])]),
    table('stsc', [
      ...rowsOf(one, 'stsc', 3),
      ...rowsOf(other, 'stsc', 3).map(([first = 0, count = 0]) => [first + chunks[0].length, count, 2]),
    ]),
    box('stsz', numbers(0, 0, sizes[0].length + sizes[1].length, ...sizes.flat())),
    table('stco', [
      ...chunks[0].map(([at = 0]) => [at + moved[0]]),
      ...chunks[1].map(([at = 0]) => [at + moved[1]]),
    ]),
  );
  /** A head of times with its length in ticks doubled. */
  const twiceAsLong = (type: string, at: number): Buffer => {
    const content = Buffer.from(contentOf(one, type));
    content.writeUInt32BE(2 * content.readUInt32BE(at), at);
    return box(type, content);
  };
  const minf = box('minf', box('vmhd', contentOf(one, 'vmhd')), box('dinf', contentOf(one, 'dinf')), stbl);
  const mdia = box('mdia', twiceAsLong('mdhd', 16), box('hdlr', contentOf(one, 'hdlr')), minf);
  const moov = box('moov', twiceAsLong('mvhd', 16), box('trak', twiceAsLong('tkhd', 20), mdia));
  return Buffer.concat([ftyp, box('mdat', ...samples), moov]);
}

/**
 * Protocol Buffers' wire format, as far as reading and changing an ONNX graph needs it: a message is a list of
 * fields, and one that is not understood is passed on as it came.
 * https://protobuf.dev/programming-guides/encoding
 */

import { WorkstationError } from '../../../preload/contract/errors.ts';

/** One field of a message, as views of the message's bytes. */
export interface WireField {
  readonly number: number;
  /** Of a varint field, else 0. Past 2^53 only the order of magnitude is right; no count or type is that large. */
  readonly value: number;
  /** Of a length-delimited field: a text, a message, bytes or packed numbers; else empty. */
  readonly bytes: Uint8Array;
  /** The field with its tag, to be passed on. */
  readonly whole: Uint8Array;
}

/** What a field's tag says, and how long its head is. */
export interface FieldHead {
  readonly number: number;
  readonly wire: number;
  /** Of a varint field. */
  readonly value: number;
  /** Bytes of tag, and of varint or length. */
  readonly headBytes: number;
  /** Bytes after the head. */
  readonly bodyBytes: number;
}

/** Most bytes of a head: two varints. */
export const longestHead = 20;

/** @returns null where the bytes are no field's. */
export function readHead(bytes: Uint8Array, at: number): FieldHead | null {
  const tag = readVarint(bytes, at);
  if (tag === null || tag.value < 8) return null;
  const number = Math.floor(tag.value / 8);
  const wire = tag.value % 8;
  const fixed: Record<number, number> = { 1: 8, 5: 4 };
  const body = fixed[wire];
  if (body !== undefined) return { number, wire, value: 0, headBytes: tag.bytes, bodyBytes: body };
  const next = wire === 0 || wire === 2 ? readVarint(bytes, at + tag.bytes) : null;
  if (next === null) return null;
  const headBytes = tag.bytes + next.bytes;
  return wire === 0
    ? { number, wire, value: next.value, headBytes, bodyBytes: 0 }
    : { number, wire, value: 0, headBytes, bodyBytes: next.value };
}

function readVarint(bytes: Uint8Array, at: number): { value: number; bytes: number } | null {
  let value = 0;
  let scale = 1;
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, bytes: index + 1 };
    scale *= 128;
  }
  return null;
}

/** A message with more fields than this is no part of a model's graph. */
const mostFields = 1_000_000;

/** @throws WorkstationError `model-altered-file` where the bytes are no message. */
export function readFields(message: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  while (at < message.length) {
    const head = readHead(message, at);
    const start = at + (head?.headBytes ?? 0);
    const end = start + (head?.bodyBytes ?? 0);
    if (head === null || end > message.length || fields.length >= mostFields) {
      throw new WorkstationError(
        'model-altered-file',
        `A graph of the model is damaged: there is no field at byte ${at} of ${message.length}.`,
        'Download or copy the files of the graph again.',
      );
    }
    fields.push({
      number: head.number,
      value: head.value,
      bytes: head.wire === 2 ? message.subarray(start, end) : message.subarray(0, 0),
      whole: message.subarray(at, end),
    });
    at = end;
  }
  return fields;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export const textOf = (field: WireField): string => decoder.decode(field.bytes);

/** The texts of all fields of a number, in their order. */
export function textsOf(fields: readonly WireField[], number: number): string[] {
  return fields.filter((field) => field.number === number).map(textOf);
}

/** The first text of a number; '' where there is none, which is what protobuf's default says. */
export function firstText(fields: readonly WireField[], number: number): string {
  const found = fields.find((field) => field.number === number);
  return found === undefined ? '' : textOf(found);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

/** A field of a whole number, 0 or more. */
export function varintField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return concatenate([Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

export const textField = (number: number, text: string): Uint8Array =>
  bytesField(number, encoder.encode(text));

/** A field that is a message of these fields. */
export const messageField = (number: number, fields: readonly Uint8Array[]): Uint8Array =>
  bytesField(number, concatenate(fields));

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

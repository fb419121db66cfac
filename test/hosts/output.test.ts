import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Output, plainText, type Streams } from '../../main/hosts/cli/output.ts';

/** Titles a window, clears the screen, ends the line, turns letters round, and an 8-bit form of the first. */
const hostile = '\u001b]0;pwned\u0007\u001b[2J\n\rfake line\u202egnp.exe\u009b31m\u2028\u007f';
// eslint-disable-next-line no-control-regex
const commands = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

function opened(json: boolean): { output: Output; text: () => { out: string; err: string } } {
  const streams = { stdout: new PassThrough(), stderr: Object.assign(new PassThrough(), { isTTY: false }) };
  const text = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString();
  return {
    output: new Output(json, streams satisfies Streams),
    text: () => ({ out: text(streams.stdout), err: text(streams.stderr) }),
  };
}

describe('names that would command a terminal', () => {
  it('are shown as codes in a line, which stays one line', () => {
    const { output, text } = opened(false);
    output.line(`Model ${hostile}, 4\u00a0bits, Ü, 日本, \u{1f600}`);
    const { out } = text();
    expect(out.trimEnd()).not.toMatch(commands);
    expect(out.match(/\n/g)).toHaveLength(1);
    expect(out).toContain('Model \\u001b]0;pwned\\u0007\\u001b[2J\\u000a\\u000dfake line');
    expect(out).toContain('4\u00a0bits, Ü, 日本, \u{1f600}');
  });

  it('are shown as codes in what a model writes, whose lines stay', () => {
    const { output, text } = opened(false);
    output.write(`first\nsecond${hostile}`);
    const { out } = text();
    expect(out.replaceAll('\n', '')).not.toMatch(commands);
    expect(out.startsWith('first\nsecond')).toBe(true);
  });

  it('are shown as codes in errors, notes and progress', () => {
    const streams = { stdout: new PassThrough(), stderr: Object.assign(new PassThrough(), { isTTY: true }) };
    const output = new Output(false, streams);
    output.note(hostile);
    output.error({ code: 'not-found', message: hostile, hint: hostile });
    const plain = streams.stderr.read() as Buffer;
    expect(plain.toString().replaceAll('\n', '')).not.toMatch(commands);
    expect(plain.toString().match(/\n/g)).toHaveLength(3);
    output.progress(hostile, 1, 2);
    expect((streams.stderr.read() as Buffer).toString().replace('\r\u001b[2K', '')).not.toMatch(commands);
  });

  it('mean the same in JSON, and are escaped there, too', () => {
    const { output, text } = opened(true);
    output.result({ name: hostile });
    const { out } = text();
    expect(out.trimEnd()).not.toMatch(commands);
    expect(JSON.parse(out)).toEqual({ name: hostile });
  });

  it('leave other text as it is', () => {
    const words = 'C:\\Users\\a b – “quoted” 12 µm é\u0301 שלום';
    expect(plainText(words)).toBe(words);
  });
});

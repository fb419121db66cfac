import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../main/hosts/cli/command.ts';

const repository = resolve(import.meta.dirname, '../..');
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'command-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('a command', () => {
  it('logs an unforeseen error also when it opened no workstation', async () => {
    const code = await runCommand({ home, json: true }, () => Promise.reject(new Error('never foreseen')));
    expect(code).not.toBe(0);
    expect(readFileSync(join(home, 'logs/workstation.log'), 'utf8')).toContain('never foreseen');
  });

  it('goes on when the reader of its output goes away', async () => {
    const out = join(home, 'scenes');
    const args = ['scenes', '--frames', '2', '--seed', '5', '--size', '112x84', '--out', out];
    const child = spawn(process.execPath, [join(repository, 'main/hosts/cli/index.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const code = await new Promise((done) => child.on('close', done));
    expect(code, said).toBe(0);
    expect(JSON.parse(readFileSync(join(out, 'scenes.json'), 'utf8'))).toMatchObject({ complete: true });
  });
});

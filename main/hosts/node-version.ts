import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * First import of every entry. The SQLite binding needs Node-API 10 and crashes the process, without a word,
 * on an older Node. npm scripts find a new enough Node in node_modules by themselves; an entry that was
 * started by an older one directly starts over with that.
 */
const required = 10;

if (Number(process.versions.napi) < required) {
  const name = process.platform === 'win32' ? 'node.cmd' : 'node';
  const bundled = fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
  if (!existsSync(bundled) || process.env['WORKSTATION_NODE_CHANGED'] === '1') {
    process.stderr.write(
      `Node ${process.versions.node} is too old for the workstation's database.\n` +
        'Install Node 22.14 or newer (24 is best) from https://nodejs.org, then start again.\n',
    );
    process.exit(1);
  }
  const result = spawnSync(bundled, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, WORKSTATION_NODE_CHANGED: '1' },
  });
  process.exit(result.status ?? 1);
}

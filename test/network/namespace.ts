import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Overheard } from './inside.ts';

/** The ways to a network of one's own, with a mount table of one's own: as root, or as anybody where the kernel allows it. */
const ways = [
  ['--net', '--mount'],
  ['--map-root-user', '--net', '--mount'],
] as const;

/** How this machine gives a process a network namespace, or why it does not. */
export function findNamespace(): { options: readonly string[] } | { missing: string } {
  if (process.platform !== 'linux') return { missing: 'network namespaces are Linux’s' };
  for (const program of ['unshare', 'ip', 'mount']) {
    if (spawnSync(program, ['--help'], { stdio: 'ignore' }).error)
      return { missing: `there is no ${program}` };
  }
  for (const options of ways) {
    const probe = 'ip link set lo up && mount --bind /etc/hosts /etc/resolv.conf';
    if (spawnSync('unshare', [...options, 'sh', '-c', probe], { stdio: 'ignore' }).status === 0) {
      return { options };
    }
  }
  return { missing: 'the kernel forbids network namespaces here' };
}

/**
 * Runs jobs one after another in a network namespace of their own, where a name server counts what is looked up and
 * every address of the world leads to a listener that counts who connects. The environment holds nothing but `PATH`, a
 * home and a temporary folder: a variable named CI, for one, would switch ONNX Runtime's telemetry off by itself.
 */
export async function overhear(jobs: readonly Job[]): Promise<Overheard> {
  const namespace = findNamespace();
  if ('missing' in namespace) throw new Error(namespace.missing);
  const folder = mkdtempSync(join(tmpdir(), 'workstation-network-'));
  try {
    const child = spawn(
      'unshare',
      [
        ...namespace.options,
        process.execPath,
        join(import.meta.dirname, 'inside.ts'),
        JSON.stringify({ folder, jobs }),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: folder, LANG: 'C.UTF-8' },
      },
    );
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return JSON.parse(output) as Overheard;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

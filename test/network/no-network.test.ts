import { join, resolve } from 'node:path';
import { describe, it } from 'vitest';
import { findNamespace, overhear } from './namespace.ts';

const repository = resolve(import.meta.dirname, '..', '..');

/**
 * The bottom bar says "No network". This is what it rests on: the main job, an import and the window's server, in a
 * network namespace in which every look-up and every connection is heard. Where there are no namespaces, the summary of
 * `npm test` says that these were skipped.
 */
const canListen = 'options' in findNamespace();
const command = (...rest: string[]) => ({
  arguments: [join(repository, 'main/hosts/cli/index.ts'), '--home', '{folder}/data', ...rest],
});

// Both listen for long and do little meanwhile, so they do it side by side, each in a namespace of its own.
describe.concurrent('what leaves the machine', { timeout: 240_000 }, () => {
  it.runIf(canListen)(
    'is nothing, in the demonstration, a question, an import and the window',
    async ({ expect }) => {
      const heard = await overhear([
        command('demo'),
        command(
          'ask',
          'resources/clip/demo.mp4',
          '--frame',
          '3',
          '--question',
          'Which instrument is visible?',
        ),
        command('models', 'import', 'models/nano', '--dtype', 'fp32'),
        command('probe', 'resources/clip/demo.mp4'),
        {
          arguments: [
            join(repository, 'main/hosts/start.ts'),
            ...['--web', '--no-open', '--home', '{folder}/data'],
          ],
          // The library's first look-up comes after some seconds, and it asks again and again.
          seconds: 45,
        },
      ]);
      expect(heard.ended.map(({ code, output }) => (code === 0 ? 'ended' : `${code}: ${output}`))).toEqual(
        heard.ended.map(() => 'ended'),
      );
      expect(heard.queries).toEqual([]);
      expect(heard.connections).toEqual([]);
      expect(heard.left).toEqual([]);
    },
  );

  it.runIf(canListen)(
    'would be heard: the runtime alone, with its reports left on, asks for its collector',
    async ({ expect }) => {
      const script = `
      const { InferenceSession } = require('onnxruntime-node');
      InferenceSession.create(new Uint8Array([1])).catch(() => {});
      setTimeout(() => process.exit(0), 30_000);
    `;
      const heard = await overhear([{ arguments: ['-e', script] }]);
      expect(heard.queries.length).toBeGreaterThan(0);
      expect([...new Set(heard.queries)].join()).toContain('microsoft.com');
      expect(heard.connections.length).toBeGreaterThan(0);
      expect(heard.left.join()).toContain('.onnxruntime');
    },
  );
});

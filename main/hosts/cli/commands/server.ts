import type { Command } from 'commander';
import { act } from '../command.ts';

export function addServer(program: Command): void {
  const server = program.command('server').description("a model on a server of the hospital's own");
  act(
    server
      .command('check')
      .option('--config <file>', 'server.json to try, instead of the one that is in force')
      .description(
        'read the setting, reach the server, and test that its model sees and boxes come back in place',
      ),
    async ({ output, signal }, { home, config }: { home?: string; config?: string }) => {
      const { checkServer, defaultHome } = await import('../../../workstation.ts');
      const { address, model, served, publicKey } = await checkServer(home ?? defaultHome(), config ?? null, {
        signal,
        onProgress: (activity, fraction) => output.progress(activity, fraction, 1),
      });
      output.line(
        `Server    ${address}, ${served.software}${served.version === null ? '' : ` ${served.version}`}`,
      );
      output.line(
        `Model     ${model}${served.contextTokens === null ? '' : `, ${served.contextTokens} tokens of context`}`,
      );
      output.line(publicKey === null ? 'Frames    go to it UNENCRYPTED' : `Public key ${publicKey}`);
      output.line('The model sees, and its boxes come back in place.');
      output.result({ address, model, ...served, publicKey });
    },
  );
}

import type { Command } from 'commander';
import { fileArgument } from '../../file-argument.ts';
import { act, wholeNumber, type CommonOptions } from '../command.ts';

interface ServeOptions extends CommonOptions {
  port: number;
  open: boolean;
}

export function addServe(program: Command): void {
  act(
    program
      .command('serve')
      .argument('[video]', 'video file that the window opens first')
      .option('--port <n>', 'port of 127.0.0.1; 0 takes any free one', wholeNumber(0), 0)
      .option('--no-open', 'leave the browser alone')
      .description('serve the workstation to a browser on this machine until Ctrl-C'),
    async ({ output, signal }, options: ServeOptions, video: string | undefined) => {
      const { defaultHome } = await import('../../../workstation.ts');
      const { serve } = await import('../../serve.ts');
      const file = video === undefined ? undefined : fileArgument(video);
      await serve({
        home: options.home ?? defaultHome(),
        port: options.port,
        file,
        ...(options.device === undefined ? {} : { device: options.device }),
        reason: 'Served to the browser, as the command says.',
        openBrowser: options.open,
        say: (line) => output.line(line),
        onReady: (reached) => output.result(reached),
        signal,
      });
    },
  );
}

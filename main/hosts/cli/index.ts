import '../node-version.ts';
import { Command, CommanderError, Option } from 'commander';
import { deviceWishes } from '../../../preload/contract/devices.ts';
import { disclaimer } from '../../../preload/contract/index.ts';
import { version } from '../version.ts';
import { addAsk } from './commands/ask.ts';
import { addAudit } from './commands/audit.ts';
import { addBackups } from './commands/backups.ts';
import { addBin, addSessionChanges } from './commands/bin.ts';
import { addCase } from './commands/case.ts';
import { addData } from './commands/data.ts';
import { addDemo } from './commands/demo.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addFind } from './commands/find.ts';
import { addFrame } from './commands/frame.ts';
import { addModels } from './commands/models.ts';
import { addProbe } from './commands/probe.ts';
import { addScenes } from './commands/scenes.ts';
import { addServe } from './commands/serve.ts';
import { addServer } from './commands/server.ts';
import { addSessions } from './commands/sessions.ts';
import { addSite } from './commands/site.ts';
import { leave } from './command.ts';
import { exitCodes } from '../exit-codes.ts';
import { Output } from './output.ts';

const program = new Command('npm run -s cli --')
  .description(`Surgery-R1 Workstation on the command line. ${disclaimer}`)
  .version(version)
  .option('--home <dir>', "data folder, instead of the platform's own")
  .addOption(
    new Option('--device <name>', 'where the model runs; what suits it best unless said').choices(
      deviceWishes,
    ),
  )
  .option('--json', 'print one object for machines as the last line of standard output')
  .addHelpText(
    'after',
    `\nExit codes:\n${Object.entries(exitCodes)
      .map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`)
      .join('\n')}`,
  )
  .exitOverride()
  .configureOutput({ writeErr: () => {} });

// A reader that has seen enough (`| head`) goes away: the work goes on, without words.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

addProbe(program);
addFrame(program);
addAsk(program);
addSessionChanges(addSessions(program));
addFind(program);
addCase(program);
addBin(program);
addBackups(program);
addAudit(program);
addModels(program);
addScenes(program);
addData(program);
addEvaluate(program);
addServe(program);
addServer(program);
addSite(program);
addDemo(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) await leave(0);
  new Output(process.argv.includes('--json')).error({
    code: 'invalid-input',
    message: error.message.replace(/^error: /, '').replace(/^./, (first) => first.toUpperCase()),
    hint: 'See: npm run -s cli -- --help, or --help after the command.',
  });
  await leave(2);
}

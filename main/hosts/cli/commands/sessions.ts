import type { Command } from 'commander';
import { act } from '../command.ts';

export function addSessions(program: Command): void {
  act(
    program.command('sessions').description('list the sessions in the data folder'),
    async ({ output, workstation }) => {
      const sessions = await (await workstation()).calls.listSessions({});
      if (sessions.length === 0) output.line('There are no sessions yet.');
      for (const session of sessions) {
        const when = new Date(session.updatedAt).toISOString().slice(0, 16).replace('T', ' ');
        const away = session.videoAvailability === 'available' ? '' : ` (video ${session.videoAvailability})`;
        output.line(
          `${session.id}  ${when}  ${session.casePseudonym}, session ${session.number}: ` +
            `${session.videoName}, ${session.questionCount} questions${away}`,
        );
      }
      output.result({ sessions });
    },
  );
}

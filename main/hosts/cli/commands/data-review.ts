import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { FrameIndex, WorkstationError } from '../../../../preload/contract/index.ts';
import { drawFrame } from '../../../workstation.ts';
import { act } from '../command.ts';
import { writeNamedFile } from '../picture.ts';
import { parseSessionId } from './sessions.ts';

export function addDataReview(data: Command): void {
  act(
    data
      .command('review')
      .argument('<session>', 'id of a session; `sessions` lists them')
      .requiredOption('--out <dir>', 'new folder for the sheet and its pictures')
      .option('--reviewer <name>', 'who judges; goes into the provenance of every record')
      .description(
        "write a session's questions and answers with their verdicts as a sheet, to build data from",
      ),
    async (
      { output, workstation: open, signal },
      { out, reviewer }: { out: string; reviewer?: string },
      session: string,
    ) => {
      const { reviewSheet, SHEET_FILE } = await import('../../../../models/data/index.ts');
      const sessionId = parseSessionId(session);
      const file = join(resolve(out), SHEET_FILE);
      if (existsSync(file)) {
        throw new WorkstationError(
          'invalid-input',
          `${file} is there already, perhaps with verdicts.`,
          'Give a new folder.',
        );
      }
      const workstation = await open();
      const opened = await workstation.calls.openSession({ sessionId });
      const entries = await workstation.entriesOfSession(opened.session.id, signal);
      const { actor } = await workstation.calls.getStatus({});
      const by = { actor: actor.id, reviewer: reviewer ?? null };
      const sheet = reviewSheet({ ...opened, entries }, by, Date.now());
      const judged = sheet.entries.filter(({ verdict }) => verdict !== null).length;
      const written = new Set<string>();
      for (const [done, { image, frame }] of sheet.entries.entries()) {
        output.progress('Writing pictures', done, sheet.entries.length);
        if (written.has(image)) continue;
        written.add(image);
        const index = FrameIndex.parse(frame.index);
        const decoded = await workstation.media.frame(opened.video.id, index, signal);
        await writeNamedFile(join(resolve(out), image), await drawFrame(decoded));
      }
      await writeNamedFile(file, Buffer.from(`${JSON.stringify(sheet, null, 2)}\n`));
      output.line(`${sheet.entries.length} answers on ${written.size} pictures in ${resolve(out)}`);
      output.line(
        judged === sheet.entries.length
          ? `Every answer was judged in the window. Now: data build --reviewed ${out}`
          : `${judged} of them were judged in the window. Fill in the other verdicts in ${SHEET_FILE}, then: data build --reviewed ${out}`,
      );
      output.result({ file, answers: sheet.entries.length, judged, pictures: written.size });
    },
  );
}

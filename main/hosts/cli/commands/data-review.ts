import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { AnswerId, WorkstationError } from '../../../../preload/contract/index.ts';
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
      const { reviewSheet, sheetTracks, SHEET_FILE } = await import('../../../../models/data/index.ts');
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
      const whole = reviewSheet({ ...opened, entries }, by, Date.now());
      const written = new Set<string>();
      const gone = new Set<string>();
      let fault: WorkstationError | null = null;
      for (const [done, { image, answer }] of whole.entries.entries()) {
        signal.throwIfAborted();
        output.progress('Writing pictures', done, whole.entries.length);
        if (written.has(image) || gone.has(image)) continue;
        try {
          const frame = await workstation.answeredFrame(AnswerId.parse(answer.id));
          await writeNamedFile(join(resolve(out), image), await drawFrame(frame));
          written.add(image);
        } catch (error) {
          // An answer without the very picture that it was given for teaches nothing true.
          if (!(error instanceof WorkstationError) || error.code !== 'file-changed') throw error;
          gone.add(image);
          fault = error;
        }
      }
      if (fault !== null && written.size === 0) throw fault;
      const tracks = await sheetTracks(opened.marks, actor.id, async (videoId) => {
        const times = await workstation.media.frameTimes(videoId);
        const { fingerprint } = await workstation.calls.getVideo({ videoId });
        return { fingerprint, times };
      });
      const sheet = {
        ...whole,
        entries: whole.entries.filter(({ image }) => written.has(image)),
        ...(tracks.length > 0 && { tracks }),
      };
      const judged = sheet.entries.filter(({ verdict }) => verdict !== null).length;
      await writeNamedFile(file, Buffer.from(`${JSON.stringify(sheet, null, 2)}\n`));
      output.line(`${sheet.entries.length} answers on ${written.size} pictures in ${resolve(out)}`);
      if (tracks.length > 0) {
        const boxes = tracks.flatMap((track) => track.boxes);
        const set = boxes.filter(({ interpolated }) => !interpolated).length;
        output.line(
          `${tracks.length} boxes over frames: ${set} set by hand on key frames, ${boxes.length - set} interpolated between them, each marked so`,
        );
      }
      const leftOut = whole.entries.length - sheet.entries.length;
      if (leftOut > 0) {
        output.note(`${leftOut} answers were left out: the file shows another picture of their frame now.`);
      }
      output.line(
        judged === sheet.entries.length
          ? `Every answer was judged in the window. Now: data build --reviewed ${out}`
          : `${judged} of them were judged in the window. Fill in the other verdicts in ${SHEET_FILE}, then: data build --reviewed ${out}`,
      );
      output.result({
        file,
        answers: sheet.entries.length,
        judged,
        leftOut,
        pictures: written.size,
        tracks: tracks.length,
      });
    },
  );
}

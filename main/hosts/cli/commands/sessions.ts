import type { Command } from 'commander';
import {
  decisionWords,
  formatTimecode,
  headline,
  judgementInWords,
  placedThings,
  SessionId,
  understoodAs,
  WorkstationError,
  type Bookmark,
  type Segment,
  type Track,
  type Verdict,
} from '../../../../preload/contract/index.ts';
import { act, type CommandContext } from '../command.ts';
import { recordingInWords } from '../stream-option.ts';

/** Returns the command, for what changes sessions to be added to it. */
export function addSessions(program: Command): Command {
  const sessions = program.command('sessions').description('list the sessions in the data folder');
  act(sessions, async ({ output, workstation }) => {
    const found = await (await workstation()).calls.listSessions({});
    if (found.length === 0) output.line('There are no sessions yet.');
    for (const session of found) {
      const when = new Date(session.updatedAt).toISOString().slice(0, 16).replace('T', ' ');
      const away = session.videoAvailability === 'available' ? '' : ` (video ${session.videoAvailability})`;
      output.line(
        `${session.id}  ${when}  ${session.casePseudonym}, session ${session.number}${session.name === null ? '' : ` “${session.name}”`}: ` +
          `${session.videoName}, ${session.questionCount} questions${away}`,
      );
    }
    output.result({ sessions: found });
  });
  act(
    sessions
      .command('show')
      .argument('<session>', 'id of a session; `sessions` lists them')
      .description(
        'show what was asked and answered in a session, what was decided on each answer, and what was marked',
      ),
    showSession,
  );
  return sessions;
}

async function showSession(
  { output, workstation, signal }: CommandContext,
  _options: object,
  given: string,
): Promise<void> {
  const { calls, entriesOfSession } = await workstation();
  const sessionId = parseSessionId(given);
  const opened = await calls.openSession({ sessionId });
  const entries = await entriesOfSession(sessionId, signal);
  output.line(
    `${opened.case.pseudonym}, session ${opened.session.number}: ${recordingInWords(opened.video)}`,
  );
  if (entries.length === 0) output.line('Nothing was asked in it yet.');
  for (const { question, answers, verdicts } of entries) {
    output.line(`${question.location.timecode}  frame ${question.location.index}  ${question.text}`);
    for (const [index, answer] of answers.entries()) {
      const version = answers.length > 1 ? `version ${index + 1}: ` : '';
      output.line(`  ${version}${headline(answer)}`);
      const understood = understoodAs(answer);
      if (understood !== null) output.line(`    ${understood}`);
      for (const verdict of verdicts.filter(({ answerId }) => answerId === answer.id)) {
        output.line(`    ${verdictInWords(verdict)}`);
      }
    }
  }
  for (const bookmark of opened.marks.bookmarks) output.line(bookmarkLine(bookmark));
  for (const segment of opened.marks.segments) {
    output.line(segmentLine(segment));
    const inIt = opened.marks.tracks.filter(({ segmentId }) => segmentId === segment.id);
    for (const track of inIt) output.line(trackLine(track));
  }
  output.result({ session: opened.session, entries, marks: opened.marks });
}

/** "◆ 00:00:07.200  frame 180  Clip applied, note: …" */
function bookmarkLine({ location, name, note }: Bookmark): string {
  const said = [name === '' ? 'bookmark' : name, ...(note === '' ? [] : [`note: ${inOneLine(note)}`])];
  return `◆ ${location.timecode}  frame ${location.index}  ${said.join(', ')}`;
}

/** "▬ 00:00:02.000 to 00:00:04.040  frames 50 to 100  Dissection, tags: …, note: …" */
function segmentLine({ span, seconds, name, note, tags }: Segment): string {
  const said = [
    name,
    ...(tags.length === 0 ? [] : [`tags: ${tags.join(', ')}`]),
    ...(note === '' ? [] : [`note: ${inOneLine(note)}`]),
  ];
  const times = `${formatTimecode(seconds.from)} to ${formatTimecode(seconds.to)}`;
  return `▬ ${times}  frames ${span.from} to ${span.to}  ${said.join(', ')}`;
}

/** "  ▭ scissors  key frames 50, 62 (not visible), 80" */
function trackLine({ label, keyFrames }: Track): string {
  const said = keyFrames.map(
    ({ location, isVisible }) => `${location.index}${isVisible ? '' : ' (not visible)'}`,
  );
  return `  ▭ ${label}  key frame${said.length === 1 ? '' : 's'} ${said.join(', ')}`;
}

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ');

/** "✓ accepted", with what else was said. */
function verdictInWords({ judgement, marks, note }: Verdict): string {
  const { sign } = decisionWords[judgement?.decision ?? 'open'];
  const marked = marks.length === 0 ? '' : `, ${marks.length} of its steps marked`;
  const noted = note === '' ? '' : `, note: ${inOneLine(note)}`;
  const placed = judgement?.decision === 'corrected' ? placedThings(judgement) : [];
  const several = judgement?.decision === 'corrected' && judgement.things !== undefined;
  const place = placed
    .map(({ label, box }) => `, ${several ? `${label} in ` : ''}box ${box.map(Math.round).join(', ')}`)
    .join('');
  return `${sign} ${judgement === null ? 'open' : judgementInWords(judgement)}${place}${marked}${noted}`;
}

/** Throws `invalid-input` for what can be no session. */
export function parseSessionId(given: string): SessionId {
  const parsed = SessionId.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new WorkstationError(
    'invalid-input',
    `"${given}" is no session.`,
    'The command `sessions` lists them.',
  );
}

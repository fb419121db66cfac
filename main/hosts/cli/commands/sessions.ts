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
import { eyeOfAll, eyeOfVersion, NamedRecordings } from '../named-recordings.ts';

/** Returns the command, for what changes sessions to be added to it. */
export function addSessions(program: Command): Command {
  const sessions = program.command('sessions').description('list the sessions in the data folder');
  act(sessions, async ({ output, workstation }) => {
    const { calls } = await workstation();
    const found = await calls.listSessions({});
    const recordings = await NamedRecordings.of(
      calls,
      found.map(({ videoId }) => videoId),
    );
    if (found.length === 0) output.line('There are no sessions yet.');
    for (const session of found) {
      const when = new Date(session.updatedAt).toISOString().slice(0, 16).replace('T', ' ');
      const away = session.videoAvailability === 'available' ? '' : ` (video ${session.videoAvailability})`;
      output.line(
        `${session.id}  ${when}  ${session.casePseudonym}, session ${session.number}${session.name === null ? '' : ` “${session.name}”`}: ` +
          `${recordings.inWords(session.videoId, session.videoName)}, ${session.questionCount} questions${away}`,
      );
    }
    output.result({ sessions: found, recordings: recordings.list() });
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
  const recordings = await NamedRecordings.of(calls, [
    opened.video.id,
    ...entries.map(({ question }) => question.videoId),
    ...opened.marks.bookmarks.map(({ videoId }) => videoId),
    ...opened.marks.segments.map(({ span }) => span.videoId),
  ]);
  output.line(
    `${opened.case.pseudonym}, session ${opened.session.number}: ${recordings.inWords(opened.video.id)}`,
  );
  if (entries.length === 0) output.line('Nothing was asked in it yet.');
  for (const { question, answers, verdicts } of entries) {
    const { timecode, index: frame } = question.location;
    const about = [recordings.inWords(question.videoId), eyeOfAll(answers) ?? []].flat().join(', ');
    output.line(`${timecode}  frame ${frame}  ${about}: ${question.text}`);
    for (const [index, answer] of answers.entries()) {
      const version = answers.length > 1 ? `version ${index + 1}: ` : '';
      const eye = eyeOfVersion(answer, answers);
      output.line(`  ${version}${headline(answer)}${eye === null ? '' : ` (of the ${eye})`}`);
      const understood = understoodAs(answer);
      if (understood !== null) output.line(`    ${understood}`);
      for (const verdict of verdicts.filter(({ answerId }) => answerId === answer.id)) {
        output.line(`    ${verdictInWords(verdict)}`);
      }
    }
  }
  for (const bookmark of opened.marks.bookmarks) output.line(bookmarkLine(bookmark, recordings));
  for (const segment of opened.marks.segments) {
    output.line(segmentLine(segment, recordings));
    const inIt = opened.marks.tracks.filter(({ segmentId }) => segmentId === segment.id);
    for (const track of inIt) output.line(trackLine(track));
  }
  output.result({ session: opened.session, entries, marks: opened.marks, recordings: recordings.list() });
}

/** "◆ 00:00:07.200  frame 180  sample.mp4: Clip applied, note: …" */
function bookmarkLine({ videoId, location, name, note }: Bookmark, recordings: NamedRecordings): string {
  const said = [name === '' ? 'bookmark' : name, ...(note === '' ? [] : [`note: ${inOneLine(note)}`])];
  const where = `${location.timecode}  frame ${location.index}  ${recordings.inWords(videoId)}`;
  return `◆ ${where}: ${said.join(', ')}`;
}

/** "▬ 00:00:02.000 to 00:00:04.040  frames 50 to 100  sample.mp4: Dissection, tags: …, note: …" */
function segmentLine({ span, seconds, name, note, tags }: Segment, recordings: NamedRecordings): string {
  const said = [
    name,
    ...(tags.length === 0 ? [] : [`tags: ${tags.join(', ')}`]),
    ...(note === '' ? [] : [`note: ${inOneLine(note)}`]),
  ];
  const times = `${formatTimecode(seconds.from)} to ${formatTimecode(seconds.to)}`;
  const recording = recordings.inWords(span.videoId);
  return `▬ ${times}  frames ${span.from} to ${span.to}  ${recording}: ${said.join(', ')}`;
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

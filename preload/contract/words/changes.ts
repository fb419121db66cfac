import type { Change, Edit, EntityName } from '../changes.ts';
import { bookmarkInWords } from './marks.ts';
import { rejectionInWords } from './verdicts.ts';

const commands: Readonly<Record<string, string>> = {
  'case.create': 'New case',
  'case.rename': 'Rename case',
  'case.delete': 'Move case to the bin',
  'case.restore': 'Restore case',
  'case.take-over': 'Take over a case of an earlier version',
  'recording.add': 'Add recording',
  'recording.remove': 'Remove recording',
  'recording.reorder': 'Reorder recordings',
  'recording.choose-eye': 'Choose eye',
  'recording.set-start': 'State when a recording began',
  'session.start': 'New session',
  'session.rename': 'Rename session',
  'session.delete': 'Move session to the bin',
  'session.restore': 'Restore session',
  'question.ask': 'Ask',
  'question.delete': 'Delete question',
  'question.restore': 'Restore question',
  'answer.ask-again': 'Ask again',
  'verdict.accept': 'Accept answer',
  'verdict.reject': 'Reject answer',
  'verdict.correct': 'Correct answer',
  'verdict.correct-things': 'Correct answer',
  'verdict.mark': 'Mark a step',
  'verdict.note': 'Note on an answer',
  'verdict.reopen': 'Reopen answer',
  'bookmark.add': 'Bookmark',
  'bookmark.edit': 'Change bookmark',
  'bookmark.delete': 'Delete bookmark',
  'segment.add': 'Segment',
  'segment.add-across': 'Segment over a join',
  'segment.edit': 'Change segment',
  'segment.move': 'Move segment',
  'segment.delete': 'Delete segment',
  'track.add': 'Box over frames',
  'track.set-key-frame': 'Key frame',
  'track.move-key-frame': 'Move key frame',
  'track.remove-key-frame': 'Remove key frame',
  'track.rename': 'Rename box',
  'track.delete': 'Delete box',
  'site.import': 'Import site settings',
  'answer.end': 'Answer',
  'answer.seal': 'Close answers of an earlier version',
  'record.backup': 'Backup',
  'record.restore': 'Restore a backup',
  'record.erase': 'Erase',
  'model.choose': 'Choose model',
  'model.import': 'Import model',
  'model.add': 'Add model folder',
  'model.remove': 'Remove model',
  'video.open': 'Open video',
  'video.relink': 'Video found again',
  'backup.keep': 'Keep the database beside fuller backups',
  'undo.refused': 'Could not be undone',
  'redo.refused': 'Could not be done again',
};

/** The same in the past tense. Commands that a person can't undo have none. */
const past: Readonly<Record<string, string>> = {
  'case.rename': 'Case renamed',
  'case.delete': 'Case moved to the bin',
  'case.restore': 'Case restored',
  'session.rename': 'Session renamed',
  'session.delete': 'Session moved to the bin',
  'session.restore': 'Session restored',
  'recording.add': 'Recording added',
  'recording.remove': 'Recording removed',
  'recording.reorder': 'Recordings reordered',
  'recording.choose-eye': 'Eye chosen',
  'recording.set-start': 'Beginning of a recording stated',
  'question.ask': 'Question asked',
  'question.delete': 'Question deleted',
  'question.restore': 'Question restored',
  'answer.ask-again': 'Asked again',
  'verdict.accept': 'Answer accepted',
  'verdict.reject': 'Answer rejected',
  'verdict.correct': 'Answer corrected',
  'verdict.correct-things': 'Answer corrected',
  'verdict.mark': 'Step marked',
  'verdict.note': 'Note written',
  'verdict.reopen': 'Answer reopened',
  'bookmark.add': 'Bookmark set',
  'bookmark.edit': 'Bookmark changed',
  'bookmark.delete': 'Bookmark deleted',
  'segment.add': 'Segment named',
  'segment.edit': 'Segment changed',
  'segment.move': 'Segment moved',
  'segment.delete': 'Segment deleted',
  'track.add': 'Box over frames begun',
  'track.set-key-frame': 'Key frame set',
  'track.move-key-frame': 'Key frame moved',
  'track.remove-key-frame': 'Key frame removed',
  'track.rename': 'Box renamed',
  'track.delete': 'Box deleted',
  'site.import': 'Site settings imported',
};

const most = 60;
const short = (text: string): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
const quoted = (text: string): string => `“${short(text)}”`;

/** Names a thing as a person knows it, such as `the case “Case 0007”`. */
export function entityInWords({ entity, before, after }: Edit): string {
  const value = after ?? before;
  if (value !== null) {
    if ('keyFrames' in value) return `the box ${quoted(value.label)}`;
    if ('span' in value) return `the segment ${quoted(value.name)}`;
    if ('location' in value && 'note' in value) return `the bookmark ${bookmarkInWords(value)}`;
    if ('pseudonym' in value) return `the case ${quoted(value.pseudonym)}`;
    if ('text' in value) return `the question ${quoted(value.text)}`;
    if ('number' in value) return `session ${value.number}`;
  }
  return nouns[entity];
}

const nouns: Readonly<Record<EntityName, string>> = {
  case: 'the case',
  recording: 'the recording',
  session: 'the session',
  question: 'the question',
  answer: 'the answer',
  seal: 'the end of an answer',
  anchor: 'the mark of a backup',
  erasure: 'an erasure',
  verdict: 'the verdict on an answer',
  bookmark: 'the bookmark',
  segment: 'the segment',
  track: 'the box over frames',
  site: 'the site settings',
  mention: 'what was done',
};

/** What was done, in a person's words: `Rename case: “Case 0007”`. For an undo, it is what was undone. */
export function commandInWords({ command, edits }: Pick<Change, 'command' | 'edits'>): string {
  const name = commands[command] ?? command;
  const about = subject(edits);
  return about === null ? name : `${name}: ${about}`;
}

/** What was done, in the past tense: `Question deleted “Where is the stapler?”`. */
export function stepInPast({ command, edits }: Pick<Change, 'command' | 'edits'>): string {
  return [past[command] ?? commands[command] ?? command, subject(edits)]
    .filter((part) => part !== null)
    .join(' ');
}

/** What a change is about. For several questions together, it is the first one and how many more. */
function subject(edits: Change['edits']): string | null {
  const first = edits?.map(detail).find((text) => text !== null) ?? null;
  const more = (edits?.filter(({ entity }) => entity === 'question').length ?? 0) - 1;
  return first === null || more < 1 ? first : `${first} and ${more} more`;
}

function detail(edit: Edit): string | null {
  if (edit.entity === 'verdict') return verdictDetail(edit);
  const value = edit.after ?? edit.before;
  if (value === null) return null;
  if ('keyFrames' in value) return quoted(value.label);
  if ('span' in value) return quoted(value.name);
  if ('location' in value && 'note' in value) return bookmarkInWords(value);
  if ('what' in value) return value.name === null ? null : quoted(value.name);
  if ('pseudonym' in value) return quoted(value.pseudonym);
  if ('text' in value) return quoted(value.text);
  if ('number' in value) return `session ${value.number}`;
  if ('status' in value) return value.status;
  if ('hash' in value) return value.id;
  if ('reason' in value) return `change ${value.seq}`;
  return null;
}

/** The decision if that changed, or the note. The command alone tells everything else. */
function verdictDetail({ before, after }: Extract<Edit, { entity: 'verdict' }>): string | null {
  const note = after?.note ?? '';
  if (note !== (before?.note ?? '')) return quoted(note === '' ? (before?.note ?? '') : note);
  const judgement = after?.judgement ?? before?.judgement ?? null;
  if (JSON.stringify(before?.judgement ?? null) === JSON.stringify(after?.judgement ?? null)) return null;
  if (judgement?.decision === 'corrected') return quoted(judgement.label);
  return judgement?.decision === 'rejected' ? rejectionInWords(judgement) : null;
}

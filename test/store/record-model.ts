import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { addition } from '../../main/recordings/case-order.ts';
import { planBookmark } from '../../main/review/commands/bookmarks.ts';
import { planLibrary } from '../../main/review/commands/library.ts';
import { planRecordings } from '../../main/review/commands/recordings.ts';
import { planSegment } from '../../main/review/commands/segments.ts';
import { planTrack, tracksGone } from '../../main/review/commands/tracks.ts';
import {
  answers,
  bookmarks,
  caseRecordings,
  cases,
  endAnswer,
  questions,
  segments,
  sessions,
  tracks,
  videos,
  type Store,
} from '../../main/store/index.ts';
import { canonicalText } from '../../main/store/changes/chain.ts';
import type { ChangeContext } from '../../main/store/changes/index.ts';
import { isAsRecorded } from '../../main/store/changes/entities.ts';
import { runAtOnce } from '../../main/store/reader/query.ts';
import { checkTables, foldRecord } from '../../main/store/changes/table-check.ts';
import { statement } from '../../main/store/database.ts';
import { Edit, SessionFacts, type EntityName } from '../../preload/contract/changes.ts';
import type {
  BookmarkCommand,
  LibraryCommand,
  SegmentCommand,
  TrackCommand,
} from '../../preload/contract/commands.ts';
import { ActorId } from '../../preload/contract/context.ts';
import { Question, type Case } from '../../preload/contract/domain.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { FrameLocation } from '../../preload/contract/places.ts';
import {
  AnswerId,
  BookmarkId,
  SegmentId,
  SessionId,
  TrackId,
  type CaseId,
  type VideoId,
} from '../../preload/contract/values.ts';
import { verdictId, type Judgement, type Verdict } from '../../preload/contract/verdicts.ts';
import { Random } from './random.ts';
import { aCase, aQuestion, aVideo, fullAnswer, noon, runningAnswer } from './rows.ts';

const keyOf = ({ entity, id }: Pick<Edit, 'entity' | 'id'>): string => `${entity} ${id}`;
const text = (value: unknown): string => canonicalText(value);

const judgements: readonly (Judgement | null)[] = [
  null,
  { decision: 'accepted', at: 3 },
  { decision: 'rejected', at: 4, reason: 'both' },
  { decision: 'corrected', at: 5, label: 'Leber – “links”', box: [0.5, 1, 20, 30.25] },
];

const frameAt = (index: number): FrameLocation =>
  FrameLocation.parse({
    ...{ index, pts: index * 512, seconds: index / 25 },
    timecode: `00:00:${String(Math.floor(index / 25)).padStart(2, '0')}.000`,
  });

/** Whether a thing is as it was: as for the record itself, a field that only one of the two has is not compared. */
function isSame(key: string, one: string | undefined, other: string): boolean {
  if (one === other || one === undefined) return one === other;
  const name = key.slice(0, key.indexOf(' ')) as EntityName;
  const [first, second] = [JSON.parse(one), JSON.parse(other)] as [unknown, unknown];
  return isAsRecorded(name, first, second) || isAsRecorded(name, second, first);
}

/** What a person did as one step, and can undo. */
interface Step {
  group: string | null;
  edits: Map<string, { before: string; after: string }>;
}

interface ModelSession {
  id: SessionId;
  caseId: CaseId;
  /** Of all recordings that the case had at first. */
  videoIds: VideoId[];
}

interface Stacks {
  undo: Step[];
  redo: Step[];
  /** Whether the last thing was done, rather than undone or done again: only then a group goes on. */
  open: boolean;
}

/**
 * The record played against a model of it: values by name, and two stacks for each actor in each session. Whatever is done,
 * undone or done again, by whom and over which restarts, the model, the tables and the fold of the log say the same.
 */
export class RecordModel {
  readonly seed: number;
  readonly random: Random;
  store: Store;
  readonly #open: () => Store;
  readonly #state = new Map<string, string>();
  readonly #stacks = new Map<string, Stacks>();
  readonly #actors: readonly [ChangeContext, ...ChangeContext[]];
  readonly #sessions: ModelSession[] = [];
  readonly #questions: Question[] = [];
  readonly #answers: AnswerId[] = [];

  /** @param open Opens the store anew, as after a restart. */
  constructor(seed: number, open: () => Store) {
    this.seed = seed;
    this.random = new Random(seed);
    this.#open = open;
    this.store = open();
    const by = (name: string): ChangeContext => ({ actor: ActorId.parse(name), window: null });
    this.#actors = [by('anna'), by('bert')];
    this.#addCase();
    this.#addCase();
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) this.step();
    this.check();
  }

  step(): void {
    const kinds = [
      'rename',
      'rename',
      'drag',
      'order',
      'take-out',
      'state-start',
      'library',
      'library',
      'ask',
      'again',
      'delete',
      'restore',
      'judge',
      'judge',
      'bookmark',
      'bookmark',
      'segment',
      'segment',
      'track',
      'track',
      'end',
      'undo',
      'undo',
      'redo',
      'redo',
    ];
    const kind = this.random.below(40) === 0 ? 'restart' : (this.random.pick(kinds) ?? 'undo');
    const session = this.random.pick(this.#sessions);
    const by = this.random.below(4) === 0 ? this.random.pick(this.#actors) : this.#actors[0];
    if (session === undefined) return;
    switch (kind) {
      case 'restart':
        return this.restart();
      case 'undo':
      case 'redo':
        return this.#turn(kind, by, session.id);
      default:
        return this.#do(kind, by, session);
    }
  }

  /** What the workstation itself records at a start, a backup or the end of a lost answer, is taken as it says. */
  restart(): void {
    this.check();
    const { seq } = this.store.record;
    this.store.close();
    this.store = this.#open();
    // As the window does that comes next; what no window asked ended with its process.
    this.store.tasks.takeOver(noon);
    for (const { kind, actor, edits } of this.store.record.since(seq).changes) {
      assert.deepEqual([kind, actor], ['record', 'workstation'], `seed ${this.seed}: what a start records`);
      for (const edit of edits ?? []) this.#state.set(keyOf(edit), text(edit.after));
    }
  }

  /** Tables, fold of the log and model are equal, and the chain holds. */
  check(): void {
    const { database, record } = this.store;
    const folded = runAtOnce(foldRecord(database));
    for (const [key, value] of this.#state) {
      assert.equal(
        text(folded.get(key)?.edit.after),
        value,
        `seed ${this.seed}: ${key} in the fold of the log`,
      );
    }
    assert.equal(runAtOnce(checkTables(database)), null, `seed ${this.seed}: the tables`);
    assert.equal(folded.size, this.#state.size, `seed ${this.seed}: things in the log`);
    const torn = statement(
      'test.torn',
      `SELECT answers.id FROM answers LEFT JOIN tasks ON kind = 'answer' AND subject = answers.id
       WHERE (status IN ('queued', 'running')) <> (subject IS NOT NULL)`,
    );
    assert.deepEqual(database.all(torn), [], `seed ${this.seed}: what is not answered is to be done`);
    const { changes } = record.since(0, 1_000_000);
    changes.forEach(({ seq }, index) => assert.equal(seq, index + 1, `seed ${this.seed}: no gap`));
  }

  /** Every row that a person sees, byte for byte. */
  dump(): string {
    const rows = (sql: string) => this.store.database.all(statement('test.dump', sql));
    return JSON.stringify([
      rows('SELECT * FROM cases WHERE deleted_at IS NULL ORDER BY id'),
      rows('SELECT * FROM case_recordings ORDER BY video_id'),
      rows('SELECT id, case_id, number, name, created_at FROM sessions WHERE deleted_at IS NULL ORDER BY id'),
      rows('SELECT * FROM questions WHERE deleted_at IS NULL ORDER BY id'),
      rows('SELECT * FROM answers WHERE hidden_at IS NULL ORDER BY id'),
      rows('SELECT * FROM verdicts WHERE removed_at IS NULL ORDER BY answer_id, actor'),
      rows('SELECT * FROM bookmarks WHERE removed_at IS NULL ORDER BY id'),
      rows('SELECT * FROM segments WHERE removed_at IS NULL ORDER BY id'),
      rows('SELECT * FROM tracks WHERE removed_at IS NULL ORDER BY id'),
    ]);
  }

  #addCase(): void {
    const { database, record } = this.store;
    const [{ actor }] = this.#actors;
    const by = { actor, window: null };
    const added = aCase(randomUUID());
    const sessionId = SessionId.parse(randomUUID());
    const recordings = [1, 2, 3].map(() => aVideo(randomUUID(), added.id));
    const facts = { id: sessionId, caseId: added.id, number: 1, createdAt: 1 };
    const edits: Edit[] = [
      { entity: 'case', id: added.id, before: null, after: added },
      { entity: 'session', id: sessionId, before: null, after: facts },
      ...recordings.flatMap(({ id: videoId, caseId }, index) =>
        addition({ videoId, caseId, place: index + 1 }),
      ),
    ];
    database.transaction(() => {
      // A video's row needs its case, and its place in the case the video.
      record.commit(by, { name: 'case.create', kind: 'record', caseId: added.id, sessionId: null }, [
        edits[0]!,
      ]);
      for (const video of recordings) videos.insertVideo(database, video);
      record.commit(
        by,
        { name: 'session.start', kind: 'record', caseId: added.id, sessionId },
        edits.slice(1),
      );
    });
    for (const edit of edits) this.#state.set(keyOf(edit), text(edit.after));
    this.#sessions.push({ id: sessionId, caseId: added.id, videoIds: recordings.map(({ id }) => id) });
  }

  #do(kind: string, by: ChangeContext, { id: sessionId, caseId, videoIds }: ModelSession): void {
    const { database, record } = this.store;
    const own = this.#questions.filter((question) => question.sessionId === sessionId);
    const question = this.random.pick(own);
    const present = question && questions.findPresentQuestion(database, question.id);
    let edits: Edit[];
    let group: string | null = null;
    switch (kind) {
      case 'rename':
      case 'drag': {
        const before = JSON.parse(this.#state.get(`case ${caseId}`) ?? 'null') as Case | null;
        if (before === null) return;
        edits = [
          { entity: 'case', id: caseId, before, after: { ...before, pseudonym: this.random.words() } },
        ];
        if (kind === 'drag') group = `drag-${this.random.below(3)}`;
        break;
      }
      case 'library':
        edits = this.#planLibrary(caseId, sessionId);
        break;
      case 'order':
      case 'state-start':
      case 'take-out': {
        const order = caseRecordings.listCaseRecordings(database, caseId);
        const first = this.random.pick(order)!;
        const missing = videoIds.find((id) => !order.some(({ videoId }) => videoId === id));
        const others = order.filter((recording) => recording !== first);
        if (kind === 'order') {
          const ids = [first, ...others].map(({ videoId }) => videoId);
          edits = planRecordings(order, { name: 'recording.reorder', videoIds: ids });
        } else if (kind === 'state-start') {
          const { videoId } = order.at(-1)!;
          const start = this.random.pick([null, { at: this.random.below(1e12) }, { gapSeconds: 90.5 }])!;
          edits = planRecordings(order, {
            ...{ name: 'recording.set-start', videoId },
            start: order.length === 1 ? null : start,
          });
        } else if (missing === undefined)
          edits = planRecordings(order, { name: 'recording.remove', videoId: first.videoId });
        else {
          const place = caseRecordings.nextPlaceInCase(database, caseId);
          edits = addition({ videoId: missing, caseId, place });
        }
        break;
      }
      case 'ask': {
        const asked = aQuestion(randomUUID(), sessionId, {
          videoId: this.random.pick(videoIds)!,
          text: this.random.words(),
        });
        const facts = {
          id: AnswerId.parse(randomUUID()),
          questionId: asked.id,
          sessionId,
          version: 1,
          createdAt: 5,
        };
        edits = [
          { entity: 'question', id: asked.id, before: null, after: asked },
          { entity: 'answer', id: facts.id, before: null, after: facts },
        ];
        break;
      }
      case 'again': {
        if (question === undefined) return;
        const version = answers.nextAnswerVersion(database, question.id);
        const facts = {
          id: AnswerId.parse(randomUUID()),
          questionId: question.id,
          sessionId,
          version,
          createdAt: 6,
        };
        edits = [{ entity: 'answer', id: facts.id, before: null, after: facts }];
        break;
      }
      case 'delete':
        if (question === undefined) return;
        edits = [{ entity: 'question', id: question.id, before: present ?? null, after: null }];
        break;
      case 'restore':
        if (question === undefined) return;
        edits = [{ entity: 'question', id: question.id, before: present ?? null, after: question }];
        break;
      case 'judge': {
        const answerId = this.random.pick(this.#answers);
        const of = answerId && answers.findAnswer(database, answerId);
        if (!of || of.sessionId !== sessionId) return;
        const { id, questionId } = of;
        const key = verdictId(id, by.actor);
        const before = JSON.parse(this.#state.get(`verdict ${key}`) ?? 'null') as Verdict | null;
        const judgement = this.random.pick(judgements) ?? null;
        const after = {
          answerId: id,
          questionId,
          actor: by.actor,
          judgement,
          marks: [],
          note: this.random.words(),
        };
        edits = [{ entity: 'verdict', id: key, before, after: this.random.below(4) === 0 ? null : after }];
        break;
      }
      case 'bookmark':
        edits = this.#planBookmark(by, sessionId, this.random.pick(videoIds)!);
        break;
      case 'segment':
        edits = this.#planSegment(by, sessionId, this.random.pick(videoIds)!);
        break;
      case 'track':
        edits = this.#planTrack(by, sessionId);
        break;
      default:
        return this.#end(sessionId);
    }
    // As the record has them: names are kept as they are shown.
    edits = edits.map((edit) => Edit.parse(edit));
    const seq = record.seq;
    database.transaction(() => {
      record.commit(by, { name: `test.${kind}`, caseId, sessionId, groupId: group as never }, edits);
      for (const edit of edits) {
        if (edit.entity !== 'answer' || edit.after === null) continue;
        const { id, questionId } = edit.after;
        answers.startAnswer(database, runningAnswer(id, questionId, sessionId), process.pid);
        const outlivesOwner = this.random.below(2) === 0;
        const input = { settings: {}, anyway: false };
        this.store.tasks.add({ answerId: id, input }, { outlivesOwner, now: noon });
        this.#answers.push(id);
      }
    });
    for (const edit of edits) {
      const kept = edit.entity === 'question' && edit.before === null && kind === 'ask' ? edit.after : null;
      if (kept !== null) this.#questions.push(Question.parse({ ...kept, text: kept.text.toWellFormed() }));
    }
    this.#note(by, sessionId, { edits, group, written: record.seq > seq });
  }

  #planLibrary(caseId: CaseId, sessionId: SessionId): Edit[] {
    const { database } = this.store;
    const commands: readonly LibraryCommand[] = [
      { name: 'case.delete', caseId },
      { name: 'case.restore', caseId },
      { name: 'session.rename', sessionId, title: this.random.words().slice(0, 100) },
      { name: 'session.delete', sessionId },
      { name: 'session.restore', sessionId },
    ];
    const state = {
      case: cases.findCase(database, caseId)!,
      isCaseInBin: cases.findPresentCase(database, caseId) === null,
      session: {
        facts: SessionFacts.parse(sessions.findSession(database, sessionId)),
        isInBin: sessions.findPresentSession(database, sessionId) === null,
      },
    };
    try {
      return planLibrary(state, this.random.pick(commands)!);
    } catch (error) {
      // What lies in the bin is not renamed.
      if (error instanceof WorkstationError && error.code === 'invalid-input') return [];
      throw error;
    }
  }

  #planBookmark({ actor }: ChangeContext, sessionId: SessionId, videoId: VideoId): Edit[] {
    const present = bookmarks.listBookmarks(this.store.database, sessionId);
    const bookmark = this.random.pick(present) ?? null;
    const state = { sessionId, actor, now: noon, count: present.length, bookmark };
    const bookmarkId = bookmark?.id;
    const title = this.random.words();
    const choice = bookmarkId === undefined ? 0 : this.random.below(4);
    if (bookmarkId === undefined || choice < 2) {
      const location = frameAt(this.random.below(100));
      const fresh = { id: BookmarkId.parse(randomUUID()), location };
      const frameIndex = location.index;
      return planBookmark({ ...state, fresh }, { name: 'bookmark.add', videoId, frameIndex, title });
    }
    const command: BookmarkCommand =
      choice === 2
        ? { name: 'bookmark.edit', bookmarkId, note: title }
        : { name: 'bookmark.delete', bookmarkId };
    return planBookmark({ ...state, fresh: null }, command);
  }

  #planSegment({ actor }: ChangeContext, sessionId: SessionId, videoId: VideoId): Edit[] {
    const present = segments.listSegments(this.store.database, sessionId);
    const segmentId = this.random.pick(present)?.id;
    const from = frameAt(this.random.below(100));
    const to = frameAt(from.index + this.random.below(3));
    const stretch = { from, to, endSeconds: to.seconds + 0.04 };
    const newId = SegmentId.parse(randomUUID());
    const state = { sessionId, actor, now: noon, segments: present, newId, stretch };
    const range = { from: from.index, to: to.index };
    const title = `Step ${this.random.below(5)}`;
    const choice = segmentId === undefined ? 0 : this.random.below(5);
    let command: SegmentCommand;
    if (segmentId === undefined || choice < 2) command = { name: 'segment.add', videoId, ...range, title };
    else if (choice === 2) command = { name: 'segment.move', segmentId, ...range };
    else if (choice === 3) command = { name: 'segment.edit', segmentId, title, tags: ['one', title] };
    else command = { name: 'segment.delete', segmentId };
    try {
      const gone =
        command.name === 'segment.delete'
          ? tracksGone(tracks.listTracks(this.store.database, sessionId), command.segmentId)
          : [];
      return [...gone, ...planSegment(state, command)];
    } catch (error) {
      // Two of one name overlap: nothing is to be done.
      if (error instanceof WorkstationError && error.code === 'invalid-input') return [];
      throw error;
    }
  }

  #planTrack({ actor }: ChangeContext, sessionId: SessionId): Edit[] {
    const { database } = this.store;
    const [present, within] = [
      tracks.listTracks(database, sessionId),
      segments.listSegments(database, sessionId),
    ];
    const track = this.random.pick(present);
    const segment = within.find(({ id }) => id === track?.segmentId) ?? this.random.pick(within);
    if (segment === undefined) return [];
    const { videoId, from, to } = segment.span;
    const location = frameAt(from + this.random.below(to - from + 1));
    const seen = { videoId, location, hash: 'a'.repeat(64), eye: null, picture: { width: 640, height: 480 } };
    const [x, y] = [this.random.below(300), this.random.below(200)];
    const box: [number, number, number, number] = [x, y + 0.25, x + 10 + this.random.below(300), y + 30];
    const frame = { videoId, frameIndex: location.index, frameHash: seen.hash };
    const label = `thing ${this.random.below(5)}`;
    const commands: TrackCommand[] =
      track === undefined
        ? [{ name: 'track.add', ...frame, label, box, within: { segmentId: segment.id } }]
        : [
            { name: 'track.add', ...frame, label, box, within: { segmentId: segment.id } },
            { name: 'track.set-key-frame', trackId: track.id, ...frame, box },
            { name: 'track.set-key-frame', trackId: track.id, ...frame, box: null },
            {
              name: 'track.move-key-frame',
              trackId: track.id,
              from: track.keyFrames[0]!.location.index,
              ...frame,
            },
            { name: 'track.remove-key-frame', trackId: track.id, frameIndex: location.index },
            { name: 'track.rename', trackId: track.id, label },
            { name: 'track.delete', trackId: track.id },
          ];
    const newId = { track: TrackId.parse(randomUUID()), segment: SegmentId.parse(randomUUID()) };
    const state = {
      sessionId,
      actor,
      now: noon,
      tracks: present,
      segments: within,
      newId,
      stretch: null,
      seen,
    };
    try {
      return planTrack(state, this.random.pick(commands)!);
    } catch (error) {
      // Nothing is to be done where a key frame is missing, there already, or would hide what was not seen yet.
      if (error instanceof WorkstationError && error.code !== 'internal') return [];
      throw error;
    }
  }

  #note(
    by: ChangeContext,
    sessionId: SessionId,
    { edits, group, written }: { edits: readonly Edit[]; group: string | null; written: boolean },
  ): void {
    const real = edits.filter(({ before, after }) => text(before) !== text(after));
    assert.equal(written, real.length > 0, `seed ${this.seed}: a change is recorded where there is one`);
    if (!written) return;
    const stacks = this.#stacksOf(by, sessionId);
    const top = stacks.undo.at(-1);
    const step: Step =
      group !== null && stacks.open && top?.group === group ? top : { group, edits: new Map() };
    for (const edit of real) {
      const key = keyOf(edit);
      const earlier = step.edits.get(key);
      // What another did in between is not this person's to undo: such a step is refused as a whole.
      const lost = earlier !== undefined && earlier.after !== text(edit.before);
      step.edits.set(key, {
        before: lost ? 'lost' : (earlier?.before ?? text(edit.before)),
        after: text(edit.after),
      });
      this.#state.set(key, text(edit.after));
    }
    if (step !== top) stacks.undo.push(step);
    stacks.redo = [];
    stacks.open = true;
  }

  #end(sessionId: SessionId): void {
    const id = this.random.pick(this.#answers);
    const { database } = this.store;
    const found = id === undefined ? null : answers.findAnswer(database, id);
    if (id === undefined || found === null || found.sessionId !== sessionId) return;
    const ended = endAnswer(this.store, fullAnswer(id, found.questionId, sessionId));
    const [change] = this.store.record.since(this.store.record.seq - 1).changes;
    const edit = change?.edits?.[0];
    if (ended && edit !== undefined) this.#state.set(keyOf(edit), text(edit.after));
    assert.equal(ended, found.endedAt === null, `seed ${this.seed}: an answer ends once`);
  }

  #turn(kind: 'undo' | 'redo', by: ChangeContext, sessionId: SessionId): void {
    const { record } = this.store;
    const stacks = this.#stacksOf(by, sessionId);
    const [from, to] = kind === 'undo' ? [stacks.undo, stacks.redo] : [stacks.redo, stacks.undo];
    const step = from.at(-1);
    const clash =
      step !== undefined &&
      [...step.edits].some(([key, { before, after }]) => {
        if (before === 'lost') return true;
        const [expected, wanted] = kind === 'undo' ? [after, before] : [before, after];
        return expected !== wanted && !isSame(key, this.#state.get(key), expected);
      });
    const seq = record.seq;
    let refused: string | null = null;
    try {
      record[kind](by, sessionId);
    } catch (error) {
      if (!(error instanceof WorkstationError)) throw error;
      refused = error.code;
    }
    const expected = step === undefined ? 'not-found' : clash ? 'changed-since' : null;
    assert.equal(refused, expected, `seed ${this.seed}: ${kind} after change ${seq}`);
    if (step === undefined) {
      assert.equal(record.seq, seq, `seed ${this.seed}: nothing to turn, nothing recorded`);
      return;
    }
    assert.equal(record.seq, seq + 1, `seed ${this.seed}: one change for one step, or its refusal`);
    from.pop();
    stacks.open = false;
    // It is passed over from now on; what lies under it comes next.
    if (clash) return;
    to.push(step);
    for (const [key, { before, after }] of step.edits) this.#state.set(key, kind === 'undo' ? before : after);
  }

  #stacksOf({ actor }: ChangeContext, sessionId: SessionId): Stacks {
    const key = `${actor} ${sessionId}`;
    const stacks = this.#stacks.get(key) ?? { undo: [], redo: [], open: false };
    this.#stacks.set(key, stacks);
    return stacks;
  }
}

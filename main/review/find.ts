import type { CallInput } from '../../preload/contract/calls.ts';
import type { ActorId } from '../../preload/contract/context.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import {
  foundKinds,
  type FindResult,
  type Found,
  type FoundAnswer,
  type FoundGroup,
  type FoundKind,
  type FoundText,
} from '../../preload/contract/search/found.ts';
import { parseSearch, snippetOf, type SearchQuery } from '../../preload/contract/search/query.ts';
import { BookmarkId, QuestionId, SegmentId, TrackId } from '../../preload/contract/values.ts';
import type { Verdict } from '../../preload/contract/verdicts.ts';
import { readable } from '../../preload/contract/words/answers.ts';
import {
  answers,
  cases,
  bookmarks,
  segments,
  ownLabelsOf,
  questions,
  sessionInWords,
  sessions,
  summariesOf,
  tracks,
  verdicts,
  type FoundRow,
  type Store,
} from '../store/index.ts';
import type { SessionContext } from './sessions.ts';

const usualLimit = 20;

/** Answers the call `find`: searches all cases for what a person typed. */
export async function find(
  context: SessionContext,
  { query: text, kind, before, limit = usualLimit }: CallInput<'find'>,
  { actor, signal }: { actor: ActorId; signal: AbortSignal },
): Promise<FindResult> {
  const query = parseSearch(text);
  const kinds = kind === undefined ? foundKinds : [kind];
  const page = { before: kind === undefined ? undefined : before, limit };
  const found = await context.store.reader.query('search', { query, kinds, actor, ...page }, signal);
  const groups = kinds.map((each, index): FoundGroup => {
    const { rows, more, count, atLeast } = found[index] ?? nothing;
    const list = toFound[each](context, rows, query);
    return { kind: each, list, next: more ? (rows.at(-1)?.place ?? null) : null, count, atLeast };
  });
  return { groups, cut: query.cut, index: context.store.searchFilling };
}

const nothing = { rows: [], more: false, count: 0, atLeast: false };

type ToFound = (context: SessionContext, rows: readonly FoundRow[], query: SearchQuery) => Found[];

const toMark =
  (kind: 'bookmark' | 'segment'): ToFound =>
  (context, rows, query) =>
    rows.flatMap((row): Found[] => {
      const of = placeOf(context.store, row);
      const mark = markOf(context.store, kind, row.subject);
      if (of === null || mark === null) return [];
      const { updatedAt: _updatedAt, ...names } = of;
      const { name, note, ...place } = mark;
      const texts = [textOf('name', name, query), ...(note === '' ? [] : [textOf('note', note, query)])];
      return [{ kind, place: row.place, ...names, id: row.subject, ...place, texts }];
    });

/** Turns found rows of each kind into results, in the same order. Rows that can't be read are left out. */
const toFound: Readonly<Record<FoundKind, ToFound>> = {
  case: ({ store: { database } }, rows, query) =>
    rows.flatMap(({ place, caseId }): Found[] => {
      const found = cases.findCase(database, caseId);
      if (found === null) return [];
      const texts = [textOf('name', found.pseudonym, query)];
      return [{ kind: 'case', place, caseId, casePseudonym: found.pseudonym, texts }];
    }),
  bookmark: toMark('bookmark'),
  segment: toMark('segment'),
  track: (context, rows, query) =>
    rows.flatMap((row): Found[] => {
      const of = placeOf(context.store, row);
      const track = tracks.findTrack(context.store.database, TrackId.parse(row.subject));
      const first = track?.keyFrames[0]?.location;
      if (of === null || track === null || first === undefined) return [];
      const { updatedAt: _updatedAt, ...names } = of;
      const place = { videoId: track.videoId, frameIndex: first.index, seconds: first.seconds };
      const texts = [textOf('own-label', readable(track.label), query)];
      return [{ kind: 'track', place: row.place, ...names, id: row.subject, ...place, texts }];
    }),
  session: (context, rows, query) =>
    rows.flatMap((row): Found[] => {
      const of = placeOf(context.store, row);
      if (of === null) return [];
      const { updatedAt, ...names } = of;
      const name = sessionInWords(names.casePseudonym, names.sessionNumber, names.sessionName);
      return [
        { kind: 'session', place: row.place, ...names, updatedAt, texts: [textOf('name', name, query)] },
      ];
    }),
  answer: (context, rows, query) => {
    const { database } = context.store;
    const ids = rows.map(({ subject }) => QuestionId.parse(subject));
    const placed = questions.findQuestions(database, ids);
    const entries = new Map(
      summariesOf(database, placed, context.current).list.map((entry) => [entry.question.id, entry]),
    );
    const versions = answers.listAnswersOf(database, ids);
    const said = verdicts.listVerdicts(database, ids);
    return rows.flatMap((row): FoundAnswer[] => {
      const questionId = QuestionId.parse(row.subject);
      const entry = entries.get(questionId);
      const of = placeOf(context.store, row);
      if (entry === undefined || of === null) return [];
      const { updatedAt: _updatedAt, ...names } = of;
      const isOf = (one: { questionId: QuestionId }): boolean => one.questionId === questionId;
      const texts = answerTexts(entry.question.text, versions.filter(isOf), said.filter(isOf), query);
      return [{ kind: 'answer', place: row.place, ...names, questionId, entry, texts }];
    });
  },
};

function markOf({ database }: Store, kind: 'bookmark' | 'segment', id: string) {
  if (kind === 'bookmark') {
    const found = bookmarks.findBookmark(database, BookmarkId.parse(id));
    if (found === null) return null;
    const { videoId, location, name, note } = found;
    return { videoId, frameIndex: location.index, seconds: location.seconds, name, note };
  }
  const found = segments.findSegment(database, SegmentId.parse(id));
  if (found === null) return null;
  const { span, seconds, name, note, tags } = found;
  return {
    ...{ videoId: span.videoId, frameIndex: span.from, seconds: seconds.from, note },
    name: [name, ...tags].join(', '),
  };
}

function placeOf({ database }: Store, { caseId, sessionId }: FoundRow) {
  const owner = cases.findCase(database, caseId);
  const session = sessionId === null ? null : sessions.findSession(database, sessionId);
  if (owner === null || session === null) return null;
  return {
    ...{ caseId, casePseudonym: owner.pseudonym, sessionId: session.id },
    ...{ sessionNumber: session.number, sessionName: session.name, updatedAt: session.updatedAt },
  };
}

/** The question's text and, for every other field, the newest text in which something was found. */
function answerTexts(
  question: string,
  versions: readonly Answer[],
  said: readonly Verdict[],
  query: SearchQuery,
): FoundText[] {
  const newestFirst = versions.toReversed();
  const texts: [FoundText['field'], string[]][] = [
    ['label', newestFirst.flatMap(({ label, items }) => [label ?? '', ...items.map((item) => item.label)])],
    ['own-label', said.flatMap(ownLabelsOf)],
    ['reasoning', newestFirst.map(({ reasoning }) => reasoning)],
    ['note', said.map(({ note }) => note)],
  ];
  const found = texts.flatMap(([field, all]) => {
    const hit = all
      .map((text) => textOf(field, field.endsWith('label') ? readable(text) : text, query))
      .find(({ ranges }) => ranges.length > 0);
    return hit === undefined ? [] : [hit];
  });
  return [textOf('question', question, query), ...found];
}

function textOf(field: FoundText['field'], text: string, { terms, labels, cases }: SearchQuery): FoundText {
  const wanted = field.endsWith('label')
    ? [...terms, ...labels]
    : field === 'name'
      ? [...terms, ...cases]
      : terms;
  const { text: shown, ranges } = snippetOf(text, wanted);
  return { field, text: shown, ranges: ranges.map(([from, to]): [number, number] => [from, to]) };
}

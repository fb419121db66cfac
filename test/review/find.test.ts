import { afterAll, beforeAll, expect, it } from 'vitest';
import { calls, type FindResult, type OpenSession } from '../../preload/contract/index.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { Bench, result, ScriptedEngine } from './helpers.ts';

/** The call behind the window's search, over real rows: what it gives is what the contract says. */
const folder = new ClipFolder();
let bench: Bench;
let opened: OpenSession;

const find = async (query: string): Promise<FindResult> =>
  calls.find.output.parse(await bench.calls.find({ query }));
const groupOf = (found: FindResult, kind: string) => found.groups.find((group) => group.kind === kind)!;

beforeAll(async () => {
  const engine = new ScriptedEngine();
  engine.answer = async () =>
    result({ label: 'tissue_manipulation', reasoning: 'The jaws hold the capsule.' });
  bench = new Bench(engine);
  opened = await bench.open(await folder.make('find', { frames: 12, extension: 'mp4', output: x264 }));
  const ended = bench.ended();
  await bench.ask(opened, 3, 'What does the forceps do?');
  const { id: answerId } = await ended;
  const note = { name: 'verdict.note', answerId, note: 'Show this to the fellows' } as const;
  await bench.calls.apply({ sessionId: opened.session.id, command: note });
});

afterAll(async () => {
  await bench.remove();
  folder.remove();
});

it('says of an answer where it is, what a list shows of it, and where in its texts the words stand', async () => {
  const answers = groupOf(await find('capsule fellows label:tissue'), 'answer');
  expect(answers).toMatchObject({ count: 1, atLeast: false, next: null });
  expect(answers.list[0]).toMatchObject({
    ...{
      kind: 'answer',
      sessionId: opened.session.id,
      sessionNumber: 1,
      casePseudonym: opened.case.pseudonym,
    },
    entry: { question: { location: { index: 3 } }, newest: { label: 'tissue_manipulation' }, versions: 1 },
  });
  const marked = answers.list[0]!.texts.map(({ field, text, ranges }) => [
    field,
    ranges.map(([from, to]) => text.slice(from, to)),
  ]);
  expect(marked).toEqual([
    ['question', []],
    ['label', ['Tissue']],
    ['reasoning', ['capsule']],
    ['note', ['fellows']],
  ]);
});

it('finds bookmarks, cases and sessions, too', async () => {
  const add = { name: 'bookmark.add', videoId: opened.video.id, frameIndex: 5, title: 'Hilum' } as const;
  await bench.calls.apply({ sessionId: opened.session.id, command: add as never });
  expect(groupOf(await find('hil'), 'bookmark').list).toMatchObject([
    { frameIndex: 5, videoId: opened.video.id },
  ]);
  const named = await find(opened.case.pseudonym);
  expect(groupOf(named, 'case').list).toMatchObject([{ caseId: opened.case.id }]);
  expect(groupOf(named, 'session').list).toMatchObject([{ sessionId: opened.session.id }]);
});

import { ALL_TYPES, SPLITS } from './record.ts';
import type { Counts, DatasetFile, Split } from './record.ts';
import { placeOf } from './problems.ts';
import type { Problem } from './problems.ts';

export interface CardContent {
  file: DatasetFile;
  /** For each split that is scored: share answered rightly by the blind lookup, by question type. */
  blind: Partial<Record<Split, Partial<Record<string, number>>>>;
  /** Split that the blind lookup was fitted on. */
  blindFittedOn: Split;
  problems: readonly Problem[];
  problemCount: number;
  /** Whether a site's own writer made the reasoning. */
  ownWriter: boolean;
}

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const share = (part: number, whole: number): string =>
  whole === 0 ? '' : ` (${((100 * part) / whole).toFixed(1)} %)`;

/** The data card in Markdown: what the data set is made of, how, what is skewed, and what it is not. */
export function dataCard(content: CardContent): string {
  const { file } = content;
  const splits = SPLITS.filter((split) => file.counts[split]);
  const counts = splits.map((split): [Split, Counts] => [split, file.counts[split] as Counts]);
  const keys = (pick: (counts: Counts) => Record<string, number>): string[] =>
    [...new Set(counts.flatMap(([, count]) => Object.keys(pick(count))))].sort();
  const byKey = (pick: (counts: Counts) => Record<string, number>): string =>
    table(
      ['', ...splits],
      keys(pick).map((key) => [key, ...counts.map(([, count]) => pick(count)[key] ?? 0)]),
    );
  return `# Data card

A data set in the style of Surgery-R1-54k (arXiv 2506.19469, whose own data is not published): questions about
surgical pictures with a label, a box and short reasoning. Format \`${file.format}\`, version ${file.formatVersion}.

## Sources

${table(
  ['name', 'kind', 'folder'],
  file.sources.map(({ name, layout, root, generator, seed }) => [
    name,
    layout === 'scenes'
      ? `synthetic scenes (${generator ?? 'unknown generator'}, seed ${seed ?? 'unknown'})`
      : layout === 'reviewed'
        ? 'sessions reviewed in the workstation'
        : layout === 'endovis'
          ? 'EndoVis-VQLA layout'
          : `marked pictures (${layout})`,
    `\`${root}\``,
  ]),
)}

Pictures are not copied: \`image\` of a record lies below its source's folder. **The licence of the pictures and
annotations is that of each source**: EndoVis-18 and EndoVis-17 come with the terms of their challenges, which bind
whatever is built from them; read them before you pass anything on. Synthetic scenes show no patient.

## Counts

${table(
  ['', ...splits],
  [
    ['pictures', ...counts.map(([, count]) => count.frames)],
    ['records', ...counts.map(([, count]) => count.records)],
  ],
)}

${byKey((count) => count.byKind)}

${byKey((count) => count.byType)}

${byKey((count) => count.byWording)}

## Labels and their skew

${ALL_TYPES.filter((type) => counts.some(([, count]) => count.byLabel[type]))
  .map(
    (type) =>
      `### ${type}\n\n` +
      table(
        ['', ...splits],
        keys((count) => count.byLabel[type] ?? {}).map((label) => [
          label,
          ...counts.map(([, count]) => {
            const times = count.byLabel[type]?.[label] ?? 0;
            return `${times}${share(times, count.byType[type] ?? 0)}`;
          }),
        ]),
      ),
  )
  .join('\n\n')}

## Blind floor

Share of records that the most frequent label of their type and subject answers rightly with no picture, fitted on the
${content.blindFittedOn} split. What a model scores means little until this is taken off.

${table(
  ['', ...splits],
  ['all', ...ALL_TYPES]
    .filter((type) => splits.some((split) => content.blind[split]?.[type] !== undefined))
    .map((type) => [type, ...splits.map((split) => content.blind[split]?.[type]?.toFixed(3) ?? '')]),
)}

A grounding question names its own label, so its floor is high by nature: its box is what it asks for.

## How the reasoning was made

${
  content.ownWriter
    ? "A site's own writer wrote the reasoning; where it returned none, the grammar below did."
    : 'A grammar wrote the reasoning from the annotation, in words such as these:'
}

- state: The bipolar forceps lies in the upper left. Its jaws pinch a fold of tissue. This is grasping.
- location: The suction is seen right of the middle and below the middle. That is the lower right of the view.
- organ: The organ is large, smooth and brown red with a sharp edge. It lies in the middle. This is the liver.
- grounding: The clip applier lies in the lower left. Its box is narrow and tall.
- absent: No stapler is seen in this view. The question cannot be answered here.

For synthetic scenes the second sentence of a state says what was drawn. For real pictures it says what the state
means, because an annotation does not tell how a picture looks.

## Limits

- **Generated reasoning is not a surgeon's.** It restates the annotation in an order that argues; it adds no knowledge.
- Errors of the annotation are passed on. A location whose box contradicts it is left out.
- What is absent is known only as far as the annotation is complete: questions about absent instruments are made for
  synthetic scenes, and for real pictures only when asked for.
- Synthetic scenes teach and test the chain; they say nothing about performance on real surgery.

## Left out or corrected

${
  content.problemCount === 0
    ? 'Nothing.'
    : `${content.problemCount} lines or files; all of them are in \`skipped.jsonl\`.${content.problemCount > content.problems.length ? ` The first ${content.problems.length}:` : ''}\n\n` +
      content.problems
        .map((problem) => `- ${problem.source}: ${placeOf(problem)}: ${problem.reason}`)
        .join('\n')
}

## Options

\`\`\`json
${JSON.stringify(file.options, null, 2)}
\`\`\`
`;
}

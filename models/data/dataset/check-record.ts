import { checkCoherence, absentLabel } from '../../../preload/contract/coherence.ts';
import type { Finding } from '../../../preload/contract/coherence.ts';
import { PLACES, STATES, TOOLS } from '../labels.ts';
import { COUNTS, NO, REFUSALS, YES, isPlaceless, saysNothingThere } from './language/answers.ts';
import type { DatasetRecord, Span } from './record.ts';

/** What is wrong with one record by itself, in words; nothing when it is sound. */
export function recordFaults(record: DatasetRecord): string[] {
  const { kind, questionType, reasoning, label, box, width, height, question } = record;
  const faults: string[] = [];
  const boxless = isPlaceless(label) || record.items !== undefined;
  if ((kind === 'grounding-qa') !== (questionType === 'grounding')) {
    faults.push(`kind ${kind} with question type ${questionType}`);
  }
  if ((kind === 'visual-qa') !== (reasoning === null)) {
    faults.push(kind === 'visual-qa' ? 'visual-qa with reasoning' : `${kind} without reasoning`);
  }
  if (record.wording.startsWith('held-out') && record.split !== 'test')
    faults.push(`a ${record.wording} wording in ${record.split}`);
  if (/^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)/.test(record.image))
    faults.push(`an image outside its source: ${record.image}`);
  if (!record.id.startsWith(`${record.source}/${record.image.replace(/\.[^./]+$/, '')}#`)) {
    faults.push(`the id ${record.id} is not of its source and image`);
  }
  if (box && (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height)) {
    faults.push(`the box ${box.join(', ')} leaves the ${width}x${height} image`);
  }
  for (const item of record.items ?? []) {
    const [x1, y1, x2, y2] = item.box;
    if (x1 < 0 || y1 < 0 || x2 > width || y2 > height)
      faults.push(`the box of ${item.label}, ${item.box.join(', ')}, leaves the ${width}x${height} image`);
  }
  faults.push(...labelFaults(record));
  if (reasoning !== null) {
    faults.push(...reasoningFaults(reasoning, label, record.spans));
    faults.push(
      ...checkCoherence({ reasoning, label, box, size: { width, height }, question })
        .findings.filter(({ kind: found }) => found !== 'box-missing' || !boxless)
        .map(incoherent),
    );
  } else if (record.spans.length > 0) {
    faults.push('spans without reasoning');
  }
  return faults;
}

function labelFaults({ questionType, label, subject, items = [] }: DatasetRecord): string[] {
  if (label === absentLabel) return [];
  const listed = items.map((item) => item.label);
  if (questionType === 'count' && label !== String(listed.length))
    return [`the count ${label} with ${listed.length} items`];
  const known: Record<DatasetRecord['questionType'], readonly string[]> = {
    state: STATES,
    location: PLACES,
    organ: [subject],
    grounding: [subject],
    instruments: [listed.join(', ')],
    description: [listed.join(', ')],
    count: COUNTS,
    presence: [YES, NO],
    relation: TOOLS,
    refusal: Object.values(REFUSALS),
  };
  return known[questionType].includes(label) ? [] : [`an unknown ${questionType} label "${label}"`];
}

const incoherent = ({ kind, said }: Finding): string =>
  said === '' ? `incoherent (${kind})` : `"${said}" does not go with the box or label (${kind})`;

const letter = (text: string, at: number): boolean => /[\p{L}\p{N}_]/u.test(text[at] ?? '');

/**
 * What is wrong with reasoning and its spans. Spans begin with the space before a word and end with one, in order;
 * the first is the first word, which is "No" exactly where what was asked for is not there.
 */
export function reasoningFaults(reasoning: string, label: string, spans: readonly Span[]): string[] {
  const faults: string[] = [];
  if (/[<>{}\n\r]/.test(reasoning))
    faults.push('reasoning with a line break or a character of the answer tags: < > { }');
  const first = /^[\p{L}\p{N}]+/u.exec(reasoning)?.[0] ?? '';
  if (first === '') faults.push('reasoning that does not begin with a word');
  if ((first === 'No') !== saysNothingThere(label)) {
    faults.push(`reasoning that begins with "${first}" for the label ${label}`);
  }
  let end = 0;
  for (const [i, [from, to, role]] of spans.entries()) {
    const name = `span ${i} [${from}, ${to}, ${role}]`;
    if (to <= from || to > reasoning.length) faults.push(`${name} lies outside the reasoning`);
    else if (from < end) faults.push(`${name} overlaps the one before it`);
    else if (from > 0 && reasoning[from] !== ' ')
      faults.push(`${name} does not begin with the space of a word`);
    else if (!letter(reasoning, to - 1) || letter(reasoning, to))
      faults.push(`${name} does not end with a word`);
    else if ((role === 'presence') !== (from === 0))
      faults.push(`${name}: presence is the first word, and nothing else is`);
    else if (role === 'presence' && to !== first.length) faults.push(`${name} is not the first word alone`);
    end = Math.max(end, to);
  }
  if (spans[0]?.[2] !== 'presence') faults.push('no span for the first word');
  return faults;
}

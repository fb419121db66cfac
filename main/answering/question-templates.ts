import type { QuestionTemplate } from '../../preload/contract/domain.ts';
import { instruments, questionText } from '../../preload/contract/vocabulary.ts';

/** As people write them. */
const tools = instruments.map((tool) => tool.replaceAll('_', ' '));

/** The questions of EndoVis-18-VQLA, in its own wording, which the models were taught. */
export const questionTemplates: readonly QuestionTemplate[] = [
  { id: 'state', short: 'state of …', text: questionText.state('{tool}'), tools },
  { id: 'location', short: 'where is …', text: questionText.location('{tool}'), tools },
  { id: 'organ', short: 'organ', text: questionText.organ(), tools: [] },
];

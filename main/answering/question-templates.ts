import type { QuestionTemplate } from '../../preload/contract/domain.ts';
import { instruments, questionText } from '../../preload/contract/vocabulary.ts';

/** The instruments' names as people write them. */
const tools = instruments.map((tool) => tool.replaceAll('_', ' '));

/** What can be looked for besides instruments, as the scenes' data name it. */
const things = ['smoke', 'bleeding', 'needle', 'suture thread', 'vessel with a clip', 'row of staples'];

const deeds = ['cutting', 'grasping', 'retraction', 'cauterization', 'suturing', 'suction', 'clipping'];

/**
 * The questions of EndoVis-18-VQLA, in its own wording, which the models were taught; then those of further kinds, for
 * models that state them.
 */
export const questionTemplates: readonly QuestionTemplate[] = [
  { id: 'state', short: 'state of …', text: questionText.state('{tool}'), tools },
  { id: 'location', short: 'where is …', text: questionText.location('{tool}'), tools },
  { id: 'organ', short: 'organ', text: questionText.organ(), tools: [] },
  {
    ...{ id: 'presence', short: 'is there …', stated: true },
    ...{ text: 'Is there any {tool} in view?', tools: [...things, ...tools] },
  },
  {
    ...{ id: 'instruments', short: 'instruments', stated: true },
    ...{ text: 'Which instruments are in view?', tools: [] },
  },
  {
    ...{ id: 'count', short: 'how many', stated: true },
    ...{ text: 'How many instruments are in view?', tools: [] },
  },
  {
    ...{ id: 'relation', short: 'which is doing …', stated: true },
    ...{ text: 'Which instrument is doing {tool}?', tools: deeds },
  },
  {
    ...{ id: 'description', short: 'describe', stated: true },
    ...{ text: 'Describe the frame.', tools: [] },
  },
];

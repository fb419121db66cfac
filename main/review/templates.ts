import type { QuestionTemplate } from '../../preload/contract/domain.ts';

/** The instruments of EndoVis-18-VQLA, as people write them. */
const tools: readonly string[] = [
  'bipolar forceps',
  'prograsp forceps',
  'large needle driver',
  'monopolar curved scissors',
  'ultrasound probe',
  'suction',
  'clip applier',
  'stapler',
];

/** The questions of EndoVis-18-VQLA, in its own wording, which the models were taught. */
export const questionTemplates: readonly QuestionTemplate[] = [
  { id: 'state', short: 'state of …', text: 'What is the state of {tool}?', tools: [...tools] },
  { id: 'location', short: 'where is …', text: 'Where is {tool} located?', tools: [...tools] },
  { id: 'organ', short: 'organ', text: 'What organ is being operated?', tools: [] },
];

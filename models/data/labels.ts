/** The vocabulary of EndoVis-18-VQLA, spelt as in its label files. */
export const ORGANS = ['kidney'] as const;

/** The eight instruments of EndoVis-18-VQLA, in the order in which Surgical-VQLA++ appends them. */
export const TOOLS = [
  'bipolar_forceps',
  'prograsp_forceps',
  'large_needle_driver',
  'monopolar_curved_scissors',
  'ultrasound_probe',
  'suction',
  'clip_applier',
  'stapler',
] as const;

/** The thirteen states of EndoVis-18-VQLA in index order (case matters: `Suction` is a state, `suction` a tool). */
export const STATES = [
  'Idle',
  'Grasping',
  'Retraction',
  'Tissue_Manipulation',
  'Tool_Manipulation',
  'Cutting',
  'Cauterization',
  'Suction',
  'Looping',
  'Suturing',
  'Clipping',
  'Staple',
  'Ultrasound_Sensing',
] as const;

export const PLACES = ['left-top', 'right-top', 'left-bottom', 'right-bottom'] as const;

/** The eighteen answers of EndoVis-18-VQLA in index order. Case matters: never lower-case a label. */
export const ANSWERS_18 = [...ORGANS, ...STATES, ...PLACES] as const;

/** The twenty-six labels of Surgical-VQLA++: the tools appended. */
export const ANSWERS_26 = [...ANSWERS_18, ...TOOLS] as const;

/** What a question asks for. */
export const QUESTION_TYPES = ['organ', 'state', 'location'] as const;

export type Tool = (typeof TOOLS)[number];
export type State = (typeof STATES)[number];
export type Place = (typeof PLACES)[number];
export type QuestionType = (typeof QUESTION_TYPES)[number];

/** The three question templates. A tool's name keeps its underscores, as in the real label files. */
export const questionText = {
  organ: (): string => 'What organ is being operated?',
  state: (tool: string): string => `What is the state of ${tool}?`,
  location: (tool: string): string => `Where is ${tool} located?`,
} as const;

/** Type of a question written in one of the three templates, or undefined. */
export function questionTypeOf(question: string): QuestionType | undefined {
  if (/^what organ is being operated\b/i.test(question)) return 'organ';
  if (/^what is the state of\b/i.test(question)) return 'state';
  if (/^where is\b.*\blocated\b/i.test(question)) return 'location';
  return undefined;
}

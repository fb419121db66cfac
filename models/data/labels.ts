import { instruments } from '../../preload/contract/vocabulary.ts';

/** The vocabulary of EndoVis-18-VQLA, spelt as in its label files: a tool's name keeps its underscores. */
export const TOOLS = instruments;
export const ORGANS = ['kidney'] as const;

/** The organs that synthetic scenes show: EndoVis-18's kidney and four that it does not have. */
export const SCENE_ORGANS = [...ORGANS, 'liver', 'spleen', 'gallbladder', 'bowel'] as const;

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

export type SceneOrgan = (typeof SCENE_ORGANS)[number];
export type Tool = (typeof TOOLS)[number];
export type State = (typeof STATES)[number];
export type Place = (typeof PLACES)[number];
export type QuestionType = (typeof QUESTION_TYPES)[number];

/** Type of a question written in one of the three templates, or undefined. */
export function questionTypeOf(question: string): QuestionType | undefined {
  if (/^what organ is being operated\b/i.test(question)) return 'organ';
  if (/^what is the state of\b/i.test(question)) return 'state';
  if (/^where is\b.*\blocated\b/i.test(question)) return 'location';
  return undefined;
}

/**
 * The instrument that a question in one of the templates names, spelt as in the label files: `clip_applier` of
 * `What is the state of the Clip Applier?`. Null where it names none; whether there is such an instrument is not asked.
 */
export function instrumentOf(question: string): string | null {
  const named = /^(?:what is the state of|where is)\s+(?:the\s+)?(.+?)(?:\s+located)?\s*\?*$/i.exec(
    question.trim(),
  )?.[1];
  return named?.toLowerCase().replaceAll(/\s+/g, '_') ?? null;
}

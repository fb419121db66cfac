/** The eight instruments of EndoVis-18-VQLA, in the order in which Surgical-VQLA++ appends them. */
export const instruments = [
  'bipolar_forceps',
  'prograsp_forceps',
  'large_needle_driver',
  'monopolar_curved_scissors',
  'ultrasound_probe',
  'suction',
  'clip_applier',
  'stapler',
] as const;

/** The three questions of EndoVis-18-VQLA, word for word. */
export const questionText = {
  organ: (): string => 'What organ is being operated?',
  state: (tool: string): string => `What is the state of ${tool}?`,
  location: (tool: string): string => `Where is ${tool} located?`,
} as const;

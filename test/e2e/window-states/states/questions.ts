/** What the walk asks of the demonstration. */
export const question = {
  place: 'Where is monopolar curved scissors located?',
  organ: 'What organ is being operated?',
  state: 'What is the state of monopolar curved scissors?',
  list: 'Which instruments are in view?',
  absent: 'Where is the stapler?',
  region: 'What is in this region?',
  untaught: 'Is the patient going to be all right after this bleeding?',
  long:
    'Which of the instruments that are in view at this moment would you say is the one that the operator holds in the right hand, ' +
    'and is the tissue between its jaws the renal hilum or the fat that surrounds it?',
} as const;

export { keepSearchable, type FillProgress } from './fill.ts';
export { SearchFilling } from './filling.ts';
export { findRows, mostCounted, type FoundRow } from './find.ts';
export { ownLabelsOf, sessionInWords } from './sources.ts';

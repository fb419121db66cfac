export { fillSearch, keepSearchable } from './fill.ts';
export { findRows, mostCounted, type FoundRow } from './find.ts';
export { ownLabelsOf, sessionInWords } from './sources.ts';

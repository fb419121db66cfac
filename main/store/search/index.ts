export { fillSearch, keepSearchable } from './fill.ts';
export { findRows, mostCounted, type FoundRow } from './find.ts';
export { ownLabelOf, sessionInWords } from './sources.ts';

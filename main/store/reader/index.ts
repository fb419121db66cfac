export { readerQueries } from './queries.ts';
export { StoreReader, type ReaderOptions } from './reader.ts';
export type { ReaderContext, ReaderQuery } from './query.ts';

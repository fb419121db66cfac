import { parentPort, workerData } from 'node:worker_threads';
import type { HomeLayout } from '../home.ts';
import { readerQueries } from './queries.ts';
import { serveQueries } from './serve.ts';

/** Entry of the thread that reads the database where that may take long. */
const { layout } = workerData as { layout: HomeLayout };
serveQueries(parentPort!, layout, readerQueries);

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { HomeLayout } from '../../main/store/home.ts';
import { serveQueries } from '../../main/store/reader/serve.ts';
import { trialQueries } from './reader-queries.ts';

/** A thread of the reader with queries that crash, write and never end. */
const { layout } = workerData as { layout: HomeLayout };
if (existsSync(join(layout.home, 'no-thread'))) process.exit(4);
writeFileSync(join(layout.home, `thread-${process.pid}-${Date.now()}`), '');
serveQueries(parentPort!, layout, trialQueries);

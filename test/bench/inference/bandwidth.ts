import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from '../../../main/inference/onnx-runtime.ts';
import { GraphBuilder } from '../../../models/import/graph.ts';

const megabyte = 2 ** 20;
/** Well beyond any processor's caches. */
const bytes = 512 * megabyte;
const repeats = 5;
const columns = 8192;

// Run in a process of its own, in the environment of the engine's: it may read faster there, and so has to be compared.
process.once('disconnect', () => process.exit());
const found = await memoryBandwidth();
process.send!({ found }, () => process.disconnect());

/**
 * Bytes a second that the processor reads from memory, with as many threads as the engine: the best of several
 * passes over half a gigabyte. Two ways of reading are tried, since either may be held up by something else than
 * memory: a vector times a matrix, which is what decoding a token does, and the largest value of each row.
 */
async function memoryBandwidth(): Promise<number> {
  const rows = bytes / 4 / columns;
  const matrix = new Tensor('float32', new Float32Array(rows * columns).fill(1), [rows, columns]);
  let best = 0;
  for (const reader of [productReader(rows), largestReader(rows)]) {
    const session = await InferenceSession.create(reader.graph.serialise(), {
      intraOpNumThreads: availableParallelism(),
    });
    const feeds = { matrix, ...reader.feeds };
    for (let pass = 0; pass < repeats; pass += 1) {
      const begin = performance.now();
      await session.run(feeds);
      best = Math.max(best, bytes / ((performance.now() - begin) / 1000));
    }
    await session.release();
  }
  return best;
}

interface Reader {
  graph: GraphBuilder;
  feeds: Record<string, Tensor>;
}

function productReader(rows: number): Reader {
  const graph = new GraphBuilder('product');
  const inputs = [graph.input('vector', 'float', [1, rows]), graph.input('matrix', 'float', [rows, columns])];
  graph.node('MatMul', inputs, { output: 'sums' });
  graph.output('sums', 'float', [1, columns]);
  return { graph, feeds: { vector: new Tensor('float32', new Float32Array(rows).fill(1), [1, rows]) } };
}

function largestReader(rows: number): Reader {
  const graph = new GraphBuilder('largest');
  const matrix = graph.input('matrix', 'float', [rows, columns]);
  graph.node('ReduceMax', [matrix, graph.integerVector([1])], {
    attributes: { keepdims: 0 },
    output: 'largest',
  });
  graph.output('largest', 'float', [rows]);
  return { graph, feeds: {} };
}

import { openModelGraphs } from '../../main/inference/graphs/open-model-graphs.ts';
import { openModelDirectory } from '../../main/inference/model/open-model-directory.ts';

/** Decodes token after token, and writes the megabytes that it holds after the first 200 and after 1,700. */
const graphs = await openModelGraphs(await openModelDirectory(process.argv[2]!), {
  device: 'cpu',
  threads: { threads: 1, spinning: false },
});
const embeddings = await graphs.embedder.embed([5]);
const cache = graphs.decoder.newCache(1700);
const held: number[] = [];
for (let token = 1; token <= 1700; token += 1) {
  const positions = Int32Array.of(token, token, token);
  await graphs.decoder.run({ tokens: 1, embeddings, positions, attention: null, logits: 1 }, cache);
  if (token === 200 || token === 1700) {
    globalThis.gc!();
    held.push(process.memoryUsage.rss() / 1e6);
  }
}
await graphs.dispose();
console.log(JSON.stringify(held));

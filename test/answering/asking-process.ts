import { createEngine } from '../../main/inference/index.ts';
import { Bench } from '../review/helpers.ts';

/** A workstation in a process of its own, to be killed: it asks four questions at once and says when the first is written. */
const [folder, model, clip] = process.argv.slice(2) as [string, string, string];
const engine = createEngine();
await engine.load({ directory: model });
const bench = new Bench(engine, { folder, durable: true });
const opened = await bench.open(clip);
const written = bench.next('answer-text', ({ generatedTokens }) => generatedTokens >= 4);
for (let index = 0; index < 4; index++) {
  await bench.ask(opened, index, `Where is suction located? ${index}`, {
    maxNewTokens: index === 0 ? 400 : 8 + index,
    temperature: 1,
    seed: 5,
  });
}
await written;
console.log(opened.session.id);

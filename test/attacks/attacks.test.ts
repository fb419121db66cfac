import { describe, expect, it } from 'vitest';
import { attacks, runAttacks, sayFinding, usualSeed } from '../bench/attacks/index.ts';

/** A part of `npm run bench -- attacks`, with the same seed: 2,000 inputs, and some kills. */
describe('attacks', () => {
  const total = 2000;
  for (const [name, { part }] of Object.entries(attacks)) {
    const inputs = name === 'kills' ? 3 : Math.round(total * part);
    it(`${name}: ${inputs} inputs, and nothing is lost, let in, ended, left hanging or unforeseen`, async () => {
      const [tally] = await runAttacks({ seed: usualSeed, inputs, kills: inputs, only: name });
      expect(tally?.findings.map((finding) => sayFinding(usualSeed, finding))).toEqual([]);
      expect(tally?.inputs).toBe(inputs);
    }, 900_000);
  }
});

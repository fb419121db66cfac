import { expect, test } from 'vitest';
import {
  ORGAN_LOOKS,
  reasonAbsent,
  reasonGrounding,
  reasonLocation,
  reasonOrgan,
  reasonState,
  SCENE_CUES,
} from '../../models/data/dataset/grammar.ts';
import type { State } from '../../models/data/labels.ts';
import { quadrantOf } from '../../preload/contract/boxes.ts';
import { checkCoherence, placesSaid, sidesOfBox } from '../../preload/contract/coherence.ts';
import type { Box } from '../../preload/contract/values.ts';

/** The language of the data set, read by the check that rewards it: whatever the grammar says must be understood. */
const size = { width: 448, height: 360 };

function* boxes(): Generator<Box> {
  for (let index = 0; index < 120; index += 1) {
    const width = 20 + ((index * 37) % 120);
    const height = 20 + ((index * 53) % 120);
    const x = (index * 101) % (size.width - width);
    const y = (index * 67) % (size.height - height);
    yield [x, y, x + width, y + height];
  }
}

/** [label, reasoning] of every rule of the grammar for one box. */
function* told(box: Box): Generator<[string, string]> {
  const place = quadrantOf(box, size);
  yield [place, reasonLocation('clip_applier', place).text];
  yield ['suction', reasonGrounding('suction', false, box, size).text];
  for (const world of ['synthetic', 'real'] as const) {
    for (const state of Object.keys(SCENE_CUES) as State[]) {
      yield [state, reasonState('suction', state, box, size, world).text];
    }
    for (const organ of [...Object.keys(ORGAN_LOOKS), 'uterus']) {
      yield [organ, reasonOrgan(organ, box, size, world).text];
      yield [organ, reasonGrounding(organ, true, box, size).text];
    }
  }
}

test('every generated reasoning is coherent with its box, and with the opposite box it is not', () => {
  let checked = 0;
  for (const box of boxes()) {
    const opposite: Box = [
      size.width - box[2],
      size.height - box[3],
      size.width - box[0],
      size.height - box[1],
    ];
    const { horizontal, vertical } = sidesOfBox(box, size);
    for (const [label, reasoning] of told(box)) {
      expect(checkCoherence({ reasoning, label, box, size }).findings, reasoning).toEqual([]);
      const placed = placesSaid(reasoning).length > 0;
      // An organ near the centre lies "in the middle", which is no side.
      expect(placed || reasoning.includes('in the middle'), reasoning).toBe(true);
      if (placed && (horizontal !== null || vertical !== null)) {
        checked += 1;
        expect(checkCoherence({ reasoning, label, box: opposite, size }).coherent, reasoning).toBe(false);
      }
    }
  }
  expect(checked).toBeGreaterThan(4000);
});

test('the reasoning about an absent instrument goes with no box, and disagrees with one', () => {
  const { text } = reasonAbsent('clip_applier');
  const answer = { reasoning: text, label: 'not visible', size };
  expect(checkCoherence({ ...answer, box: null }).coherent).toBe(true);
  expect(
    checkCoherence({ ...answer, label: 'Idle', box: [1, 1, 9, 9] }).findings.map(({ kind }) => kind),
  ).toEqual(['reasoning-absent']);
});

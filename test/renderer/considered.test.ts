// @vitest-environment happy-dom
import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { alsoConsidered, Box, type Answer } from '../../preload/contract/index.ts';
import AnswerPanel from '../../renderer/components/AnswerPanel.svelte';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { percent, signed } from '../../renderer/view/format.ts';
import { FakeWorkstation, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

const evidence: NonNullable<Answer['evidence']> = {
  labelLogProbability: -0.1378,
  boxLogProbability: -4.5,
  choices: [
    { label: 'Tissue_Manipulation', probability: 0.7 },
    { label: 'Retraction', probability: 0.12 },
    { label: 'Cutting', probability: 0.09 },
    { label: 'Idle', probability: 0.06 },
    { label: 'Suction', probability: 0.03 },
  ],
  entropy: 1.44,
};

let fake: FakeWorkstation;
let workstation: Workstation;
beforeEach(() => {
  fake = new FakeWorkstation();
});
afterEach(() => {
  cleanup();
  workstation.dispose();
});

async function panel(values: Partial<Answer>): Promise<string> {
  fake.addEntry('What is the state of it?', 0, {
    status: 'answered',
    label: 'Tissue_Manipulation',
    box: Box.parse([10, 20, 30, 40]),
    ...values,
  });
  workstation = new Workstation(
    { bridge: fake.bridge, onReach: () => () => undefined },
    new FramePixels().fetch,
    () => now,
  );
  await workstation.start();
  const { review } = workstation;
  if (!review) throw new Error('the fake workstation has no session');
  await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
  render(AnswerPanel, { workstation, review });
  return (screen.getByRole('region', { name: 'Answer' }).textContent ?? '').replaceAll(/\s+/g, ' ');
}

describe('what the model also considered', () => {
  test('stands under the answer, the likeliest two', async () => {
    expect(await panel({ evidence })).toContain('Also considered: Retraction 12 %, Cutting 9 %');
  });

  test('is a warning where another label got more than the one given', async () => {
    const text = await panel({ evidence, label: 'Cutting' });
    expect(text).toContain('Its own numbers favour another label: Tissue manipulation 70 %');
    expect(text).not.toContain('Also considered');
    // One measure: the share that stands beside the label is among the same labels.
    expect(text).toContain('0.09');
    expect(text).toContain('unsure');
  });

  test('is not mentioned where nothing came near, or nothing is known', async () => {
    const sure = { ...evidence, choices: [{ label: 'Tissue_Manipulation', probability: 0.99 }] };
    expect(await panel({ evidence: sure })).not.toContain('considered');
  });

  test('has its numbers with the evidence', async () => {
    const text = await panel({ evidence, status: 'malformed' });
    expect(text).toContain(
      'log-probability of the label \u22120.14, of the box \u22124.50; spread over 5 labels 1.44 bits',
    );
  });

  test('leaves the answer itself and what is unlikely out', () => {
    const choices = evidence.choices.slice(1, 3);
    expect(alsoConsidered({ label: 'Tissue_Manipulation', evidence })).toEqual(choices);
    expect(alsoConsidered({ label: 'Retraction', evidence })[0]!.label).toBe('Tissue_Manipulation');
    expect(alsoConsidered({ label: 'Idle', evidence: null })).toEqual([]);
  });

  test('writes shares and logarithms', () => {
    expect(percent(0.1249)).toBe('12\u202f%');
    expect(signed(-0.1378)).toBe('\u22120.14');
    expect(signed(-0.001)).toBe('0.00');
  });
});

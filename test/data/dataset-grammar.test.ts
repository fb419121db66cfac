import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Tokenizer as TokenizerClass } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { checkCoherence } from '../../preload/contract/coherence.ts';
import type { Box, Size } from '../../preload/contract/values.ts';
import { reasoningFaults } from '../../models/data/dataset/check-record.ts';
import {
  HELD_OUT_WORDINGS,
  ORGAN_LOOKS,
  WORDINGS_OF,
  reasonAbsent,
  reasonGrounding,
  reasonLocation,
  reasonOrgan,
  reasonState,
  spell,
  words,
  type Reasoning,
} from '../../models/data/dataset/grammar.ts';
import { RECORD_TYPES } from '../../models/data/dataset/record.ts';
import { PLACES, QUESTION_TYPES, SCENE_ORGANS, STATES, TOOLS } from '../../models/data/labels.ts';

const size: Size = { width: 400, height: 300 };
const corner: Record<(typeof PLACES)[number], Box> = {
  'left-top': [20, 20, 120, 80],
  'right-top': [300, 10, 390, 60],
  'left-bottom': [10, 200, 90, 290],
  'right-bottom': [250, 180, 400, 300],
};

/** Every sentence that the grammar can say of these boxes, with label and box. */
function everything(): { label: string; box: Box | null; reasoning: Reasoning }[] {
  const all: { label: string; box: Box | null; reasoning: Reasoning }[] = [];
  for (const tool of TOOLS) {
    all.push({ label: 'not visible', box: null, reasoning: reasonAbsent(tool) });
    for (const place of PLACES) {
      const box = corner[place];
      all.push({ label: place, box, reasoning: reasonLocation(tool, place) });
      all.push({ label: tool, box, reasoning: reasonGrounding(tool, false, box, size) });
      for (const world of ['synthetic', 'real'] as const) {
        for (const state of STATES)
          all.push({ label: state, box, reasoning: reasonState(tool, state, box, size, world) });
      }
    }
  }
  for (const organ of [...SCENE_ORGANS, 'prostate']) {
    for (const box of [...Object.values(corner), [100, 80, 320, 230] as Box]) {
      for (const world of ['synthetic', 'real'] as const)
        all.push({ label: organ, box, reasoning: reasonOrgan(organ, box, size, world) });
      all.push({ label: organ, box, reasoning: reasonGrounding(organ, true, box, size) });
    }
  }
  return all;
}

describe('reasoning', () => {
  it('says what is seen, where, and what follows', () => {
    expect(reasonState('bipolar_forceps', 'Grasping', corner['left-top'], size, 'synthetic').text).toBe(
      'The bipolar forceps lies in the upper left. Its jaws pinch a fold of tissue. This is grasping.',
    );
    expect(reasonState('bipolar_forceps', 'Grasping', corner['left-top'], size, 'real').text).toBe(
      'The bipolar forceps lies in the upper left. It grips tissue. This is grasping.',
    );
    expect(reasonLocation('suction', 'right-bottom').text).toBe(
      'The suction is seen right of the middle and below the middle. That is the lower right of the view.',
    );
    expect(reasonOrgan('liver', [100, 80, 320, 230], size, 'synthetic').text).toBe(
      'The organ is large, smooth and brown red with a sharp edge. It lies in the middle. This is the liver.',
    );
    expect(reasonOrgan('kidney', corner['right-top'], size, 'real').text).toBe(
      'The organ is being operated on. It lies in the upper right. This is the kidney.',
    );
    expect(reasonGrounding('clip_applier', false, corner['left-bottom'], size).text).toBe(
      'The clip applier lies in the lower left. Its box is narrow and tall.',
    );
    expect(reasonAbsent('clip_applier').text).toBe(
      'No clip applier is seen in this view. The question cannot be answered here.',
    );
  });

  it('marks the first word, places, cues and labels', () => {
    const { text, spans } = reasonState(
      'suction',
      'Tool_Manipulation',
      corner['right-top'],
      size,
      'synthetic',
    );
    expect(spans.map(([from, to, role]) => [text.slice(from, to), role])).toEqual([
      ['The', 'presence'],
      [' upper right', 'place'],
      [' It holds a part of another instrument', 'cue'],
      [' tool manipulation', 'cue'],
    ]);
    const location = reasonLocation('suction', 'left-top');
    expect(location.spans.map(([from, to, role]) => [location.text.slice(from, to), role])).toEqual([
      ['The', 'presence'],
      [' left', 'place'],
      [' above', 'place'],
      [' upper left', 'place'],
    ]);
  });

  it('is short, closed in vocabulary, sound in its spans and true to its box in every case', () => {
    const vocabulary = new Set<string>();
    for (const { label, box, reasoning } of everything()) {
      const { text, spans } = reasoning;
      expect(reasoningFaults(text, label, spans), text).toEqual([]);
      expect(checkCoherence({ reasoning: text, label, box, size }).findings, text).toEqual([]);
      const said = text.toLowerCase().match(/[a-z]+/g) ?? [];
      expect(said.length, text).toBeLessThanOrEqual(30);
      for (const word of said) vocabulary.add(word);
    }
    expect(vocabulary.size).toBeLessThan(220);
  });

  it('states a place that the coherence check can hold against a wrong box', () => {
    const wrong = corner['right-bottom'];
    for (const reasoning of [
      reasonLocation('suction', 'left-top'),
      reasonState('suction', 'Idle', corner['left-top'], size, 'synthetic'),
      reasonOrgan('liver', corner['left-top'], size, 'synthetic'),
      reasonGrounding('suction', false, corner['left-top'], size),
    ]) {
      const { findings } = checkCoherence({ reasoning: reasoning.text, label: null, box: wrong, size });
      expect(findings.length, reasoning.text).toBeGreaterThan(0);
    }
  });

  it('knows a look for every organ of the scenes', () => {
    expect(Object.keys(ORGAN_LOOKS).sort()).toEqual([...SCENE_ORGANS].sort());
  });

  it('is tokenised alike piece by piece and whole', () => {
    const nano = (name: string): object =>
      JSON.parse(readFileSync(resolve(import.meta.dirname, '../../models/nano', name), 'utf8')) as object;
    // The library's own declarations do not resolve under Node's module rules, and mean `any`.
    const Tokenizer = TokenizerClass as unknown as new (
      file: object,
      config: object,
    ) => {
      encode: (text: string, options: { add_special_tokens: boolean }) => { ids: number[] };
    };
    const tokenizer = new Tokenizer(nano('tokenizer.json'), nano('tokenizer_config.json'));
    const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
    for (const { reasoning } of everything()) {
      const cuts = reasoning.spans.flatMap(([from, to]) => [from, to]);
      const edges = [0, ...cuts, reasoning.text.length];
      const pieces = edges.slice(1).flatMap((end, i) => {
        const piece = reasoning.text.slice(edges[i], end);
        return piece === '' ? [] : encode(piece);
      });
      expect(pieces, reasoning.text).toEqual(encode(reasoning.text));
    }
  });
});

describe('questions', () => {
  it('have at least eight wordings in training, the first of them the data set’s, and four held out', () => {
    for (const type of RECORD_TYPES) {
      expect(WORDINGS_OF[type].length, type).toBeGreaterThanOrEqual(8);
      expect(HELD_OUT_WORDINGS[type].length, type).toBeGreaterThanOrEqual(4);
      const all = [...WORDINGS_OF[type], ...HELD_OUT_WORDINGS[type]].map((text) => text.toLowerCase());
      expect(new Set(all).size, type).toBe(all.length);
      for (const text of all) expect(text.includes('{subject}'), text).toBe(type !== 'organ');
    }
    expect(QUESTION_TYPES.map((type) => WORDINGS_OF[type][0])).toEqual([
      'What organ is being operated?',
      'What is the state of {subject}?',
      'Where is {subject} located?',
    ]);
  });

  it('are held out in their order of words alone', () => {
    const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+|\{subject\}/g) ?? [];
    for (const type of RECORD_TYPES) {
      const known = new Set(WORDINGS_OF[type].flatMap(wordsOf));
      for (const text of HELD_OUT_WORDINGS[type])
        expect(
          wordsOf(text).filter((word) => !known.has(word)),
          text,
        ).toEqual([]);
    }
  });

  it('do not share a wording between types', () => {
    const all = RECORD_TYPES.flatMap((type) => [...WORDINGS_OF[type], ...HELD_OUT_WORDINGS[type]]);
    expect(new Set(all).size).toBe(all.length);
  });

  it('spell an instrument in three ways', () => {
    expect(spell('Where is {subject} located?', 'clip_applier', 'underscores')).toBe(
      'Where is clip_applier located?',
    );
    expect(spell('Where is the {subject}?', 'clip_applier', 'words')).toBe('Where is the clip applier?');
    expect(spell('Where is the {subject}?', 'clip_applier', 'small')).toBe('where is the clip applier?');
    expect(words('monopolar_curved_scissors')).toBe('monopolar curved scissors');
  });
});

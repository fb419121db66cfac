import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CheckpointManifest } from '../../preload/contract/model.ts';
import { understandQuestion } from '../../preload/contract/reading/reading.ts';
import { QuestionSense } from '../../preload/contract/reading/sense.ts';
import type { ModelTeaching } from '../../preload/contract/teaching.ts';
import { nonsense } from '../../models/data/dataset/language/refusals.ts';
import { wideQuestion, wideRefusal } from '../../models/data/dataset/language/wide.ts';
import { Random } from '../../models/data/scenes/random.ts';

const taught = CheckpointManifest.parse(
  JSON.parse(readFileSync(new URL('../../models/nano/manifest.json', import.meta.url), 'utf8')),
).taught as ModelTeaching;
const sense = taught.sense!;
const asked = (text: string): string | null => {
  const { taught: known, reading } = understandQuestion(text, taught);
  return known ? text : (reading?.asked ?? null);
};

describe('a question in words that the model was taught, but in no wording of theirs', () => {
  test.each([
    [
      'how many of the surgical tools can actually be seen in the picture',
      'How many instruments are in view?',
    ],
    ['read out the tools that are on screen', 'Which instruments are in view?'],
    ['check whether there is blood anywhere', 'Is there any blood in view?'],
    ['the lowest instrument in the image, which one is it', 'Which instrument is furthest bottom?'],
    ['out of the instruments what is closest to the smoke', 'Which instrument is nearest to the smoke?'],
    ['which of the tools is burning tissue', 'Which instrument is doing cauterization?'],
    ['put a frame around the bipolar forceps', 'Locate the bipolar forceps.'],
    ['give me a short account of this picture', 'Describe the frame.'],
    // Words that no taught question has, which only dress it, and a slip.
    ['which tool is on the left side', 'Which instrument is furthest left?'],
    ['delineate the stapler for me', 'Locate the stapler.'],
    ['how many devices are portrayed', 'How many instruments are in view?'],
    ['the needle, which tool is nearest to it', 'Which instrument is nearest to the needle?'],
    ['would you enumerate the instrumnets in this panorama', 'Which instruments are in view?'],
    ['For the report: is smoke discernible?', 'Is there any smoke in view?'],
    ['Is there any smoke, right?', 'Is there any smoke in view?'],
    ['yes or no, any blood', 'Is there any blood in view?'],
    ['is it right that there is smoke', 'Is there any smoke in view?'],
    ['which tool is used for cutting tissue at present', 'Which instrument is doing cutting?'],
  ])('%j is asked as %j', (text, expected) => {
    expect(asked(text)).toBe(expected);
  });

  test.each([
    // The same words ask something else.
    'what is the name of the surgeon',
    'who made this stapler',
    'which tool is broken',
    'do you like smoke',
    'how does a stapler work',
    'is the needle sterile',
    // One word turns the question round, or moves it to another time.
    'check whether there is no blood anywhere',
    'is the suction out of view',
    'check whether there was blood anywhere',
    'which of the tools should be burning tissue',
    'i see smoke in this picture',
    // A thing too many, or one that is unknown.
    'please find and mark the stapler and the suction',
    'check whether there is a ureter anywhere',
    'check whether there is blood in the bladder',
    'is there arterial bleeding',
    'which instrument is perforating the organ',
    'which organ is bleeding',
    'which instruments are dirty',
    'how many instruments are needed',
    'of the instruments, which are needed',
    'which nurse is on the left side',
    'delineate the tumour',
    'is smoke discernible in the previous picture',
    'For the report: is there no smoke?',
    'would you use the stapler here',
    'what would you do about the bleeding',
  ])('%j is not asked', (text) => {
    expect(asked(text)).toBeNull();
  });

  test('is led to the likeliest meaning first where it is not sure', () => {
    const first = (text: string): string | undefined => understandQuestion(text, taught).rewrites[0];
    expect(first('count the forceps')).toBe('How many instruments are in view?');
    expect(first('how many forceps are there')).toBe('How many instruments are in view?');
    expect(first('have we got any gel in view')).toBe('Is there any gel in view?');
  });

  test('of unseen draws is read as its own kind, and what is to be declined is not read', () => {
    const random = new Random(20_261_127);
    const kinds = {
      instruments: 'instruments',
      count: 'count',
      description: 'description',
      touching: 'relation',
    } as const;
    const topics = Object.keys(kinds) as (keyof typeof kinds)[];
    let read = 0;
    let other = 0;
    for (let i = 0; i < 400; i++) {
      const topic = topics[i % topics.length]!;
      const { reading } = understandQuestion(
        wideQuestion(random, topic, { subject: 'organ', named: null })!,
        taught,
      );
      if (reading !== null) read++;
      if (reading !== null && reading.kind !== kinds[topic]) other++;
    }
    expect(read).toBeGreaterThan(120);
    expect(other).toBeLessThanOrEqual(4);
    let passed = 0;
    for (let i = 0; i < 400; i++) {
      if (asked(wideRefusal(random, i % 2 === 0 ? 'picture' : 'question', nonsense)!) !== null) passed++;
    }
    expect(passed).toBeLessThanOrEqual(8);
  });
});

describe('a statement of what words ask', () => {
  test('is refused with weights that are too few, or of other things', () => {
    expect(QuestionSense.safeParse(sense).success).toBe(true);
    expect(QuestionSense.safeParse({ ...sense, buckets: sense.buckets - 1 }).success).toBe(false);
    expect(QuestionSense.safeParse({ ...sense, weights: 'no base64!' }).success).toBe(false);
    expect(QuestionSense.safeParse({ ...sense, senses: ['none', 'prognosis'] }).success).toBe(false);
  });

  test('may be missing: then only patterns and taught words count', () => {
    const { reading } = understandQuestion('which of the tools is burning tissue', { kinds: taught.kinds });
    expect(reading).toBeNull();
  });
});

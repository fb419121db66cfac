import { basename, join } from 'node:path';
import { quadrantOf } from '../../../preload/contract/boxes.ts';
import { throwIfAborted } from '../../../preload/contract/errors.ts';
import { questionText } from '../../../preload/contract/vocabulary.ts';
import { takeName } from '../dataset/sources.ts';
import type { OpenSource } from '../dataset/sources.ts';
import type { Split } from '../dataset/record.ts';
import type { AnnotatedFrame, LabelFile } from '../endovis.ts';
import type { Plan } from './plan.ts';
import type { AnnotatedFolder, AnnotatedPicture } from './types.ts';

/** Marked pictures with a plan of who goes where. */
export interface PlannedFolder {
  folder: AnnotatedFolder;
  plan: Plan;
}

export interface PlannedSource {
  source: OpenSource;
  splitOf: (sequence: string) => Split;
}

/** Marked pictures as a source like any other: each thing is asked for by its name, where it is and for its box. */
export function plannedSource({ folder, plan }: PlannedFolder, names: Set<string>): PlannedSource {
  const { root, skipped, corrected } = folder;
  const used = folder.pictures.filter(({ image }) => plan.has(image));
  const splits = new Map([...plan.values()].map(({ sequence, split }) => [sequence, split]));
  const labelOf = ({ image }: AnnotatedPicture): LabelFile => ({
    path: join(root, image),
    root,
    kind: 'vqla',
    sequence: plan.get(image)!.sequence,
  });
  const source: OpenSource = {
    entry: { name: takeName(basename(root), names), root, layout: folder.kind },
    world: 'real',
    subjects: folder.labels,
    sequenceOf: ({ sequence }) => sequence ?? 'whole',
    files: {
      folder: root,
      labels: used.map(labelOf),
      skipped: [...skipped],
      corrected: [...corrected],
      textFiles: 0,
      imageFiles: folder.pictures.length,
      async *frames({ onFile, signal } = {}) {
        for (const picture of used) {
          throwIfAborted(signal);
          const label = labelOf(picture);
          onFile?.(label);
          yield await Promise.resolve(frameOf(picture, label));
        }
      },
    },
  };
  return { source, splitOf: (sequence) => splits.get(sequence)! };
}

function frameOf(picture: AnnotatedPicture, { path, sequence }: LabelFile): AnnotatedFrame {
  const { width, height, file, things, whole, image } = picture;
  return {
    image: path,
    frameId: basename(image),
    sequence,
    width,
    height,
    file,
    whole,
    rows: things.map(({ label, box }, index) => ({
      question: questionText.location(label),
      questionType: 'location',
      answer: quadrantOf(box, { width, height }),
      box,
      line: index + 1,
    })),
  };
}

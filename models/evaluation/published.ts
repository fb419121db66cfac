/**
 * Figures that others published, for reading beside our own on the real sets. They stand apart from ours, each
 * with its source, and `mIoU` is the reference repository's inflated one throughout.
 */
export interface PublishedRow {
  model: string;
  set: 'EndoVis-18-VQLA' | 'EndoVis-17-VQLA';
  accuracy: number;
  macroF: number | null;
  miouReference: number | null;
  source: keyof typeof PUBLISHED_SOURCES;
}

export const PUBLISHED_SOURCES = {
  S: 'reported by readers of the paper Surgery-R1 (arXiv 2506.19469); not checked against the paper itself',
  X: 'computed from the published label files of the reference repository (longbai1006/Surgical-VQLA)',
} as const;

export const PUBLISHED: readonly PublishedRow[] = [
  row('Question text alone, no image', '18', 0.613, null, null, 'X'),
  row('Qwen2.5-VL, zero shot', '18', 0.0322, 0.0746, 0.3144),
  row('Surgery-R1, SFT only (first variant)', '18', 0.6499, 0.3951, 0.7325),
  row('Surgery-R1, SFT only (second variant)', '18', 0.6627, 0.3723, 0.7526),
  row('Surgery-R1, SFT + RFT', '18', 0.7297, 0.3921, 0.8734),
  row('Surgery-R1, full', '18', 0.7356, 0.4576, 0.8721),
  row('Qwen2.5-VL, zero shot', '17', 0.0389, 0.0349, 0.2351),
  row('Surgery-R1, SFT only (first variant)', '17', 0.4125, 0.3144, 0.721),
  row('Surgery-R1, SFT only (second variant)', '17', 0.4021, 0.355, 0.7263),
  row('Surgery-R1, SFT + RFT', '17', 0.513, 0.4523, 0.8024),
  row('Surgery-R1, full', '17', 0.5672, 0.4422, 0.8422),
];

function row(
  model: string,
  set: '18' | '17',
  accuracy: number,
  macroF: number | null,
  miouReference: number | null,
  source: PublishedRow['source'] = 'S',
): PublishedRow {
  return { model, set: `EndoVis-${set}-VQLA`, accuracy, macroF, miouReference, source };
}

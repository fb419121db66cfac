import type { AnswerId, Box, TrackId } from '../../preload/contract/index.ts';

/**
 * Whose a box is, and how it came: the region that was asked about, of the model, of another version of its answer, of a person who corrects, or of a person who carries it over frames, where it is
 * set on this very frame or worked out between two. Each has a line of its own, so that nobody needs the colours.
 */
export const boxKinds = ['region', 'model', 'other', 'own', 'key-frame', 'interpolated'] as const;
export type BoxKind = (typeof boxKinds)[number];

/** A box that is drawn on a picture. */
export interface PictureBox {
  readonly kind: BoxKind;
  /** In pixels of the source frame. */
  readonly box: Box;
  /** Empty where the box says nothing. */
  readonly label: string;
  /** Beside the label, whole however long that is: its probability. */
  readonly figure?: string;
  readonly answerId?: AnswerId;
  readonly trackId?: TrackId;
}

/** The gaps in a box's line, in CSS pixels as SVG writes them; undefined for a whole line. */
export const boxDashes: Readonly<Record<BoxKind, string | undefined>> = {
  region: '2 4',
  model: undefined,
  other: '7 4',
  own: '7 4',
  'key-frame': '14 4',
  interpolated: '2 5',
};

/** The words of a label, but for its figure. */
export function labelWords({ kind, label }: Pick<PictureBox, 'kind' | 'label'>): string {
  if (label === '') return '';
  switch (kind) {
    case 'own':
      return `yours: ${label}`;
    case 'key-frame':
      return `${label} · key frame`;
    case 'interpolated':
      return `${label} · interpolated`;
    case 'region':
    case 'model':
    case 'other':
      return label;
  }
}

const owners: Readonly<Record<BoxKind, string>> = {
  region: 'The region that was asked about',
  model: 'The model’s box',
  other: 'The box of the other version',
  own: 'Your box',
  'key-frame': 'Box over frames, key frame',
  interpolated: 'Box over frames, interpolated',
};

/** A box as it is read out: whose it is, what it says, and where it lies. */
export function boxDescription({
  kind,
  box,
  label,
  figure = '',
}: Pick<PictureBox, 'kind' | 'box' | 'label' | 'figure'>): string {
  const said = label ? `: ${label}${figure && ` · ${figure}`}` : '';
  return `${owners[kind]}${said}, from ${box.map((edge) => Math.round(edge)).join(', ')}`;
}

/**
 * True where every kind of a table is run: with `EVERY_KIND=1`, when something about opening, counting or decoding changes.
 * Each run of the suite takes those of a table that differ most from one another.
 */
export const everyKind = Boolean(process.env['EVERY_KIND']);

/** Of a table's kinds, those that this run takes. */
export const taken = <T>(all: readonly T[], always: (kind: T) => boolean): T[] =>
  all.filter((kind) => everyKind || always(kind));

import type { ErrorReport } from '../../preload/contract/errors.ts';
import type { UnreadableRow } from './database.ts';

const nouns: Readonly<Record<string, string>> = {
  answers: 'answer',
  bookmarks: 'bookmark',
  cases: 'case',
  models: 'model',
  questions: 'question',
  segments: 'segment',
  sessions: 'session',
  settings: 'setting',
  tracks: 'box over frames',
  verdicts: 'verdict',
  videos: 'video',
};

/** Counts the rows of a database that could not be read, each once however often it is met. */
export class UnreadableRows {
  readonly #met = new Map<string, UnreadableRow>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Adds a row. Returns false if it was met before. */
  add(row: UnreadableRow): boolean {
    const key = `${row.table} ${row.id}`;
    if (this.#met.has(key)) return false;
    this.#met.set(key, row);
    this.#onChange();
    return true;
  }

  clear(): void {
    this.#met.clear();
  }

  /** Tells a person of "1 question and parts of 2 answers"; null if everything could be read. */
  notice(): ErrorReport | null {
    if (this.#met.size === 0) return null;
    const counts = new Map<string, number>();
    for (const { table, fields } of this.#met.values()) {
      const kind = `${fields === null ? '' : 'part of '}${table}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    const parts = [...counts].map(([kind, count]) => {
      const [table, prefix] = kind.startsWith('part of ') ? [kind.slice(8), 'parts of '] : [kind, ''];
      return `${prefix}${count} ${nouns[table] ?? table}${count === 1 ? '' : 's'}`;
    });
    return {
      code: 'store-corrupt',
      message: `Some of the database can’t be read any more and is not shown: ${parts.join(', ')}. Everything else is there.`,
      hint: 'Nothing was deleted. An earlier backup may still hold it: see the backups.',
    };
  }
}

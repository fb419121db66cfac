import { rename, rm } from 'node:fs/promises';
import { ParquetWriter, fileWriter } from 'hyparquet-writer/src/node.js';
import type { ColumnSource } from 'hyparquet-writer/src/node.js';
import type { RowFile } from './jsonl-file.ts';

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

/** A column: text, a whole number, a group of named columns, or a list of one. */
export type ColumnType = 'text' | 'integer' | { group: Record<string, ColumnType> } | { list: ColumnType };

/** Schema elements of a column in the order of Apache Parquet, lists in its standard three levels. */
function elementsOf(name: string, type: ColumnType): SchemaElement[] {
  if (type === 'text')
    return [{ name, repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
  if (type === 'integer') return [{ name, repetition_type: 'OPTIONAL', type: 'INT64' }];
  if ('group' in type) {
    const children = Object.entries(type.group);
    return [
      { name, repetition_type: 'OPTIONAL', num_children: children.length },
      ...children.flatMap(([child, childType]) => elementsOf(child, childType)),
    ];
  }
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...elementsOf('element', type.list),
  ];
}

/** Whole numbers as the 64-bit integers that the column holds. */
function stored(value: unknown, type: ColumnType): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'text') return value;
  if (type === 'integer') return BigInt(value as number);
  if ('list' in type) return (value as unknown[]).map((item) => stored(item, type.list));
  return Object.fromEntries(
    Object.entries(type.group).map(([name, child]) => [
      name,
      stored((value as Record<string, unknown>)[name], child),
    ]),
  );
}

const ROWS_PER_GROUP = 2000;

/** Rows as Apache Parquet, a group of rows at a time. */
export class ParquetFile implements RowFile {
  readonly #path: string;
  readonly #columns: Readonly<Record<string, ColumnType>>;
  readonly #writer: ParquetWriter;
  #rows: object[] = [];

  constructor(path: string, columns: Readonly<Record<string, ColumnType>>) {
    this.#path = path;
    this.#columns = columns;
    const names = Object.entries(columns);
    this.#writer = new ParquetWriter({
      writer: fileWriter(this.#partial),
      schema: [
        { name: 'root', num_children: names.length },
        ...names.flatMap(([name, type]) => elementsOf(name, type)),
      ],
    });
  }

  get #partial(): string {
    return `${this.#path}.partial`;
  }

  async write(row: object): Promise<void> {
    this.#rows.push(row);
    if (this.#rows.length >= ROWS_PER_GROUP) await this.#flush();
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length === 0) return;
    const columnData = Object.entries(this.#columns).map(([name, type]): ColumnSource => ({
      name,
      data: rows.map((row) => stored((row as Record<string, unknown>)[name], type)),
    }));
    await this.#writer.write({ columnData, rowGroupSize: ROWS_PER_GROUP });
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#writer.finish();
    await rename(this.#partial, this.#path);
  }

  async discard(): Promise<void> {
    this.#rows = [];
    await rm(this.#partial, { force: true });
  }
}

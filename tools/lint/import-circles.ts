import { readFileSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Rule } from 'eslint';
import typescript from 'typescript';

/**
 * No import leads back to where it began. Files that import each other, by however many steps, are one file in pieces:
 * none of them can be read, tested or moved without the others. Imports of types count, too; a type that two files need
 * has a place below both.
 */

/** The files that a file imports, by whole paths; packages and what is not there are left out. */
export type ImportsOf = (file: string) => readonly string[];

/** The shortest way along imports from `first` to `target`, both included; null where none leads there. */
export function wayTo(target: string, first: string, importsOf: ImportsOf): string[] | null {
  const cameFrom = new Map<string, string | null>([[first, null]]);
  for (const file of cameFrom.keys()) {
    if (file === target) {
      const way: string[] = [];
      for (let at: string | null = file; at !== null; at = cameFrom.get(at) ?? null) way.unshift(at);
      return way;
    }
    for (const next of importsOf(file)) if (!cameFrom.has(next)) cameFrom.set(next, file);
  }
  return null;
}

/** The code of a component's scripts; all of any other file. */
function scriptOf(file: string, content: string): string {
  if (!file.endsWith('.svelte')) return content;
  return [...content.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, code]) => code).join('\n');
}

/** An editor keeps the rule loaded while files change under it; one run asks for a file thousands of times. */
const trustMilliseconds = 1000;
const kept = new Map<string, { imports: string[]; modified: number; lookedAt: number }>();

/** What a file on disk imports of ours. A file that is not there imports nothing. */
export function importsOnDisk(file: string): readonly string[] {
  const known = kept.get(file);
  const now = performance.now();
  if (known !== undefined && now - known.lookedAt < trustMilliseconds) return known.imports;
  const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (modified === undefined) return [];
  if (known?.modified === modified) {
    known.lookedAt = now;
    return known.imports;
  }
  const code = scriptOf(file, readFileSync(file, 'utf8'));
  const imports = typescript
    .preProcessFile(code, true, true)
    .importedFiles.filter(({ fileName }) => /^\.{1,2}\/.*\.(ts|svelte)$/.test(fileName))
    .map(({ fileName }) => resolve(dirname(file), fileName));
  kept.set(file, { imports, modified, lookedAt: now });
  return imports;
}

export const importCirclesRule: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Keep imports from leading back to where they began' },
    schema: [],
    messages: { circle: 'This import leads back here: {{way}}. Move what both need into a file below them.' },
  },
  create(context) {
    const file = context.filename;

    function check(node: Rule.Node, source: unknown): void {
      if (typeof source !== 'string' || !source.startsWith('.')) return;
      const way = wayTo(file, resolve(dirname(file), source), importsOnDisk);
      if (way === null) return;
      const names = [file, ...way].map((each) => relative(context.cwd, each).split(sep).join('/'));
      context.report({ node, messageId: 'circle', data: { way: names.join(' -> ') } });
    }

    return {
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => check(node, node.source?.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ImportExpression: (node) => check(node, node.source.type === 'Literal' ? node.source.value : undefined),
    };
  },
};

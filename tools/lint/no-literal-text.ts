import type { Rule } from 'eslint';

/**
 * What a person reads stands in the catalogue (`renderer/words`), so that it can be translated. In files that were converted,
 * a text in the markup, in an attribute that is read out or shown, or a sentence in the script is refused.
 */

/** Attributes that are shown or read out, in elements and in our components alike. */
const read = new Set([
  'aria-label',
  'aria-description',
  'title',
  'placeholder',
  'alt',
  'label',
  'text',
  'hint',
]);

/** Nodes through which a literal becomes what its expression gives. */
const passing = new Set([
  'ConditionalExpression',
  'LogicalExpression',
  'TemplateLiteral',
  'BinaryExpression',
]);

const hasWord = (text: string): boolean => /\p{L}{2}/u.test(text);

/** Whether a text is a sentence, or part of one, rather than a selector, a path or a name of the program. */
const isSentence = (text: string): boolean =>
  /\p{L}[,;:.!?’”]?\s+[“‘(]?\p{L}/u.test(text) && !/[[\]{}<>=\\/]|^[.#]|--/.test(text);

interface Node {
  readonly type: string;
  readonly parent?: Node | null;
  readonly [name: string]: unknown;
}

/** The attribute whose value a node is part of, or the markup itself, if nothing but passing nodes lies between. */
function shownIn(node: Node): string | null {
  let child = node;
  for (let at = node.parent; at; at = at.parent ?? null) {
    if (at.type === 'SvelteMustacheTag') {
      const attribute = at.parent;
      if (attribute?.type.endsWith('Directive')) return null;
      if (attribute?.type !== 'SvelteAttribute') return 'text';
      const { name } = (attribute['key'] ?? {}) as { name?: string };
      return name !== undefined && read.has(name) ? name : null;
    }
    if (!passing.has(at.type) || at['test'] === child) return null;
    if (at.type === 'BinaryExpression' && at['operator'] !== '+') return null;
    child = at;
  }
  return null;
}

/** Whether a text is a selector, which the page is searched with. */
function isSelector({ parent }: Node): boolean {
  const { property } = (parent?.['callee'] ?? {}) as { property?: { name?: string } };
  return /^(closest|matches|querySelector(All)?)$/.test(property?.name ?? '');
}

const isTyping = ({ parent }: Node): boolean =>
  parent?.type === 'ImportDeclaration' || (parent?.type.startsWith('TS') ?? false);

export const noLiteralTextRule: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Keep what people read in the catalogue of texts' },
    schema: [],
    messages: {
      literal: '“{{text}}” is read by people: give it a key in renderer/words/english, and say(key).',
    },
  },
  create(context) {
    const refuse = (node: unknown, text: string): void => {
      const shown = text.trim().replace(/\s+/g, ' ').slice(0, 40);
      context.report({ node: node as Rule.Node, messageId: 'literal', data: { text: shown } });
    };
    const literal = (node: Node, text: string): void => {
      if (isTyping(node) || isSelector(node)) return;
      if (isSentence(text) || (shownIn(node) !== null && hasWord(text))) refuse(node, text);
    };
    const listeners = {
      SvelteText(node: Node): void {
        const text = String(node['value']);
        if (node.parent?.type !== 'SvelteStyleElement' && hasWord(text)) refuse(node, text);
      },
      SvelteLiteral(node: Node): void {
        const { name } = (node.parent?.['key'] ?? {}) as { name?: string };
        const text = String(node['value']);
        if (name !== undefined && read.has(name) && hasWord(text)) refuse(node, text);
      },
      Literal(node: Node): void {
        if (typeof node['value'] === 'string') literal(node, node['value']);
      },
      TemplateElement(node: Node): void {
        const { cooked } = node['value'] as { cooked?: string | null };
        if (typeof cooked === 'string') literal({ ...node, parent: node.parent ?? null }, cooked);
      },
    };
    return listeners as unknown as Rule.RuleListener;
  },
};

import type { Rule } from 'eslint';

/**
 * An expectation inside a part that stands in for a real one is thrown into whatever calls that part, which may well
 * catch it and go on: the test then passes whatever happens. So a double collects, and the test itself expects.
 *
 * A function counts as a double where it is assigned to a member (`engine.answer = async () => …`), where it is a member
 * of an object (`{ save: () => … }`) or of a class that takes another's place (`class Scripted implements Engine`), and
 * wherever inside of such a one.
 */

type Node = Rule.Node;

const isFunction = ({ type }: Node): boolean =>
  type === 'FunctionExpression' || type === 'ArrowFunctionExpression' || type === 'FunctionDeclaration';

/** Functions of the test runner: what is given to them is the test itself, or is waited for by it. */
const runners = /^(it|test|describe|beforeAll|beforeEach|afterAll|afterEach|waitFor|poll|expect)$/;

function calledName(callee: { type: string; name?: string; object?: unknown; property?: unknown }): string {
  if (callee.type === 'Identifier') return callee.name ?? '';
  if (callee.type !== 'MemberExpression') return '';
  const { object, property } = callee as { object: { name?: string }; property: { name?: string } };
  return runners.test(property.name ?? '') ? (property.name ?? '') : (object.name ?? '');
}

interface Parent {
  type: string;
  left?: { type: string };
  right?: unknown;
  value?: unknown;
  parent?: { parent?: { implements?: unknown[]; superClass?: unknown } | null } | null;
}

/** Whether a function is a part that the code under test will call. */
function isDouble(node: Node): boolean {
  const parent = node.parent as unknown as Parent;
  switch (parent.type) {
    case 'AssignmentExpression':
      return parent.right === node && parent.left?.type === 'MemberExpression';
    case 'Property':
      return parent.value === node;
    case 'PropertyDefinition':
    case 'MethodDefinition': {
      const of = parent.parent?.parent;
      return parent.value === node && ((of?.implements?.length ?? 0) > 0 || of?.superClass != null);
    }
    default:
      return false;
  }
}

export const noExpectInDoublesRule: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Keep expectations out of parts that stand in for real ones' },
    schema: [],
    messages: {
      inside:
        'This expectation is thrown into the part under test, which may swallow it. Collect what happened here, and expect it in the test.',
    },
  },
  create(context) {
    return {
      'CallExpression[callee.name="expect"]'(node: Node) {
        for (let at: Node | null = node; at !== null; at = at.parent) {
          if (!isFunction(at)) continue;
          const { parent } = at;
          const argument = parent?.type === 'CallExpression' && (parent.arguments as unknown[]).includes(at);
          if (argument && runners.test(calledName(parent.callee))) return;
          if (isDouble(at)) {
            context.report({ node, messageId: 'inside' });
            return;
          }
        }
      },
    };
  },
};

import { relative, sep } from 'node:path';
import type { Rule } from 'eslint';
import { kindOfCode } from '../../main/platform/file-errors.ts';

/**
 * What the system's codes of file errors mean, and how a person is told, is decided in one place. A second one soon
 * forgets a code that another platform gives, or words the same refusal otherwise.
 */

const onlyPlace = 'main/platform/file-errors.ts';
/** Tests and tools make such errors, and look at what is given back for them. */
const outside = /^(test|tools)\//;

/** The code of a file error that a literal holds, or null. */
export const fileErrorCode = (value: unknown): string | null =>
  typeof value === 'string' && Object.hasOwn(kindOfCode, value) ? value : null;

export const fileErrorsRule: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Keep what file errors mean, and their words, in one place' },
    schema: [],
    messages: {
      code: `'{{code}}' is told by ${onlyPlace} alone: ask refusalOf, isMissing or isDiskFull, and say it with reasonInWords.`,
    },
  },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    if (file === onlyPlace || outside.test(file)) return {};
    const refuse = (node: Rule.Node, value: unknown): void => {
      const code = fileErrorCode(value);
      if (code !== null) context.report({ node, messageId: 'code', data: { code } });
    };
    return {
      Literal(node) {
        refuse(node, node.value);
      },
      TemplateElement(node) {
        refuse(node, node.value.cooked);
      },
      // `case` and comparisons are literals; a table of words has the codes as its keys.
      'Property > Identifier.key'(node: Rule.Node & { name?: string }) {
        if ((node.parent as { computed?: boolean } | null)?.computed !== true) refuse(node, node.name);
      },
    };
  },
};

import { join } from 'node:path';
import { RuleTester } from 'eslint';
import * as svelteParser from 'svelte-eslint-parser';
import typescript from 'typescript-eslint';
import { describe, it } from 'vitest';
import { noLiteralTextRule } from '../../tools/lint/no-literal-text.ts';

RuleTester.describe = describe;
RuleTester.it = it;

const root = join(import.meta.dirname, '..', '..');
const svelte = (code: string) => ({ filename: join(root, 'renderer/components/Any.svelte'), code });
const refused = (code: string, count = 1) => ({
  ...svelte(code),
  errors: Array.from({ length: count }, () => ({ messageId: 'literal' })),
});

new RuleTester({
  languageOptions: { parser: svelteParser, parserOptions: { parser: typescript.parser } },
}).run('house/no-literal-text', noLiteralTextRule, {
  valid: [
    svelte('<button type="button" class="button main">{say("settings.title")}</button>'),
    svelte('<p data-part="site" aria-label={say("tour.name")}>· {count} %</p>'),
    svelte('<p class={isOpen ? "open" : "closed"}>{name}</p>'),
    svelte('<p>{kind === "case" ? say("a") : say("b")}</p>'),
    svelte(
      '<script lang="ts">import { x } from "./a b.ts"; const s = document.querySelector("form [data-x]");</script>',
    ),
    svelte('<script lang="ts">const keys = ["ArrowLeft", "Escape"]; type A = "one" | "two words";</script>'),
    svelte('<p style:visibility={isOpen ? "visible" : "hidden"}>{name}</p>'),
    svelte('<script lang="ts">if (x.closest("button, a, input")) y();</script>'),
    svelte('<style>\n  .a { color: red; }\n</style>'),
  ],
  invalid: [
    refused('<button type="button">Open video</button>'),
    refused('<p aria-label="Lists">{x}</p>'),
    refused('<Dialog title="Go to" />'),
    refused('<p>{isOpen ? "Open" : "Closed"}</p>', 2),
    refused('<p title={`${name} is here`}>{x}</p>'),
    refused('<p>{`${count} frames`}</p>'),
    refused('<script lang="ts">told = "Single keys are off.";</script>'),
    refused('<script lang="ts">told = `The key of “${text}” is changed.`;</script>', 2),
    refused('<p>{x}, or <strong>not</strong></p>', 2),
  ],
});

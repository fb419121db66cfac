import eslint from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import { defineConfig } from 'eslint/config';
import typescript from 'typescript-eslint';
import { fileErrorsRule } from './tools/lint/file-errors.ts';
import { importCirclesRule } from './tools/lint/import-circles.ts';
import { layersRule } from './tools/lint/layers.ts';
import { noExpectInDoublesRule } from './tools/lint/no-expect-in-doubles.ts';
import { noLiteralTextRule } from './tools/lint/no-literal-text.ts';
import svelteConfig from './svelte.config.js';

const noSkippedTests = {
  selector:
    'CallExpression[callee.object.name=/^(it|test|describe)$/][callee.property.name=/^(skip|only|todo)$/]',
  message: 'A test runs, or it is not there.',
};

/** Type-checked rules that catch real mistakes: promises nobody awaits, values of unknown shape. */
export default defineConfig(
  {
    ignores: [
      'dist/',
      'build/',
      '.stryker-tmp/',
      'reports/',
      'coverage/',
      'test-results/',
      'scratch/',
      'test/fixtures/',
      '**/*.d.ts',
    ],
  },
  eslint.configs.recommended,
  ...typescript.configs.recommendedTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.node,
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js'] },
        extraFileExtensions: ['.svelte'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: {
      house: {
        rules: {
          layers: layersRule,
          'no-import-circles': importCirclesRule,
          'file-errors': fileErrorsRule,
          'no-expect-in-doubles': noExpectInDoublesRule,
          'no-literal-text': noLiteralTextRule,
        },
      },
    },
    rules: {
      'house/layers': 'error',
      'house/no-import-circles': 'error',
      'house/file-errors': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // The engine and the tools have the terminal's error stream as their log; nothing else has.
      'no-console': ['error', { allow: ['error'] }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'], location: 'anywhere' }],
      'max-lines': ['error', 400],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // What was caught is passed on as it came.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      // Interfaces here are objects of functions; none of them has a `this` to lose.
      '@typescript-eslint/unbound-method': 'off',
      // Implementing an asynchronous contract without anything to wait for is no mistake.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: typescript.parser, svelteConfig },
    },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      // The warnings that such comments speak of are the compiler's, and svelte-check counts those.
      'svelte/no-unused-svelte-ignore': 'off',
    },
  },
  {
    // What people read in the window. Words of the contract and those of renderer/view are not in the catalogue yet.
    files: ['renderer/components/**'],
    rules: { 'house/no-literal-text': 'error' },
  },
  {
    files: ['renderer/**'],
    languageOptions: { globals: globals.browser },
    rules: {
      'no-restricted-globals': ['error', 'process', 'require', 'global', 'Buffer', '__dirname'],
    },
  },
  {
    files: ['main/**'],
    ignores: ['main/video/media-input.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Literal[value="-i"], TemplateElement[value.raw=/^-i /]',
          message:
            'A media tool is given its file by inputOf (main/video/media-input.ts) alone, which opens nothing else.',
        },
      ],
    },
  },
  {
    files: ['test/**', 'tools/**', 'models/data/scenes/clip.ts'],
    rules: {
      'max-lines': 'off',
      'no-console': 'off',
      'house/no-expect-in-doubles': 'error',
      // Answers of servers and commands are checked by what is asserted of them.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'no-restricted-syntax': ['error', noSkippedTests],
    },
  },
  {
    files: ['test/e2e/**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        noSkippedTests,
        {
          selector:
            'CallExpression[callee.name="expect"] > AwaitExpression > CallExpression[callee.property.name=/^(all)?(textContent|textContents|inputValue|getAttribute|count|isVisible|questions|status|index|hash|pts|boxOnFrame|evaluate)$/]',
          message:
            'What a window shows comes when it comes: await expect.poll(() => ...) instead of one look.',
        },
      ],
    },
  },
  { files: ['**/*.js'], ...typescript.configs.disableTypeChecked },
);

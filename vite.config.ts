import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** Builds the window into dist/renderer; every host serves or loads that folder. */
export default defineConfig({
  root: 'renderer',
  // Relative addresses, so that the folder can be served from anywhere.
  base: './',
  plugins: [svelte({ configFile: '../svelte.config.js' })],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome130',
    // The content security policy allows files alone: nothing inlined as data: and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // In kB. The window is read from this machine's disk: what matters of a chunk's size on the web does not here.
    chunkSizeWarningLimit: 1_000,
  },
});

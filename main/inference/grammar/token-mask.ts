/** The tokens that may come next: these alone, or all but these. */
export type TokenMask = { readonly allow: Int32Array } | { readonly forbid: Int32Array };

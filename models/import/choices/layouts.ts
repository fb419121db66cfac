/**
 * Which graphs an import writes: `workstation`, those that the engine runs fastest; `transformers`, those that
 * transformers.js and the folders of the onnx-community have.
 */
export const modelLayouts = ['workstation', 'transformers'] as const;
export type ModelLayout = (typeof modelLayouts)[number];

/**
 * How the decoder of the transformers layout attends: by plain ONNX operators that join past and new keys, or by
 * onnxruntime's `GroupQueryAttention`.
 */
export const attentionOperators = ['concat', 'gqa'] as const;
export type AttentionOperator = (typeof attentionOperators)[number];

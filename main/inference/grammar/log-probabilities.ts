/** Index of the largest score; the first of equal ones. */
export function argmax(scores: Float32Array): number {
  let best = 0;
  for (let index = 1; index < scores.length; index += 1) if (scores[index]! > scores[best]!) best = index;
  return best;
}

/** Natural logarithm of the sum of exponentials, without overflow. */
export function logSumExp(scores: Float32Array): number {
  const largest = scores[argmax(scores)]!;
  let sum = 0;
  for (let index = 0; index < scores.length; index += 1) sum += Math.exp(scores[index]! - largest);
  return largest + Math.log(sum);
}

/** Natural logarithm of the probability that the model itself gives a token, before penalty and temperature. */
export function logProbability(logits: Float32Array, id: number): number {
  return logits[id]! - logSumExp(logits);
}

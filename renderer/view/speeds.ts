/** The speeds at which a recording is played, forwards. */
export const speeds = [0.1, 0.25, 0.5, 1, 1.5, 2, 4, 8] as const;

/** The speeds backwards: every frame at 1, every second one at 2. Slower ones are what stepping is for. */
export const backwardSpeeds = [1, 2, 4, 8] as const;

/** The fastest that there is, forwards and backwards. */
export const fastest = 8;

/** The next speed in a direction; the same one at either end, where it does not begin again at the other. */
export function nextSpeed(rate: number, towards: 'slower' | 'faster'): number {
  const choices: readonly number[] = rate < 0 ? backwardSpeeds : speeds;
  const size = Math.abs(rate);
  const next =
    towards === 'slower' ? choices.findLast((speed) => speed < size) : choices.find((speed) => speed > size);
  return Math.sign(rate) * (next ?? size);
}

/** As on the transport: `◀ 2×` backwards. */
export const speedInWords = (rate: number): string => `${rate < 0 ? '◀ ' : ''}${Math.abs(rate)}×`;

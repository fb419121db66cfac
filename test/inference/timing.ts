/** Milliseconds that stand for "within a second" on a machine that other tests keep busy. */
export const busySecond = 3000;

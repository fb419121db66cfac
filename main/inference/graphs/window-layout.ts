import { rotaryInverseFrequencies } from '../model/positions.ts';

/** Additive score of a key that is not there: exp() of it is 0 in float32, and no NaN can come of it. */
export const maskedScore = -1e9;

/** The vision rotary embedding's base; fixed in the architecture, not in the config. */
const visionRotaryBase = 10_000;

export interface WindowLayoutOptions {
  /** Patches of the image along height and width. */
  readonly gridHeight: number;
  readonly gridWidth: number;
  /** Patches along one side of a merged unit. */
  readonly mergeSize: number;
  /** Merged units along one side of an attention window. */
  readonly windowUnits: number;
  /** Width of one vision attention head. */
  readonly headDimension: number;
}

/**
 * Where each patch of one image goes for windowed attention. Windows are in raster order, a window holds its
 * merged units in raster order and then padding, so that every window that the graph sees is full.
 */
export interface WindowLayout {
  readonly windows: number;
  /** Rows of a full window in patches. */
  readonly windowRows: number;
  /** Merged units of a full window. */
  readonly windowUnitsTotal: number;
  /** Patches per merged unit. */
  readonly unitRows: number;
  /** Raster merge-order unit at each place of the windows, -1 for padding: `[windows * windowUnitsTotal]`. */
  readonly unitAt: Int32Array;
  /** `[windows * windowRows, headDimension]`, halves duplicated; padding rows are cos 1, sin 0. */
  readonly rotaryCos: Float32Array;
  readonly rotarySin: Float32Array;
  /** `[windows, windowRows]` additive: 0 for a real key, {@link maskedScore} for padding. */
  readonly keyBias: Float32Array;
}

/** Row and column of every patch in merge-block order, `[gridHeight * gridWidth, 2]`. */
export function visionPositions(gridHeight: number, gridWidth: number, mergeSize: number): Int32Array {
  const positions = new Int32Array(gridHeight * gridWidth * 2);
  let at = 0;
  for (let blockRow = 0; blockRow < gridHeight; blockRow += mergeSize) {
    for (let blockColumn = 0; blockColumn < gridWidth; blockColumn += mergeSize) {
      for (let row = blockRow; row < blockRow + mergeSize; row += 1) {
        for (let column = blockColumn; column < blockColumn + mergeSize; column += 1) {
          positions[at] = row;
          positions[at + 1] = column;
          at += 2;
        }
      }
    }
  }
  return positions;
}

export function windowLayout(options: WindowLayoutOptions): WindowLayout {
  const { gridHeight, gridWidth, mergeSize, windowUnits, headDimension } = options;
  const unitHeight = gridHeight / mergeSize;
  const unitWidth = gridWidth / mergeSize;
  const windowsDown = Math.ceil(unitHeight / windowUnits);
  const windowsAcross = Math.ceil(unitWidth / windowUnits);
  const windows = windowsDown * windowsAcross;
  const windowUnitsTotal = windowUnits * windowUnits;
  const unitRows = mergeSize * mergeSize;
  const windowRows = windowUnitsTotal * unitRows;

  const unitAt = new Int32Array(windows * windowUnitsTotal).fill(-1);
  for (let window = 0; window < windows; window += 1) {
    const firstRow = Math.floor(window / windowsAcross) * windowUnits;
    const firstColumn = (window % windowsAcross) * windowUnits;
    let at = window * windowUnitsTotal;
    for (let row = firstRow; row < Math.min(firstRow + windowUnits, unitHeight); row += 1) {
      for (let column = firstColumn; column < Math.min(firstColumn + windowUnits, unitWidth); column += 1) {
        unitAt[at] = row * unitWidth + column;
        at += 1;
      }
    }
  }

  const positions = visionPositions(gridHeight, gridWidth, mergeSize);
  // Half of a head turns with the row, half with the column; each half has headDimension / 4 frequencies.
  const frequencies = rotaryInverseFrequencies(headDimension / 2, visionRotaryBase);
  const perAxis = frequencies.length;
  const rotaryCos = new Float32Array(windows * windowRows * headDimension).fill(1);
  const rotarySin = new Float32Array(windows * windowRows * headDimension);
  const keyBias = new Float32Array(windows * windowRows);
  for (let place = 0; place < unitAt.length; place += 1) {
    const unit = unitAt[place]!;
    for (let inner = 0; inner < unitRows; inner += 1) {
      const row = place * unitRows + inner;
      if (unit < 0) {
        keyBias[row] = maskedScore;
        continue;
      }
      for (let axis = 0; axis < 2; axis += 1) {
        const position = positions[(unit * unitRows + inner) * 2 + axis]!;
        for (let index = 0; index < perAxis; index += 1) {
          const angle = Math.fround(position * frequencies[index]!);
          const at = row * headDimension + axis * perAxis + index;
          const cosine = Math.cos(angle);
          const sine = Math.sin(angle);
          rotaryCos[at] = cosine;
          rotarySin[at] = sine;
          rotaryCos[at + headDimension / 2] = cosine;
          rotarySin[at + headDimension / 2] = sine;
        }
      }
    }
  }
  return { windows, windowRows, windowUnitsTotal, unitRows, unitAt, rotaryCos, rotarySin, keyBias };
}

/**
 * Drops the padding of the merged features and puts them back into raster order.
 * @param features `[windows * windowUnitsTotal, hidden]`
 * @returns `[units, hidden]`
 */
export function outOfWindows(features: Float32Array, layout: WindowLayout, hidden: number): Float32Array {
  let units = 0;
  for (const unit of layout.unitAt) if (unit >= 0) units += 1;
  const raster = new Float32Array(units * hidden);
  layout.unitAt.forEach((unit, place) => {
    if (unit >= 0) raster.set(features.subarray(place * hidden, (place + 1) * hidden), unit * hidden);
  });
  return raster;
}

import { rotaryInverseFrequencies } from '../../main/inference/model/index.ts';
import type { Configuration } from './configuration.ts';
import { GraphBuilder } from './graph.ts';
import { LayerBuilder, prepareRotation } from './layers.ts';
import type { MatrixFormat } from './choices/precision.ts';
import type { CheckpointTensors } from './tensors.ts';
import { encodeWindows } from './vision-encoder.ts';
import type { ExternalData } from './weights.ts';

/** Score of a key that a row doesn't see. */
const masked = -1e9;

/**
 * Where every merge unit of every image stands. All are int64 [U], U the units of all images, in the order in
 * which they come in: image by image, frame by frame, row by row.
 */
interface Units {
  row: string;
  column: string;
  /** Number of the frame, through all images. */
  frame: string;
  /** Place in the windows: (number of the window through all images) * units of a window + place in it. */
  place: string;
}

/** Where each place of the windows gets its unit from. */
interface Windows {
  /** int64 [P], P = windows * units of a window: the number of the unit; U for an empty place. */
  unitAt: string;
  /** bool [P] */
  isReal: string;
}

/**
 * The vision part as transformers.js and other peers want it: all patches of one or more images in one run.
 *
 * Inputs: `pixel_values` [patches, channels * frames * patch * patch] in merge-block order, image after image;
 * `image_grid_thw` int64 [images, 3], patches along time, height and width. Output: `image_features`
 * [patches / 4, hidden of the language model], in the same order.
 *
 * Windows, rotary positions and masks are worked out inside, as in Hugging Face's Qwen2_5_VisionTransformer: units
 * are put into full windows of 4 x 4, empty places masked, so that the windowed layers cost what they should (full
 * attention with a mask would cost patches / 64 times as much). In the layers that attend everywhere a frame's
 * patches see that frame alone, by a mask of [N, N] floats: 186 MB for an image of 6,808 patches.
 */
export function buildTransformersVisionEncoder(
  configuration: Configuration,
  tensors: CheckpointTensors,
  data: ExternalData,
  format: MatrixFormat,
): GraphBuilder {
  const { vision } = configuration;
  const graph = new GraphBuilder('vision_encoder');
  const pixels = graph.input('pixel_values', 'float', ['num_patches', vision.patchValues]);
  const grid = graph.input('image_grid_thw', 'int64', ['num_images', 3]);
  const unitRows = vision.mergeSize ** 2;

  const unitPixels = graph.reshape(pixels, [-1, unitRows * vision.patchValues]);
  const units = placeUnits(graph, configuration, grid, graph.sizeOf(unitPixels, 0));
  const windows = layOut(graph, configuration, units);
  // An empty place takes its values from some unit; no other place sees it.
  const unitAt = graph.node('Where', [windows.isReal, windows.unitAt, graph.integer(0)]);
  const inWindows = (values: string): string =>
    graph.node('Gather', [values, unitAt], { attributes: { axis: 0 } });

  const angles = graph.reshape(inWindows(rotaryAngles(graph, configuration, units)), [
    -1,
    vision.headSize / 2,
  ]);
  const [cos, sin] = [graph.node('Cos', [angles]), graph.node('Sin', [angles])];
  const twice = (half: string): string => graph.concat([half, half], 1);
  const features = encodeWindows(new LayerBuilder(graph, data, format), configuration, tensors, {
    pixels: graph.reshape(inWindows(unitPixels), [-1, vision.patchValues]),
    padding: null,
    rotation: prepareRotation(graph, twice(cos), twice(sin), vision.headSize, [1, 2]),
    windowBias: windowBias(graph, configuration, windows),
    bias: frameBias(graph, configuration, inWindows(units.frame), windows),
  });
  graph.node('Gather', [features, units.place], { attributes: { axis: 0 }, output: 'image_features' });
  graph.output('image_features', 'float', ['num_image_tokens', vision.outHidden]);
  return graph;
}

/** @param count [1], units of all images */
function placeUnits(
  graph: GraphBuilder,
  { vision, parameters }: Configuration,
  grid: string,
  count: string,
): Units {
  const { windowUnits } = parameters.vision;
  const [add, subtract, multiply, divide, remainder] = (['Add', 'Sub', 'Mul', 'Div', 'Mod'] as const).map(
    (operator) =>
      (first: string, second: string): string =>
        graph.node(operator, [first, second]),
  ) as [Binary, Binary, Binary, Binary, Binary];
  const side = graph.integer(windowUnits);
  const upTo = (values: string): string => graph.node('CumSum', [values, graph.integer(0)]);

  // Of each image, [images].
  const columns = graph.split(grid, [1, 1, 1], 1).map((column) => graph.reshape(column, [-1]));
  const [frames, height, width] = columns as [string, string, string];
  const rowsOfImage = divide(height, graph.integer(vision.mergeSize));
  const columnsOfImage = divide(width, graph.integer(vision.mergeSize));
  const inFrame = multiply(rowsOfImage, columnsOfImage);
  const inImage = multiply(frames, inFrame);
  const lastUnits = upTo(inImage);
  const windowsAlong = (size: string): string => divide(add(size, graph.integer(windowUnits - 1)), side);
  const windowsAcross = windowsAlong(columnsOfImage);
  const windowsInFrame = multiply(windowsAlong(rowsOfImage), windowsAcross);
  const windowsInImage = multiply(frames, windowsInFrame);

  // Of each unit, [U]: its image is the number of images that end before it.
  const every = graph.node('Range', [graph.integer(0), graph.node('Squeeze', [count]), graph.integer(1)]);
  const ended = graph.node('GreaterOrEqual', [
    graph.node('Unsqueeze', [every, graph.integerVector([1])]),
    lastUnits,
  ]);
  const image = graph.node('ReduceSum', [graph.cast(ended, 'int64'), graph.integerVector([1])], {
    attributes: { keepdims: 0 },
  });
  const ofImage = (values: string): string =>
    graph.node('Gather', [values, image], { attributes: { axis: 0 } });
  const before = (values: string): string => ofImage(subtract(upTo(values), values));
  const number = subtract(every, before(inImage));
  const frameOfImage = divide(number, ofImage(inFrame));
  const numberInFrame = remainder(number, ofImage(inFrame));
  const across = ofImage(columnsOfImage);
  const [row, column] = [divide(numberInFrame, across), remainder(numberInFrame, across)];
  const windowInFrame = add(multiply(divide(row, side), ofImage(windowsAcross)), divide(column, side));
  const window = add(
    add(before(windowsInImage), multiply(frameOfImage, ofImage(windowsInFrame))),
    windowInFrame,
  );
  const placeInWindow = add(multiply(remainder(row, side), side), remainder(column, side));
  return {
    row,
    column,
    frame: add(before(frames), frameOfImage),
    place: add(multiply(window, graph.integer(windowUnits ** 2)), placeInWindow),
  };
}

type Binary = (first: string, second: string) => string;

/** Turns "unit u goes to place p" around. */
function layOut(graph: GraphBuilder, { parameters }: Configuration, units: Units): Windows {
  const perWindow = graph.integer(parameters.vision.windowUnits ** 2);
  const count = graph.sizeOf(units.place, 0);
  const every = graph.node('Range', [graph.integer(0), graph.node('Squeeze', [count]), graph.integer(1)]);
  // The last window has at least one unit in it, so its number is found from the largest place.
  const last = graph.node('ReduceMax', [units.place, graph.integerVector([0])], {
    attributes: { keepdims: 1 },
  });
  const windows = graph.node('Add', [graph.node('Div', [last, perWindow]), graph.integer(1)]);
  const places = graph.node('Mul', [windows, perWindow]);
  const empty = graph.node('Expand', [count, places]);
  const unitAt = graph.node('ScatterElements', [empty, units.place, every], { attributes: { axis: 0 } });
  return { unitAt, isReal: graph.node('Less', [unitAt, count]) };
}

/** [U, patches of a unit, headSize / 2]: half of a head turns with the row, half with the column. */
function rotaryAngles(graph: GraphBuilder, { vision, parameters }: Configuration, units: Units): string {
  const { mergeSize, headSize } = vision;
  const patches = Array.from({ length: mergeSize ** 2 }, (_, patch) => patch);
  const frequencies = graph.floats(
    'rotary_frequencies',
    rotaryInverseFrequencies(headSize / 2, parameters.vision.ropeTheta),
  );
  const along = (unit: string, inUnit: number[]): string => {
    const first = graph.node('Mul', [unit, graph.integer(mergeSize)]);
    const column = graph.node('Unsqueeze', [first, graph.integerVector([1])]);
    const positions = graph.cast(graph.node('Add', [column, graph.integerVector(inUnit)]), 'float');
    return graph.node('Mul', [graph.node('Unsqueeze', [positions, graph.integerVector([2])]), frequencies]);
  };
  return graph.concat(
    [
      along(
        units.row,
        patches.map((patch) => Math.floor(patch / mergeSize)),
      ),
      along(
        units.column,
        patches.map((patch) => patch % mergeSize),
      ),
    ],
    2,
  );
}

/** [windows, 1, 1, windowRows] */
function windowBias(graph: GraphBuilder, { vision }: Configuration, { isReal }: Windows): string {
  const unitRows = vision.mergeSize ** 2;
  const byUnit = bias(graph, isReal);
  const byRow = graph.node('Expand', [graph.reshape(byUnit, [-1, 1]), graph.integerVector([1, unitRows])]);
  return graph.reshape(byRow, [-1, 1, 1, vision.windowRows]);
}

/** [N, N] */
function frameBias(
  graph: GraphBuilder,
  { vision }: Configuration,
  frameAt: string,
  { isReal }: Windows,
): string {
  const unitRows = vision.mergeSize ** 2;
  // Empty places belong to no frame; they see each other, which nobody does.
  const frames = graph.node('Where', [isReal, frameAt, graph.integer(-1)]);
  const byRow = graph.reshape(
    graph.node('Expand', [graph.reshape(frames, [-1, 1]), graph.integerVector([1, unitRows])]),
    [-1],
  );
  return bias(
    graph,
    graph.node('Equal', [graph.node('Unsqueeze', [byRow, graph.integerVector([1])]), byRow]),
  );
}

function bias(graph: GraphBuilder, seen: string): string {
  return graph.node('Where', [seen, graph.floatConstant('seen', 0), graph.floatConstant('masked', masked)]);
}

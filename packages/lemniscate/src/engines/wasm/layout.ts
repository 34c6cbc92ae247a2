/** @module Where everything lies in the engine's memory. Addresses are byte offsets; the result is plain data. */
import { type Batch, channelsOf, type Graphs, positionsOf, trimmed } from "../../core/batch.js";
import { aggregateOp } from "../../ops/aggregate.js";
import { isConstantBlock } from "../../ops/constant-blocks.js";
import { mapPairsOp, type PositionMap } from "../../ops/position-map.js";
import { structuralOps } from "../../ops/registry.js";
import { type WindowParameters, windowOps } from "../../ops/window.js";
import { lengthsOn } from "../../program/lengths.js";
import { drawsKey, type Program, type Step } from "../../program/program.js";
import { bandRow } from "./bands.js";
import { type Buffers, placeBuffers } from "./buffers.js";
import { frameBytes } from "./elementwise.js";
import { panelOf } from "./kernels/gram.js";
import { correctsNearCopies } from "./kernels/near-copies.js";
import type { Lowered } from "./lower.js";
import type { Instruction } from "./schedule.js";
import { mapSpareBytes, tableBytes } from "./sparse-tables.js";
import { strideOf } from "./stride.js";
import { isMasked, maskBytes, stripsOf } from "./strips.js";
import type { Format } from "./vector.js";

/** The positions that examples have on one of the program's grids. */
export interface Space {
  readonly lengths: Int32Array;
  /** Bytes of a row of as many numbers as an example has positions. */
  readonly strides: Int32Array;
  /** The longest of the lengths. */
  readonly longest: number;
}

/** Where the draws of each example begin, how many there are, and the grid that they are on. */
export interface DrawPlace {
  readonly addresses: Float64Array;
  readonly samples: number;
  readonly space: number;
}

/** Examples of both batches count on: batch b follows batch a. */
export interface Layout {
  readonly channels: number;
  readonly features: boolean;
  /** See {@link Program.trimmed}. */
  readonly trimmed: boolean;
  readonly examplesA: number;
  /** Positions and bytes of a row of the inputs. */
  readonly lengths: Int32Array;
  readonly strides: Int32Array;
  /** The same of every grid of the program. */
  readonly spaces: readonly Space[];
  /** Inputs, channel by channel: of each example, or of a panel of examples together for features. */
  readonly inputs: Float64Array;
  /** Features as they were given, example by example; whoever makes an example's tape puts them in their place. */
  readonly given: number;
  /** Examples that lie together: a panel of them where tiles begin with inner products, one elsewhere. */
  readonly panel: number;
  /** How many examples' tapes are made together from each one on: 1; of features, a panel's by its first and 0 by the others. */
  readonly together: Int32Array;
  /** Bytes between two channels of a panel, and between two panels: of features, and of pooled inputs. */
  readonly inputStride: number;
  readonly panelStride: number;
  /** Inner products of inputs with themselves, a line or a number an example; empty if nobody corrects near-copies. */
  readonly squares: Float64Array;
  /** The same of pooled inputs, by their step on the tape. */
  readonly pooledSquares: ReadonlyMap<number, Float64Array>;
  /** Presence of each example's positions, or, for features, one number an example. */
  readonly presence: Float64Array;
  /** Kept example steps: blocks and lines an example by itself, numbers of all examples side by side. */
  readonly tape: ReadonlyMap<number, Float64Array>;
  readonly transposed: ReadonlyMap<number, Float64Array>;
  /** Blocks of positions alone and their diagonals, by operation and parameters as JSON. */
  readonly positions: ReadonlyMap<
    string,
    { readonly block: number; readonly diagonal: number; readonly stride: number }
  >;
  /** Draws of each example by their keys, each draw transposed, one behind the other. */
  readonly draws: ReadonlyMap<string, DrawPlace>;
  /** Masks of windows and tables of maps, by their parameters as JSON. */
  readonly masks: ReadonlyMap<string, number>;
  readonly maps: ReadonlyMap<string, number>;
  /** Tables of the examples' graphs; empty without them. */
  readonly graphs: Float64Array;
  /** Scratch of the first worker; each further one's lies `scratchBytes` on. */
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly frame: number;
  readonly product: number;
  readonly offsets: Readonly<Record<"example" | "pair" | "tile", ReadonlyMap<number, number>>>;
  /** Those of blocks that are computed band by band: room for one band of each. */
  readonly bandOffsets: Readonly<Record<"example" | "pair", ReadonlyMap<number, number>>>;
  readonly bytes: number;
}

/** Where the table of constants begins; what is before stays unused, so that no address is 0. */
export const constantsAt = 1024;

export function layoutOf(
  lowered: Lowered,
  format: Format,
  constantBytes: number,
  batches: readonly Batch[],
  tileSize: number,
  workers: number,
): Layout {
  const { program } = lowered;
  const features = program.input.grid.length === 0;
  const channels = channelsOf(batches[0]!);
  const examples = batches.flatMap((batch) => trimmed(batch, program.trimmed));
  const count = examples.length;
  const lengths = new Int32Array(count);
  for (let e = 0; e < count; e++) lengths[e] = examples[e]!.length;
  const onSpaces = new Map([...new Set(lengths)].map((length) => [length, lengthsOn(program, length)]));
  const spaces = program.spaces.map((_, space) =>
    spaceOf(
      format,
      lengths.map((length) => onSpaces.get(length)![space]!),
    ),
  );
  // Windows write whole vectors, beyond the end of a block or line that is no multiple of them.
  const spill = program.spaces.length > 1 || windowSteps(program).length > 0 ? 64 : 0;
  let top = constantsAt + Math.ceil(constantBytes / 64) * 64;
  const take = (bytes: number): number => {
    const at = top;
    top += Math.ceil(bytes / 64) * 64;
    return at;
  };
  const each = (bytes: (length: number) => number, space = 0): Float64Array =>
    ofEach(count, (e) => take(bytes(spaces[space]!.lengths[e]!)));
  const panel = features || lowered.tile.some(({ kind }) => kind === "structural") ? panelOf(format) : 1;
  // Each batch begins with a panel of its own, and what is one number an example lies as panels do.
  const examplesA = batches[0]!.shape[0];
  const shift = Math.ceil(examplesA / panel) * panel - examplesA;
  const slots = ofEach(count, (e) => (e < examplesA ? e : e + shift));
  const panels = Math.ceil(count / panel) + 1;
  const together = new Int32Array(count).fill(1);
  for (let e = 0; features && e < count; e++)
    together[e] = slots[e]! % panel > 0 ? 0 : Math.min(panel, (e < examplesA ? examplesA : count) - e);
  const sideBySide = (): Float64Array => {
    const at = take(panels * panel * format.bytes + 64);
    return ofEach(count, (e) => at + slots[e]! * format.bytes);
  };
  const line = (length: number): number => strideOf(format, length) + spill;
  const block = (length: number): number => length * strideOf(format, length) + spill;

  const inputStride = panel * format.bytes;
  const panelStride = channels * inputStride;
  const channelByChannel = (): Float64Array => {
    const at = take(panels * panelStride + 64);
    return ofEach(count, (e) => at + Math.floor(slots[e]! / panel) * panelStride + (slots[e]! % panel) * format.bytes);
  };
  const given = features ? take(count * channels * format.bytes) : 0;
  const inputs = features ? channelByChannel() : each((length) => channels * strideOf(format, length));
  const squared =
    stepsOf(program).some(({ op }) => op === structuralOps.gram.name) && (features || correctsNearCopies(channels));
  const squares = squared ? (features ? sideBySide() : each(line)) : new Float64Array(0);
  const presence = features ? sideBySide() : each(line);
  const home = (step: number): Float64Array => {
    const { form, space } = program.example[step]!;
    if (form === "value") return sideBySide();
    if (form === "inputs") return each((length) => channels * strideOf(format, length));
    if (form === "channels") return channelByChannel();
    return each(form === "block" ? block : line, space);
  };
  const tape = new Map(lowered.tape.map((step) => [step, home(step)]));
  const pooled = lowered.tile.flatMap((made) =>
    made.kind === "structural" ? made.inputs.map(({ step }) => step) : [],
  );
  const pooledSquares = new Map(pooled.map((step) => [step, sideBySide()]));
  const transposed = new Map(lowered.transposed.map((step) => [step, each(block, program.example[step]!.space)]));
  const positions = new Map(
    positionSteps([...program.example, ...program.pair]).map((key) => {
      const [, { grid }] = JSON.parse(key) as [string, { readonly grid: readonly number[] }];
      const S = grid.reduce((product, size) => product * size, 1);
      const stride = strideOf(format, S);
      return [key, { block: take(S * stride), diagonal: take(stride), stride }] as const;
    }),
  );

  const draws = new Map(
    program.example.flatMap(({ form, parameters, space }): [string, DrawPlace][] => {
      if (form !== "draws") return [];
      const samples = parameters["samples"] as number;
      const addresses = each((length) => samples * length * strideOf(format, length) + spill, space);
      return [[drawsKey(parameters), { addresses, samples, space }]];
    }),
  );

  const masks = new Map<string, number>();
  for (const { parameters } of windowSteps(program)) {
    const window = parameters as WindowParameters;
    const key = JSON.stringify(window);
    if (isMasked(window) && !masks.has(key)) masks.set(key, take(maskBytes(window, format)));
  }

  const maps = new Map<string, number>();
  for (const { op, form, parameters } of stepsOf(program)) {
    const key = op === mapPairsOp.name && form === "block" ? JSON.stringify(parameters) : undefined;
    if (key !== undefined && !maps.has(key)) maps.set(key, take(tableBytes(parameters as PositionMap)));
  }

  const round = (bytes: number): number => Math.ceil(bytes / 64) * 64;
  const graphs = Float64Array.from(batches.flatMap((batch) => graphRows(batch).map((rows) => take(tableBytes(rows)))));

  // Room for tiles that begin within a panel.
  const side = Math.ceil((tileSize - 1) / panel + 1) * panel;
  const tile = side * strideOf(format, side);
  const sizeOf = (instruction: Instruction, output: number): number => {
    const { kind, space } = instruction;
    const extent = kind === "bands" && !instruction.whole.includes(output) ? "number" : instruction.extent;
    const { longest } = spaces[space]!;
    const row = strideOf(format, longest);
    const number = round((features ? panel : 1) * format.bytes);
    return {
      block: longest * row + spill,
      line: row + spill,
      number,
      tile,
      inputs: channels * row,
      channels: 0,
      draws: 0,
    }[extent];
  };
  const frame = 0;
  const widest = Math.max(strideOf(format, side), ...spaces.map(({ longest }) => strideOf(format, longest)));
  const product = round(lowered.functions.reduce((max, fused) => Math.max(max, frameBytes(format, fused, widest)), 0));
  const spare = spareBytes(program, spaces, format);
  const start = product + Math.max(spare, spaces[0]!.longest * strideOf(format, channels));
  const results = new Set(
    Object.values(program.results.pair).flatMap((operand) => (operand?.from === "here" ? [operand.step] : [])),
  );
  const exported = new Set(lowered.exported);
  const pairKept = new Set([...results, ...exported]);
  const tiles = placeBuffers(lowered.tile, sizeOf, new Set(), results, start);
  const exports = new Map(lowered.exported.map((step, i) => [step, tiles.bytes + i * tile]));
  const lists = tiles.bytes + lowered.exported.length * tile;
  const example = placeBuffers(
    lowered.example,
    sizeOf,
    homes(lowered, "line", "block", "inputs", "channels", ...(features ? ["value"] : [])),
    new Set(lowered.tape),
    lists,
  );
  const pair = placeBuffers(lowered.pair, sizeOf, new Set(), pairKept, lists);
  const bandSize = ({ space }: Instruction): number => {
    const [height, width] = program.spaces[space] as readonly [number, number];
    return height * width * bandRow(format, width) + spill;
  };
  const bands = (list: readonly Instruction[], start: number): Buffers => {
    const found = list.find((instruction) => instruction.kind === "bands");
    if (found === undefined) return { offsets: new Map(), bytes: start };
    const read = new Set([...found.whole, ...found.sums.map(({ from }) => from)]);
    return placeBuffers(found.instructions, bandSize, new Set(), read, round(start));
  };
  const [exampleBands, pairBands] = [bands(lowered.example, example.bytes), bands(lowered.pair, pair.bytes)];
  const scratchBytes = round(Math.max(tiles.bytes, lists, exampleBands.bytes, pairBands.bytes) + 64);
  const scratch = take(scratchBytes * workers);
  return {
    channels,
    features,
    trimmed: program.trimmed,
    examplesA,
    lengths,
    strides: spaces[0]!.strides,
    spaces,
    inputs,
    given,
    panel,
    together,
    inputStride,
    panelStride,
    squares,
    pooledSquares,
    presence,
    tape,
    transposed,
    positions,
    draws,
    masks,
    maps,
    graphs,
    scratch,
    scratchBytes,
    frame,
    product,
    offsets: {
      example: example.offsets,
      pair: pair.offsets,
      tile: new Map([...tiles.offsets, ...exports]),
    },
    bandOffsets: { example: exampleBands.offsets, pair: pairBands.offsets },
    bytes: top + 64,
  };
}

function windowSteps(program: Program): readonly Step[] {
  return stepsOf(program).filter(({ op }) => op in windowOps);
}

function stepsOf({ example, pair, self }: Program): readonly Step[] {
  return [...example, ...pair, ...self];
}

/** Operations that need blocks for what stands between their two halves, and how many. */
const withBlocks: Readonly<Partial<Record<string, number>>> = {
  sandwich: 1,
  dualSums: 1,
  rectifierSums: 1,
  meanSandwich: 3,
  meanJacobian: 8,
};

/** Scratch memory of single operations: a block for the first of two products, strips for windows. */
function spareBytes(program: Program, spaces: readonly Space[], format: Format): number {
  const blocks = stepsOf(program).map(({ op, space }) => {
    const { longest } = spaces[space]!;
    return (withBlocks[op] ?? 0) * longest * strideOf(format, longest);
  });
  const strips = windowSteps(program).map(({ space, parameters }) => {
    const window = parameters as WindowParameters;
    const below = program.spaces.findIndex((grid) => grid.join() === window.grid.join());
    return stripsOf(window, format, spaces[below]!.longest, spaces[space]!.longest, 0).bytes;
  });
  const maps = stepsOf(program).map(({ op, form, space, parameters }) => {
    if (op === aggregateOp.name) return mapSpareBytes(format, spaces[space]!.longest, spaces[space]!.longest);
    if (op !== mapPairsOp.name || form !== "block") return 0;
    const { grid } = parameters as PositionMap;
    const below = program.spaces.findIndex((other) => other.join() === grid.join());
    return mapSpareBytes(format, spaces[below]!.longest, spaces[space]!.longest);
  });
  return Math.ceil(Math.max(0, ...blocks, ...strips, ...maps) / 64) * 64;
}

/** A number of each example. `Float64Array.from` takes ten times as long. */
function ofEach(count: number, number: (e: number) => number): Float64Array {
  const numbers = new Float64Array(count);
  for (let e = 0; e < count; e++) numbers[e] = number(e);
  return numbers;
}

function spaceOf(format: Format, lengths: Int32Array): Space {
  const longest = lengths.reduce((max, length) => Math.max(max, length), 1);
  return { lengths, strides: lengths.map((length) => strideOf(format, length)), longest };
}

/** Kept example steps of some forms, which are written to the tape at once. */
function homes({ tape, program }: Lowered, ...forms: readonly string[]): ReadonlySet<number> {
  return new Set(tape.filter((step) => forms.includes(program.example[step]!.form)));
}

function positionSteps(steps: readonly Step[]): string[] {
  const keys = steps
    .filter(({ op }) => isConstantBlock(op))
    .map(({ op, parameters }) => JSON.stringify([op, parameters]));
  return [...new Set(keys)];
}

/** The graph of each example of a batch, none if it has no graphs. */
export function graphRows(batch: Batch): readonly Graphs[] {
  const { graphs } = batch;
  if (graphs === undefined) return [];
  const S = positionsOf(batch);
  return Array.from({ length: batch.shape[0] }, (_, i) => ({
    ...graphs,
    starts: graphs.starts.subarray(i * S, (i + 1) * S + 1),
  }));
}

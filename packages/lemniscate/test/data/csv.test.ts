import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseTable, readTable, type TableOptions } from "../../src/data/csv.js";
import { type LabelledTextsOptions, labelledTexts } from "../../src/data/labels.js";
import { type NumericTableOptions, numericTable } from "../../src/data/numeric-table.js";
import { standardize } from "../../src/data/standardize.js";
import { errorOf, filesIn, hasShared, needsShared, shared } from "./shared.js";

describe("parseTable", () => {
  it.each<[string, string, TableOptions]>([
    ["LF", "a,b\n1,2\n3,4\n", {}],
    ["CRLF, no line end at the end", "a,b\r\n1,2\r\n3,4", {}],
    ["CR", "a,b\r1,2\r3,4\r", {}],
    ["a byte order mark", "\ufeffa,b\n1,2\n3,4\n", {}],
    ["blank lines", "a,b\n\n1,2\n\n3,4\n\n\n", {}],
    ["semicolons asked for", "a;b\n1;2\n3;4\n", { delimiter: ";" }],
    ["semicolons detected", "a;b\n1;2\n3;4\n", { delimiter: "detect" }],
    ["names given", "1,2\n3,4\n", { header: ["a", "b"] }],
  ])("reads %s", (_, text, options) => {
    const table = parseTable(text, "x.csv", options);
    expect(table.header).toEqual(["a", "b"]);
    expect(table.rows.map(({ fields }) => fields)).toEqual([
      ["1", "2"],
      ["3", "4"],
    ]);
  });

  it("reads tabs under the names that promise them", () => {
    expect(parseTable("a\tb\n1\t2,5\n", "x.tsv").rows[0]?.fields).toEqual(["1", "2,5"]);
  });

  it("counts lines through quoted line ends of every kind", () => {
    const table = parseTable('a,b\r\n"p\r\nq",1\r\n"r\ns\n\nt",2\r\n"é\rü",3\r\n4,5\r\n', "x.csv");
    expect(table.rows.map(({ line }) => line)).toEqual([2, 4, 8, 10]);
    expect(table.rows[0]?.fields[0]).toBe("p\r\nq");
  });

  it("keeps empty fields of a table with one column", () => {
    expect(parseTable("a\n1\n\n2\n", "x.csv").rows.map(({ fields }) => fields[0])).toEqual(["1", "", "2"]);
  });

  it.each<[string, string, TableOptions, RegExp]>([
    ["an empty file", "", {}, /^x\.csv:1: got an empty file/],
    ["a header only", "a,b\n", {}, /^x\.csv:1: got a header and no row/],
    ["a missing field", 'a,b\n"1\r\n1",2\n3\n', {}, /^x\.csv:4: got 1 field, allowed is 2 fields/],
    ["an extra field", "a,b\n1,2,3\n", {}, /^x\.csv:2: got 3 fields, the last one "3".*Quote fields/],
    ["a quote that never closes", 'a,b\n1,2\n"3,4\n5,6\n', {}, /^x\.csv:3: got a quote that never closes/],
    ["a quote that closes early", 'a,b\n"x\r\ny",2\n"3" ,4\n', {}, /^x\.csv:4: got a quote in the wrong place/],
    ["a quote inside a plain field", 'a,b\n1,x"y\n', {}, /^x\.csv:2: got a quote in the wrong place/],
    ["other delimiters", "a;b\n1;2\n", {}, /^x\.csv:1: got a header with no "," but 1 ";".*delimiter: ";"/],
    ["tabs", "a\tb\n1\t2\n", {}, /1 tab: .*delimiter: "\\t"/],
    ["no header", "1,2\n3,4\n", {}, /^x\.csv:1: got numbers only: "1,2".*header: "none"/],
    ["a name twice", "a,a\n3,4\n", {}, /^x\.csv:1: got two columns called "a"/],
  ])("refuses %s, naming the line", async (_, text, options, message) => {
    const error = await errorOf(() => parseTable(text, "x.csv", options));
    expect(error?.code).toBe("BadFile");
    expect(error?.message).toMatch(message);
  });
});

const numbers = (text: string, options?: NumericTableOptions) => numericTable(parseTable(text, "x.csv"), options);

describe("numericTable", () => {
  it("takes the last column as target, or any other", () => {
    const text = "a,b,c\n1,2,3\n4,-5e-1,.6\n";
    expect(numbers(text)).toMatchObject({ inputs: ["a", "b"], target: "c", lines: [2, 3] });
    expect(numbers(text).x).toEqual({ shape: [2, 2], data: Float64Array.of(1, 2, 4, -0.5) });
    expect(numbers(text).y).toEqual({ rows: 2, columns: 1, data: Float64Array.of(3, 0.6) });
    expect(numbers(text, { target: "a" }).y.data).toEqual(Float64Array.of(1, 4));
    expect(numbers(text, { target: "none" }).x.shape).toEqual([2, 3]);
    expect(numbers(text, { inputs: ["b"] }).x.data).toEqual(Float64Array.of(2, -0.5));
  });

  it("leaves out rows with empty fields if asked", () => {
    expect(numbers("a,b\n1,2\n,3\n4,5\n", { onEmpty: "skip" })).toMatchObject({ lines: [2, 4], skipped: [3] });
  });

  it.each<[string, string, RegExp]>([
    ["text", "a,b\n1,2\nn/a,3\n", /^x\.csv:3, column 1 \(a\): got "n\/a"/],
    ["an empty field", "a,b\n1,2\n3, \n", /^x\.csv:3, column 2 \(b\): got an empty field.*onEmpty: "skip"/],
    ["NaN", "a,b\n1,NaN\n2,3\n", /:2, column 2 .*got "NaN"/],
    ["a number beyond all doubles", "a,b\n1,1e999\n2,3\n", /got "1e999", allowed is a finite number/],
    ["hexadecimal", "a,b\n1,0x10\n2,3\n", /got "0x10"/],
    ["a decimal comma", 'a,b\n1,"2,5"\n2,3\n', /got "2,5", .*decimal: ","/],
    ["a constant input", "a,c,b\n1,7,2\n1,8,3\n", /column 1 \(a\): got 1 in all 2 rows.*constantColumns: "keep"/],
    ["two targets for one input", "a,b\n1,2\n3,3\n1,4\n", /:4: got the inputs of line 2 with target 4.*noise > 0/],
    ["a target alone", "a\n1\n", /:1: got one column/],
  ])("refuses %s, naming line and column", async (_, text, message) => {
    const error = await errorOf(() => numbers(text));
    expect(error?.code).toBe("BadFile");
    expect(error?.message).toMatch(message);
  });

  it("names the columns there are when one is missing", async () => {
    const error = await errorOf(() => numbers("a,b\n1,2\n", { target: "c" }));
    expect(error?.message).toMatch(/^x\.csv:1: got the columns "a", "b", allowed is a column called "c"/);
  });
});

describe("standardize", () => {
  it("makes constant channels 0 and leaves padding out", () => {
    const train = {
      shape: [2, 2, 2],
      data: Float64Array.of(1, 0.1, 9, 9, 3, 0.1, 3, 0.1),
      mask: Uint8Array.of(1, 0, 1, 1),
    };
    const { mean, apply } = standardize(train as never);
    expect(mean[0]).toBeCloseTo(7 / 3);
    const { data } = apply(train as never);
    expect(data[0]).toBeCloseTo(-Math.SQRT2);
    expect([data[1], data[2], data[3], data[5]]).toEqual([0, 0, 0, 0]);
  });
});

describe("labelledTexts", () => {
  it("numbers the classes in sorted order, or as told", () => {
    const table = parseTable('id,label,text\n1,pos,Fine.\n2,neg,"Dull,\nvery."\n', "x.csv");
    expect(labelledTexts(table, { text: "text", label: "label" })).toEqual({
      texts: ["Fine.", "Dull,\nvery."],
      labels: [1, 0],
      classes: ["neg", "pos"],
      names: ["x.csv:2", "x.csv:3"],
    });
    expect(labelledTexts(table, { text: 2, label: 1, classes: ["pos", "neg"] }).labels).toEqual([0, 1]);
  });

  it("refuses unknown and empty labels, naming the line", async () => {
    const table = parseTable("text,label\nFine.,pos\nSo so.,neutral\nDull.,\n", "x.csv");
    const strict = await errorOf(() => labelledTexts(table, { classes: ["neg", "pos"], onEmpty: "skip" }));
    expect(strict?.message).toMatch(/^x\.csv:3, column 2 \(label\): got the label "neutral", allowed is "neg", "pos"/);
    expect((await errorOf(() => labelledTexts(table)))?.message).toMatch(/^x\.csv:4, column 2 \(label\): got an empty/);
    expect(labelledTexts(table, { onEmpty: "skip" }).labels).toEqual([1, 0]);
  });
});

/** File → the error of reading it as it comes, then the options with which it is read all the same, if any make sense. */
type Outcome<O> = readonly [error: RegExp | null, accept?: O];
type ReviewOptions = LabelledTextsOptions & TableOptions;
type NumberOptions = NumericTableOptions & TableOptions;

const reviews: Record<string, Outcome<ReviewOptions>> = {
  "embedded-newlines.csv": [null],
  "unclosed-quote.csv": [/:2: got a quote in the wrong place/],
  "missing-column.csv": [/:1: got the columns "review", allowed is a column called "sentiment"/],
  "unknown-label.csv": [
    /:3, column 2 \(sentiment\): got the label "neutral"/,
    { classes: ["negative", "neutral", "positive"], onEmpty: "skip" },
  ],
  "extra-field.csv": [/:2: got 3 fields, the last one "positive", allowed is 2 fields/],
  "header-only.csv": [/:1: got a header and no row/],
  "semicolon-bom-crlf.csv": [/:1: got a header with no "," but 1 ";": "review;sentiment"/, { delimiter: ";" }],
};

const tables: Record<string, Outcome<NumberOptions>> = {
  "ragged.csv": [/:4: got 6 fields, allowed is 7 fields/],
  "text-in-number.csv": [/:4, column 2 \(prismatic\): got "n\/a"/],
  "empty-cell.csv": [
    /:4, column 3 \(length_displacement\): got an empty field/,
    { onEmpty: "skip", constantColumns: "keep" },
  ],
  "semicolon-decimal-comma.csv": [
    /:1: got a header with no "," but 6 ";"/,
    { delimiter: ";", decimal: ",", constantColumns: "keep" },
  ],
  "no-header.csv": [/:1: got numbers only/, { header: "none", constantColumns: "keep" }],
  "constant-column.csv": [/:2, column 1 \(buoyancy_position\): got 1 in all 8 rows/, { constantColumns: "keep" }],
  "duplicate-inputs.csv": [
    /:5: got the inputs of line 2 with target 1.11 instead of 0.11/,
    { duplicates: "keep", constantColumns: "keep" },
  ],
  "inf-and-nan.csv": [/:4, column 1 \(buoyancy_position\): got "inf"/],
};

const readReviews = async (file: string, options: ReviewOptions = { classes: ["negative", "positive"] }) =>
  labelledTexts(await readTable(file, options), { text: "review", label: "sentiment", ...options });
const readNumbers = async (file: string, options: NumberOptions = {}) =>
  numericTable(await readTable(file, options), options);

describe.skipIf(!hasShared)(`the tables of the broken data${needsShared}`, () => {
  it("are all listed here", async () => {
    expect(Object.keys(reviews).sort()).toEqual(await filesIn("broken/csv"));
    expect(Object.keys(tables).sort()).toEqual(await filesIn("broken/uci"));
  });

  const check = async (read: (options?: object) => Promise<unknown>, [expected, accept]: Outcome<object>) => {
    const error = await errorOf(() => read());
    if (expected === null) return expect(error).toBeUndefined();
    expect(error?.code).toBe("BadFile");
    expect(error?.message).toMatch(expected);
    if (accept !== undefined) expect(await errorOf(() => read(accept))).toBeUndefined();
  };
  it.each(Object.entries(reviews))("csv/%s", (file, outcome) =>
    check((options) => readReviews(path.join(shared, "broken/csv", file), options), outcome),
  );
  it.each(Object.entries(tables))("uci/%s", (file, outcome) =>
    check((options) => readNumbers(path.join(shared, "broken/uci", file), options), outcome),
  );
});

describe.skipIf(!hasShared)(`the sound tables${needsShared}`, () => {
  it.each<[string, number, number, NumberOptions]>([
    ["concrete", 1030, 8, { duplicates: "keep" }], // 13 of its rows repeat inputs with another strength
    ["energy", 768, 8, {}],
    ["kin8nm", 8192, 8, {}],
    ["wine-quality-red", 1599, 11, {}],
    ["yacht", 308, 6, {}],
  ])("%s has %i rows of %i inputs", async (name, n, d, options) => {
    const { x, y } = await readNumbers(path.join(shared, `uci/${name}.csv`), options);
    expect(x.shape).toEqual([n, d]);
    expect(y.rows).toBe(n);
  });

  it("imdb-csv has 2,000 and 1,000 reviews, half of them positive", async () => {
    for (const [file, n] of [
      ["train", 2000],
      ["test", 1000],
    ] as const) {
      const { labels } = await readReviews(path.join(shared, `imdb-csv/${file}.csv`));
      expect(labels).toHaveLength(n);
      expect(labels.filter((label) => label === 1)).toHaveLength(n / 2);
    }
  });
});

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type PredictFlags, settingsOf } from "../../src/cli/predict/settings.js";
import { readSpec } from "../../src/cli/spec/read.js";
import { erf } from "../../src/core/error-function.js";
import { formatNpy } from "../../src/data/npy.js";
import { emptyFolder, fixtures, lemniscate } from "./lemniscate.js";

test("a regression: table, CSV, and JSON agree", () => {
  const out = path.join(emptyFolder(), "predictions.csv");
  const text = lemniscate(["predict", "regression.yaml", "--out", out]);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/^train +16 examples of \(2\)$/m);
  expect(text.stdout).toMatch(/^noise .*chosen by marginal likelihood among 2/m);
  const json = lemniscate(["predict", "regression.yaml", "--json"]);
  expect(json.stderr).toBe("");
  const result = JSON.parse(json.stdout);
  expect(result.engine.name).toBe("reference");
  expect(result.metrics.rmse).toBeLessThan(0.3);
  expect(text.stdout).toContain(`RMSE            ${Number(result.metrics.rmse.toPrecision(4))}`);
  const [header, first, ...rest] = readFileSync(out, "utf8").trimEnd().split("\n");
  expect(header).toBe("mean,variance,target");
  expect(first?.split(",").map(Number)[0]).toBe(result.predictions[0].mean[0]);
  expect(rest.length).toBe(6);
});

test("standardized targets come back in their own unit", () => {
  const folder = emptyFolder();
  const table = (factor: number): string =>
    `a,y\n${Array.from({ length: 8 }, (_, i) => `${i},${factor * Math.sin(i) + 10 * factor}`).join("\n")}\n`;
  writeFileSync(path.join(folder, "one.csv"), table(1));
  writeFileSync(path.join(folder, "many.csv"), table(1000));
  const run = (file: string) => {
    const spec = path.join(fixtures, "perceptron.json");
    const options = ["--train", file, "--test", file, "--standardize", "--noise", "0.01", "--json"];
    return JSON.parse(lemniscate(["predict", spec, ...options], folder).stdout);
  };
  const [one, many] = [run("one.csv"), run("many.csv")];
  expect(many.metrics.rmse / one.metrics.rmse).toBeCloseTo(1000, 6);
  expect(many.metrics.logLikelihood).toBeCloseTo(one.metrics.logLikelihood - Math.log(1000), 6);
  expect(many.logMarginalLikelihood).toBeCloseTo(one.logMarginalLikelihood, 6);
});

test("networks that are still in training are between nothing and the end", () => {
  const folder = emptyFolder();
  const at = (file: string): string => path.join(folder, file);
  writeFileSync(at("x.npy"), formatNpy({ shape: [1, 1], data: Float64Array.of(1) }));
  writeFileSync(at("y.npy"), formatNpy({ shape: [1], data: Float64Array.of(3) }));
  writeFileSync(at("net.yaml"), "type: serial\nlayers: [{type: dense}, {type: relu}, {type: dense}]\n");
  const files = ["--train-x", "x.npy", "--train-y", "y.npy", "--test-x", "x.npy"];
  const run = (...options: readonly string[]) => lemniscate(["predict", "net.yaml", ...files, ...options], folder);
  // K = 1/2, Θ = 1: the mean is 1 + 2(1 − e^{−t}) from a prior mean of 1, its variance e^{−2t}/2.
  const options = ["--time", "4", "--learning-rate", "0.25", "--prior-mean", "1"];
  const { get, training, noise, predictions } = JSON.parse(run(...options, "--json").stdout);
  expect({ get, training, noise }).toEqual({
    get: "ntk",
    training: { time: 4, learningRate: 0.25, noise: 0 },
    noise: undefined,
  });
  expect(predictions[0].mean[0]).toBeCloseTo(3 - 2 * Math.exp(-1), 12);
  expect(predictions[0].variance).toBeCloseTo(Math.exp(-2) / 2, 12);
  expect(run("--time", "2").stdout).toMatch(/^training +time 2 at learning rate 1$/m);
  const refused = (flags: PredictFlags, message: string): void =>
    expect(() => settingsOf(readSpec(at("net.yaml")), { trainX: "x", testX: "x", ...flags })).toThrow(message);
  refused({ learningRate: 2 }, "learningRate: got a learning rate without a time");
  refused({ time: 2, noise: { type: "heldOut" } }, "noise: got noise by heldOut for a training time");
});

test("of classes, it is the share of networks in training that answer each", async () => {
  const at = (file: string): string => path.join(folder, file);
  const folder = emptyFolder();
  // K = Θ = 1 of each example with itself, and nothing between them.
  const inputs = { shape: [2, 2], data: Float64Array.of(Math.SQRT2, 0, 0, Math.SQRT2) };
  writeFileSync(at("x.npy"), formatNpy(inputs));
  writeFileSync(at("y.npy"), formatNpy({ shape: [2], data: Float64Array.of(0, 1) }));
  writeFileSync(
    at("experiment.yaml"),
    `lemniscate: 1
network: {type: serial, layers: [{type: dense}]}
data: {train: {type: npy, x: x.npy, y: y.npy}, test: {type: npy, x: x.npy, y: y.npy}}
inference: {type: classification, time: 3}
`,
  );
  const run = (...flags: readonly string[]) =>
    JSON.parse(lemniscate(["predict", "experiment.yaml", "--json", ...flags], folder).stdout);
  writeFileSync(at("one.npy"), formatNpy({ shape: [2], data: Float64Array.of(1, 1) }));
  expect(
    lemniscate(["predict", "experiment.yaml", "--train-x", "x.npy", "--train-y", "one.npy"], folder),
  ).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--train: got labels of one class, "1", allowed is two classes or more.'),
  });
  // Two targets for each of two examples: time counts a quarter. The mean of the right class is 1 − e^{−t/4}/2.
  for (const [t, flags] of [[3, []] as const, [12, ["--time", "12"]] as const]) {
    const { get, training, predictions, metrics, classes } = run(...flags);
    expect({ get, training, classes }).toEqual({
      get: "ntk",
      training: { time: t, learningRate: 1, noise: 0 },
      classes: ["0", "1"],
    });
    expect(metrics.accuracy).toBe(1);
    for (const [i, { probabilities, variance }] of predictions.entries()) {
      expect(variance).toBeCloseTo(Math.exp(-t / 2), 12);
      expect(probabilities[i]).toBeCloseTo(0.5 * (1 + erf((1 - Math.exp(-t / 4)) / (2 * Math.exp(-t / 4)))), 10);
    }
  }
});

test("classes keep their names, and options override the file", () => {
  const out = path.join(emptyFolder(), "predictions.csv");
  const args = ["predict", "classes.yaml", "--get", "nngp", "--noise", "1e-3", "--out", out, "--json"];
  const result = JSON.parse(lemniscate(args).stdout);
  expect(result).toMatchObject({ get: "nngp", classes: ["lily, white", "rose"], noise: { noise: 1e-3 } });
  expect(result.metrics.accuracy).toBe(1);
  expect(result.metrics.logLikelihood).toBeLessThan(0);
  const lines = readFileSync(out, "utf8").split("\n");
  expect(lines[0]).toBe('predicted,"probability_lily, white",probability_rose,variance,label');
  expect(lines[1]).toMatch(/^"lily, white",.*,"lily, white"$/);
});

test("texts are embedded, and what was lost is said", () => {
  const { code, stdout, stderr } = lemniscate(["predict", "reviews.yaml"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^train +4 examples of \(4, 3\), 2 classes$/m);
  expect(stdout).toMatch(/^test +2 examples of \(4, 3\)$/m);
  expect(stdout).toMatch(/% of \d+ tokens without a vector, 0 texts cut to 300$/m);
});

test("arrays by options, without test targets", () => {
  const folder = emptyFolder();
  const at = (file: string): string => path.join(folder, file);
  writeFileSync(at("x.npy"), formatNpy({ shape: [3, 1], data: Float64Array.of(-1, 0, 2) }));
  writeFileSync(at("y.npy"), formatNpy({ shape: [3], data: BigInt64Array.of(1n, 0n, 4n) }));
  const spec = path.join(fixtures, "regression.yaml");
  const options = [
    "--train-x",
    "x.npy",
    "--train-y",
    "y.npy",
    "--test-x",
    "x.npy",
    "--noise",
    "0",
    "--prior-mean",
    "0",
  ];
  const run = lemniscate(["predict", spec, ...options, "--get", "ntkgp", "--json"], folder);
  expect(run.stderr).toBe("");
  const { metrics, predictions } = JSON.parse(run.stdout);
  expect(metrics).toEqual({});
  for (const [i, wanted] of [1, 0, 4].entries()) expect(predictions[i].mean[0]).toBeCloseTo(wanted, 8);
  const labels = lemniscate(["predict", spec, "--train-x", "x.npy", "--test-x", "x.npy"], folder);
  expect(labels.code).toBe(1);
  expect(labels.stderr).toMatch(/^lemniscate predict: --train: got no targets/);
});

test("a class that training has not seen is an error with code 1, and nothing is written", () => {
  const folder = emptyFolder();
  writeFileSync(path.join(folder, "train.csv"), "a,kind\n1,x\n2,y\n");
  writeFileSync(path.join(folder, "test.csv"), "a,kind\n1,z\n");
  const spec = path.join(fixtures, "perceptron.json");
  const options = ["--type", "classification", "--train", "train.csv", "--test", "test.csv", "--out", "p.csv"];
  const { code, stdout, stderr } = lemniscate(["predict", spec, ...options], folder);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^lemniscate predict: --test: label 0: got "z", allowed is "x", "y"\./);
  expect(existsSync(path.join(folder, "p.csv"))).toBe(false);
});

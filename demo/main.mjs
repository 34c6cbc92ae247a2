/** Classifies real text of variable length with an infinitely wide attention network, beside a baseline. */
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  accuracy,
  attention,
  dense,
  globalAvgPool,
  isLemniscateError,
  kernel,
  logLikelihood,
  oneHot,
  openEngine,
  posterior,
  relu,
  serial,
} from "lemniscate";
import { embedTexts, learnEmbeddings, meanEmbeddings, readGlove, readImdb, tokenize, writeNpy } from "lemniscate/data";

const help = `npm run demo -- [options]

  --imdb DIR     an aclImdb folder with train/ and test/, each with pos/ and neg/; default: mail from SpamAssassin
  --glove FILE   word vectors in GloVe's text format (with --imdb)
  --train N      training texts        --test N    test texts
  --tokens N     tokens of a text that are read, from its beginning
  --seed N       which texts are drawn; default 0
  --out DIR      where kernels are written; default results/`;

/** What was asked for; a mistyped option is said in one line. */
function readArguments() {
  try {
    return parseArgs({
      options: {
        imdb: { type: "string" },
        glove: { type: "string" },
        train: { type: "string" },
        test: { type: "string" },
        tokens: { type: "string" },
        seed: { type: "string", default: "0" },
        out: { type: "string", default: "results" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`demo: ${error.message}\n\n${help}`);
    process.exit(2);
  }
}

const asked = readArguments();

const started = performance.now();
const seconds = () => `${((performance.now() - started) / 1000).toFixed(0).padStart(3)} s`;
const say = (line) => console.log(`${seconds()}  ${line}`);

/** What is being classified: tokens and labels of both parts, and where the vectors come from. */
async function readTexts() {
  const sizes = (train, test, tokens) => ({
    train: count("train", asked.train ?? train),
    test: count("test", asked.test ?? test),
    tokens: count("tokens", asked.tokens ?? tokens),
  });
  const seed = Number(asked.seed);
  if (asked.imdb !== undefined) {
    if (asked.glove === undefined)
      throw new Error("--imdb also needs --glove FILE, word vectors in GloVe's text format");
    const size = sizes(600, 300, 100);
    const read = (part) => readImdb(resolve(asked.imdb, part), { count: size[part], seed });
    const [train, test] = [await read("train"), await read("test")];
    const tokensOf = ({ texts }) => texts.map((text) => tokenize(text));
    const words = new Set([...tokensOf(train), ...tokensOf(test)].flat());
    const embeddings = await readGlove(asked.glove, { words });
    return {
      title: "film reviews (IMDb): positive or negative?",
      vectors: `GloVe from ${asked.glove}`,
      size,
      embeddings,
      train: { tokens: tokensOf(train), labels: train.labels, names: train.names },
      test: { tokens: tokensOf(test), labels: test.labels, names: test.names },
    };
  }
  const { readSpam } = await import("./spam.mjs");
  const size = sizes(700, 400, 80);
  const messages = (await readSpam(seed)).map((message) => ({ ...message, tokens: tokenize(message.text) }));
  const half = (of) => ({ spam: of / 2, mail: of / 2 });
  const take = (from, { spam, mail }) => {
    const drawn = [
      ...from.filter(({ label }) => label === 1).slice(0, spam),
      ...from.filter(({ label }) => label === 0).slice(0, mail),
    ];
    return { drawn, rest: from.filter((message) => !drawn.includes(message)) };
  };
  const test = take(messages, half(size.test));
  const train = take(test.rest, half(size.train));
  const others = train.rest.slice(0, 1500);
  const embeddings = learnEmbeddings(
    [...train.drawn, ...others].map(({ tokens }) => tokens),
    { seed },
  );
  const part = ({ drawn }) => ({
    tokens: drawn.map(({ tokens }) => tokens),
    labels: drawn.map(({ label }) => label),
    names: drawn.map(({ name }) => name),
  });
  return {
    title: "mail (SpamAssassin): spam or not?",
    vectors: `learnt from ${train.drawn.length + others.length} other messages of the same corpus (PPMI + SVD), none of them in the test set`,
    size,
    embeddings,
    train: part(train),
    test: part(test),
  };
}

function count(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value > 1) return value;
  throw new Error(`--${name}: got ${text}, allowed is a whole number > 1`);
}

/** One line that is rewritten on a terminal, and a line at each quarter elsewhere. */
function progress(what) {
  let quarter = 0;
  return (done, total) => {
    const share = done / total;
    if (process.stderr.isTTY) {
      const bar = "█".repeat(Math.floor(share * 30)).padEnd(30, "·");
      process.stderr.write(`\r${seconds()}  ${what} ${bar} ${Math.floor(share * 100)} %${share === 1 ? "\n" : ""}`);
    } else if (share >= (quarter + 1) / 4) {
      quarter = Math.floor(share * 4);
      process.stderr.write(`${seconds()}  ${what} ${quarter * 25} %\n`);
    }
  };
}

/** Kernels of a network between training and test examples, in one pass for NNGP and NTK. `what` shows progress. */
async function kernels(network, train, test, engine, what) {
  const k = kernel(network);
  const options = { get: ["nngp", "ntk"], engine };
  const shown = (part) => (what === undefined ? undefined : progress(`${what}, ${part}`));
  const trainTrain = await k(train, null, { ...options, onProgress: shown("train × train") });
  const testTrain = await k(test, train, { ...options, onProgress: shown("test × train ") });
  const testDiagonal = await k.diagonal(test, options);
  return { trainTrain, testTrain, testDiagonal };
}

/**
 * One-hot regression with the noise that a held-out quarter of the training texts likes best. The log-likelihood is
 * that of new labels under a Gaussian process with the kernel that predicts (`"ntkgp"`: the NTK as its covariance).
 */
function evaluate(name, { trainTrain, testTrain, testDiagonal }, get, train, test) {
  const fitted = posterior({
    trainTrain,
    y: oneHot(train, 2),
    get,
    noise: { choose: "heldOut", fraction: 0.25, seed: 0 },
    priorMean: 0.5,
  });
  const { mean, variance } = fitted.predict({ testTrain, testDiagonal }, { of: "observed" });
  return {
    name,
    accuracy: accuracy(mean, test),
    logLikelihood: logLikelihood({ scores: mean, variance }, test),
    noise: fitted.relativeNoise,
  };
}

async function main() {
  if (asked.help) return console.log(help);
  const { title, vectors, size, embeddings, train, test } = await readTexts();
  say(title);
  say(`${train.tokens.length} training and ${test.tokens.length} test texts, the first ${size.tokens} tokens of each`);
  say(`word vectors: ${vectors}; ${embeddings.d} dimensions, ${embeddings.words.size} words`);
  const embed = ({ tokens, names }) =>
    embedTexts(tokens, embeddings, { maxTokens: size.tokens, names, unknown: "skip", minTokens: 0 });
  const [a, b] = [embed(train), embed(test)];
  const lengths = a.x.mask.reduce((sum, present) => sum + present, 0) / train.tokens.length;
  say(
    `${lengths.toFixed(0)} tokens to a text on average; ` +
      `${(((a.unknownTokens + b.unknownTokens) / (a.tokens + b.tokens)) * 100).toFixed(1)} % of all tokens have no vector and are left out`,
  );

  const deep = [dense({ weightStd: Math.SQRT2, biasStd: 0.1 }), relu()];
  const network = serial(
    ...deep,
    attention({ position: { decay: "exponential", rate: 0.1, power: 1, std: 0.5 } }),
    relu(),
    globalAvgPool(),
    dense(),
  );
  const baseline = serial(...deep, dense());
  const engine = await openEngine({ precision: "f32" });
  say(`${availableParallelism()} cores, ${engine.name} engine, ${engine.precision}, ${engine.threads} threads`);
  const sequences = await kernels(network, a.x, b.x, engine, "kernel");
  const means = await kernels(baseline, meanEmbeddings(a.x), meanEmbeddings(b.x), engine);
  const linear = await kernels(dense(), meanEmbeddings(a.x), meanEmbeddings(b.x), engine);
  await engine[Symbol.asyncDispose]();

  await mkdir(asked.out, { recursive: true });
  for (const [name, matrix] of Object.entries({
    "train.nngp": sequences.trainTrain.nngp,
    "train.ntk": sequences.trainTrain.ntk,
    "test.nngp": sequences.testTrain.nngp,
    "test.ntk": sequences.testTrain.ntk,
  }))
    await writeNpy(resolve(asked.out, `${name}.npy`), { shape: [matrix.rows, matrix.columns], data: matrix.data });

  const rows = [
    evaluate("attention network on tokens, NNGP", sequences, "nngp", train.labels, test.labels),
    evaluate("attention network on tokens, NTK", sequences, "ntkgp", train.labels, test.labels),
    evaluate("ReLU network on the mean vector, NNGP", means, "nngp", train.labels, test.labels),
    evaluate("ReLU network on the mean vector, NTK", means, "ntkgp", train.labels, test.labels),
    evaluate("linear model on the mean vector", linear, "nngp", train.labels, test.labels),
  ];
  const error = Math.sqrt((rows[0].accuracy * (1 - rows[0].accuracy)) / test.labels.length);
  console.log(`\n${"infinitely wide model".padEnd(40)} accuracy  log-likelihood  noise`);
  for (const { name, accuracy: share, logLikelihood: likelihood, noise } of rows)
    console.log(
      `${name.padEnd(40)} ${`${(share * 100).toFixed(1)} %`.padStart(8)}  ${likelihood.toFixed(3).padStart(14)}  ${noise.toExponential(0)}`,
    );
  console.log(
    `(standard error of an accuracy about ${(error * 100).toFixed(1)} points; guessing has log-likelihood ${Math.log(0.5).toFixed(3)})`,
  );
  console.log(`\nkernels written to ${relative(process.cwd(), resolve(asked.out)) || "."}/{train,test}.{nngp,ntk}.npy`);
  console.log(`done in ${seconds().trim()}`);
}

try {
  await main();
} catch (error) {
  // What a user can mend is said in one line; anything else is a fault of this program and shows where.
  const known = isLemniscateError(error) || error?.constructor === Error;
  console.error(`demo: ${known ? error.message : error.stack}`);
  process.exitCode = 1;
}

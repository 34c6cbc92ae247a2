import path from "node:path";
import type { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { depths } from "../../network/depths.js";
import { networkFromData } from "../../network/json.js";
import { optionError } from "../../network/make.js";
import type { Path } from "../../network/path.js";
import type { Network } from "../../network/placement.js";
import { Misuse } from "../misuse.js";
import type { Experiment } from "./blocks.js";
import { experiment as one, several } from "./experiment.js";
import { pointAt, readSource, type Source } from "./source.js";

/** A specification that was read and checked. */
export interface Spec {
  /** The networks by name; a network that is alone has the name "". */
  readonly networks: Readonly<Record<string, Network>>;
  /** What else the file says: nothing if it is a network alone. */
  readonly experiment: Partial<Experiment>;
  /** A path in the file, seen from where the program runs. */
  resolve(file: string): string;
  /** Runs something that may find the network wrong for the data, and points at the line if it does. */
  within<T>(work: () => T, network?: string): T;
}

/** Reads a network or an experiment from a file in YAML or JSON. */
export function readSpec(name: string): Spec {
  const source = readSource(name);
  const { data } = source;
  const kind = isRecord(data) && !("type" in data) ? ["networks", "network"].find((key) => key in data) : undefined;
  const root: Path = kind === undefined ? [] : [kind];
  const experiment: Partial<Experiment> =
    kind === undefined ? {} : checkedExperiment(source, kind === "networks" ? several : one);
  const read = (of: unknown, at: Path): Network => pointing(source, at, () => networkFromData(of));
  const networks =
    kind === "networks"
      ? Object.entries(experiment.networks!).map(([name, of]) => [name, read(of, [...root, name])])
      : [["", read(kind === undefined ? withoutSchema(data) : experiment.network, root)]];
  return {
    networks: Object.fromEntries(networks),
    experiment,
    within: (work, network = "") => pointing(source, network === "" ? root : [...root, network], work),
    resolve: (of) => (path.isAbsolute(of) ? of : path.join(path.dirname(name), of)),
  };
}

/**
 * The network of a specification that has one.
 *
 * @throws LemniscateError `BadNetwork` if it has several
 */
export function onlyNetwork({ networks }: Spec): Network {
  if ("" in networks) return networks[""]!;
  throw new Misuse({
    code: "BadNetwork",
    where: "networks",
    given: Object.keys(networks).join(", ") || "none",
    allowed: "one network, as network:",
    mend: "Keep the one that is meant.",
  });
}

/** The specification of all depths of a network's repeated block, each under its number. */
export function allDepths(spec: Spec): Spec {
  const network = onlyNetwork(spec);
  // A place in the network of some depth is the same place in the file's.
  const unnamed = (error: unknown): unknown =>
    error instanceof LemniscateError && error.path !== undefined
      ? new LemniscateError({ ...error, path: error.path.slice(1), cause: error })
      : error;
  return {
    ...spec,
    networks: spec.within(() => depths(network)),
    within: (work) => spec.within(() => mapError(work, unnamed)),
  };
}

function checkedExperiment(source: Source, experiment: z.ZodType<Experiment>): Experiment {
  const parsed = experiment.safeParse(withoutSchema(source.data));
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues[0]!);
  const error = optionError("experiment", issue, source.data, [], experiment);
  throw new Misuse({
    code: "BadFile",
    where: `${source.place(error.path ?? [])} ${error.where}`,
    given: issue.code === "invalid_key" ? JSON.stringify(issue.path.at(-1)) : error.given,
    allowed: allowedBy(issue) ?? error.allowed,
    mend: error.mend,
    cause: error,
  });
}

/** Of a value that fits none of several forms, what is wrong with it in the form that it is most likely meant to be. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const inner = issue.errors.flat().toSorted((a, b) => b.path.length - a.path.length)[0]!;
  return inner.path.length === 0 ? issue : deepest({ ...inner, path: [...issue.path, ...inner.path] });
}

/** What is allowed where the issue's own message does not say it. */
function allowedBy(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === "invalid_key") return issue.issues[0]?.message;
  return issue.code === "invalid_union" ? allowedTypes(issue) : undefined;
}

function allowedTypes(issue: z.core.$ZodIssueInvalidUnion): string {
  const options = (issue as { options?: readonly unknown[] }).options;
  if (options !== undefined) return options.map((option) => JSON.stringify(option)).join(", ");
  const expected = issue.errors.flat().map(({ message }) => /expected (\w+)/.exec(message)?.[1] ?? message);
  return [...new Set(expected)].map((kind) => (kind === "object" ? "a block with a type" : `a ${kind}`)).join(", or ");
}

/** `$schema` is for editors. */
function withoutSchema(data: unknown): unknown {
  if (!isRecord(data) || !("$schema" in data)) return data;
  const { $schema: _, ...rest } = data;
  return rest;
}

function pointing<T>(source: Source, root: Path, work: () => T): T {
  return mapError(work, (error) => pointAt(source, root, error));
}

/** Does some work, at once or in a promise, and changes the error it ends with. */
function mapError<T>(work: () => T, change: (error: unknown) => unknown): T {
  const point = (error: unknown): never => {
    throw change(error);
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(point) as T) : result;
  } catch (error) {
    return point(error);
  }
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

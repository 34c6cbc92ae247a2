import path from "node:path";
import type { z } from "zod";
import { networkFromData } from "../../network/json.js";
import { optionError } from "../../network/make.js";
import type { Path } from "../../network/path.js";
import type { Network } from "../../network/placement.js";
import { Misuse } from "../misuse.js";
import type { Experiment } from "./blocks.js";
import { experiment } from "./experiment.js";
import { pointAt, readSource, type Source } from "./source.js";

/** A specification that was read and checked. */
export interface Spec {
  readonly network: Network;
  /** What else the file says: nothing if it is a network alone. */
  readonly experiment: Partial<Experiment>;
  /** A path in the file, seen from where the program runs. */
  resolve(file: string): string;
  /** Runs something that may find the network wrong for the data, and points at the line if it does. */
  within<T>(work: () => T): T;
}

/** Reads a network or an experiment from a file in YAML or JSON. */
export function readSpec(name: string): Spec {
  const source = readSource(name);
  const { data } = source;
  const isExperiment = isRecord(data) && "network" in data && !("type" in data);
  const file = isExperiment ? checkedExperiment(source) : {};
  const root: Path = isExperiment ? ["network"] : [];
  const within = <T>(work: () => T): T => pointing(source, root, work);
  const network = within(() => networkFromData(isExperiment ? data["network"] : withoutSchema(data)));
  return {
    network,
    experiment: file,
    within,
    resolve: (of) => (path.isAbsolute(of) ? of : path.join(path.dirname(name), of)),
  };
}

function checkedExperiment(source: Source): Experiment {
  const parsed = experiment.safeParse(withoutSchema(source.data));
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues[0]!);
  const error = optionError("experiment", issue, source.data, [], experiment);
  throw new Misuse({
    code: "BadFile",
    where: `${source.place(error.path ?? [])} ${error.where}`,
    given: error.given,
    allowed: issue.code === "invalid_union" ? allowedTypes(issue) : error.allowed,
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
  const point = (error: unknown): never => {
    throw pointAt(source, root, error);
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

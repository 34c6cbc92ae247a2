/** @module What is refused, and in which words: a table of cases for a test each. */
import { expect, test } from "vitest";
import { isLemniscateError, type LemniscateError } from "../../src/core/errors.js";
import type { Shape } from "../../src/core/shape.js";
import { networkFromData } from "../../src/network/json.js";
import type { Network } from "../../src/network/placement.js";

export const tokens: Shape = { grid: [5], channels: 3, gaussian: false };
export const features: Shape = { grid: [], channels: 3, gaussian: false };
export const image: Shape = { grid: [4, 5], channels: 3, gaussian: false };

export const net = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });
export const layer = (type: string, options: object = {}): object => ({ type, ...options });

export function thrown(run: () => unknown): LemniscateError {
  try {
    run();
  } catch (error) {
    expect(isLemniscateError(error)).toBe(true);
    return error as LemniscateError;
  }
  throw new Error("nothing was thrown");
}

export interface Refused {
  readonly what: string;
  readonly run: () => unknown;
  readonly code: string;
  readonly message: string | RegExp;
  readonly path?: readonly (string | number)[];
}

export function refuses(cases: readonly Refused[]): void {
  test.each(cases)("$what", ({ run, code, message, path }) => {
    const error = thrown(run);
    if (typeof message === "string") expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
    if (path !== undefined) expect(error.path).toEqual(path);
  });
}

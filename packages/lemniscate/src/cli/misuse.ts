import { LemniscateError } from "../core/errors.js";

/** A mistake on the command line or in a file that describes what to do: exit code 2, where others have 1. */
export class Misuse extends LemniscateError {}

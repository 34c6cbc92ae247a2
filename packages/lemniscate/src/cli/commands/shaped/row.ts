import type { Estimate } from "../../../shaped/statistics/summary.js";

export type Cell = string | number | Estimate;
export type Row = Readonly<Record<string, Cell>>;

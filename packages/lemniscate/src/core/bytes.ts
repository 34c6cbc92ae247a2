/** @module Amounts of memory as text. */

/** `"512MiB"` → 536870912; units with i count in 1024s, those without in 1000s. Nothing if it is no size. */
export function parseBytes(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([kMGT]i?B?|B)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const power = unit === undefined ? 0 : "bkmgt".indexOf(unit[0]!.toLowerCase());
  return Math.floor(Number(digits) * (unit?.[1]?.toLowerCase() === "i" ? 1024 : 1000) ** power);
}

/** 536870912 → `"512 MiB"`. */
export function describeBytes(bytes: number): string {
  const power = Math.max(0, Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

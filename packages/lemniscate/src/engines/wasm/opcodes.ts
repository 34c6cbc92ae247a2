/** @module Numbers of the WebAssembly instructions that are used here, from the core and SIMD specifications. */

export const valueTypes = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof valueTypes;

/** One-byte instructions. */
export const plain = {
  select: 0x1b,
  "i32.eqz": 0x45,
  "i32.lt_s": 0x48,
  "i32.lt_u": 0x49,
  "i32.gt_s": 0x4a,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.mul": 0x6c,
  "i32.shl": 0x74,
  "i32.and": 0x71,
  "i32.or": 0x72,
  "f32.add": 0x92,
  "f32.mul": 0x94,
  "f64.add": 0xa0,
  "f64.mul": 0xa2,
  "f64.promote_f32": 0xbb,
  "f32.demote_f64": 0xb6,
} as const;

/** Instructions behind the prefix 0xfd. */
export const simd = {
  "i32x4.splat": 17,
  "f32x4.splat": 19,
  "f64x2.splat": 20,
  "f32x4.lt": 67,
  "f32x4.le": 69,
  "f64x2.lt": 73,
  "f64x2.le": 75,
  "v128.and": 78,
  "v128.or": 80,
  "v128.xor": 81,
  "v128.bitselect": 82,
  "v128.any_true": 83,
  "f32x4.demote_f64x2_zero": 94,
  "f64x2.promote_low_f32x4": 95,
  "i32x4.shl": 171,
  "i32x4.shr_s": 172,
  "i32x4.shr_u": 173,
  "i32x4.add": 174,
  "i32x4.sub": 177,
  "i64x2.all_true": 195,
  "i64x2.extend_low_i32x4_u": 201,
  "i64x2.extend_high_i32x4_u": 202,
  "i64x2.shl": 203,
  "i64x2.shr_u": 205,
  "i64x2.add": 206,
  "i64x2.sub": 209,
  "i64x2.extmul_low_i32x4_u": 222,
  "i64x2.extmul_high_i32x4_u": 223,
  "f32x4.abs": 224,
  "f32x4.sqrt": 227,
  "f32x4.add": 228,
  "f32x4.sub": 229,
  "f32x4.mul": 230,
  "f32x4.div": 231,
  "f32x4.pmin": 234,
  "f32x4.pmax": 235,
  "f64x2.abs": 236,
  "f64x2.sqrt": 239,
  "f64x2.add": 240,
  "f64x2.sub": 241,
  "f64x2.mul": 242,
  "f64x2.div": 243,
  "f64x2.pmin": 246,
  "f64x2.pmax": 247,
  "f32x4.convert_i32x4_s": 250,
  "f64x2.convert_low_i32x4_s": 254,
  "f64x2.convert_low_i32x4_u": 255,
  "f32x4.relaxed_madd": 0x105,
  "f64x2.relaxed_madd": 0x107,
  "i32x4.relaxed_laneselect": 0x10b,
  "i64x2.relaxed_laneselect": 0x10c,
} as const;

/** Loads and stores: prefix or none, number, alignment as a power of two. */
export const memory = {
  "i32.load": [false, 0x28, 2],
  "f32.load": [false, 0x2a, 2],
  "f64.load": [false, 0x2b, 3],
  "i32.store": [false, 0x36, 2],
  "f32.store": [false, 0x38, 2],
  "f64.store": [false, 0x39, 3],
  "v128.load": [true, 0, 4],
  "v128.load32_splat": [true, 9, 2],
  "v128.load64_splat": [true, 10, 3],
  "v128.store": [true, 11, 4],
} as const;

/** Lane reads. */
export const lanes = { "f32x4.extract_lane": 31, "f64x2.extract_lane": 33 } as const;

export type Instruction = keyof typeof plain | keyof typeof simd;
export type MemoryInstruction = keyof typeof memory;

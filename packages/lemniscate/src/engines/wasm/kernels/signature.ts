/** Parameters of a function whose arguments are all addresses, counts and strides. */
export const i32s = (count: number): "i32"[] => Array.from({ length: count }, () => "i32");

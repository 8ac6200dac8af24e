export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^';

/** Arithmetic on numbers. */
export const COMPUTE: Record<ArithmeticOp, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a - Math.floor(a / b) * b,
  '^': (a, b) => a ** b,
};

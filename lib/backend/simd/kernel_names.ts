/** The kernels of `kernels/index.ts`, in the order of their numbers there. */
export const KERNELS = [
  "product",
  "unary",
  "binary",
  "reduce",
  "softmax",
  "argMax",
  "transpose",
  "swap",
  "gather",
  "scatter",
  "geluGradient",
  "dropout",
  "norm",
  "normGradient",
  "attention",
  "attentionGradient",
  "loss",
  "lossGradient",
  "adamW",
  "squares",
  "biasGelu",
  "slope",
] as const;

/** The name of a kernel. */
export type KernelName = typeof KERNELS[number];

// The kernels by number, and the kernel of products.
import { address, int } from "./parameters";
import { multiply } from "./gemm";
import { binaryTask, dropoutTask, geluGradientTask, unaryTask } from "./elementwise";
import { biasGeluTask, slopeTask } from "./gelu";
import { argMaxTask, reduceTask, softmaxTask } from "./reduce";
import { gatherTask, scatterTask, swapTask, transposeTask } from "./move";
import { normGradientTask, normTask } from "./norm";
import { attentionGradientTask, attentionTask } from "./attention";
import { lossGradientTask, lossTask } from "./loss";
import { adamWTask, squaresTask } from "./optimizer";

/** Runs one task of a kernel. The numbers are those of `KERNELS` in `kernel_names.ts`. */
export function runTask(kernel: i32, task: i32): void {
  switch (kernel) {
    case 0: return productTask(task);
    case 1: return unaryTask(task);
    case 2: return binaryTask(task);
    case 3: return reduceTask(task);
    case 4: return softmaxTask(task);
    case 5: return argMaxTask(task);
    case 6: return transposeTask(task);
    case 7: return swapTask(task);
    case 8: return gatherTask(task);
    case 9: return scatterTask(task);
    case 10: return geluGradientTask(task);
    case 11: return dropoutTask(task);
    case 12: return normTask(task);
    case 13: return normGradientTask(task);
    case 14: return attentionTask(task);
    case 15: return attentionGradientTask(task);
    case 16: return lossTask(task);
    case 17: return lossGradientTask(task);
    case 18: return adamWTask(task);
    case 19: return squaresTask(task);
    case 20: return biasGeluTask(task);
    case 21: return slopeTask(task);
  }
}

/**
 * Computes one block of one product of a batch.
 * Parameters: a, b, c, bias, m, n, k, lda, ldb, ldc, ta, tb, rows in a block, columns in a block,
 * steps from product to product in a, b, c (0: all have the same)
 */
function productTask(task: i32): void {
  const m = int(4), n = int(5), down = int(12), across = int(13);
  const blocksDown = (m + down - 1) / down, blocksAcross = (n + across - 1) / across;
  const item = task / (blocksDown * blocksAcross), block = task % (blocksDown * blocksAcross);
  const i = (block % blocksDown) * down, j = (block / blocksDown) * across;
  const a = address(0) + (<usize> (item * int(14) + (int(10) ? i : i * int(7))) << 2);
  const b = address(1) + (<usize> (item * int(15) + (int(11) ? j * int(8) : j)) << 2);
  const c = address(2) + (<usize> (item * int(16) + i * int(9) + j) << 2);
  const bias = int(3) != 0 ? address(3) + (<usize> j << 2) : 0;
  multiply(
    int(10) != 0, int(11) != 0, min(down, m - i), min(across, n - j), int(6),
    a, int(7), b, int(8), c, int(9), bias, false,
  );
}

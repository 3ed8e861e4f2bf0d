import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import {
  checkpointPath,
  checkpointSteps,
  CheckpointWriter,
  newestCheckpoint,
  tidyCheckpoints,
} from "bert/runs/checkpoint_files.ts";
import { createRng, type Rng } from "bert/random.ts";
import {
  packCheckpoint,
  type RunCheckpoint,
  sealCheckpoint,
  unpackCheckpoint,
} from "bert/runs/checkpoint.ts";
import { readSafetensors } from "bert/files/safetensors.ts";

const RUN = "0123456789abcdef";

/** A checkpoint whose every number depends on its step. */
function checkpoint(step: number, best?: number): RunCheckpoint {
  const rng = createRng(step);
  const numbers = (count: number) => Float32Array.from({ length: count }, () => rng.random() - 0.5);
  const state = {
    run: RUN,
    step,
    epoch: 1,
    batches: step,
    tokens: 10 * step,
    seconds: step / 3,
    skipped: 0,
    rows: step,
    evaluations: 0,
    evaluatedAt: -1,
    finished: false,
    backend: "test",
    ...(best === undefined ? {} : { best: { step: best, loss: 1 } }),
  };
  return {
    state,
    weights: new Map([["a/b", { shape: [4, 8], data: numbers(32) }], ["c", {
      shape: [5],
      data: numbers(5),
    }]]),
    optimizer: {
      step,
      moments: new Map([["a/b", { first: numbers(32), second: numbers(32) }], ["c", {
        first: numbers(5),
        second: numbers(5),
      }]]),
    },
    generators: { mlm: rng.fork("mlm").state, nsp: rng.fork("nsp").state },
  };
}

async function sealed(one: RunCheckpoint): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = packCheckpoint(one);
  await sealCheckpoint(bytes);
  return bytes;
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "checkpoint-test-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function write(folder: string, steps: readonly number[], keep = 9): Promise<void> {
  const writer = new CheckpointWriter(folder, keep);
  for (const step of steps) await writer.save(checkpoint(step));
  await writer.settle();
}

Deno.test("a checkpoint is read back bit for bit, and its file is a safetensors file", async () => {
  const bytes = await sealed(checkpoint(7));
  deepStrictEqual(await unpackCheckpoint(bytes, "x"), checkpoint(7));
  ok(readSafetensors(bytes).tensors.has("weight/a/b"));
});

Deno.test("a checkpoint keeps Muon's means, and refuses those that do not fit their weights", async () => {
  const one = checkpoint(7);
  const { step, moments } = one.optimizer;
  const withMeans = (size: number) => ({
    ...one,
    optimizer: { step, moments, momenta: new Map([["a/b", new Float32Array(size).fill(0.5)]]) },
  });
  const found = await unpackCheckpoint(await sealed(withMeans(32)), "x");
  deepStrictEqual(found, withMeans(32));
  await rejects(
    unpackCheckpoint(await sealed(withMeans(31)), "x"),
    /expected the mean of "a\/b" as floats, found 31 values for 32/,
  );
});

Deno.test("a change of any bit of a checkpoint is noticed", async () => {
  const bytes = await sealed(checkpoint(7));
  const rng = createRng(1);
  for (let i = 0; i < 400; i++) {
    const damaged = bytes.slice();
    const at = i < 200 ? i : rng.below(bytes.length); // every byte of the header's beginning
    damaged[at] ^= 1 << rng.below(8);
    await rejects(unpackCheckpoint(damaged, "x"), { name: "FormatError" }, `byte ${at}`);
  }
});

/** Damages a file in one of several ways, each of which certainly changes it, and returns which. */
async function spoil(path: string, rng: Rng): Promise<string> {
  const bytes = await Deno.readFile(path);
  const ways = {
    "cut off": () => Deno.truncate(path, rng.below(bytes.length)),
    "bits flipped": async () => {
      for (let i = rng.between(1, 20); i > 0; i--) {
        bytes[rng.below(bytes.length)] ^= 1 << rng.below(8);
      }
      bytes[rng.below(bytes.length)] ^= 255;
      await Deno.writeFile(path, bytes);
    },
    emptied: () => Deno.truncate(path, 0),
    deleted: () => Deno.remove(path),
    "a stretch of zeros": async () => {
      const start = rng.below(bytes.length - 400);
      await Deno.writeFile(path, bytes.fill(0, start, start + 400));
    },
    "bytes appended": () => Deno.writeFile(path, Uint8Array.of(0, 1), { append: true }),
    "another run's": async () => {
      const { state, ...numbers } = checkpoint(99);
      await Deno.writeFile(path, await sealed({ ...numbers, state: { ...state, run: "other" } }));
    },
  };
  const names = Object.keys(ways) as (keyof typeof ways)[];
  const name = names[rng.below(names.length)];
  await ways[name]();
  return name;
}

Deno.test("checkpoints damaged in 100 random ways: the newest valid one is found, never a wrong one", async () => {
  const steps = [10, 20, 30];
  const sound = new Map<number, Uint8Array>();
  for (const step of steps) sound.set(step, await sealed(checkpoint(step)));
  let lost = 0;
  for (let seed = 0; seed < 100; seed++) {
    await withFolder(async (folder) => {
      for (const [step, bytes] of sound) await Deno.writeFile(checkpointPath(folder, step), bytes);
      const rng = createRng(seed);
      const spoilt = steps.filter(() => rng.random() < 0.6);
      const ways: string[] = [];
      for (const step of spoilt) ways.push(await spoil(checkpointPath(folder, step), rng));
      const { checkpoint: found, damaged } = await newestCheckpoint(folder, RUN);
      const expected = steps.filter((step) => !spoilt.includes(step)).at(-1);
      const what = `seed ${seed}: ${spoilt} ${ways}`;
      deepStrictEqual(found, expected === undefined ? undefined : checkpoint(expected), what);
      const newer = spoilt.filter((step, i) => ways[i] !== "deleted" && !(step < expected!));
      strictEqual(damaged.length, newer.length, what);
      if (expected === undefined) lost++;
    });
  }
  ok(lost > 5 && lost < 40, `${lost} of the folders had no valid one left`);
});

Deno.test("a checkpoint under another step's name is not used", async () => {
  await withFolder(async (folder) => {
    await write(folder, [10, 20]);
    await Deno.rename(checkpointPath(folder, 20), checkpointPath(folder, 90));
    const { checkpoint: found, damaged } = await newestCheckpoint(folder, RUN);
    strictEqual(found?.state.step, 10);
    ok(/expected step 90, found 20: it was renamed/.test(damaged[0].reason), damaged[0].reason);
  });
});

Deno.test("a checkpoint that does not fit into memory is not treated as damaged", async () => {
  await withFolder(async (folder) => {
    const writer = new CheckpointWriter(folder, 2);
    await writer.save(checkpoint(1));
    await writer.settle();
    const { readFile } = Deno;
    Deno.readFile = () => Promise.reject(new RangeError("Array buffer allocation failed"));
    try {
      await rejects(newestCheckpoint(folder, RUN), /Array buffer allocation failed/);
    } finally {
      Deno.readFile = readFile;
    }
  });
});

Deno.test("a checkpoint that the system cannot read is not treated as damaged", async () => {
  await withFolder(async (folder) => {
    await write(folder, [1, 2]);
    const { readFile } = Deno;
    Deno.readFile = () => {
      return Promise.reject(Object.assign(new Error("Input/output error"), { code: "EIO" }));
    };
    try {
      await rejects(newestCheckpoint(folder, RUN), {
        name: "FormatError",
        message: `Cannot read ${checkpointPath(folder, 2)}: the system could not read it ` +
          "(Input/output error): check the disk or the network drive that it lies on, and try again",
      });
    } finally {
      Deno.readFile = readFile;
    }
    await Deno.mkdir(checkpointPath(folder, 3));
    await rejects(newestCheckpoint(folder, RUN), /000003.*: expected a file, found a folder/);
  });
});

Deno.test("CheckpointWriter keeps the newest and the best", async () => {
  await withFolder(async (folder) => {
    const writer = new CheckpointWriter(folder, 2);
    for (const step of [1, 2, 3, 4, 5]) await writer.save(checkpoint(step, Math.min(step, 2)));
    await writer.settle();
    deepStrictEqual(await checkpointSteps(folder), [5, 4, 2]);
  });
});

Deno.test("CheckpointWriter writes the weights as they were when it was called", async () => {
  await withFolder(async (folder) => {
    const writer = new CheckpointWriter(folder, 2);
    const one = checkpoint(3);
    await writer.save(one);
    one.weights.get("c")!.data.fill(0); // as the next step would change it
    await writer.settle();
    deepStrictEqual((await newestCheckpoint(folder, RUN)).checkpoint, checkpoint(3));
  });
});

Deno.test("CheckpointWriter.settle() throws the error of a failed save, and older checkpoints stay", async () => {
  await withFolder(async (folder) => {
    await write(folder, [1]);
    await Deno.mkdir(`${checkpointPath(folder, 2)}.unfinished`); // nothing can be written there
    const writer = new CheckpointWriter(folder, 2);
    await writer.save(checkpoint(2));
    await rejects(writer.settle(), /Cannot write .*step-000000002/);
    strictEqual((await newestCheckpoint(folder, RUN)).checkpoint?.state.step, 1);
  });
});

Deno.test("tidyCheckpoints() removes unfinished files and renames damaged checkpoints", async () => {
  await withFolder(async (folder) => {
    await write(folder, [1, 2]);
    await Deno.writeTextFile(`${checkpointPath(folder, 3)}.unfinished`, "half");
    await Deno.truncate(checkpointPath(folder, 2), 100);
    const { damaged } = await newestCheckpoint(folder, RUN);
    await tidyCheckpoints(folder, damaged);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    deepStrictEqual(names, ["step-000000001.safetensors", "step-000000002.safetensors.damaged"]);
  });
});

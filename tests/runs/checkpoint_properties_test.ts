import fc from "fast-check";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "bert/backend/choose.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { bertConfig } from "bert/config.ts";
import { FormatError } from "bert/errors.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { createRng } from "bert/random.ts";
import {
  packCheckpoint,
  type RunCheckpoint,
  sealCheckpoint,
  unpackCheckpoint,
} from "bert/runs/checkpoint.ts";
import type { RunState } from "bert/runs/run_state.ts";
import { type HostTensor, readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { SETTINGS } from "../support/arbitrary.ts";
import { snapshot } from "../support/toy_model.ts";

await useBackend("cpu");

/** Names that are special in JavaScript objects, JSON headers or paths, and any others. */
const name = fc.oneof(
  fc.constantFrom("bert.pooler.dense.weight", "__proto__", "constructor", "0", "", "é", "a/b", '"'),
  fc.string({ unit: "binary", maxLength: 12 }),
).filter((text) => text !== "__metadata__");

const shape = fc.array(fc.nat(3), { maxLength: 3 });
const size = (sizes: readonly number[]) => sizes.reduce((product, n) => product * n, 1);

/** Any 32 bits, so that floats include every NaN, infinities and both zeros. */
const bits = (count: number) =>
  fc.array(fc.integer(), { minLength: count, maxLength: count }).map((all) => Int32Array.from(all));
const floats = (count: number) => bits(count).map(({ buffer }) => new Float32Array(buffer));

const floatTensor: fc.Arbitrary<HostTensor> = shape.chain((sizes) =>
  floats(size(sizes)).map((data) => ({ shape: sizes, data }))
);
const tensor: fc.Arbitrary<HostTensor> = fc.oneof(
  floatTensor,
  shape.chain((sizes) => bits(size(sizes)).map((data) => ({ shape: sizes, data }))),
);

function named<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> {
  const entries = fc.array(fc.tuple(name, value), { maxLength: 4 });
  return entries.map((found) => new Map(found));
}

const metadata = named(fc.string({ unit: "binary" })).map(Object.fromEntries);

/** Tensors with floats as their bits, as NaN has many bit patterns and -0 differs from 0. */
function bitsOf(tensors: ReadonlyMap<string, HostTensor>) {
  return [...tensors].map(([name, { shape, data }]) =>
    [name, data.constructor.name, [...shape], [...new Int32Array(data.slice().buffer)]] as const
  ).sort(([a], [b]) => a < b ? -1 : 1);
}

Deno.test("safetensors: any tensors under any names are read back bit for bit", () => {
  fc.assert(
    fc.property(named(tensor), metadata, (tensors, strings) => {
      const read = readSafetensors(writeSafetensors(tensors, strings));
      deepStrictEqual(bitsOf(read.tensors), bitsOf(tensors));
      deepStrictEqual(Object.entries(read.metadata).sort(), Object.entries(strings).sort());
    }),
    SETTINGS,
  );
});

const PLAIN = { noNullPrototype: true };
const count = fc.nat(1e6);
const finite = (least: number) =>
  fc.double({ min: least, max: 1e9, noNaN: true }).map((value) => value + 0); // -0 is 0 in JSON

const state: fc.Arbitrary<RunState> = fc.record({
  run: fc.string({ unit: "binary" }),
  backend: fc.string({ unit: "grapheme" }),
  step: count,
  epoch: count.map((n) => n + 1),
  batches: count,
  tokens: count,
  skipped: count,
  rows: count,
  evaluations: count,
  evaluatedAt: count.map((step) => step - 1),
  seconds: finite(0),
  finished: fc.boolean(),
  best: fc.option(fc.record({ step: count, loss: finite(-1e9) }, PLAIN), { nil: undefined }),
}).map(({ best, ...rest }) => best ? { ...rest, best } : rest);

const checkpoint: fc.Arbitrary<RunCheckpoint> = fc.record({
  state,
  weights: named(floatTensor),
  updates: count,
  generators: named(fc.nat(1e6).map((seed) => createRng(seed).fork("x").state)),
  seed: fc.nat(1e6),
}).map(({ state, weights, updates, generators, seed }) => {
  const rng = createRng(seed);
  const mean = ({ data }: HostTensor) => Float32Array.from(data, () => rng.random());
  const moments = [...weights].filter(() => rng.random() < 0.8)
    .map(([name, weight]) => [name, { first: mean(weight), second: mean(weight) }] as const);
  const optimizer = { step: updates, moments: new Map(moments) };
  return { state, weights, optimizer, generators: Object.fromEntries(generators) };
});

async function sealed(one: RunCheckpoint): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = packCheckpoint(one);
  await sealCheckpoint(bytes);
  return bytes;
}

/** A checkpoint with its weights as bits. */
function exact({ weights, ...rest }: RunCheckpoint) {
  return { ...rest, weights: bitsOf(weights) };
}

Deno.test("checkpoints: any run is read back bit for bit", async () => {
  await fc.assert(
    fc.asyncProperty(checkpoint, async (one) => {
      deepStrictEqual(exact(await unpackCheckpoint(await sealed(one), "x")), exact(one));
    }),
    SETTINGS,
  );
});

/** Damage to a file: bytes changed, removed or inserted, the end cut off, a digit or letter replaced. */
interface Harm {
  readonly how: "set" | "cut" | "insert" | "truncate" | "exchange";
  readonly at: number;
  readonly bytes: Uint8Array;
}

const harm: fc.Arbitrary<Harm> = fc.record({
  how: fc.constantFrom("set", "cut", "insert", "truncate", "exchange", "exchange"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 9 }),
    fc.constantFrom(...'0 9 - e " , : ] } null true "a":0, \\u0000'.split(" ")).map((text) =>
      new TextEncoder().encode(text)
    ),
  ),
});

function harmed(whole: Uint8Array, { how, at, bytes }: Harm): Uint8Array<ArrayBuffer> {
  const start = Math.floor(at * whole.length);
  if (how === "truncate") return whole.slice(0, start);
  if (how === "exchange") return exchanged(whole, start, bytes[0]);
  const between = how === "cut" ? [] : bytes;
  const rest = how === "insert" ? start : start + bytes.length;
  return Uint8Array.from([...whole.subarray(0, start), ...between, ...whole.subarray(rest)]);
}

/** Replaces the next digit by a digit, or the next letter by a letter, so that JSON stays well-formed. */
function exchanged(whole: Uint8Array, start: number, choice: number): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(whole);
  const kinds = ["0123456789", "abcdefghijklmnopqrstuvwxyz"];
  for (let i = start; i < copy.length; i++) {
    const kind = kinds.find((letters) => letters.includes(String.fromCharCode(copy[i])));
    if (!kind) continue;
    copy[i] = kind.charCodeAt(choice % kind.length);
    break;
  }
  return copy;
}

/** Corrects the length of the header, so that the reader gets as far as the header's content. */
function withHeaderLength(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const header = /^[^]{8,}\}\} */.exec(new TextDecoder("latin1").decode(bytes));
  if (header) new DataView(bytes.buffer).setBigUint64(0, BigInt(header[0].length - 8), true);
  return bytes;
}

async function isRefused(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    await unpackCheckpoint(bytes, "x");
    return false;
  } catch (error) {
    ok(error instanceof FormatError, String(error));
    return true;
  }
}

Deno.test("checkpoints: any change, cut or insertion is noticed", async () => {
  await fc.assert(
    fc.asyncProperty(checkpoint, fc.array(harm, { minLength: 1 }), async (one, harms) => {
      const whole = await sealed(one);
      const bytes = harms.reduce<Uint8Array<ArrayBuffer>>(harmed, whole);
      const same = bytes.length === whole.length && bytes.every((byte, i) => byte === whole[i]);
      strictEqual(await isRefused(bytes), !same);
    }),
    SETTINGS,
  );
});

Deno.test("checkpoints: changed fields under a correct checksum are refused, or still describe a run", async () => {
  const outcomes = { refused: 0, read: 0 };
  await fc.assert(
    fc.asyncProperty(checkpoint, harm, async (one, how) => {
      const bytes = withHeaderLength(harmed(await sealed(one), how));
      await sealCheckpoint(bytes).catch(() => {}); // the place of the checksum may be damaged, too
      if (await isRefused(bytes)) outcomes.refused++;
      else {
        outcomes.read++;
        const read = await unpackCheckpoint(bytes, "x");
        deepStrictEqual(exact(await unpackCheckpoint(await sealed(read), "x")), exact(read));
      }
    }),
    { ...SETTINGS, numRuns: 600 },
  );
  ok(outcomes.refused > 100 && outcomes.read > 20, JSON.stringify(outcomes)); // both are tried
});

Deno.test("checkpoints: an impossible field of the state is refused by name", async () => {
  const fields =
    "run step epoch batches tokens seconds skipped rows evaluations evaluatedAt best " +
    "finished backend";
  await fc.assert(
    fc.asyncProperty(
      checkpoint,
      fc.constantFrom(...fields.split(" ")),
      fc.jsonValue({ maxDepth: 1 }),
      async (one, field, value) => {
        const changed = { ...one.state, [field]: value } as RunState;
        const kind = (found: unknown) => found === null ? "null" : typeof found;
        const before = one.state[field as keyof RunState];
        if (field === "best" || kind(value) === kind(before)) {
          await isRefused(await sealed({ ...one, state: changed })); // an error is a FormatError
        } else {
          await rejects(unpackCheckpoint(await sealed({ ...one, state: changed }), "x"), {
            name: "FormatError",
            message: new RegExp(`expected the run's ${field} to be`),
          });
        }
      },
    ),
    SETTINGS,
  );
});

Deno.test("every reader of checkpoints throws FormatError at random bytes", async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((text) => headed(new TextEncoder().encode(text))),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (found) => {
      ok(await isRefused(found.slice()));
      try {
        const { tensors } = readSafetensors(found);
        strictEqual(tensors.size, 0); // the header "{}" is a valid file without tensors
      } catch (error) {
        ok(error instanceof FormatError, String(error));
      }
    }),
    SETTINGS,
  );
});

function headed(json: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + json.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const word = fc.stringMatching(/^(##)?[a-z]{1,5}$/);
const folders = fc.record({
  words: fc.uniqueArray(word, { minLength: 1, maxLength: 9 }),
  hiddenSize: fc.constantFrom(4, 8),
  numAttentionHeads: fc.constantFrom(1, 2, 4),
  numHiddenLayers: fc.nat(2).map((layers) => layers + 1),
  intermediateSize: fc.integer({ min: 1, max: 9 }),
  maxPositionEmbeddings: fc.integer({ min: 4, max: 20 }),
  typeVocabSize: fc.integer({ min: 2, max: 4 }),
  hiddenAct: fc.constantFrom("gelu" as const, "relu" as const, "gelu_new" as const),
  seed: fc.nat(1e6),
});

/** Calls a function with a model of any shape that is saved in a folder of its own. */
async function withModel(
  { words, seed, ...sizes }: typeof folders extends fc.Arbitrary<infer T> ? T : never,
  use: (folder: string, model: BertPretrainHead, vocab: Vocab) => Promise<void>,
): Promise<void> {
  const vocab = new Vocab([...SPECIAL_TOKENS, ...words]);
  const model = new BertPretrainHead(bertConfig("smoke", { ...sizes, vocabSize: vocab.size }), {
    seed,
  });
  const folder = await Deno.makeTempDir({ prefix: "checkpoint-properties-" });
  try {
    await saveModel(folder, model, new BertTokenizer(vocab));
    await use(folder, model, vocab);
  } finally {
    model.dispose();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("model folders: any model is read back, and a damaged file is a FormatError or a valid model", async () => {
  const files = ["config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json"];
  const file = fc.constantFrom(...files, "model.safetensors");
  const outcomes = { refused: 0, read: 0 };
  await fc.assert(
    fc.asyncProperty(
      folders,
      file,
      harm,
      (shape, chosen, how) =>
        withModel(shape, async (folder, model, vocab) => {
          const whole = await loadModel(folder);
          deepStrictEqual(snapshot(whole.model), snapshot(model));
          deepStrictEqual([whole.model.config, whole.notes], [model.config, []]);
          deepStrictEqual(whole.tokenizer.vocab.tokens, vocab.tokens);
          whole.model.dispose();
          const tensors = tf.memory().numTensors;
          const before = await Deno.readFile(`${folder}/${chosen}`);
          await Deno.writeFile(`${folder}/${chosen}`, harmed(before, how));
          try {
            const { model: found } = await loadModel(folder);
            outcomes.read++;
            const weights = snapshot(found);
            for (const [name, values] of Object.entries(snapshot(model))) {
              const stays = chosen !== "model.safetensors" && !name.includes("token_type");
              if (stays) deepStrictEqual(weights[name], values, name);
            }
            found.dispose();
          } catch (error) {
            if (!(error instanceof FormatError)) throw error;
            outcomes.refused++;
          }
          strictEqual(tf.memory().numTensors, tensors);
        }),
    ),
    { ...SETTINGS, numRuns: 120 },
  );
  ok(outcomes.refused > 40 && outcomes.read > 10, JSON.stringify(outcomes)); // both are tried
});

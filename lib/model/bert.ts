/**
 * BERT with its two pre-training heads, as classes that own the weights. The computation is in
 * `layers.ts` and `heads.ts`, the names and shapes of the weights in `weights.ts`.
 */
import { ARRAY, checkArguments, checkOptions, checkText } from "../checks.ts";
import * as tf from "@tensorflow/tfjs";
import { type BertConfig, checkBertConfig } from "../config.ts";
import { readConfig } from "./config_json.ts";
import { saveFolder } from "../files/save_folder.ts";
import { MlmHead, NspHead } from "./heads.ts";
import { modelFiles, readWeights } from "./weights_file.ts";
import {
  embeddings,
  type EmbeddingWeights,
  encoderLayer,
  type EncoderLayerWeights,
  type LayerOptions,
  selfAttentionWeights,
} from "./layers.ts";
import {
  type BackboneOptions,
  type BackboneOutput,
  checkForwardOptions,
  checkPositions,
  checkSeed,
  type CompleteInputs,
  completeInputs,
  type ForwardOptions,
  type ForwardOutput,
  type ModelInputs,
} from "./inputs.ts";
import { checkSeed as checkRandomSeed } from "../random.ts";
import { gatherRows } from "./ops/rows.ts";
import { mixSeed } from "./ops/dropout.ts";
import {
  backboneShapes,
  checkNotDisposed,
  disposeWeights,
  embeddingWeights,
  encoderLayerWeights,
  pretrainShapes,
  startWeights,
  type Weights,
  type WeightStart,
} from "./weights.ts";

/** The backbone: from ids to one vector for each position, which depends on the whole sequence. */
export class BertModel {
  /** The configuration: all sizes and rates. */
  readonly config: BertConfig;
  /** The weights, by the names in `weights.ts`. */
  readonly weights: Weights;
  /** [V, H]: the word embeddings, which are also the decoder's weights in the MLM head. */
  readonly wordEmbeddings: tf.Tensor2D;
  readonly #embeddings: EmbeddingWeights;
  readonly #layers: readonly EncoderLayerWeights[];

  /**
   * Makes a model with fresh weights, or with those given.
   *
   * @param config Sizes and rates, for instance `bertConfig("tiny")`.
   * @param start A seed for initial weights, or weights, which the model then owns.
   * @throws {ConfigError} If the configuration cannot work.
   */
  constructor(config: BertConfig, start: WeightStart) {
    this.config = checkBertConfig(config);
    this.weights = startWeights(backboneShapes(config), config, start);
    this.#embeddings = embeddingWeights(this.weights);
    this.wordEmbeddings = this.#embeddings.word;
    const count = config.numHiddenLayers;
    this.#layers = Array.from({ length: count }, (_, i) => encoderLayerWeights(this.weights, i));
  }

  /**
   * Loads the backbone of a saved or published model. Heads in the folder are not read.
   *
   * @throws {FormatError} If a file is missing or cannot be read, or the folder holds another model.
   */
  static async fromPretrained(folder: string): Promise<BertModel> {
    checkText("BertModel.fromPretrained(folder)", "folder", folder);
    const config = await readConfig(folder);
    return new BertModel(config, await readWeights(folder, config, backboneShapes(config)));
  }

  /**
   * Runs the embeddings and all layers.
   *
   * @returns The last hidden vectors, and attention weights or hidden states if requested. The caller
   * disposes of all of them.
   * @throws {ShapeError} If the inputs do not fit each other.
   * @throws {RangeError} If the sequences are too long, or an id has no row in its table.
   * @throws {ConfigError} If dropout is on and has no seed.
   * @throws {TypeError} If the model was disposed of.
   *
   * Source: Devlin et al. 2018 section 3; `BertModel`, without its pooler, which is in `NspHead`.
   */
  forward(inputs: ModelInputs, options: BackboneOptions = {}): BackboneOutput {
    checkForwardOptions("forward()", options);
    checkSeed(this.config, options);
    checkNotDisposed(this.weights);
    return tf.tidy(() => {
      const ids = completeInputs(inputs, this.config);
      const { states, attentions } = this.#run(ids, options);
      const [batch, length] = ids.tokenIds.shape;
      const unfold = (x: tf.Tensor2D) => tf.reshape<tf.Rank.R3>(x, [batch, length, -1]);
      return {
        hidden: unfold(states[states.length - 1]), // [B, T, H]
        ...(options.outputAttentions && { attentions }),
        ...(options.outputHiddenStates && { hiddenStates: states.map(unfold) }),
      };
    });
  }

  /**
   * Computes the last hidden vectors of some positions and of the first position of each sequence, the
   * only ones that pre-training needs. The last layer skips the other positions, which saves a seventh
   * of the work in a model of four layers. The dropout differs from that of `forward()`.
   *
   * @param positions [P] int32: b*T + t for position t of sequence b.
   * @returns `hidden` [P, H] and `starts` [B, H]; the caller disposes of both.
   * @throws {RangeError} As `forward()`, and if a position is not in the batch.
   * @throws {TypeError} If the model was disposed of.
   */
  forwardAt(
    inputs: ModelInputs,
    positions: tf.Tensor1D,
    options: BackboneOptions = {},
  ): { hidden: tf.Tensor2D; starts: tf.Tensor2D } {
    checkForwardOptions("forwardAt()", options);
    checkSeed(this.config, options);
    checkNotDisposed(this.weights);
    return tf.tidy(() => {
      const ids = completeInputs(inputs, this.config);
      const [batch, length] = ids.tokenIds.shape;
      checkPositions(positions, batch * length);
      const rows = tf.concat([positions, tf.range(0, batch * length, length, "int32")]); // [P + B]
      const { states } = this.#run(ids, options, rows);
      const last = states[states.length - 1]; // [P + B, H]
      const places = tf.range(0, rows.size, 1, "int32"); // [P + B]
      const pick = (start: number, count: number) =>
        gatherRows(last, tf.slice<tf.Rank.R1, tf.Tensor1D>(places, start, count));
      return { hidden: pick(0, positions.size), starts: pick(positions.size, batch) };
    });
  }

  /** Runs all layers, the last one only for `rows` if they are given. */
  #run(ids: CompleteInputs, options: BackboneOptions, rows?: tf.Tensor1D) {
    const { numAttentionHeads: heads } = this.config;
    const mask = ids.attentionMask;
    const attentions: tf.Tensor4D[] = [];
    const states = [embeddings(ids, this.#embeddings, this.#layerOptions(options, 0))]; // [B*T, H]
    this.#layers.forEach((weights, i) => {
      const x = states[i];
      if (options.outputAttentions) {
        attentions.push(selfAttentionWeights(x, mask, weights.attention, heads));
      }
      const wanted = i === this.#layers.length - 1 ? rows : undefined;
      states.push(encoderLayer(x, mask, weights, this.#layerOptions(options, i + 1), wanted));
    });
    return { states, attentions };
  }

  /**
   * The options of one layer. `use` is the layer's number, 0 for the embeddings; it makes the dropout
   * seed of each layer a different one.
   */
  #layerOptions({ training, seed = 0 }: BackboneOptions, use: number): LayerOptions {
    const { numAttentionHeads: heads, layerNormEps: epsilon, hiddenAct: activation } = this.config;
    if (!training) return { heads, epsilon, activation };
    const { hiddenDropoutProb: hidden, attentionProbsDropoutProb: attention } = this.config;
    return { heads, epsilon, activation, dropout: { hidden, attention, seed: mixSeed(seed, use) } };
  }

  /** Frees the weights. */
  dispose(): void {
    disposeWeights(this.weights);
  }

  /** Does the same at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** BERT with both heads of pre-training. */
export class BertPretrainHead {
  /** The configuration: all sizes and rates. */
  readonly config: BertConfig;
  /** The backbone. */
  readonly bert: BertModel;
  /** The masked-language-model head. */
  readonly mlm: MlmHead;
  /** The next-sentence head. */
  readonly nsp: NspHead;
  /** All weights by name, those of the backbone first. */
  readonly weights: Weights;

  /** Sentences about weights that the model's folder lacked, or that it has and the model does not use. */
  readonly notes: readonly string[];

  /**
   * Makes a model with fresh weights, or with those given.
   *
   * @param config For instance `bertConfig("tiny", { vocabSize: 8000 })`.
   * @param start A seed for initial weights, or weights, which the model then owns.
   * @param notes Sentences about weights that were missing or not used, from `readWeights()`.
   * @throws {ConfigError} If the configuration cannot work.
   */
  constructor(config: BertConfig, start: WeightStart, notes: readonly string[] = []) {
    this.config = checkBertConfig(config);
    checkArguments("new BertPretrainHead(config, start, notes)", [["notes", notes, ARRAY]]);
    this.bert = new BertModel(config, start);
    this.mlm = new MlmHead(config, this.bert.wordEmbeddings, start); // the decoder is tied to them
    this.nsp = new NspHead(config, start);
    this.weights = new Map([...this.bert.weights, ...this.nsp.weights, ...this.mlm.weights]);
    this.notes = notes;
  }

  /**
   * Loads a saved or published model from its folder: `config.json`, and `model.safetensors` or
   * several such files with an index, in float32, float16 or bfloat16, with or without heads.
   *
   * @param options `seed`: for the initial weights of heads that the folder lacks; `notes` then says
   * which.
   * @throws {FormatError} If a file is missing or cannot be read, the folder holds another kind of
   * model (the message names the option), or a head is missing and there is no seed.
   *
   * Source: `BertForPreTraining.from_pretrained()`.
   */
  static async fromPretrained(
    folder: string,
    options: { readonly seed?: number } = {},
  ): Promise<BertPretrainHead> {
    checkText("BertPretrainHead.fromPretrained(folder, options)", "folder", folder);
    checkOptions("BertPretrainHead.fromPretrained()", options, ["seed"]);
    if (options.seed !== undefined) checkRandomSeed(options.seed);
    const { seed } = options;
    const config = await readConfig(folder);
    const { weights, notes } = await readWeights(folder, config, pretrainShapes(config), seed);
    return new BertPretrainHead(config, { weights }, notes);
  }

  /**
   * Writes `config.json` and `model.safetensors`, as transformers reads them, into a folder.
   * `saveModel()` also writes the tokenizer.
   *
   * @example
   * ```ts
   * import { bertConfig } from "bert/config.ts";
   * import { BertPretrainHead } from "bert/model/bert.ts";
   * import { deepStrictEqual } from "node:assert";
   * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 50 }), { seed: 1 });
   * const folder = await Deno.makeTempDir();
   * await model.save(folder);
   * deepStrictEqual((await BertPretrainHead.fromPretrained(folder)).config, model.config);
   * ```
   */
  async save(folder: string): Promise<void> {
    checkText("save(folder)", "folder", folder);
    await saveFolder(folder, modelFiles(this.config, this.weights));
  }

  /**
   * Predicts the word at each position and whether the second sentence follows the first.
   *
   * It is differentiable with respect to the weights. Padding does not change the other positions.
   *
   * @param inputs Only `tokenIds` is needed: [B, T], a tensor or rows of numbers.
   * @returns Logits, and attention weights or hidden states if requested. The caller disposes of all
   * of them.
   * @throws {ShapeError} If the inputs do not fit each other.
   * @throws {RangeError} If the sequences are too long, or an id has no row in its table.
   * @throws {ConfigError} If dropout is on and has no seed.
   * @throws {TypeError} If the model was disposed of.
   *
   * Source: Devlin et al. 2018 section 3.1; `BertForPreTraining`. Its segment ids 0 and 1
   * are 1 and 2 here.
   *
   * @example
   * ```ts
   * import { bertConfig } from "bert/config.ts";
   * import { BertPretrainHead } from "bert/model/bert.ts";
   * import { deepStrictEqual } from "node:assert";
   * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 50 }), { seed: 1 });
   * const { mlmLogits, nspLogits } = model.forward({ tokenIds: [[2, 9, 4, 3], [2, 7, 3, 0]] });
   * deepStrictEqual(mlmLogits.shape, [2, 4, 50]);
   * deepStrictEqual(nspLogits.shape, [2, 2]);
   * ```
   */
  forward(inputs: ModelInputs, options: ForwardOptions = {}): ForwardOutput {
    checkForwardOptions("forward()", options);
    return tf.tidy(() => {
      const { predictedPositions: positions, outputAttentions, outputHiddenStates } = options;
      if (positions && !outputAttentions && !outputHiddenStates) {
        const { hidden, starts } = this.bert.forwardAt(inputs, positions, options);
        return { mlmLogits: this.mlm.forward(hidden), nspLogits: this.nsp.forward(starts, 1) };
      }
      const { hidden, ...extras } = this.bert.forward(inputs, options);
      const [batch, length, width] = hidden.shape;
      const rows = tf.reshape<tf.Rank.R2>(hidden, [batch * length, width]); // [B*T, H]
      const mlmLogits = this.#mlmLogits(rows, positions);
      return {
        mlmLogits: positions
          ? mlmLogits // [P, V]
          : tf.reshape(mlmLogits, [batch, length, this.config.vocabSize]),
        nspLogits: this.nsp.forward(rows, length),
        ...extras,
      };
    });
  }

  /** [P, V], or [B*T, V] without positions. */
  #mlmLogits(rows: tf.Tensor2D, positions: tf.Tensor1D | undefined): tf.Tensor2D {
    if (!positions) return this.mlm.forward(rows); // [B*T, V]
    checkPositions(positions, rows.shape[0]);
    return this.mlm.forward(gatherRows(rows, positions)); // [P, V]
  }

  /** Frees the weights of backbone and heads. */
  dispose(): void {
    this.bert.dispose();
    this.mlm.dispose();
    this.nsp.dispose();
  }

  /** Does the same at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The attention weights of each layer and head, and the words that are similar to a chosen word. */
import { Arcs } from "./arcs_view.ts";
import { candidateList, choices, find, latest, make, press } from "./dom.ts";
import { type Engine, type Facts, type Look, type Near, SHOWN, type Texts } from "./engine.ts";
import { largest } from "../../use/vectors.ts";
import { showHeads } from "./heads_view.ts";
import { MOST_TOKENS, TRIED } from "./in_place.ts";

/** Starts the part about attention and neighbours. */
export function startLook(engine: Engine, facts: Facts, example: string): void {
  const view = new LookView(engine, facts);
  view.start(example);
}

class LookView {
  readonly #engine: Engine;
  readonly #facts: Facts;
  readonly #text = find<HTMLTextAreaElement>("#look-text");
  readonly #second = find<HTMLTextAreaElement>("#look-second");
  readonly #heads = find("#heads");
  readonly #allWords = find("#all-words");
  readonly #arcs: Arcs;
  readonly #askLook: (question: void) => void;
  readonly #askNear: (question: void) => void;
  #look: Look | undefined;
  #headButtons: HTMLButtonElement[] = [];
  #layer = 0;
  #head = 0;
  #place = 1;
  #isAll = false;

  constructor(engine: Engine, facts: Facts) {
    this.#engine = engine;
    this.#facts = facts;
    this.#arcs = new Arcs((place) => this.#choose(place));
    const section = find("#look");
    this.#askLook = latest<void>(section, async () => {
      const look = await this.#engine.look(this.#texts(), this.#layer);
      return () => this.#show(look);
    });
    this.#askNear = latest<void>(section, async () => {
      const near = await this.#engine.near(this.#texts(), this.#place);
      return () => this.#showNear(near);
    });
  }

  start(example: string): void {
    const names = Array.from({ length: this.#facts.layers }, (_, i) => `Layer ${i + 1}`);
    const layers = choices(find("#layers"), names, 0, (layer) => {
      this.#layer = layer;
      press(layers, layer);
      this.#askLook();
    });
    for (const text of [this.#text, this.#second]) {
      text.addEventListener("input", () => this.#askLook());
    }
    this.#allWords.addEventListener("click", () => {
      this.#isAll = !this.#isAll;
      this.#draw();
    });
    addEventListener("resize", () => this.#draw());
    this.#text.value = example;
    this.#askLook();
  }

  #texts(): Texts {
    const second = this.#second.value;
    return { text: this.#text.value, ...(second.trim() !== "" && { second }) };
  }

  #choose(place: number): void {
    this.#place = place;
    this.#isAll = false;
    this.#draw();
    this.#askNear();
  }

  #show(look: Look): void {
    if (!this.#look) this.#place = longest(look.tokens);
    this.#look = look;
    this.#place = Math.min(this.#place, look.tokens.length - 1);
    this.#headButtons = showHeads(this.#heads, look, this.#head, (head) => {
      this.#head = head;
      press(this.#headButtons, head);
      this.#draw();
    });
    this.#arcs.setTokens(look.tokens, this.#place);
    this.#draw();
    this.#askNear();
  }

  #draw(): void {
    if (!this.#look) return;
    const { tokens, heads } = this.#look;
    const weights = heads[this.#head];
    this.#allWords.setAttribute("aria-pressed", String(this.#isAll));
    this.#arcs.draw(weights, this.#isAll ? "all" : this.#place);
    const shares = this.#isAll ? meanOf(weights) : weights[this.#place];
    const looked = largest(shares, SHOWN).map((at) => ({
      token: `${tokens[at]} (${at + 1})`,
      share: shares[at],
    }));
    const who = this.#isAll ? "All words on average look" : `"${tokens[this.#place]}" looks`;
    const title = `${who} at (with its place)`;
    find("#looks-at").replaceChildren(candidateList(title, looked));
  }

  #showNear(near: Near): void {
    const { word, alone } = near;
    const nothing = make("p", "hint", `"${word}" is not a word of the vocabulary.`);
    find("#near-alone").replaceChildren(
      alone.length === 0
        ? nothing
        : candidateList(`Like "${word}" by itself (cosine)`, alone, { shown: cosine }),
    );
    find("#near-sentence").replaceChildren(...this.#inSentence(near));
  }

  /** The words that a masked-word head predicts at the place; without such a head vectors are compared. */
  #inSentence({ word, alone, inSentence, inPlace }: Near): HTMLElement[] {
    if (inSentence) return [candidateList(`Instead of "${word}" in this sentence`, inSentence)];
    if (inPlace) {
      const title = `Like "${word}" in this sentence (cosine)`;
      const how = `The ${TRIED} words most like it by themselves, each put in its place and ` +
        "compared by the vectors of the last layer.";
      return [candidateList(title, inPlace, { shown: cosine }), make("p", "hint", how)];
    }
    if (alone.length === 0) return [];
    const limit = `In texts of up to ${MOST_TOKENS} tokens: words like "${word}" in its sentence.`;
    return [make("p", "hint", limit)];
  }
}

/** Writes a cosine. */
function cosine(share: number): string {
  return share.toFixed(2);
}

/** The mean attention weight that each token gets from all tokens. */
function meanOf(weights: readonly (readonly number[])[]): number[] {
  return weights.map((_, to) => weights.reduce((sum, row) => sum + row[to], 0) / weights.length);
}

/** The place of the longest word, which is the first one chosen, as "the" would show little. */
function longest(tokens: readonly string[]): number {
  const lengths = tokens.map((token) => token.startsWith("[") ? 0 : token.length);
  return lengths.indexOf(Math.max(...lengths));
}

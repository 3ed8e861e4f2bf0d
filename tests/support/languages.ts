/**
 * Texts in five languages, made by small grammars of nouns, verbs and adverbs: hundreds of correct
 * sentences, none of them copied, with the difficulties of each language for a tokenizer and for
 * splitting sentences.
 */
import { createRng, type Rng } from "bert/random.ts";
import type { TokenizerOptions } from "bert/tokenizer/options.ts";

/** A language with its text, and the properties that a vocabulary must have. */
export interface LanguageText {
  readonly name: string;
  /** The options of its vocabulary and tokenizer. */
  readonly options: TokenizerOptions & { readonly locale: string };
  /** The sentences, correctly separated. */
  readonly sentences: readonly string[];
  /** The characters between two sentences of a paragraph. */
  readonly space: string;
  /** The size of the vocabulary to learn. */
  readonly size: number;
  /** Words of which no two may become equal. */
  readonly different: readonly string[];
  /** Spellings of one word, which must become equal. */
  readonly same: readonly string[];
}

/** Makes a sentence from words that it picks. */
type Grammar = (pick: <Item>(items: readonly Item[]) => Item) => string;

/** Makes `count` different sentences of a grammar. */
function sentencesOf(grammar: Grammar, count: number, rng: Rng): string[] {
  const sentences = new Set<string>();
  while (sentences.size < count) {
    sentences.add(grammar((items) => items[rng.below(items.length)]));
  }
  return [...sentences];
}

const COUNT = 400;

const german: Grammar = (pick) => {
  const [subject, verb] = pick([
    ["der alte Bäcker", "backt"],
    ["die schöne Müllerin", "mahlt"],
    ["das kleine Mädchen", "malt"],
    ["ein müder Händler", "verkauft"],
    ["unsere Großmutter", "zählt"],
    ["der fröhliche Schüler", "wünscht sich"],
  ]);
  const object = pick([
    "süße Brötchen",
    "schwarze Bücher",
    "grüne Äpfel",
    "drei Häuser",
    "viele Schlüssel",
    "die größten Bäume",
    "alte Öfen",
  ]);
  const when = pick([
    "heute",
    "am 3. Oktober",
    "schon früh",
    "um 8 Uhr",
    "jeden Tag",
    "übermorgen",
  ]);
  const where = pick([
    "in München",
    "auf der Straße",
    "am Fluss",
    "z.B. in Köln",
    "hinter dem Schloss",
  ]);
  const start = subject[0].toUpperCase() + subject.slice(1);
  return pick([
    `${start} ${verb} ${when} ${object}.`,
    `${start} ${verb} ${object} ${where}!`,
    `${when[0].toUpperCase()}${when.slice(1)} ${verb} ${subject} ${object}.`,
    `Warum ${verb} ${subject} ${where} ${object}?`,
    `„Das kostet ${pick(["3,50", "12,20", "7,00"])} Euro“, sagt ${subject} ${where}.`,
  ]);
};

const turkish: Grammar = (pick) => {
  const subject = pick([
    "Kız",
    "Işık",
    "Irmak",
    "İhtiyar adam",
    "Küçük çocuk",
    "Yaşlı kadın",
    "Balıkçı",
  ]);
  const object = pick([
    "kapıyı",
    "ışığı",
    "sıcak çayı",
    "eski şarkıyı",
    "kırmızı gülü",
    "ağacı",
    "balığı",
  ]);
  const verb = pick(["gördü", "buldu", "sattı", "unuttu", "çizdi", "özledi", "düşündü"]);
  const when = pick(["dün", "bu sabah", "her yıl", "akşamüstü", "şimdi", "kışın"]);
  const where = pick(["İzmir'de", "Diyarbakır'da", "ırmağın yanında", "köyde", "evin önünde"]);
  return pick([
    `${subject} ${when} ${object} ${verb}.`,
    `${subject} ${where} ${object} ${verb}.`,
    `${when[0].toLocaleUpperCase("tr")}${when.slice(1)} ${where} ${object} kim ${verb}?`,
    `${subject} "${object} ben ${verb}m" dedi.`,
    `IŞIK ${where} yanıyor, ${subject.toLocaleLowerCase("tr")} ${object} ${verb}!`,
  ]);
};

const hindi: Grammar = (pick) => {
  const subject = pick(["मेरे भाई", "छोटे लड़के", "बूढ़े लोग", "किसान", "सब बच्चे", "नए शिक्षक"]);
  const object = pick([
    "मीठे फल",
    "मेरी किताब",
    "ठंडा पानी",
    "लंबी चिट्ठी",
    "हरी सब्ज़ी",
    "सुंदर चित्र",
  ]);
  const verb = pick(["देखते हैं", "बेचते हैं", "खरीदते हैं", "ढूँढते हैं", "लाते हैं"]);
  const when = pick(["आज", "हर दिन", "सुबह ५ बजे", "कल शाम", "गर्मी में"]);
  const where = pick(["दिल्ली में", "नदी के पास", "बाज़ार में", "घर के पीछे"]);
  return pick([
    `${subject} ${when} ${object} ${verb}।`,
    `${where} ${subject} ${object} ${verb}।`,
    `${subject} ${where} क्या ${verb}?`,
    `${when} ${where} ${object} कौन ${verb}?`,
    `${subject} कहते हैं कि वे ${object} ${verb}।`,
  ]);
};

const chinese: Grammar = (pick) => {
  const subject = pick(["小王", "我的老师", "那位老人", "他们", "邻居的孩子", "张医生", "农民"]);
  const verb = pick(["买了", "看见", "喜欢", "带来", "忘记了", "找到", "画了"]);
  const object = pick([
    "一本新书",
    "一部iPhone",
    "一个USB接口",
    "三个苹果",
    "红色的花",
    "热茶",
    "很多鱼",
    "旧照片",
    "两张地图",
  ]);
  const when = pick(["今天", "昨天晚上", "每年春天", "2024年", "1998年", "早上八点", "现在"]);
  const where = pick(["在北京", "在河边", "在学校里", "在市场上", "在家门口"]);
  return pick([
    `${subject}${when}${where}${verb}${object}。`,
    `${when}，${subject}${verb}${object}！`,
    `${subject}为什么${where}${verb}${object}？`,
    `${subject}说：“我${when}${verb}${object}。”`,
    `${when}${where}有人${verb}${object}。`,
  ]);
};

const japanese: Grammar = (pick) => {
  const subject = pick([
    "田中さんは",
    "わたしの母は",
    "その子どもは",
    "先生が",
    "だれかが",
    "となりの犬は",
  ]);
  const object = pick([
    "かきを",
    "かぎを",
    "はしを",
    "ばしょを",
    "新しい本を",
    "コーヒーを",
    "ガラスを",
    "古い写真を",
  ]);
  const verb = pick(["見ました", "買います", "さがしています", "わすれました", "好きになりました"]);
  const when = pick(["今朝", "きのう", "毎日", "午後三時に", "春になると"]);
  const where = pick(["東京で", "川のそばで", "学校で", "パン屋で", "家の前で"]);
  return pick([
    `${subject}${when}${object}${verb}。`,
    `${when}、${subject}${where}${object}${verb}。`,
    `${subject}どうして${object}${verb}か？`,
    `「${object}${verb}。」と${subject}言いました。`,
    `${where}${object}${verb}！`,
  ]);
};

/** The five texts, which are the same in each run. */
export const LANGUAGES: readonly LanguageText[] = [
  {
    name: "German",
    options: { locale: "de", stripAccents: false },
    sentences: sentencesOf(german, COUNT, createRng(1)),
    space: " ",
    size: 200,
    different: ["schon", "schön", "Bar", "Bär", "fallen", "fällen", "lösen", "losen"],
    same: ["Schön", "schön", "SCHÖN"],
  },
  {
    name: "Turkish",
    options: { locale: "tr", stripAccents: false },
    sentences: sentencesOf(turkish, COUNT, createRng(2)),
    space: " ",
    size: 200,
    different: ["ışık", "işık", "kır", "kir", "on", "ön", "sık", "şık", "şik"],
    same: ["IŞIK", "Işık", "ışık"],
  },
  {
    name: "Hindi",
    options: { locale: "hi", stripAccents: false },
    sentences: sentencesOf(hindi, COUNT, createRng(3)),
    space: " ",
    size: 200,
    different: ["मेरी", "मरी", "मेरे", "दिन", "दीन", "कल", "काल", "बड़ा", "बडा"],
    same: ["मेरी"],
  },
  {
    name: "Chinese",
    options: { locale: "zh" },
    sentences: sentencesOf(chinese, COUNT, createRng(4)),
    space: "",
    size: 136,
    different: ["老师", "老人", "今天", "春天"],
    same: ["老师"],
  },
  {
    name: "Japanese",
    options: { locale: "ja", stripAccents: false },
    sentences: sentencesOf(japanese, COUNT, createRng(5)),
    space: "",
    size: 250,
    different: ["かき", "かぎ", "がき", "はし", "ばし", "ぱし", "カラス", "ガラス"],
    same: ["かぎ"],
  },
];

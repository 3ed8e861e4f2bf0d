/**
 * Rules for places where `Intl.Segmenter` ends a sentence too early: after abbreviations, initials
 * and ordinals, after a question or exclamation within a sentence, and in quotations and brackets.
 */

/** The words of a language that decide whether a sentence goes on after a full stop. */
interface Language {
  /** Titles and other abbreviations that are capitalised and followed by a name. */
  readonly beforeName: ReadonlySet<string>;
  /** Those that stand in front of a name or end a sentence: in St. Louis, and on Main St. */
  readonly beforeNameOrEnd: ReadonlySet<string>;
  /** Abbreviations in front of a figure only, in small letters: No. 5, but "He said no." */
  readonly beforeFigure: ReadonlySet<string>;
  /** The ends of words that are abbreviations in front of a figure: Bahnhofstr. 5. */
  readonly endsBeforeFigure?: RegExp;
  /** Abbreviations in the middle of a sentence, whatever follows. */
  readonly inTheMiddle: ReadonlySet<string>;
  /** Abbreviations that may end a sentence, unless a small letter or a figure follows. */
  readonly mayEnd: ReadonlySet<string>;
  /** Abbreviations after which a capitalised word goes on, unless it opens sentences: 5 Mio. Euro. */
  readonly beforeNoun: ReadonlySet<string>;
  /** Words that often begin sentences and rarely belong to names: "the U.S. This …". */
  readonly openers: ReadonlySet<string>;
  /** Words in front of a letter that is no initial: plan B. */
  readonly labels: ReadonlySet<string>;
  /** Whether a figure with a full stop is an ordinal: am 3. Oktober. */
  readonly ordinals: boolean;
  /** Verbs that say who spoke, behind their subject: "Why?" I asked. Empty where the verb comes first. */
  readonly sayings: ReadonlySet<string>;
}

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

const union = (...sets: ReadonlySet<string>[]): ReadonlySet<string> =>
  new Set(sets.flatMap((set) => [...set]));

const ENGLISH: Language = {
  beforeName: words(
    "Mr Mrs Ms Dr Prof Rev Hon Messrs Mme Mlle Capt Col Gen Lieut Lt Maj Sgt Cmdr Adm Gov Sen Rep " +
      "Pres v",
  ),
  beforeNameOrEnd: words("St Mt Ft Dept"),
  beforeFigure: words(
    "no nos vol vols ch chap sec art fig figs p pp jan feb mar apr jun jul aug sept sep oct nov dec",
  ),
  // Some of other languages are among them, as texts quote them and no English word is written so.
  inTheMiddle: words(
    "e.g i.e viz cf vs al approx z.b d.h u.a z.t i.d.r o.ä bzw vgl evtl ggf ca p.ex p.ej",
  ),
  mayEnd: words(
    "etc inc ltd co corp jr sr bros a.m p.m u.s u.s.a u.k u.n d.c ave blvd rd usw",
  ),
  beforeNoun: new Set(),
  openers: words(
    "A After All Also Although An And Are As At Because Before Both But By Can Congress Did Do Does During " +
      "Each Either Even Every Everybody Everyone Everything For From Had Has Have He Her Here His How However " +
      "I If In Is It Its Just Later Let Many Maybe Meanwhile More Most My Neither Next No Nobody Nor Not " +
      "Nothing Now Of On Once One Only Or Our Perhaps Please She Should Since So Some Someone Something Still " +
      "Such That The Their Then There These They This Those Thus To Today Tomorrow Under Until Upon Was We " +
      "Were What When Where Whether Which While Who Why With Would Yes Yet You Your",
  ),
  labels: words(
    "act answer appendix article block case category chapter choice class column diagram exhibit factor " +
      "figure form formula grade group hepatitis item key lane letter level line method model note number " +
      "option panel paragraph part phase plan platform point program route row schedule scene section " +
      "solution stage step system table team type unit variant version vitamin zone",
  ),
  ordinals: false,
  sayings: words(
    "added announced answered asked barked begged bellowed breathed cried croaked declared " +
      "demanded ejaculated exclaimed faltered gasped groaned growled hissed howled inquired insisted interrupted " +
      "moaned mumbled murmured muttered prompted protested queried repeated replied retorted roared " +
      "said says screamed screeched shouted shrieked snapped snarled snorted sobbed stammered suggested " +
      "thundered urged ventured wailed whispered wondered yelled",
  ),
};

const GERMAN: Language = {
  beforeName: union(
    ENGLISH.beforeName,
    words(
      "Hr Hrn Fr Frl Dipl Ing Dipl.-Ing Dipl.-Kfm Dipl.-Phys Dipl.-Psych Mag Dir Fa Fam med phil jur nat habil theol",
    ),
  ),
  beforeNameOrEnd: ENGLISH.beforeNameOrEnd,
  endsBeforeFigure: /str$/,
  beforeFigure: words(
    "nr nrn s abs art bd bde kap ziff anm abb tab aufl tel heft jg jan feb mär mrz apr jun jul aug sept " +
      "sep okt nov dez",
  ),
  inTheMiddle: words(
    "z.b d.h u.a o.ä u.ä i.d.r z.t z.zt z.z v.a s.o s.u m.e i.a d.i u.u o.g a.a a.d i.e.s i.v.m m.w u.z " +
      "z.hd h.c bzw bspw bzgl vgl ca cf evtl ggf gegr inkl exkl sog einschl ehem eigtl geb gest verh hrsg insb " +
      "insbes lt max min mind möglw schätzungsw sogen urspr usf zw e.g i.e vs",
  ),
  mayEnd: words("usw etc u.s.w u.v.m u.a.m u.v.a e.v inc ltd jr sr"),
  beforeNoun: words("co mio mrd bio tsd std min sek v.chr n.chr chr jh jhdt str"),
  openers: words(
    "Aber Alle Allerdings Als Also Am An Auch Auf Aus Außerdem Bei Beide Bis Bisher Da Dabei Dadurch Dafür " +
      "Dagegen Daher Damals Damit Danach Dann Daran Darauf Darin Darum Das Dass Dazu Dem Den Denn Dennoch Der " +
      "Deren Des Deshalb Dessen Die Dies Diese Dieser Dieses Doch Dort Du Durch Ein Eine Einem Einen Einer " +
      "Eines Einige Er Es Etwas Euch Für Gegen Gestern Hat Heute Hier Hinter Ich Ihm Ihn Ihr Ihre Im Immer In " +
      "Inzwischen Ist Ja Jede Jeder Jedes Jedoch Jemand Jetzt Kein Keine Man Manche Mein Meine Mit Morgen Nach " +
      "Nachdem Nein Neben Nicht Nichts Niemand Nun Nur Ob Obwohl Oder Ohne Schließlich Schon Sehr Sein Seine " +
      "Seit Sie Sind So Sogar Solche Sondern Statt Trotzdem Über Um Und Uns Unser Unter Viele Vielleicht Vom " +
      "Von Vor War Waren Warum Was Weil Wenn Wer Wie Wieder Wir Wird Wo Während Zu Zuerst Zum Zunächst Zur " +
      "Zwar Zwischen",
  ),
  labels: words(
    "abschnitt antwort anlage block fall fassung figur form gleis gruppe hepatitis kapitel klasse lösung " +
      "modell phase plan punkt reihe spalte stufe tabelle team teil typ variante version vitamin weg zeile zone",
  ),
  ordinals: true,
  sayings: new Set(),
};

const FRENCH: Language = {
  ...ENGLISH,
  beforeName: words("M MM Mme Mmes Mlle Mlles Mgr Me St Ste Dr Pr Prof"),
  beforeNameOrEnd: new Set(),
  sayings: new Set(),
  beforeFigure: words("art chap fig n no num p pp t tél vol janv févr juil sept oct nov déc"),
  inTheMiddle: words("p.ex c.-à-d c.-à.-d cf env vs i.e e.g av apr"),
  mayEnd: words("etc ltd cie s.a éd j.-c"),
  openers: words(
    "À Ah Ainsi Alors Après Au Aucun Aussi Autour Aux Avant Avec C'est Car Ce Cela Celui Ces Cet Cette Chaque " +
      "Comme Comment Dans De Depuis Des Donc Du Elle Elles En Encore Enfin Et Ici Il Ils J'ai Je Jamais L' La " +
      "Le Les Leur Leurs Là Ma Mais Mes Mon Même Ne Ni Non Nos Notre Nous On Or Ou Oui Où Par Parce Pendant " +
      "Personne Peut Plus Pour Pourquoi Puis Quand Que Quel Quelle Qui Quoi Rien Sa Sans Se Ses Si Son Sous " +
      "Sur Ta Tous Tout Toute Toutes Très Tu Un Une Vers Voici Voilà Vos Votre Vous Y",
  ),
};

const SPANISH: Language = {
  ...ENGLISH,
  beforeName: words(
    "Sr Sra Srta Sres Sras Dr Dra Dres D Dña Da Lic Ing Arq Gral Cap Prof Sto Sta",
  ),
  beforeNameOrEnd: words("Ud Uds Vd Vds"),
  sayings: new Set(),
  beforeFigure: words("art arts cap fig núm no nro pág págs p pp tel vol"),
  inTheMiddle: words("p.ej p.e ee cf aprox vs i.e e.g"),
  mayEnd: words("etc ltda s.a s.l uu av avda cía"),
  openers: words(
    "A Además Ahora Al Algunos Allí Antes Aquel Aquella Aquí Así Aunque Bajo Cada Casi Como Con Contra Cuando " +
      "Cuál De Del Desde Después Donde Durante E El Ella Ellas Ellos En Entonces Entre Era Es Esa Ese Eso Esta " +
      "Estaba Este Esto Están Hay Hasta Hoy La Las Le Les Lo Los Luego Me Mi Mientras Mis Muchos Muy Más Nada " +
      "Nadie Ni No Nos Nosotros Nuestro O Otra Otro Para Pero Por Porque Pues Que Quien Qué Se Según Si Sin " +
      "Sobre Solo Son Su Sus Sí También Tal Te Todo Todos Tras Tu Tú Un Una Unos Usted Y Ya Yo Él",
  ),
};

const LANGUAGES: Readonly<Record<string, Language>> = {
  de: GERMAN,
  en: ENGLISH,
  es: SPANISH,
  fr: FRENCH,
};

/** The rules for a language tag; those of English if the language has no rules of its own. */
export function languageOf(locale: string): Language {
  return LANGUAGES[new Intl.Locale(locale).language] ?? ENGLISH;
}

/** German names of months that are not English words. */
const GERMAN_MONTH = /^(Januar|Jänner|Februar|Feber|März|Mai|Juni|Juli|Oktober|Dezember)(?!\p{L})/u;

/** German names of months that are English words, too. */
const SHARED_MONTH = /^(April|August|September|November)(?!\p{L})/u;
const BEFORE_DATE = /(?:^|\s)(am|vom|zum|bis|den|dem|der|seit|ab) \d{1,2}\.\s*$/iu;

/**
 * Whether a sentence goes on where the segmenter ended it. All white space must be single blanks.
 *
 * @param before The end of the sentence so far.
 * @param after What follows: its first 64 units, or less where the text ends.
 * @param start The first 64 units of the sentence so far.
 */
export function goesOn(before: string, after: string, start: string, language: Language): boolean {
  if (isEnumerator(start)) return true;
  if (/^[とっ]/.test(after) && /[」』] ?$/.test(before)) return true; // 「…」と言った
  if (isExclaimedWithin(before, after, start) || isSaidBy(before, after, language)) return true;
  if (/^(?:& |(?:Inc|Ltd|Corp|Co)\.)/.test(after)) return true; // Com. & Adm., Yahoo! Inc.
  const found = lastWords(before);
  if (!found) return false;
  const { previous, word } = found;
  return isAbbreviation(before, word, after, language) ||
    isInitial(previous, word, after, language) || isOrdinal(before, word, after, language);
}

/**
 * Whether a question or exclamation stands within a sentence, which goes on in small letters: "Why?"
 * she asked; Yahoo! is big. This is not decided for a sentence that itself begins with a small
 * letter, as in a chat.
 */
function isExclaimedWithin(before: string, after: string, start: string): boolean {
  if (!/^(?:[-–—] ?)?\p{Ll}/u.test(after)) return false;
  const end = before.match(/[?!]([\p{Pe}\p{Pf}\p{Pi}"' ]*)$/u);
  if (!end) return false;
  const isQuoted = /["'\p{Pf}\p{Pi}]/u.test(end[1]);
  return isQuoted || /^\P{L}*\p{Lu}/u.test(start);
}

/** A subject, and the verb behind it: I asked, Dr. Ann Lee quietly said. */
const SUBJECT_AND_VERB =
  /^(I|(?:\p{Lu}[\p{L}'’-]*\.? ){0,3}\p{Lu}[\p{L}'’-]+) (?:\p{Ll}+ly |then |also )?(\p{Ll}+)/u;

/** An answer is no question: in "Why?" I answered, "Because." a sentence begins. */
const ANSWERS = new Set(["answered", "replied", "retorted"]);

/** What follows a verb that says something else than the quotation before it: I said nothing. I said, "No." */
const SAYS_MORE =
  /^(?::|,? ?["“‘']\p{Lu}| (?:nothing|something|it|that|so|no|yes|the|a|an|my|his|this|these|how|what|why|whether|if|I|he|she|they|we|you|there)(?!\p{L}))/u;

/**
 * Whether a quotation that ends as a question or exclamation is followed by who said it, and a capital
 * letter is that of a name or of "I": "Why?" I asked. "Go!" Ann cried.
 */
function isSaidBy(before: string, after: string, { openers, sayings }: Language): boolean {
  const found = after.match(SUBJECT_AND_VERB);
  if (!found) return false;
  const [whole, subject, verb] = found;
  if (!sayings.has(verb)) return false;
  if (subject !== "I" && opens(after, openers)) return false;
  const mark = before.match(/([?!])[?!]*["'\p{Pf}\p{Pi}]+ ?$/u)?.[1];
  if (mark === undefined || mark === "?" && ANSWERS.has(verb)) return false;
  return !SAYS_MORE.test(after.slice(whole.length));
}

const CLOSING = " \"'”’)]";
const BEFORE_WORD = " \"'“‘„«»([";

/** The word in front of a full stop at the end, and the word before it, if there is a full stop. */
function lastWords(text: string): { previous: string; word: string } | undefined {
  let end = text.length;
  while (end > 0 && CLOSING.includes(text[end - 1])) end--;
  if (text[end - 1] !== ".") return undefined;
  let start = --end;
  while (start > 0 && !BEFORE_WORD.includes(text[start - 1])) start--;
  if (start === end) return undefined;
  const previous = text[start - 1] === " "
    ? text.slice(text.lastIndexOf(" ", start - 2) + 1, start - 1)
    : "";
  return { previous, word: text.slice(start, end) };
}

/** Whether a sentence is only a number such as "2." or "IV.", which belongs to what follows. */
function isEnumerator(sentence: string): boolean {
  return sentence.length < 12 && /^\(?(?:\d{1,3}|\p{L}|[ivxIVX]+)[.)]+\s*$/u.test(sentence);
}

function isAbbreviation(
  before: string,
  word: string,
  after: string,
  language: Language,
): boolean {
  const { beforeName, beforeNameOrEnd, beforeFigure, endsBeforeFigure } = language;
  const { inTheMiddle, mayEnd, beforeNoun, openers } = language;
  const forms = spellings(before, word);
  const goesOnSmall = /^[\p{Ll}\d(]/u.test(after);
  if (forms.some((form) => inTheMiddle.has(form))) return true;
  if (beforeName.has(word) && /^\p{Lu}/u.test(after)) return true;
  if (beforeNameOrEnd.has(word) && /^\p{Lu}/u.test(after) && !opens(after, openers)) return true;
  const figure = forms.some((form) => beforeFigure.has(form) || endsBeforeFigure?.test(form));
  if (figure && /^\d/.test(after)) return true;
  if (forms.some((form) => beforeNoun.has(form)) && !opens(after, openers)) return true;
  if (/^\p{Ll}$/u.test(word) && /^\p{L}{1,3}\.\s/u.test(after)) return true; // z. | B. ; v. | Chr.
  if (/^(?:\p{Lu}\.)+\p{Lu}$/u.test(word)) { // J.R. Smith, U.S. Army
    if (goesOnSmall) return true;
    return /^\p{Lu}/u.test(after) &&
      (!forms.some((form) => mayEnd.has(form)) || !opens(after, openers));
  }
  return goesOnSmall && forms.some((form) => mayEnd.has(form));
}

/** A word, alone and joined to the short words in front of it: for "Dr. h. c." c, h.c and dr.h.c. */
function spellings(before: string, word: string): string[] {
  if (word.length > 3) return [word.toLowerCase()];
  const parts = before.match(/(?:^|\s)((?:\p{L}{1,3}\. )+)\p{L}{1,3}\.\s*$/u)?.[1].split(". ") ??
    [];
  const forms = [word.toLowerCase()];
  for (const part of parts.slice(0, -1).reverse()) {
    forms.push(`${part.toLowerCase()}.${forms[forms.length - 1]}`);
  }
  return forms;
}

/** Whether a letter is an initial (J. Smith), and not a label ("plan B. She …"). */
function isInitial(
  previous: string,
  word: string,
  after: string,
  { openers, labels }: Language,
): boolean {
  if (!/^\p{Lu}$/u.test(word)) return false;
  if (word === "I" && !/^\p{Lu}\.$/u.test(previous)) return false; // "It is I." and "World War I."
  if (labels.has(previous.toLowerCase())) return false;
  return previous === "" || !opens(after, openers);
}

/** Whether a segment begins with an opener. The A of "A. Milne" is an initial. */
function opens(after: string, openers: ReadonlySet<string>): boolean {
  const first = after.match(/^\p{L}[\p{L}']*/u)?.[0] ?? "";
  return openers.has(first) && !(first.length === 1 && after[1] === ".");
}

function isOrdinal(
  before: string,
  word: string,
  after: string,
  { ordinals, openers }: Language,
): boolean {
  if (/^\d{1,2}$/.test(word)) {
    if (GERMAN_MONTH.test(after)) return true;
    if (SHARED_MONTH.test(after) && BEFORE_DATE.test(before)) return true;
  }
  return ordinals && /^(?:\d{1,2}|[IVX]+)$/.test(word) && /^\p{Lu}/u.test(after) &&
    !opens(after, openers);
}

/**
 * The number of units at the end of a segment that open the next one: brackets and quotation marks,
 * which the segmenter leaves in the sentence before if no space precedes them.
 */
export function openingAtEnd(segment: string): number {
  if (
    isPlain(segment.charCodeAt(segment.length - 2)) &&
    isPlain(segment.charCodeAt(segment.length - 1))
  ) return 0;
  if (!/[\p{Ps}\p{Pi}]\s?$/u.test(segment.slice(-2))) return 0;
  const marks = segment.slice(-64).match(/[\p{Ps}\p{Pi}]+\s*$/u)?.[0];
  if (marks === undefined || marks.length === segment.length) return 0;
  const start = segment.length - marks.length;
  return closes(segment.slice(Math.max(0, start - 2000), start), marks.trimEnd())
    ? 0
    : marks.length;
}

/** Whether quotation marks close a quotation in German style: „…“ ‚…‘ »…«. */
function closes(text: string, marks: string): boolean {
  const mark = marks[0];
  if (mark === "“") return text.lastIndexOf("„") > text.lastIndexOf("“");
  if (mark === "‘") return text.lastIndexOf("‚") > text.lastIndexOf("‘");
  if (mark !== "«") return false;
  const first = text.match(/[«»]/)?.[0];
  return first === "»";
}

/** The number of units at the start of a segment that close the one before: the » of French. */
export function closingAtStart(segment: string): number {
  if (isPlain(segment.charCodeAt(0))) return 0;
  return segment.match(/^[\p{Pe}\p{Pf}]+(?:\s+|$)/u)?.[0].length ?? 0;
}

/** Whether a unit is ASCII and no bracket, as almost all are: no pattern has to be tried. */
function isPlain(unit: number): boolean {
  return unit < 0x7b && unit !== 0x28 && unit !== 0x29 && unit !== 0x5b && unit !== 0x5d;
}

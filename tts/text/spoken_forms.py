"""How signs and abbreviations are read aloud, per language: small tables, for a newcomer to extend.

A sign that a language has no reading for is left in the text, where the engine reads it or names it in its error.
"""

from __future__ import annotations

from typing import Final


def _table(entries: str) -> dict[str, str]:
    """``a reading of a; b reading of b`` as a dictionary."""
    pairs = (entry.split(None, 1) for entry in entries.replace("\n", " ").split(";") if entry.strip())
    return {key: value.strip() for key, value in pairs}


# Signs that are read wherever they stand; "." only inside an address such as example.com, "–" only between numbers.
SIGNS: Final[dict[str, dict[str, str]]] = {
    "en": _table("""
        % percent; ‰ per mille; & and; @ at; + plus; = equals; × times; ÷ divided by; ± plus or minus; < less than;
        > greater than; ~ about; ° degrees; § section; # number; № number; – to; . dot; © copyright; ® registered;
        ™ trademark; ½ one half; ¼ one quarter; ¾ three quarters"""),
    "nl": _table("""
        % procent; ‰ promille; & en; @ at; + plus; = is; × keer; ÷ gedeeld door; ± ongeveer; < kleiner dan; > groter dan;
        ~ ongeveer; ° graden; § paragraaf; # nummer; № nummer; – tot; . punt; ½ een half; ¼ een kwart; ¾ drie kwart"""),
    "de": _table("""
        % Prozent; ‰ Promille; & und; @ ät; + plus; = gleich; × mal; ÷ geteilt durch; < kleiner als; > größer als;
        ~ ungefähr; ° Grad; § Paragraf; # Nummer; № Nummer; – bis; . Punkt; ½ ein halb; ¼ ein Viertel; ¾ drei Viertel"""),
    "fr": _table("""
        % pour cent; ‰ pour mille; & et; @ arobase; + plus; = égale; × fois; ÷ divisé par; ° degrés; § paragraphe;
        # numéro; № numéro; – à; . point; ½ un demi; ¼ un quart; ¾ trois quarts"""),
    "es": _table("""
        % por ciento; ‰ por mil; & y; @ arroba; + más; = igual a; × por; ÷ dividido por; ° grados; § sección;
        # número; № número; – a; . punto; ½ un medio; ¼ un cuarto; ¾ tres cuartos"""),
    "pt": _table("""
        % por cento; ‰ por mil; & e; @ arroba; + mais; = igual a; × vezes; ÷ dividido por; ° graus; § parágrafo; # número;
        № número; – a; . ponto; ½ meio; ¼ um quarto; ¾ três quartos"""),
    "sv": _table("""
        % procent; ‰ promille; & och; @ snabel-a; + plus; = lika med; × gånger; ÷ delat med; ° grader; § paragraf; # nummer;
        № nummer; – till; . punkt; ½ en halv; ¼ en fjärdedel; ¾ tre fjärdedelar"""),
    "cs": _table("""
        % procent; ‰ promile; & a; @ zavináč; + plus; = rovná se; × krát; ÷ děleno; ° stupňů; § paragraf; # číslo; № číslo;
        – až; . tečka; ½ polovina; ¼ čtvrtina; ¾ tři čtvrtiny"""),
    "ru": _table("""
        % процентов; ‰ промилле; & и; + плюс; = равно; × умножить на; ÷ разделить на; ° градусов; § параграф; № номер;
        – до; . точка; ½ половина; ¼ четверть; ¾ три четверти"""),
}

# Currency: one, many; hundredths are read as a bare number. English and others with a module of their own: normalisation/.
CURRENCIES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "nl": {"$": ("dollar", "dollar"), "€": ("euro", "euro"), "£": ("pond", "pond"), "¥": ("yen", "yen")},
    "de": {"$": ("Dollar", "Dollar"), "€": ("Euro", "Euro"), "£": ("Pfund", "Pfund"), "¥": ("Yen", "Yen")},
    "fr": {"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("livre", "livres"), "¥": ("yen", "yens")},
    "es": {"$": ("dólar", "dólares"), "€": ("euro", "euros"), "£": ("libra", "libras"), "¥": ("yen", "yenes")},
    "pt": {"$": ("dólar", "dólares"), "€": ("euro", "euros"), "£": ("libra", "libras"), "¥": ("iene", "ienes")},
    "sv": {"$": ("dollar", "dollar"), "€": ("euro", "euro"), "£": ("pund", "pund"), "¥": ("yen", "yen")},
}

# Multipliers that stand between an amount and its currency.
MULTIPLIERS: Final = (
    "thousand|million|billion|trillion|duizend|miljoen|miljard|Tausend|Millionen|Milliarden|millions|mil|millones"
)

# Abbreviations in lower case without their last full stop, and their readings.
ABBREVIATIONS: Final[dict[str, dict[str, str]]] = {
    "en": _table("""
        mr Mister; mrs Missus; ms Miz; dr Doctor; jr Junior; sr Senior; prof Professor; gen General; col Colonel;
        capt Captain; lt Lieutenant; sgt Sergeant; rev Reverend; gov Governor; sen Senator; hon Honorable; mt Mount;
        st Saint; bros Brothers; co Company; ltd Limited; inc Incorporated; dept department; approx approximately;
        no number; vol volume; fig figure; pp pages; vs versus; etc etcetera; al al; e.g for example; i.e that is;
        u.s U S; u.k U K; a.m A M; p.m P M; ph.d P H D; jan January; feb February; aug August; sept September;
        oct October; nov November; dec December"""),
    "nl": _table("""
        dr dokter; mr meester; mevr mevrouw; dhr de heer; prof professor; ir ingenieur; drs doctorandus; st Sint;
        bijv bijvoorbeeld; nr nummer; blz bladzijde; ca circa; o.a onder andere; d.w.z dat wil zeggen; enz enzovoort;
        m.a.w met andere woorden; t.o.v ten opzichte van; i.p.v in plaats van; a.u.b alstublieft"""),
    "de": _table("""
        dr Doktor; hr Herr; fr Frau; prof Professor; st Sankt; nr Nummer; ca circa; bzw beziehungsweise;
        z.b zum Beispiel; usw und so weiter; d.h das heißt"""),
    "fr": _table("m monsieur; mme madame; mlle mademoiselle; dr docteur; etc et cetera; st saint"),
    "es": _table("sr señor; sra señora; srta señorita; dr doctor; dra doctora; etc etcétera"),
}

# Those that only count before a number ("No. 5", but "Oh no."), only before a name, or may end a sentence themselves.
BEFORE_NUMBER: Final = {*"no vol fig pp nr blz jan feb aug sept oct nov dec".split()}  # noqa: SIM905
BEFORE_NAME: Final = {*"gen col hon sen st mt m fr ir mr ms".split()}  # noqa: SIM905
MAY_END: Final = {*"etc jr sr inc co ltd al a.m p.m enz usw a.u.b".split()}  # noqa: SIM905


def primary(language: str) -> str:
    """Return the first part of a language tag: ``en`` of ``en-us``."""
    return language.split("-")[0].lower()


def abbreviation(word: str, after: str, language: str) -> str | None:
    """Return the reading of ``word`` (without its last full stop) before the text ``after``, or None if it is a plain word."""
    known = word.lower()
    reading = ABBREVIATIONS.get(primary(language), {}).get(known)
    following = after.lstrip()[:1]
    if reading is None or (known in BEFORE_NUMBER and not following.isdigit()):
        return None
    if known in BEFORE_NAME and not (following.isupper() or "\ue000" <= following <= "\uf8ff"):
        return None
    return reading

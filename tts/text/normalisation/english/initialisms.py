"""Which tokens in capitals are words, which are spelled, and which depend on what stands beside them. Lines to be added to."""

from __future__ import annotations

from typing import Final

from tts.text.normalisation.lists import listed

# Read as words; the second column, where there is one, is how to write it for an engine that would guess it wrong.
_WORDS: Final = """
    NATO NASA UNESCO UNICEF OPEC AIDS ASEAN NAFTA FIFA UEFA SCUBA RADAR LASER SONAR SWAT NIMBY FEMA OSHA NORAD INTERPOL DARPA
    NICE OFCOM OFSTED RADA WASP SALT START MENSA PETA HAMAS YOLO FOMO COBOL FORTRAN BASIC ASCII=askey UNIX LINUX RAM ROM
    JSON=jason GIF=gif JPEG=jaypeg WIFI=wifi COVID=covid SARS=sars MERS=murz EBITDA=ebit-dah GAAP=gap LIBOR=lie-bore
    NASDAQ=nazdack
    SIM PIN LAN WAN=wan CAD SAT MRSA=mersa PIXAR BREXIT POTUS=poe-tus SCOTUS=scoatus FLOTUS=flowtus COBRA OXFAM CERN=surn
    ESA=eesa
    JAXA=jacksa AWOL=aywall DEFCON=defcon ISIS=eye-sis ZIP TASER NAACP=N-double-A-C-P IEEE=I-triple-E AAA=triple-A WHO=W-H-O
    SAM LIDAR=lie-dar LED=L-E-D UNHCR=U-N-H-C-R CAPTCHA=captcha SOHO NOAA=Noah HUD RICO OECD=O-E-C-D SIDS TEFL=teffle AIM
    MOMA=moma SOAS=so-as CRISPR=crisper MIDI=middy SCSI=scuzzy BIOS=buy-oss CMOS=see-moss VRAM=vee-ram DRAM=dee-ram EULA=yoola
    LOL=L-O-L OMG=O-M-G ASAP=A-S-A-P FAQ=F-A-Q DIY=D-I-Y EMEA=emmea NAS=nass SAS=S-A-S GUI=gooey WYSIWYG=wizzy-wig
"""
WORDS: Final[dict[str, str]] = {
    key: (" ".join(value.split("-")) if value else key) for key, _, value in (entry.partition("=") for entry in _WORDS.split())
}

SPELLED: Final = frozenset(listed("""
    UN USA UK EU UAE USSR BBC CNN ITV NBC ABC CBS FBI CIA NSA KGB MI IRS IRA IRAs NHS GP GPs MP VIP CEO CFO CTO COO
    CIO HR PR AI PC TV DVD CD MP API URL USB CPU GPU SSD HDD RSS ATM HIV DNA RNA MRI ECG EKG ICU ER ERs AC DC DJ MC ID
    EP LP OK OAP ETA EDF EDM AAC AMA AOL APR AA AAs ACL ADHD AFK AKA APA ATP AWS BA BAE BMI BMW BYOB CEO CGI CPA CPI
    DIN DOA DOB DOI DUI EEG EFL EFTA EPA ESL ESP ESPN ETF EV EVs FAA FDA FIA FYI GDP GE GED GMO GNU HGV HIIT HOA IBM
    IBS ICE ICBM IEP IKEA IMAX IMF IMO INS IOC IOU IPA IPO IQ IRL ISBN ISO ISP IUD IVF JFK LA LAPD LGA LGBT LGBTQ NBA
    NCAA NFL NHL NYC NYPD OBE MBE CBE OCD OED OEM OJ PA PAYE PE POW PPE PTA PTO PVC QA RAF RIP ROI RPG RSVP RV SEO SOS
    SQL SUV TBA UFO UFC UI UX UCLA UCL LSE MIT NYU UPS USAF VAT VC VP WMD YMCA YWCA AOK DOJ DOE DOD EOD ETC ISS IE ESG
    EMI ANC IDE SDK CLI IP IPS AM PM CE BCE AH AUC AED EUR USD AUD GMT EST PST EDT PDT UTC ECB EEA OSX IOS CSI NCIS ER
    EC SE NE AFC FC RAC AAA NASCAR POS SOP USPS TSA DEA ATF EMT ETF USS HMS UHF AMD UV IR IRC PIA LAX OPS UTF EPS IVR
    AAP OTC DEI ETD PIP OAPs EPO ABBA IBAN BAFTA
""")) - {"IKEA", "IMAX", "NASCAR", "BAFTA", "ABBA", "ICE", "INS", "RIP", "POS", "OPS", "PIP", "HIIT", "PIA", "IBAN", "PAYE",
"ETC", "AH"}  # fmt: skip

# Words that are initialisms too: a regular expression over the text before and after, ``<>`` in the token's place;
# None: spelled unless a neighbour is a word in capitals.
BY_CONTEXT: Final[dict[str, str | None]] = {
    "US": None,
    "IT": r"<>[ -](?:department|support|manager|team|systems?|industry|staff|professionals?|services?|security|company|"
          r"skills?|jobs?|"
    r"infrastructure|director|sector|specialist|consultant|guy|guys|project|admin|desk|equipment|costs|world|and|worker|"
    r"budget|worker|helpdesk)\b"
    r"|\b(?:in|of|our|the|an|their|your|my|into|with|study|studied|studies|his|her|from|for)\s<>(?!\s(?:IS|is|was|WAS|"
    r"MUST|HAS))",
    "AD": r"\d\s?<>|<>\s?\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty|hundred|thousand|"
          r"century|centuries)\s<>|<>\s(?:one|two|three|"
    r"four|five|six|seven|eight|nine|ten|\w+teen|\w+ty)\b",
    "AM": r"\d\s?<>|<>\s(?:radio|station|band|frequency|and FM)|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|"
          r"eleven|twelve|\w+ty|o'clock)\s<>",
    "ME": r"\b(?:with|has|have|had|from|of)\s<>(?=[\s.,])",
    "ET": r"\d\s?<>|\b(?:film|movie)\s<>",
    "ADD": r"\b(?:with|has|have|had)\s<>",
    "PC": None, "OR": r"\b(?:the|an)\s<>\s", "CAR": r"$^", "IN": r"$^", "SO": r"$^", "AN": r"$^", "GO": r"$^",
    "PA": None, "MA": r"\b(?:an|his|her|the|my)\s<>", "BE": r"$^", "DO": r"$^", "HE": r"$^", "HI": r"$^", "OK": None,
    "EU": None,
}  # fmt: skip

# Words of small and capital letters as they are to be read.
MIXED: Final[dict[str, str]] = {
    "PhD": "P H D", "PhDs": "P H D's", "BSc": "B S C", "MSc": "M S C", "BEd": "B Ed", "MPhil": "M Phil", "DPhil": "D Phil",
    "pH": "P H",
    "mRNA": "M R N A", "tRNA": "T R N A", "rRNA": "R R N A", "cDNA": "C D N A", "iPhone": "iphone", "iPad": "ipad",
    "iPod": "ipod",
    "iOS": "I O S", "iCloud": "eye cloud", "iTunes": "eye tunes", "iMac": "eye mac", "eBay": "ebay", "eBook": "e book",
    "ebook": "e book",
    "eBooks": "e books", "ebooks": "e books", "WiFi": "wifi", "YouTube": "you tube", "GitHub": "git hub",
    "LinkedIn": "linked in",
    "PayPal": "pay pal", "FaceTime": "face time", "LaTeX": "lay tek", "macOS": "mac O S", "JavaScript": "java script",
    "TypeScript": "type script", "PowerPoint": "power point", "DNAs": "D N A's", "BTech": "B Tech", "LLB": "L L B",
    "MBChB": "M B C H B",
    "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "Hz": "hertz", "eCommerce": "e commerce", "OpenAI": "open A I",
    "ChatGPT": "chat G P T", "PostgreSQL": "postgres Q L", "MySQL": "my S Q L", "NoSQL": "no S Q L", "McDonald": "McDonald",
    "COVID": "covid", "Covid": "covid", "HiFi": "hi fi", "SciFi": "sci fi", "QandA": "Q and A", "LLMs": "L L M's",
    "ePub": "e pub",
}  # fmt: skip

# In small letters, spelled all the same.
SPELLED_SMALL: Final = frozenset(listed("""
    usa fbi cia url urls usb api apis cpu cpus gpu gpus ai uk eu tv tvs dvd dvds pdf pdfs php html css xml sql mp cd
    cds atm gps faq diy aka asap ceo ui ux ios ip npm dna rna hiv gdp vip vpn rsvp mri adhd nba nfl nhs bbc isbn
""")) - {"ai", "asap", "mp"}  # fmt: skip

"""Where countries and US states are, roughly: centroids for addresses without coordinates.

Good to some hundred kilometres, which is what a zone of a carrier needs and no more. Names that
retailers write are mapped to ISO 3166 codes; an unknown name is unknown, never guessed.
"""

from __future__ import annotations

from typing import Final

Point = tuple[float, float]

US_STATES: Final[dict[str, Point]] = {
    "AL": (32.8, -86.8), "AK": (64.0, -152.0), "AZ": (34.3, -111.7), "AR": (34.8, -92.4),
    "CA": (37.2, -119.4), "CO": (39.0, -105.5), "CT": (41.6, -72.7), "DE": (39.0, -75.5),
    "DC": (38.9, -77.0), "FL": (28.6, -82.4), "GA": (32.6, -83.4), "HI": (20.3, -156.4),
    "ID": (44.4, -114.6), "IL": (40.0, -89.2), "IN": (39.9, -86.3), "IA": (42.1, -93.5),
    "KS": (38.5, -98.4), "KY": (37.5, -85.3), "LA": (31.1, -92.0), "ME": (45.4, -69.2),
    "MD": (39.0, -76.8), "MA": (42.3, -71.8), "MI": (44.3, -85.4), "MN": (46.3, -94.3),
    "MS": (32.7, -89.7), "MO": (38.4, -92.5), "MT": (47.1, -109.6), "NE": (41.5, -99.8),
    "NV": (39.3, -116.6), "NH": (43.7, -71.6), "NJ": (40.2, -74.7), "NM": (34.4, -106.1),
    "NY": (42.9, -75.5), "NC": (35.6, -79.4), "ND": (47.5, -100.5), "OH": (40.3, -82.8),
    "OK": (35.6, -97.5), "OR": (43.9, -120.6), "PA": (40.9, -77.8), "RI": (41.7, -71.6),
    "SC": (33.9, -80.9), "SD": (44.4, -100.2), "TN": (35.9, -86.4), "TX": (31.5, -99.3),
    "UT": (39.3, -111.7), "VT": (44.1, -72.7), "VA": (37.5, -78.9), "WA": (47.4, -120.5),
    "WV": (38.6, -80.6), "WI": (44.6, -89.9), "WY": (43.0, -107.6), "PR": (18.2, -66.4),
}  # fmt: skip

US_STATE_NAMES: Final = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA",
    "colorado": "CO", "connecticut": "CT", "delaware": "DE", "district of columbia": "DC",
    "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL",
    "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
    "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV",
    "new hampshire": "NH", "new jersey": "NJ", "new mexico": "NM", "new york": "NY",
    "north carolina": "NC", "north dakota": "ND", "ohio": "OH", "oklahoma": "OK", "oregon": "OR",
    "pennsylvania": "PA", "rhode island": "RI", "south carolina": "SC", "south dakota": "SD",
    "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA",
    "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "puerto rico": "PR",
}  # fmt: skip

# For some large or lopsided countries the point is where their people are.
COUNTRIES: Final[dict[str, Point]] = {
    "AE": (24.3, 54.4), "AR": (-34.6, -60.0), "AT": (47.6, 14.1), "AU": (-33.5, 147.0),
    "BE": (50.6, 4.7), "BG": (42.7, 25.3), "BH": (26.0, 50.5), "BR": (-20.0, -46.5),
    "CA": (45.5, -77.0), "CH": (46.8, 8.2), "CL": (-33.5, -70.7), "CN": (33.0, 112.0),
    "CO": (4.7, -74.1), "CY": (35.0, 33.2), "CZ": (49.8, 15.5), "DE": (51.1, 10.4),
    "DK": (56.0, 10.0), "EE": (58.7, 25.5), "ES": (40.2, -3.6), "FI": (61.5, 25.0),
    "FR": (46.6, 2.5), "GB": (52.8, -1.6), "GG": (49.5, -2.6), "GR": (38.5, 23.0),
    "HK": (22.3, 114.2), "HR": (45.4, 16.0), "HU": (47.2, 19.4), "IE": (53.3, -7.7),
    "IL": (31.9, 34.9), "IM": (54.2, -4.5), "IN": (21.0, 78.0), "IS": (64.6, -19.5),
    "IT": (43.0, 12.2), "JE": (49.2, -2.1), "JP": (35.6, 137.5), "KR": (36.5, 127.8),
    "LB": (33.9, 35.8), "LT": (55.3, 23.9), "LU": (49.8, 6.1), "LV": (56.9, 25.0),
    "MT": (35.9, 14.4), "MX": (20.5, -100.5), "NL": (52.2, 5.3), "NO": (60.8, 9.5),
    "NZ": (-39.5, 175.5), "PH": (14.0, 121.5), "PL": (52.0, 19.3), "PT": (39.7, -8.2),
    "RO": (45.9, 25.0), "RS": (44.2, 20.8), "SA": (24.5, 45.0), "SE": (59.8, 15.5),
    "SG": (1.35, 103.8), "SI": (46.1, 14.8), "SK": (48.7, 19.5), "TH": (14.5, 100.7),
    "TR": (39.3, 33.0), "TW": (23.9, 120.9), "UA": (49.0, 31.4), "US": (39.8, -92.0),
    "ZA": (-28.0, 27.5),
}  # fmt: skip

COUNTRY_NAMES: Final = {
    "argentina": "AR", "australia": "AU", "austria": "AT", "bahrain": "BH", "belgium": "BE",
    "brazil": "BR", "bulgaria": "BG", "canada": "CA", "channel islands": "JE", "chile": "CL",
    "china": "CN", "colombia": "CO", "croatia": "HR", "cyprus": "CY", "czech republic": "CZ",
    "czechia": "CZ", "denmark": "DK", "deutschland": "DE", "eire": "IE", "england": "GB",
    "espana": "ES", "estonia": "EE", "finland": "FI", "france": "FR", "germany": "DE",
    "great britain": "GB", "greece": "GR", "guernsey": "GG", "holland": "NL", "hong kong": "HK",
    "hungary": "HU", "iceland": "IS", "india": "IN", "ireland": "IE", "isle of man": "IM",
    "israel": "IL", "italy": "IT", "japan": "JP", "jersey": "JE", "korea": "KR", "latvia": "LV",
    "lebanon": "LB", "lithuania": "LT", "luxembourg": "LU", "malta": "MT", "mexico": "MX",
    "netherlands": "NL", "new zealand": "NZ", "northern ireland": "GB", "norway": "NO",
    "philippines": "PH", "poland": "PL", "portugal": "PT", "republic of ireland": "IE",
    "romania": "RO", "rsa": "ZA", "saudi arabia": "SA", "scotland": "GB", "serbia": "RS",
    "singapore": "SG", "slovakia": "SK", "slovenia": "SI", "south africa": "ZA",
    "south korea": "KR", "spain": "ES", "sweden": "SE", "switzerland": "CH", "taiwan": "TW",
    "thailand": "TH", "the netherlands": "NL", "turkey": "TR", "turkiye": "TR", "u.k.": "GB",
    "u.s.a.": "US", "uk": "GB", "ukraine": "UA", "united arab emirates": "AE",
    "united kingdom": "GB", "united states": "US", "united states of america": "US",
    "usa": "US", "wales": "GB",
}  # fmt: skip


def iso_country(text: str) -> str | None:
    """The ISO 3166 code of a country's name or code; None when it is not known.

    >>> iso_country("EIRE"), iso_country("gb"), iso_country("Unspecified")
    ('IE', 'GB', None)
    """
    word = " ".join(text.split()).casefold()
    if word in COUNTRY_NAMES:
        return COUNTRY_NAMES[word]
    return word.upper() if word.upper() in COUNTRIES else None


def us_state(region: str) -> str | None:
    """The two letters of a US state's name or code; None when it is neither."""
    word = " ".join(region.split())
    code = US_STATE_NAMES.get(word.casefold(), word.upper())
    return code if code in US_STATES else None


def centroid(country: str, region: str = "") -> Point | None:
    """The middle of a US state when it is one, else of the country; None when it is unknown."""
    code = iso_country(country)
    if code is None:
        return None
    state = us_state(region) if code == "US" else None
    return US_STATES[state] if state else COUNTRIES[code]

"""Where the demo's retailer is: real towns of the United States with rounded public coordinates.

The retailer, its shops and its people are made up; only the towns are real.
"""

from __future__ import annotations

from typing import Final

import msgspec

EAST: Final = "America/New_York"
CENTRAL: Final = "America/Chicago"
MOUNTAIN: Final = "America/Denver"
PACIFIC: Final = "America/Los_Angeles"


class Town(msgspec.Struct, frozen=True):
    """A town: its name, state, a postcode, its place and its time zone."""

    name: str
    region: str
    postcode: str
    lat: float
    lon: float
    zone: str


STORES: Final = (
    Town("Burlington", "VT", "05401", 44.48, -73.21, EAST),
    Town("Worcester", "MA", "01608", 42.26, -71.80, EAST),
    Town("Syracuse", "NY", "13202", 43.05, -76.15, EAST),
    Town("Allentown", "PA", "18101", 40.60, -75.47, EAST),
    Town("Roanoke", "VA", "24011", 37.27, -79.94, EAST),
    Town("Asheville", "NC", "28801", 35.60, -82.55, EAST),
    Town("Savannah", "GA", "31401", 32.08, -81.09, EAST),
    Town("Ocala", "FL", "34471", 29.19, -82.14, EAST),
    Town("Dayton", "OH", "45402", 39.76, -84.19, EAST),
    Town("Grand Rapids", "MI", "49503", 42.96, -85.67, "America/Detroit"),
    Town("Madison", "WI", "53703", 43.07, -89.40, CENTRAL),
    Town("Duluth", "MN", "55802", 46.79, -92.10, CENTRAL),
    Town("Springfield", "MO", "65806", 37.21, -93.29, CENTRAL),
    Town("Huntsville", "AL", "35801", 34.73, -86.59, CENTRAL),
    Town("Lafayette", "LA", "70501", 30.22, -92.02, CENTRAL),
    Town("Waco", "TX", "76701", 31.55, -97.15, CENTRAL),
    Town("Lubbock", "TX", "79401", 33.58, -101.86, CENTRAL),
    Town("Lincoln", "NE", "68508", 40.81, -96.70, CENTRAL),
    Town("Fargo", "ND", "58102", 46.88, -96.79, CENTRAL),
    Town("Billings", "MT", "59101", 45.78, -108.50, MOUNTAIN),
    Town("Fort Collins", "CO", "80524", 40.59, -105.08, MOUNTAIN),
    Town("Boise", "ID", "83702", 43.62, -116.20, "America/Boise"),
    Town("Eugene", "OR", "97401", 44.05, -123.09, PACIFIC),
    Town("Fresno", "CA", "93721", 36.74, -119.79, PACIFIC),
)
DCS: Final = (
    Town("Columbus", "OH", "43207", 39.96, -83.00, EAST),
    Town("Reno", "NV", "89502", 39.53, -119.81, PACIFIC),
)
DARK_STORE: Final = Town("Brooklyn", "NY", "11232", 40.66, -74.00, EAST)
MICRO: Final = Town("Chicago", "IL", "60607", 41.88, -87.65, CENTRAL)
POPUP: Final = Town("Austin", "TX", "78701", 30.27, -97.74, CENTRAL)
THREE_PL: Final = Town("Memphis", "TN", "38118", 35.05, -89.94, CENTRAL)
SUPPLIERS: Final = (
    Town("High Point", "NC", "27260", 35.96, -80.01, EAST),
    Town("Tempe", "AZ", "85281", 33.43, -111.94, "America/Phoenix"),
)
LOCKER: Final = Town("Chicago", "IL", "60601", 41.89, -87.62, CENTRAL)

# Where people live who are not near a store, so that parcels cross the country.
CITIES: Final = (
    Town("Seattle", "WA", "98101", 47.61, -122.33, PACIFIC),
    Town("Los Angeles", "CA", "90012", 34.05, -118.24, PACIFIC),
    Town("San Diego", "CA", "92101", 32.72, -117.16, PACIFIC),
    Town("Phoenix", "AZ", "85003", 33.45, -112.07, "America/Phoenix"),
    Town("Salt Lake City", "UT", "84101", 40.76, -111.89, MOUNTAIN),
    Town("Denver", "CO", "80202", 39.74, -104.99, MOUNTAIN),
    Town("Houston", "TX", "77002", 29.76, -95.37, CENTRAL),
    Town("Kansas City", "MO", "64106", 39.10, -94.58, CENTRAL),
    Town("Minneapolis", "MN", "55401", 44.98, -93.27, CENTRAL),
    Town("Nashville", "TN", "37203", 36.16, -86.78, CENTRAL),
    Town("Atlanta", "GA", "30303", 33.75, -84.39, EAST),
    Town("Miami", "FL", "33130", 25.77, -80.19, EAST),
    Town("Pittsburgh", "PA", "15222", 40.44, -80.00, EAST),
    Town("Boston", "MA", "02108", 42.36, -71.06, EAST),
    Town("New York", "NY", "10001", 40.75, -73.99, EAST),
    Town("Portland", "ME", "04101", 43.66, -70.26, EAST),
)

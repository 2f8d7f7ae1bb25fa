"""Names of companies and people that a reader believes at once, and the countries that they are in. All invented."""
from __future__ import annotations

from dataclasses import dataclass

FOUNDERS = (
    "Abbott", "Albright", "Ashdown", "Baker", "Bergmann", "Blackwood", "Brennan", "Calloway", "Carver", "Castellan",
    "Delacroix", "Dunmore", "Eastgate", "Ellison", "Fairfax", "Ferrante", "Fletcher", "Galloway", "Greenfield",
    "Hadley", "Halvorsen", "Hartmann", "Holloway", "Ingram", "Jansen", "Kessler", "Kowalski", "Lambert", "Lindqvist",
    "Marlowe", "Merriweather", "Moreau", "Nakamura", "Northcote", "Okafor", "Osborne", "Pemberton", "Petrov",
    "Quayle", "Radford", "Rosetti", "Sandoval", "Silverton", "Sorensen", "Stanhope", "Thackeray", "Vandermeer",
    "Whitfield", "Winslow", "Yardley", "Zimmer",
)
TRADES = (
    "Accountants", "Architects", "Bakeries", "Builders", "Car Rental", "Chemicals", "Clinic", "Cold Storage",
    "Couriers", "Dairy", "Dental", "Electrical", "Engineering", "Estates", "Farm Supplies", "Foods", "Freight",
    "Furniture", "Garages", "Glass", "Hospitality", "Hotels", "Insurance", "Interiors", "Legal", "Logistics",
    "Marine", "Medical", "Motors", "Opticians", "Packaging", "Pharma", "Plumbing", "Press", "Property", "Recruitment",
    "Removals", "Retail", "Schools", "Security", "Shipping", "Solar", "Solutions", "Steel", "Textiles", "Timber",
    "Tools", "Travel", "Veterinary", "Wholesale",
)
PARTNERS = (
    "", "& Sons ", "Brothers ", "& Partners ", "Group ", "Regional ", "Central ", "United ", "First ", "National ",
)
GIVEN = (
    "Alex", "Amelia", "Anna", "Carlos", "Claire", "Daniel", "Elena", "Emma", "Femi", "George", "Hana", "Ivan", "James",
    "Julia", "Karim", "Laura", "Lena", "Marco", "Maria", "Mehmet", "Nina", "Omar", "Paul", "Priya", "Ravi", "Sara",
    "Sofia", "Thomas", "Victor", "Wei",
)
ENGINEERS = ("amra", "davor", "haris", "lejla", "nedim", "selma")


@dataclass(frozen=True, slots=True)
class Place:
    country: str            # ISO 3166
    timezone: str           # IANA
    language: str
    legal_form: str
    weight: int


PLACES = (
    Place("US", "America/New_York", "en", "Inc.", 20),
    Place("US", "America/Chicago", "en", "LLC", 10),
    Place("US", "America/Los_Angeles", "en", "Inc.", 8),
    Place("GB", "Europe/London", "en", "Ltd", 18),
    Place("IE", "Europe/Dublin", "en", "Ltd", 3),
    Place("DE", "Europe/Berlin", "de", "GmbH", 7),
    Place("FR", "Europe/Paris", "fr", "SARL", 4),
    Place("ES", "Europe/Madrid", "es", "S.L.", 4),
    Place("IT", "Europe/Rome", "it", "S.r.l.", 3),
    Place("BA", "Europe/Sarajevo", "bs", "d.o.o.", 3),
    Place("CA", "America/Toronto", "en", "Inc.", 5),
    Place("AU", "Australia/Sydney", "en", "Pty Ltd", 4),
    Place("ZA", "Africa/Johannesburg", "en", "(Pty) Ltd", 3),
    Place("NG", "Africa/Lagos", "en", "Ltd", 2),
    Place("AE", "Asia/Dubai", "en", "LLC", 2),
    Place("IN", "Asia/Kolkata", "en", "Pvt Ltd", 2),
    Place("BR", "America/Sao_Paulo", "pt", "Ltda.", 2),
)


def company(number: int, legal_form: str) -> str:
    """The name of company ``number``; no two numbers below FOUNDERS × TRADES × PARTNERS (25,500) share one."""
    kinds = len(FOUNDERS) * len(TRADES) * len(PARTNERS)
    scattered = number * 7919 % kinds       # a prime that divides none of the three, so neighbours look unlike
    scattered, founder = divmod(scattered, len(FOUNDERS))
    partner, trade = divmod(scattered, len(TRADES))
    return f"{FOUNDERS[founder]} {PARTNERS[partner]}{TRADES[trade]} {legal_form}"

"""The names a studio is made of. All invented; the order matters, for it decides what a seed draws."""

from __future__ import annotations

FIRST_NAMES = (
    "Ada", "Aino", "Alma", "Amir", "Ana", "Anouk", "Bilal", "Bruno", "Caro", "Chidi", "Clara", "Dario",
    "Dmitri", "Edda", "Elif", "Emeka", "Enzo", "Esra", "Fatou", "Finn", "Greta", "Hana", "Henrik", "Ida",
    "Ilias", "Imani", "Inês", "Ivo", "Jana", "Jonas", "Kaito", "Kenji", "Laila", "Leif", "Lucía", "Mads",
    "Malik", "Mara", "Mei", "Milan", "Nadia", "Nils", "Noor", "Olga", "Omar", "Paul", "Petra", "Quinn",
    "Rafi", "René", "Rosa", "Samir", "Sofie", "Søren", "Tarek", "Tove", "Uma", "Vera", "Yuki", "Zoë",
)  # fmt: skip

LAST_NAMES = (
    "Aalto", "Abebe", "Adeyemi", "Almeida", "Andersen", "Aoki", "Baker", "Bauer", "Bianchi", "Blanc",
    "Brandt", "Castro", "Chen", "Costa", "Dahl", "Diallo", "Dubois", "Eriksen", "Farouk", "Fischer",
    "Fontaine", "Fujita", "García", "Greco", "Haas", "Haddad", "Hansen", "Horvat", "Ito", "Ivanova",
    "Jansen", "Kaplan", "Keita", "Khan", "Kowalski", "Kruse", "Lang", "Larsen", "Lindqvist", "Lopes",
    "Mbeki", "Meyer", "Moreau", "Müller", "Nagy", "Nakamura", "Ndiaye", "Novak", "Okafor", "Olsen", "Park",
    "Petrov", "Popescu", "Rossi", "Saito", "Santos", "Schmidt", "Silva", "Tanaka", "Weber",
)  # fmt: skip

DISCIPLINES = {
    "Animation": "Animator",
    "Compositing": "Compositor",
    "Editorial": "Editor",
    "FX": "FX Artist",
    "Layout": "Layout Artist",
    "Lighting": "Lighter",
    "Modeling": "Modeler",
    "Production": "Coordinator",
    "Rigging": "Rigger",
}

WORK = ("Previs", "Modeling", "Rigging", "Layout", "Animation", "FX", "Lighting", "Compositing", "Editorial")

PROJECT_ADJECTIVES = (
    "Amber", "Borrowed", "Broken", "Copper", "Crooked", "Distant", "Eleventh", "Fallow", "Gentle", "Glass",
    "Hollow", "Idle", "Last", "Little", "Lunar", "Mirror", "Ninth", "Northern", "Paper", "Quiet", "Red",
    "Salt", "Second", "Silver", "Sleeping", "Tidal", "Velvet", "Wandering", "Winter", "Wooden",
)  # fmt: skip

PROJECT_NOUNS = (
    "Anchor", "Atlas", "Bridge", "Cartographer", "Comet", "Compass", "Echo", "Ferry", "Fox", "Garden",
    "Harbour", "Heron", "Island", "Kestrel", "Lantern", "Library", "Lighthouse", "Meadow", "Monsoon",
    "Orchard", "Pilot", "River", "Signal", "Sparrow", "Station", "Summit", "Tide", "Tower", "Voyage",
    "Wolf",
)  # fmt: skip

CLIENTS = (
    "Blue Door Pictures",
    "Fjord Beverages",
    "Kite & Sons",
    "Meridian Games",
    "Norte Films",
    "Ostrava TV",
)
INTERNAL_CLIENT = "The studio"

LEAVE_TYPES = ("Vacation", "Sick leave", "Parental leave")

# (month, day, name, schedules that keep it)
HOLIDAYS = (
    (1, 1, "New Year's Day", ("Studio", "Remote")),
    (5, 1, "Labour Day", ("Studio",)),
    (8, 15, "Summer holiday", ("Studio", "Remote")),
    (11, 1, "Remembrance Day", ("Studio",)),
    (12, 25, "Christmas Day", ("Studio", "Remote")),
    (12, 26, "Second Christmas Day", ("Studio", "Remote")),
)

"""The marts of bench/marts.py in pandas; no module of ours is imported. marts_check.py holds them to ours.

    PYTHON bench/marts_pandas.py FOLDER [--known INSTANT] [--rounds 2] [--write]

FOLDER has booking, person, project, availability and snapshot.parquet, with dates as timestamps and amounts
as floats, as pandas likes them. Prints [seconds, processor seconds, peak MB] of the fastest round, from
frames that are read to frames that are made: reading is not timed, and neither is writing (--write: each mart
into FOLDER/pandas), although ours reads from its file and writes to it.

Made is what a build of ours stores for this studio: booking, work (by booking and part of a week),
person_day, person_week, person_month, project_week, project_month, discipline_week, bench_week, person,
coverage and the two histories, with all columns but those that are constant here. Not made is

- what is only a view of ours: mart_booking_day, mart_usage_week, mart_calendar, and the names beside facts
- what only our storage needs: mart_spread_fact, mart_weight_fact, numbers for names, hashes that tell what
  changed, the few days outside the window that complete its weeks
- what this studio does not have: a second planner, time logs, time off, holidays, figures of vendors, people
  with two calendars or none. Our build looks for all of these, pandas does not
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
from marts_pandas_days import HOURS, Tables, booking_days, numbered_bookings, person_calendar

BOOKED = [
    "source_key", "person_key", "project_key", "start_date", "end_date", "effort_unit", "effort_amount",
    "is_billable", "is_tentative",
]  # fmt: skip
SAID_OF_PEOPLE = ["person_key", "week", *HOURS, "contracted_ms", "capacity_ms", "over_days"]


def make(given: Tables, known: pd.Timestamp, former: Tables) -> Tables:
    """Every mart by its name. `former`: the histories that stood before, if any did."""
    window = given["snapshot"].iloc[0]
    coverage = pd.DataFrame({"day": pd.date_range(window.window_start, window.window_end)})
    calendar = person_calendar(given["person"], given["availability"], coverage.day)
    bookings = numbered_bookings(given, coverage.day)
    days = booking_days(bookings, calendar)
    made = {"coverage": coverage, "booking": booking(bookings, days)}
    made["person_day"] = person_day(calendar, days)
    made["work"] = work(days, coverage.day)
    del days
    for first_day in (week_of(coverage.day), month_of(coverage.day)):
        made[f"person_{first_day.name}"] = person_period(made["person_day"], given["person"], first_day)
        made[f"project_{first_day.name}"] = project_period(made["work"], bookings, first_day)
    made["discipline_week"] = discipline_week(made["person_week"])
    made["bench_week"] = bench_week(made["person_week"])
    made["person"] = person(given["person"], made["person_day"], known)
    said = {"person_week": made["person_week"][SAID_OF_PEOPLE], "project_week": made["project_week"]}
    for name, fresh in said.items():
        made[f"{name}_history"] = history(former.get(f"{name}_history"), fresh, known)
    return made


def week_of(day: pd.Series) -> pd.Series:
    return (day - pd.to_timedelta(day.dt.day_of_week, unit="D")).rename("week")


def month_of(day: pd.Series) -> pd.Series:
    return (day - pd.to_timedelta(day.dt.day - 1, unit="D")).rename("month")


def booking(bookings: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    total = days.groupby("booking_id").booked_ms.sum()
    return bookings[BOOKED].assign(booking_id=bookings.index, total_ms=total)


def person_day(calendar: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    hours = days.groupby("calendar_row")[HOURS].sum().reindex(calendar.index, fill_value=0)
    left = calendar.contracted_ms - hours.booked_ms
    return calendar.join(hours).assign(
        work_ms=calendar.contracted_ms,
        capacity_ms=calendar.contracted_ms,
        over_ms=(-left).clip(lower=0),
        free_ms=left.clip(lower=0),
    )


def work(days: pd.DataFrame, day: pd.Series) -> pd.DataFrame:
    """booking_id, part_day, booked_ms, tentative_ms. Grain: booking, part of an ISO week in one month.

    part_day: the number of this part's first day.
    """
    begins = (day.dt.day_of_week == 0) | (day.dt.day == 1)
    begins.iloc[0] = True
    part_of_day = np.maximum.accumulate(np.where(begins, day.index, 0)).astype("int32")
    part_day = part_of_day[days.calendar_row % len(day)]
    hours = days.groupby(["booking_id", part_day], sort=False)[["booked_ms", "tentative_ms"]].sum()
    return hours.rename_axis(["booking_id", "part_day"]).reset_index()


def person_period(days: pd.DataFrame, people: pd.DataFrame, first_day: pd.Series) -> pd.DataFrame:
    """Sums of days. Grain: person, period. first_day: of the period of each day, named as the period is."""
    sums = [*HOURS, "contracted_ms", "capacity_ms", "over_ms", "free_ms", "full_time_ms"]
    keyed = days[["person_key", *sums]].assign(over_days=days.over_ms > 0)
    keyed[first_day.name] = np.tile(first_day, len(people))
    found = keyed.groupby(["person_key", first_day.name], observed=True, as_index=False).sum()
    names = people[["name", "email", "discipline"]].take(found.person_key.cat.codes)
    found[["person", "email", "discipline"]] = names.to_numpy()
    found["is_over_allocated"] = found.over_ms > found.free_ms
    found["utilisation"] = ratio(found.booked_ms, found.capacity_ms)
    found["firm_utilisation"] = ratio(found.booked_ms - found.tentative_ms, found.capacity_ms)
    found["billable_utilisation"] = ratio(found.billable_ms, found.capacity_ms)
    found["contracted_utilisation"] = ratio(found.booked_ms, found.contracted_ms)
    found["value_fte"] = ratio(found.booked_ms, found.full_time_ms)
    return found


def ratio(of: pd.Series, to: pd.Series) -> pd.Series:
    """NaN where there is nothing to divide by."""
    return (of / to.where(to > 0)).round(6)


def project_period(work: pd.DataFrame, bookings: pd.DataFrame, first_day: pd.Series) -> pd.DataFrame:
    """Grain: project, period. By person first: people are counted."""
    of_booking = bookings[["project_key", "person_key"]].take(work.booking_id)
    keyed = work[["booked_ms", "tentative_ms"]].assign(
        project_key=of_booking.project_key.array, person_key=of_booking.person_key.array
    )
    keyed[first_day.name] = first_day.to_numpy()[work.part_day]
    keys = ["project_key", first_day.name]
    of_person = keyed.groupby([*keys, "person_key"], observed=True, as_index=False).sum()
    return of_person.groupby(keys, observed=True, as_index=False).agg(
        booked_ms=("booked_ms", "sum"), tentative_ms=("tentative_ms", "sum"), people=("person_key", "size")
    )


def discipline_week(weeks: pd.DataFrame) -> pd.DataFrame:
    sums = ["booked_ms", "tentative_ms", "capacity_ms", "free_ms"]
    by = weeks.groupby(["discipline", "week"], dropna=False)
    found = by[sums].sum().assign(people=by.size()).reset_index()
    return found.assign(utilisation=ratio(found.booked_ms, found.capacity_ms))


def bench_week(weeks: pd.DataFrame) -> pd.DataFrame:
    columns = ["person_key", "person", "email", "week", "free_ms", "capacity_ms", "booked_ms"]
    return weeks.loc[weeks.free_ms > 0, columns]


def person(people: pd.DataFrame, days: pd.DataFrame, known: pd.Timestamp) -> pd.DataFrame:
    """People, and the first day from `known` on that each is free."""
    free = days[(days.day >= known.normalize()) & (days.capacity_ms > 0) & (days.booked_ms == 0)]
    first = free.groupby("person_key", observed=False).day.min()
    found = people[["person_key", "name", "email"]].rename(columns={"name": "person"})
    return found.assign(first_free_day=first.to_numpy())


def history(former: pd.DataFrame | None, fresh: pd.DataFrame, known: pd.Timestamp) -> pd.DataFrame:
    """What stood, closed where it changed or went, and what is new."""
    if former is None:
        return fresh.assign(known_from=known, known_to=pd.Series(pd.NaT, fresh.index, dtype="datetime64[us]"))
    is_open = former.known_to.isna()
    both = former[is_open].merge(fresh, on=list(fresh.columns), how="outer", indicator="found")
    both["known_to"] = both.known_to.mask(both.found == "left_only", known)
    both["known_from"] = both.known_from.mask(both.found == "right_only", known)
    return pd.concat([former[~is_open], both.drop(columns="found")])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--known", type=pd.Timestamp, default=pd.Timestamp.now("UTC").tz_localize(None))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    names = ("person", "project", "availability", "snapshot")
    given = {name: pd.read_parquet(options.folder / f"{name}.parquet") for name in names}
    given["booking"] = pd.read_parquet(options.folder / "booking.parquet", columns=BOOKED)
    took, made = [], Tables()
    for _ in range(options.rounds):
        former = {name: mart for name, mart in made.items() if name.endswith("_history")}
        made.clear()
        started, used = time.perf_counter(), time.process_time()
        made = make(given, options.known, former)
        took.append((time.perf_counter() - started, time.process_time() - used))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for name in made if options.write else ():
        (options.folder / "pandas").mkdir(exist_ok=True)
        made[name].to_parquet(options.folder / "pandas" / f"{name}.parquet", index=False)
    print(json.dumps([*min(took), peak]))


if __name__ == "__main__":
    main()
